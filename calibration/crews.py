"""Who acts in an evaluation: one network for all worlds, or one routine a world."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.control import CONTROL_PERIOD_S
from sim.insertions import Insertions
from sim.world_cell import WorldCell, target_rows
from skills.artifact import Skill
from skills.cell import Indices
from skills.insertion import Attempt, Insertion
from skills.learned import crew
from skills.library import Found
from skills.policies import policy
from skills.routine import Cause, Progress, Routine


class Crew(Protocol):
    """What acts in a chunk of episodes."""

    def begin(self, worlds: Insertions) -> None:
        """Take over all worlds."""
        ...

    def act(self, worlds: Insertions, rows: Indices) -> None:
        """One control period of ``rows``."""
        ...

    def ended(self, worlds: Insertions, rows: Indices) -> list[tuple[bool, Cause | None]]:
        """Of each of ``rows``: whether it is over, and why it failed if it did."""
        ...


class LearnedCrew:
    """Flies all worlds with one network at once."""

    def __init__(self, found: Found, insertion: Insertion) -> None:
        self._found, self._insertion = found, insertion

    def begin(self, worlds: Insertions) -> None:
        """See :class:`Crew`."""
        everyone = np.arange(worlds.n)
        self._pilot, self._network = crew(self._found, self._insertion, worlds.n, CONTROL_PERIOD_S)
        worlds.reset(everyone, self._pilot)

    def act(self, worlds: Insertions, rows: Indices) -> None:
        """See :class:`Crew`."""
        action = self._network(self._pilot.observe(worlds.sensed))
        self._outcome = worlds.advance(self._pilot, action, rows)

    def ended(self, worlds: Insertions, rows: Indices) -> list[tuple[bool, Cause | None]]:
        """See :class:`Crew`."""
        height = worlds.sensed.position[:, 2]
        late = self._outcome.done & ~self._outcome.finished
        mouth = worlds.insertion.depth_m
        return [(bool(self._outcome.done[row]), _late(late[row], height[row], mouth)) for row in rows]


def _late(late: bool, height_m: float, mouth_m: float) -> Cause | None:
    if not late:
        return None
    return Cause.JAM if height_m < 0.7 * mouth_m else Cause.TIMEOUT


class RoutineCrew:
    """Runs one routine a world, as a robot would."""

    def __init__(self, make: Callable[[Attempt], Routine], insertion: Insertion) -> None:
        self._make, self._insertion = make, insertion

    def begin(self, worlds: Insertions) -> None:
        """See :class:`Crew`."""
        worlds.place(np.arange(worlds.n))
        self._cells = [WorldCell(worlds, row, CONTROL_PERIOD_S) for row in range(worlds.n)]
        self._routines = [
            self._make(Attempt(self._insertion, cell.locate_goal(self._insertion.part).pose_in_base))
            for cell in self._cells
        ]
        self._progress = [Progress.RUNNING] * worlds.n
        for cell, routine in zip(self._cells, self._routines, strict=True):
            routine.start(cell)

    def act(self, worlds: Insertions, rows: Indices) -> None:
        """See :class:`Crew`."""
        for row in rows:
            self._progress[row] = self._routines[row].update(self._cells[row])
        worlds.move(target_rows([self._cells[row] for row in rows]), rows)

    def ended(self, worlds: Insertions, rows: Indices) -> list[tuple[bool, Cause | None]]:
        """See :class:`Crew`."""
        return [(self._progress[r] is not Progress.RUNNING, self._routines[r].cause) for r in rows]


def crew_of(
    insertion: Insertion,
    name: str,
    skill: Skill | None = None,
    weights: Mapping[str, NDArray[Any]] | None = None,
    source: Path = Path(),
) -> Crew:
    """What runs the policy ``name``: ``skill`` with its ``weights``, read from ``source``, if given, else a
    scripted one.

    Raises SkillError when the skill cannot be run, UnknownPolicy.
    """
    if skill is not None and weights:
        found = Found(skill, weights, source)
        crew(found, insertion, 1, CONTROL_PERIOD_S)
        return LearnedCrew(found, insertion)
    return RoutineCrew(lambda attempt: policy(name, attempt), insertion)
