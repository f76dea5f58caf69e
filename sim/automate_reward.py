"""AutoMate's reward: distance over the whole surface, imitation of disassembly, success.

Per step, as in its release in Isaac Lab, -ln(mean distance) + imitation + [inserted now], without penalties;
an episode's last reward grows with the curriculum. The learner here does not normalize values, so the sum is
counted from a mean distance of 30 mm instead of 1 m and multiplied by ``SCALE`` = 1 - 0.99: a return is then
the discounted mean of AutoMate's reward over the steps to come, between 0 and 7, of order one.
"""

import numpy as np
from scipy.spatial.transform import RigidTransform

from sequences.assembly import Assembly, Step
from sequences.solid import solid_of
from sim.curriculum import Curriculum
from sim.distance import field_of, mean_distance, nearness, surface_points
from sim.imitation import Imitation
from sim.truth import are_engaged
from skills.cell import Flags, Indices, Vector
from skills.insertion import Insertion

SCALE = 0.01
"""One less the discount; see the module."""


class AutomateReward:
    """Judges ``n`` worlds of ``step``, whose ``paths`` are as :mod:`sim.disassembly` makes them, and tells
    the curriculum what becomes of episodes."""

    def __init__(
        self,
        assembly: Assembly,
        step: Step,
        insertion: Insertion,
        paths: Vector,
        n: int,
        curriculum: Curriculum | None = None,
    ) -> None:
        solid = solid_of(assembly.parts[step.part])
        self._step, self._curriculum = step, curriculum
        self._field, self._points = field_of(solid), surface_points(solid)
        self._imitation = Imitation(paths, n)
        self._home = assembly.goal_in_base(step) * insertion.tcp_in_plug
        self._succeeded = np.zeros(n, bool)

    def begin(self, rows: Indices, tcp: Vector) -> None:
        """Start episodes in worlds ``rows``; ``tcp`` (n, 7) are the TCPs' poses in the base frame."""
        self._succeeded[rows] = False
        self._imitation.begin(rows, self._home.inv().apply(tcp[rows, :3]))

    def __call__(self, plug_in_goal: RigidTransform, tcp: Vector, done: Flags) -> Vector:
        """(n,) reward of one control period that left the plugs at true poses ``plug_in_goal``, a stack of
        (n,), and the TCPs at ``tcp`` (n, 7) in the base frame; ``done`` (n,) says which episodes are over."""
        succeeds = are_engaged(self._step, plug_in_goal)
        self._succeeded |= succeeds
        reward = nearness(mean_distance(self._field, self._points, plug_in_goal))
        reward += self._imitation(self._home.inv().apply(tcp[:, :3])) + succeeds
        if self._curriculum is not None and done.any():
            reward[done] *= self._curriculum.scale
            self._curriculum.learn(self._succeeded[done])
        return SCALE * reward
