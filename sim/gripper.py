"""The hand's fingers: a position drive with a bounded force, and what can be told from it."""

import mujoco
import numpy as np

from sim.robot import FINGER_JOINTS, GRIPPER_GAIN, MAX_OPENING_M, actuators

FINGER_SPEED = 0.05
"""Speed of each finger [m/s]."""
CLOSING_GOAL_M = -0.02
"""Drive target of closing fingers, beyond where they meet, so that the force reaches its bound [m]."""
OPENING_N = 40.0
GRASPED_STILL, STILL = 0.015, 0.002
"""Finger speeds below which they count as resting on something, and as standing still [m/s]."""
LEAST_WIDTH_M = 0.001


class Gripper:
    """Drives the fingers of one simulation."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self._model, self._data = model, data
        self._actuator = actuators(model).gripper
        joint = model.joint(FINGER_JOINTS[0])
        self._qpos, self._dof = int(joint.qposadr[0]), int(joint.dofadr[0])
        self._reach = FINGER_SPEED * float(model.opt.timestep)
        self.goal_m = self.drive_m = MAX_OPENING_M / 2
        self.force_n = OPENING_N

    @property
    def _finger(self) -> float:
        return float(self._data.qpos[self._qpos])

    @property
    def width_m(self) -> float:
        """Distance between the pads [m]."""
        return 2.0 * self._finger

    @property
    def grasped(self) -> bool:
        """The fingers rest on something before they meet."""
        closing = self.goal_m < 0.0
        return closing and self._slower_than(GRASPED_STILL) and self.width_m > LEAST_WIDTH_M

    @property
    def closing(self) -> bool:
        """The fingers are on their way together, or do not squeeze as told yet."""
        return self.goal_m < 0.0 and self.moving

    @property
    def moving(self) -> bool:
        """The fingers are not where they were told to be, or do not squeeze as told."""
        if self.goal_m < 0.0:
            squeezing = (self._finger - self.drive_m) * GRIPPER_GAIN >= 2.0 * self.force_n
            return not (squeezing and self._slower_than(STILL))
        return abs(self._finger - self.goal_m) > 0.001 or not self._slower_than(STILL)

    def open_wide(self) -> None:
        """Set the fingers open at once, before anything runs."""
        self._data.qpos[self._qpos : self._qpos + 2] = MAX_OPENING_M / 2

    def close(self, force_n: float) -> None:
        """Begin to close, with ``force_n`` a finger at the end."""
        self.goal_m, self.force_n = CLOSING_GOAL_M, force_n

    def open(self, width_m: float) -> None:
        """Begin to open to ``width_m``."""
        self.goal_m, self.force_n = min(width_m, MAX_OPENING_M) / 2, OPENING_N
        self.drive_m = max(self.drive_m, self._finger)

    def begin_period(self) -> None:
        """Bound the drive's force for the coming control period."""
        limit = 2.0 * self.force_n
        self._model.actuator_forcerange[self._actuator] = (-limit, limit)

    def drive(self) -> None:
        """Lead the drive one physics step on."""
        way = self.goal_m - self.drive_m
        self.drive_m += min(max(way, -self._reach), self._reach)
        self._data.ctrl[self._actuator] = self.drive_m

    def _slower_than(self, speed: float) -> bool:
        return bool(np.abs(self._data.qvel[self._dof]) < speed)
