"""What the driver sees of a robot: its newest state in our terms, the wrench zeroed, the clock watched."""

import time
from collections import deque
from dataclasses import dataclass

import franky
import numpy as np
from scipy.spatial.transform import RigidTransform

from hardware.arm import ArmError
from hardware.springs import transform
from skills.cell import Vector

STALE_S = 0.5
"""A robot that sends no new state for so long is lost [s]."""
ZEROING = 15
"""Readings that ``zero`` averages."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One state of the robot."""

    time_s: float
    """The robot's clock, which goes on over reconnections [s]."""
    q: Vector
    dq: Vector
    tcp: RigidTransform
    tcp_velocity: Vector
    commanded: RigidTransform
    """Where the TCP is led, if it is led along a path."""
    commanded_velocity: Vector
    """(6,) how fast [m/s, rad/s]."""
    wrench: Vector
    """(6,) what the outside does to the tool, not zeroed."""
    torques: Vector
    """(7,) what the outside does to the joints [N·m]."""
    robot_mode: str
    success_rate: float
    payload_kg: float


class Sight:
    """Reads one robot."""

    def __init__(self, robot: franky.Robot) -> None:
        self._clock_s, self._zero, self._peak_n = 0.0, np.zeros(6), 0.0
        self._readings: deque[Vector] = deque(maxlen=ZEROING)
        self.newest = self.look(robot)
        """The newest state."""
        self._fresh = time.monotonic()

    def look(self, robot: franky.Robot) -> Seen:
        """The robot's state, from the control loop's memory or else from the next packet."""
        state = robot.state
        return Seen(
            time_s=self._clock_s + state.time.to_sec(),
            q=_flat(state.q),
            dq=_flat(state.dq),
            tcp=transform(state.O_T_EE),
            tcp_velocity=_twist(state.O_dP_EE_est),
            commanded=transform(state.O_T_EE_c),
            commanded_velocity=_twist(state.O_dP_EE_c),
            wrench=-_flat(state.O_F_ext_hat_K),
            torques=-_flat(state.tau_ext_hat_filtered),
            robot_mode=state.robot_mode.name,
            success_rate=float(state.control_command_success_rate),
            payload_kg=float(state.m_load),
        )

    def take(self, seen: Seen) -> None:
        """Make ``seen`` the newest. Raises ArmError when the robot's clock stands still.

        libfranka itself takes seconds to notice that.
        """
        now = time.monotonic()
        if seen.time_s != self.newest.time_s:
            self._fresh = now
        elif now - self._fresh > STALE_S:
            raise ArmError("connection_lost", f"no state from the robot for {STALE_S} s")
        self.newest = seen
        self._readings.append(seen.wrench)
        self._peak_n = max(self._peak_n, float(np.linalg.norm(seen.wrench[:3] - self._zero[:3])))

    def reconnected(self) -> None:
        """The robot's clock begins anew; ours goes on."""
        self._clock_s, self._fresh = self.newest.time_s, time.monotonic()

    def zero(self) -> None:
        """Take the mean of the last readings as zero."""
        if self._readings:
            self._zero, self._peak_n = np.mean(self._readings, axis=0), 0.0

    @property
    def wrench(self) -> Vector:
        """(6,) the newest wrench, zeroed."""
        return self.newest.wrench - self._zero

    def take_peak(self) -> float:
        """The largest force since the last call [N]."""
        peak, self._peak_n = self._peak_n, 0.0
        return max(peak, float(np.linalg.norm(self.wrench[:3])))


def _twist(twist: franky.Twist | None) -> Vector:
    parts = [np.zeros(3)] * 2 if twist is None else [_flat(twist.linear), _flat(twist.angular)]
    return np.concatenate(parts)


def _flat(values: Vector) -> Vector:
    return np.asarray(values, dtype=np.float64).ravel()
