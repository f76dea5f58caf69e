"""The one connection that franky has to a robot at a time: opened, opened anew, and freed of errors."""

import time

import franky

from hardware.arm import ArmError, CollisionLimits
from hardware.complaints import named
from hardware.motions import prepare

RECOVERY_S = 2.0
"""Time that the robot is given to clear its errors [s]."""
LOOK_EVERY_S = 0.004


class Connection:
    """Opens at once. Raises ArmError when it cannot."""

    def __init__(self, address: str, *, realtime: bool) -> None:
        self.address = address
        self._realtime = franky.RealtimeConfig.Enforce if realtime else franky.RealtimeConfig.Ignore
        self._robot: franky.Robot | None = self._opened()

    @property
    def robot(self) -> franky.Robot:
        """What speaks to the robot. Raises ArmError while nothing does."""
        if self._robot is None:
            raise ArmError("connection_lost", "the robot could not be reached again")
        return self._robot

    def renew(self) -> None:
        """Connect anew. A robot speaks to one client at a time: the old connection goes first."""
        self._robot = None
        self._robot = self._opened()

    def clear_errors(self, fault: str) -> None:
        """Have the robot clear what ``fault`` names, and wait until it is well. Raises ArmError."""
        try:
            self.robot.recover_from_errors()
        except franky.CommandException as error:
            raise ArmError(fault, named(error)[1]) from error
        give_up = time.monotonic() + RECOVERY_S
        while (state := self.robot.state).robot_mode != franky.RobotMode.Idle:
            if time.monotonic() > give_up:
                raise ArmError(fault, f"the robot stays in mode {state.robot_mode.name}")
            time.sleep(LOOK_EVERY_S)

    def set_collision(self, limits: CollisionLimits) -> None:
        """Set where the robot's reflexes trip; it refuses that in motion."""
        force = [limits.force_n] * 3 + [limits.torque_nm] * 3
        self.robot.set_collision_behavior(list(limits.joint_torque_nm), force)

    def stop(self) -> None:
        """Break off whatever motion goes on."""
        if self._robot is not None and self._robot.is_in_control:
            self._robot.stop()

    def _opened(self) -> franky.Robot:
        try:
            robot = franky.Robot(self.address, realtime_config=self._realtime)
            prepare(robot)
        except Exception as error:
            raise ArmError(*named(error)) from error
        return robot
