"""The robot's state as libfranka reads it: one datagram of packed floats, written in place a thousand times a
second.

The order is that of ``franky_sim.franka_robot_state.FrankaRobotState.pack_state``, which packs each field
anew and is ten times slower; a test holds the two together.
"""

import struct

import numpy as np
from franky_sim.franka_robot_protocol import RobotMode, StateControllerMode, StateMotionGeneratorMode

from skills.cell import Vector

ERRORS = 41
"""Flags of errors that a state carries."""
FIELDS = (
    ("O_T_EE", 16),
    ("O_T_EE_d", 16),
    ("F_T_EE", 16),
    ("EE_T_K", 16),
    ("F_T_NE", 16),
    ("NE_T_EE", 16),
    ("m_ee", 1),
    ("I_ee", 9),
    ("F_x_Cee", 3),
    ("m_load", 1),
    ("I_load", 9),
    ("F_x_Cload", 3),
    ("elbow", 2),
    ("elbow_d", 2),
    ("tau_J", 7),
    ("tau_J_d", 7),
    ("dtau_J", 7),
    ("q", 7),
    ("q_d", 7),
    ("dq", 7),
    ("dq_d", 7),
    ("ddq_d", 7),
    ("joint_contact", 7),
    ("cartesian_contact", 6),
    ("joint_collision", 7),
    ("cartesian_collision", 6),
    ("tau_ext_hat_filtered", 7),
    ("O_F_ext_hat_K", 6),
    ("K_F_ext_hat_K", 6),
    ("O_dP_EE_d", 6),
    ("O_ddP_O", 3),
    ("elbow_c", 2),
    ("delbow_c", 2),
    ("ddelbow_c", 2),
    ("O_T_EE_c", 16),
    ("O_dP_EE_c", 6),
    ("O_ddP_EE_c", 6),
    ("theta", 7),
    ("dtheta", 7),
    ("accelerometer_top", 18),
    ("accelerometer_bottom", 18),
)
"""Names and lengths of the floats, in order."""


def column_major(pose: Vector) -> Vector:
    """(16,) a (4, 4) pose as libfranka writes it."""
    return np.asarray(pose, dtype=np.float64).T.ravel()


class StateRecord:
    """One robot's state, field by field."""

    def __init__(self) -> None:
        self._floats = np.zeros(sum(size for _, size in FIELDS), "<f4")
        self._slices, start = {}, 0
        for name, size in FIELDS:
            self._slices[name] = slice(start, start + size)
            start += size
        for name in ("O_T_EE", "O_T_EE_d", "F_T_EE", "EE_T_K", "F_T_NE", "NE_T_EE", "O_T_EE_c"):
            self[name] = np.eye(4).ravel()
        self.generator = StateMotionGeneratorMode.kIdle
        self.controller = StateControllerMode.kOther
        self.mode = RobotMode.kIdle
        self.errors = bytes(ERRORS)
        """One byte for each error that is present now."""
        self.reflex_reason = bytes(ERRORS)
        """The same for what ended the last motion."""
        self.success_rate = 1.0

    def __setitem__(self, name: str, value: Vector | float) -> None:
        self._floats[self._slices[name]] = value

    def __getitem__(self, name: str) -> Vector:
        return self._floats[self._slices[name]]

    def packed(self) -> bytes:
        """The datagram, without the number of the message."""
        modes = bytes((self.generator.value, self.controller.value))
        tail = struct.pack("<Bf", self.mode.value, self.success_rate)
        return self._floats.tobytes() + modes + self.errors + self.reflex_reason + tail
