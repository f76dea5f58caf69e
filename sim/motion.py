"""Smooth motion through free space: a straight line with minimum jerk, and a slow pull onto the path."""

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from skills.cell import Vector

ANGULAR_SPEED_RAD_S = 1.2
PEAK_TO_MEAN = 1.875
"""Peak over mean speed of a minimum-jerk motion."""
SETTLED_M, SETTLED_RAD = 0.0004, 0.004
SETTLE_TIMEOUT_S = 0.6
_PULL = 0.2
_PULL_BOUND_M = 0.006
_PULL_BOUND_RAD = 0.05
WIDE_RAD = 2.6
"""A turn wider than this may be made the other way round [rad]."""
WRIST_RAD = 2.75
"""How far joint 7 is turned from its middle at most [rad]; its end is at 3.02."""


def way_round(turn: Vector, wrist_rad: float) -> Vector:
    """``turn`` (3,), a rotation vector in the tool's frame, or the same the other way round [rad].

    A wide turn may go either way, but only one of them may be within the reach of joint 7, which turns about
    the tool's z axis and is at ``wrist_rad``.
    """
    angle = float(np.linalg.norm(turn))
    if angle < WIDE_RAD or abs(wrist_rad + turn[2]) < WRIST_RAD:
        return turn
    return np.asarray(turn * (1.0 - 2.0 * np.pi / angle))


@dataclass(slots=True)
class Motion:
    """One motion in progress. The pull is an integral of the error, which joint friction leaves behind."""

    start: RigidTransform
    goal: RigidTransform
    speed: float
    lag_s: float
    """How far a damped spring trails its target [s]; the target runs ahead by as much."""
    elapsed_s: float = 0.0
    pull: Vector = field(default_factory=lambda: np.zeros(6))
    turn: Vector = field(default_factory=lambda: np.full(3, np.nan))
    """(3,) the way round, a rotation vector in the start's frame [rad]; the shortest where none is given."""

    def __post_init__(self) -> None:
        if np.isnan(self.turn).any():
            self.turn = (self.start.rotation.inv() * self.goal.rotation).as_rotvec()

    @property
    def duration_s(self) -> float:
        """Time that the path takes, settling not counted [s]."""
        linear = float(np.linalg.norm(self.goal.translation - self.start.translation)) / self.speed
        angular = float(np.linalg.norm(self.turn)) / ANGULAR_SPEED_RAD_S
        return float(max(PEAK_TO_MEAN * max(linear, angular), 0.12))

    def at(self, time_s: float) -> RigidTransform:
        """The pose on the path at ``time_s`` after its start."""
        s = min(time_s / self.duration_s, 1.0)
        share = s**3 * (10.0 + s * (6.0 * s - 15.0))
        return RigidTransform.from_components(
            self.start.translation + share * (self.goal.translation - self.start.translation),
            self.start.rotation * Rotation.from_rotvec(share * self.turn),
        )

    def step(self, period_s: float, tcp: RigidTransform) -> RigidTransform:
        """Target for the next control period, given where the TCP is now."""
        desired = self.at(self.elapsed_s)
        error = np.concatenate(
            [desired.translation - tcp.translation, (desired.rotation * tcp.rotation.inv()).as_rotvec()]
        )
        bound = np.repeat([_PULL_BOUND_M, _PULL_BOUND_RAD], 3)
        self.pull = np.clip(self.pull + _PULL * error, -bound, bound)
        self.elapsed_s += period_s
        ahead = self.at(self.elapsed_s + self.lag_s)
        return RigidTransform.from_components(
            ahead.translation + self.pull[:3], Rotation.from_rotvec(self.pull[3:]) * ahead.rotation
        )

    def over(self, tcp: RigidTransform) -> bool:
        """The path has been run and the TCP is there, or will not come any closer."""
        late = self.elapsed_s - self.duration_s
        if late < 0:
            return False
        away = float(np.linalg.norm(self.goal.translation - tcp.translation))
        turned = (self.goal.rotation * tcp.rotation.inv()).magnitude()
        return (away < SETTLED_M and turned < SETTLED_RAD) or late > SETTLE_TIMEOUT_S
