"""A simulated operator: does what a person at the cell would, at most so many times.

It leads a part that is in the hand to above its hole, as well as an eye can judge that, and has the robot
retry from there; one that is stuck it takes out of the hand. A part that lies about it puts back into the
tray, or into its place where the robot can no more; one that stands in its place it has checked. Only a
simulated cell can be helped so: it is a person's counterpart in experiments.
"""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from scipy.spatial.transform import RigidTransform

from executive.operator.attendant import Nobody, Watched
from executive.operator.helm import Declined
from executive.operator.protocol import LARGEST_JOG_M, Abort, ByHand, Jog, Mode, Regrasp, Retry
from sequences.assembly import Step
from skills.cell import Vector
from skills.start import MARGIN_M

NAME = "stand-in"
EYE_M, EYE_RAD = 0.0005, float(np.radians(2.0))
"""Standard deviation with which an eye judges where a part is above its hole [m, rad]."""
SETTLE = 5
"""Control periods in which the arm follows a jog."""
MOST_JOGS = 60
CLOSE_M, STANDING_M = 0.0003, 0.02
"""Led well enough [m]; near enough to its place in the tray to lie there [m]."""


@runtime_checkable
class Workbench(Protocol):
    """What a person can see and touch in a simulated cell."""

    def true_pose(self, part: str) -> RigidTransform:
        """Where a part really is, in the base frame."""
        ...

    def place(self, part: str, pose_in_base: RigidTransform) -> None:
        """Put a part somewhere by hand."""
        ...


class StandIn(Nobody):
    """Helps a run up to ``helps`` times and then gives it up."""

    def __init__(self, world: Workbench, helps: int, seed: int) -> None:
        self.world, self.left = world, helps
        self.rng = np.random.default_rng(seed)
        self._watched: Watched | None = None
        self._doing: Iterator[None] | None = None

    def began(self, watched: Watched) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self._watched = watched

    def turn(self) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        if self._watched is None or self._watched.helm.mode is not Mode.ASKING:
            self._doing = None
            return
        self._doing = self._doing or self._help(self._watched)
        next(self._doing, None)

    def _help(self, watched: Watched) -> Iterator[None]:
        board, helm = watched.board, watched.helm
        step = board.assembly.steps[board.progress.index]
        if self.left == 0:
            helm.wish(NAME, Abort())
            return
        self.left -= 1
        yield
        if helm.cell.inner.observe().grasped:
            try:
                yield from self._lead(watched, step)
            except Declined:
                self.world.place(step.part, helm.cell.locate(step.part).pose_in_base)
                helm.wish(NAME, Regrasp())
            else:
                helm.wish(NAME, Retry())
            return
        goal = board.assembly.goal_in_base(step)
        if _apart(self.world.true_pose(step.part), goal) < board.insertion(board.progress.index).tolerance_m:
            helm.wish(NAME, ByHand())
            return
        place = helm.cell.locate(step.part).pose_in_base
        if _apart(self.world.true_pose(step.part), place) > STANDING_M:
            self.world.place(step.part, place)
        try:
            helm.wish(NAME, Regrasp())
        except Declined:
            self.world.place(step.part, goal)
            helm.wish(NAME, ByHand())

    def _lead(self, watched: Watched, step: Step) -> Iterator[None]:
        """Up until it is clear, then to where the eye sees the hole."""
        goal = watched.board.assembly.goal_in_base(step)
        insertion = watched.board.insertion(watched.board.progress.index)
        height = float(goal.translation[2]) + insertion.clear_height_m + MARGIN_M
        seen = goal.translation[:2] + self.rng.normal(0.0, EYE_M, 2)
        turn = self.rng.normal(0.0, EYE_RAD)
        for _ in range(MOST_JOGS):
            plug = self.world.true_pose(step.part)
            rise = max(0.0, height - float(plug.translation[2]))
            aside = np.zeros(2) if rise > CLOSE_M else seen - plug.translation[:2]
            yaw = turn + _yaw(plug, goal, insertion.symmetry) if insertion.keyed and rise <= CLOSE_M else 0.0
            if rise <= CLOSE_M and np.linalg.norm(aside) <= CLOSE_M and abs(yaw) < EYE_RAD:
                return
            self._jog(watched, np.array([*aside, rise]), yaw)
            for _ in range(SETTLE):
                yield

    def _jog(self, watched: Watched, way: Vector, yaw: float) -> None:
        step = np.clip(way, -0.9 * LARGEST_JOG_M, 0.9 * LARGEST_JOG_M)
        x, y, z = (float(v) for v in step)
        watched.helm.wish(NAME, Jog(x, y, z, float(np.clip(yaw, -0.05, 0.05))))


def _apart(a: RigidTransform, b: RigidTransform) -> float:
    return float(np.linalg.norm(a.translation - b.translation))


def _yaw(plug: RigidTransform, goal: RigidTransform, symmetry: int) -> float:
    """The smallest turn about the vertical after which the plug looks as it does at its goal [rad]."""
    turn = float((goal.rotation * plug.rotation.inv()).as_euler("ZYX")[0])
    alike = 2.0 * np.pi / max(1, symmetry)
    return (turn + alike / 2.0) % alike - alike / 2.0
