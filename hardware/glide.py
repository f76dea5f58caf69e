"""The target on its way: what the impedance controller is given between one servo command and the next.

A client sets a target once a control period; the arm is given points on the way there many times in between,
never faster and never accelerating harder than the limits allow, whatever the client asks.
"""

import math

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from hardware.messages import Pose
from hardware.safety import Limits
from skills.cell import Vector

ARRIVED_M, ARRIVED_RAD = 1e-6, 1e-5
"""Closer than this to the target, and this slow, the way is over."""


def transform_of(pose: Pose) -> RigidTransform:
    """A pose from the wire as a transform."""
    return RigidTransform.from_components(pose.position_m, Rotation.from_quat(pose.quaternion))


def pose_of(transform: RigidTransform) -> Pose:
    """A transform as it goes on the wire."""
    x, y, z = transform.translation.tolist()
    qx, qy, qz, qw = transform.rotation.as_quat().tolist()
    return Pose((x, y, z), (qx, qy, qz, qw))


class Glide:
    """A target that moves smoothly towards where it was last sent."""

    def __init__(self, start: RigidTransform, limits: Limits) -> None:
        self.limits = limits
        self.goal = pose_of(start)
        """Where it was last sent."""
        self._position, self._rotation = start.translation, start.rotation
        self._velocity, self._turning = np.zeros(3), np.zeros(3)
        self._left_s = 0.0
        self.over = True
        """It has arrived."""

    @property
    def here(self) -> RigidTransform:
        """Where the target is now."""
        return RigidTransform.from_components(self._position, self._rotation)

    @property
    def velocity(self) -> Vector:
        """(6,) how fast the target moves [m/s, rad/s], base axes."""
        return np.concatenate([self._velocity, self._turning])

    def send(self, goal: Pose, within_s: float) -> None:
        """Go to ``goal``, in ``within_s`` if the limits allow it."""
        self.goal, self._left_s, self.over = goal, within_s, False

    def step(self, dt: float) -> RigidTransform:
        """Let ``dt`` [s] pass; returns where the target then is."""
        limits = self.limits
        ahead = np.asarray(self.goal.position_m) - self._position
        wanted = Rotation.from_quat(self.goal.quaternion)
        turn = (wanted * self._rotation.inv()).as_rotvec()
        left = max(self._left_s, dt)
        self._velocity = approach(self._velocity, ahead, left, dt, limits.speed, limits.acceleration)
        self._turning = approach(self._turning, turn, left, dt, limits.turn_speed, limits.turn_acceleration)
        moved = self._position + self._velocity * dt
        self._position = np.clip(moved, limits.workspace_min_m, limits.workspace_max_m)
        self._rotation = Rotation.from_rotvec(self._turning * dt) * self._rotation
        self._left_s -= dt
        self.over = _arrived(ahead, self._velocity, dt, ARRIVED_M) and _arrived(
            turn, self._turning, dt, ARRIVED_RAD
        )
        return self.here


def approach(
    velocity: Vector, ahead: Vector, left_s: float, dt: float, most: float, harshest: float
) -> Vector:
    """The next velocity (3,) on the way over ``ahead`` (3,), to be gone in ``left_s``.

    It is at most ``most``, differs from ``velocity`` by at most ``harshest`` times ``dt``, and is slow enough
    to stop in time.
    """
    distance = float(np.linalg.norm(ahead))
    unit = harshest * dt
    stopping = unit * (math.sqrt(0.25 + 2.0 * distance / (unit * dt)) - 0.5)
    speed = min(distance / left_s, most, stopping)
    wanted = ahead * (speed / distance) if distance > 0.0 else np.zeros(3)
    change = wanted - velocity
    size = float(np.linalg.norm(change))
    return wanted if size <= unit else velocity + change * (unit / size)


def _arrived(ahead: Vector, velocity: Vector, dt: float, near: float) -> bool:
    return float(np.linalg.norm(ahead - velocity * dt)) < near and float(np.linalg.norm(velocity)) * dt < near
