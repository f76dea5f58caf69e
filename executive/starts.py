"""Where each attempt of a run begins: the best start that the skill knows and the cell has room for.

Candidates come from the skill, the best first. One is taken that the arm reaches with its joints clear of
their limits, where plug, fingers and hand are clear of what stands already, and that is away from the starts
of earlier attempts at the step. Where a skill knows nothing, or nothing of it will do, the start is straight
above the goal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly
from sequences.room import Room
from sim.reach import Reach
from skills.cell import Vector
from skills.initialization import Initialization
from skills.insertion import Insertion
from skills.start import initializations

ROOM_M = 0.002
"""Air around what is held: as much as the goal's estimate may be wrong along an axis [m]."""
LOOKED_AT = 16
"""Candidates whose reach is worked out at once."""
ROUNDS = 4


@dataclass(slots=True)
class _Known:
    """What is needed to choose at one step."""

    initialization: Initialization
    room: Room
    goal_in_base: RigidTransform
    tcp_in_plug: RigidTransform
    nearby: Vector
    candidates: Vector
    chosen: list[Vector] = field(default_factory=list)


class Starts:
    """The starts of one run; ``known`` maps parts to what their skills know."""

    def __init__(
        self,
        assembly: Assembly,
        known: Mapping[str, Initialization],
        insertions: Mapping[str, Insertion],
        seed: int = 0,
    ) -> None:
        self._known: dict[str, _Known] = {}
        if not known:
            return
        self._reach, rng = Reach(), np.random.default_rng(seed)
        for part, initialization in known.items():
            step, insertion = assembly.step_of(part), insertions[part]
            goal = assembly.goal_in_base(step)
            above = RigidTransform.from_translation([0.0, 0.0, insertion.clear_height_m])
            nearby = self._reach.joints_at(goal * above * insertion.tcp_in_plug)
            self._known[part] = _Known(
                initialization, Room(assembly, step), goal, insertion.tcp_in_plug, nearby,
                initialization.candidates(rng),
            )  # fmt: skip

    def __call__(self, insertion: Insertion, n: int) -> Vector:
        """The first ``n`` starts to try: (n, 6) in the frame of the goal's estimate [m, rad]."""
        plain = initializations(insertion, n)
        known = self._known.get(insertion.part)
        if known is None:
            return plain
        while len(known.chosen) < n:
            known.chosen.append(self._next(known, plain[len(known.chosen)]))
        return np.array(known.chosen[:n])

    def known_of(self, part: str) -> Initialization | None:
        """What the skill of ``part`` knows; None when it knows nothing."""
        known = self._known.get(part)
        return None if known is None else known.initialization

    def _next(self, known: _Known, otherwise: Vector) -> Vector:
        tried = np.array(known.chosen) if known.chosen else np.zeros((0, 6))
        left = known.candidates[known.initialization.away_from(known.candidates, tried)]
        for begin in range(0, min(len(left), ROUNDS * LOOKED_AT), LOOKED_AT):
            some = left[begin : begin + LOOKED_AT]
            plugs = RigidTransform.from_components(some[:, :3], Rotation.from_rotvec(some[:, 3:]))
            allowed = self._reach.allows(known.goal_in_base * plugs * known.tcp_in_plug, known.nearby)
            for row in np.flatnonzero(allowed):
                plug = RigidTransform.from_components(some[row, :3], Rotation.from_rotvec(some[row, 3:]))
                if known.room.gap(plug, ROOM_M) >= ROOM_M:
                    return np.asarray(some[row])
        return otherwise
