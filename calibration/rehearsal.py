"""Worlds to learn a skill in: every step that it is for gets its part of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sequences.assembly import Assembly, Step
from sim.bank import NARROW, Bank, Region
from sim.control import CONTROL_PERIOD_S
from sim.insertions import Insertions
from sim.physics import NOMINAL, Physics
from sim.variation import Variation
from skills.cell import Flags, Vector
from skills.pilot import Pilot
from skills.presets import Preset
from skills.tasks import insertion_of

Task = tuple[Assembly, Step]
"""A step of a product."""


@dataclass(frozen=True, slots=True)
class Ended:
    """One episode that has ended in training."""

    seated: bool
    """It believed to be home and was at its depth."""
    peak_n: float
    duration_s: float


@dataclass(slots=True)
class _Part:
    worlds: Insertions
    pilot: Pilot
    rows: slice


class Rehearsal:
    """``n`` worlds over the given tasks, reset by themselves."""

    def __init__(
        self,
        tasks: Sequence[Task],
        preset: Preset,
        n: int,
        *,
        seed: int,
        region: Region = NARROW,
        variation: Variation | None = None,
        physics: Physics = NOMINAL,
        starts: int = 512,
    ) -> None:
        self.n, self._parts, begin = n, [], 0
        settings = preset.settings if preset.practice is None else preset.practice
        for index, (assembly, step) in enumerate(tasks):
            end = n * (index + 1) // len(tasks)
            insertion = insertion_of(assembly, step)
            worlds = Insertions(
                assembly, step, insertion, end - begin, seed=seed + 7919 * index, region=region,
                variation=variation, physics=physics, reward=preset.reward, curriculum=preset.curriculum,
                bank_size=starts,
            )  # fmt: skip
            pilot = preset.fly(insertion, end - begin, CONTROL_PERIOD_S, settings)
            worlds.reset(np.arange(end - begin), pilot)
            self._parts.append(_Part(worlds, pilot, slice(begin, end)))
            begin = end
        self.observation = self._parts[0].pilot.observation
        self.action = self._parts[0].pilot.action

    @property
    def curricula(self) -> list[float]:
        """Where each task's curriculum stands [m]; empty without one."""
        return [part.worlds.curriculum.lowest_m for part in self._parts if part.worlds.curriculum is not None]

    def go_on(self, curricula: Sequence[float]) -> None:
        """Take the curricula up where they stood and begin new episodes there."""
        with_one = [part for part in self._parts if part.worlds.curriculum is not None]
        for part, lowest_m in zip(with_one, curricula, strict=True):
            assert part.worlds.curriculum is not None
            part.worlds.curriculum.lowest_m = lowest_m
            part.worlds.reset(np.arange(part.worlds.n), part.pilot)

    def begin_from(self, banks: Sequence[Bank]) -> None:
        """Let the episodes of each task that begin from now on begin from its bank."""
        for part, starts in zip(self._parts, banks, strict=True):
            part.worlds.bank = starts

    def observe(self) -> tuple[Vector, Vector]:
        """What the policies see (n, observation) and what is true (n, privileged)."""
        seen = [part.pilot.observe(part.worlds.sensed) for part in self._parts]
        return np.concatenate(seen), np.concatenate([part.worlds.privileged() for part in self._parts])

    def advance(self, action: Vector) -> tuple[Vector, Flags, Flags, list[Ended]]:
        """One control period under ``action`` (n, actions).

        Returns the reward (n,), whether episodes ended (n,), whether they ended only for want of time (n,),
        and the episodes that ended; their worlds have been reset.
        """
        reward, done, late = np.zeros(self.n), np.zeros(self.n, bool), np.zeros(self.n, bool)
        ended: list[Ended] = []
        for part in self._parts:
            worlds, rows = part.worlds, part.rows
            outcome = worlds.advance(part.pilot, action[rows])
            reward[rows], done[rows] = outcome.reward, outcome.done
            late[rows] = outcome.cut
            over = np.flatnonzero(outcome.done)
            for row in over:
                well = bool(outcome.finished[row] and outcome.deep[row])
                ended.append(Ended(well, float(worlds.peak_n[row]), float(worlds.sensed.time_s[row])))
            if len(over):
                worlds.reset(over, part.pilot)
        return reward, done, late, ended
