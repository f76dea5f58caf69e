"""What everybody is told, many times a second: the arm's state as one message."""

import time
from collections import deque

import numpy as np
from scipy.spatial.transform import RigidTransform

from hardware.arm import ArmState
from hardware.glide import pose_of
from hardware.messages import MOST_PEAKS, Pose, State
from hardware.supervisor import Supervisor
from skills.cell import Vector


class Publisher:
    """Makes states; remembers peaks and the last control period's wrenches."""

    def __init__(self, supervisor: Supervisor, rate_hz: float) -> None:
        self.supervisor = supervisor
        self.n = 0
        """Number of the newest state."""
        self._tcp: tuple[RigidTransform, Pose] | None = None
        self._peaks: deque[float] = deque(maxlen=MOST_PEAKS)
        self._wrenches: deque[Vector] = deque(maxlen=max(1, round(supervisor.control_period_s * rate_hz)))
        self._zeroings = 0

    def state(self, arm: ArmState, controller: str) -> State:
        """The next state."""
        supervisor = self.supervisor
        if supervisor.zeroings != self._zeroings:
            self._zeroings = supervisor.zeroings
            self._wrenches.clear()
        self.n += 1
        self._peaks.append(arm.peak_force_n)
        self._wrenches.append(arm.wrench)
        wrench = np.asarray(sum(self._wrenches)) / len(self._wrenches)
        return State(
            self.n, time.monotonic(), arm.time_s,
            tuple(arm.joint_positions.tolist()), tuple(arm.joint_velocities.tolist()),
            self._pose(arm.tcp_in_base), tuple(arm.tcp_velocity.tolist()), tuple(wrench.tolist()),
            tuple(arm.joint_torques_external.tolist()), tuple(self._peaks),
            arm.gripper_width_m, arm.grasped, arm.moving, arm.mode,
            tuple(map(str, supervisor.faults)),
            (supervisor.latched or "; ".join(supervisor.faults.values()))[:600],
            bool(supervisor.latched), controller[:64],
        )  # fmt: skip

    def _pose(self, tcp_in_base: RigidTransform) -> Pose:
        """The TCP as it goes on the wire; not computed anew for an arm that stands still."""
        if self._tcp is None or self._tcp[0] is not tcp_in_base:
            self._tcp = (tcp_in_base, pose_of(tcp_in_base))
        return self._tcp[1]
