"""Surveying a step: rollouts from anywhere, the map that they make, and what decides there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.evaluation import Conditions
from calibration.explained import explained, verdict
from calibration.map_check import Check
from calibration.map_picture import Mapped, picture
from calibration.rollouts import Rollouts, rolled_out
from calibration.space import Space, error_space, start_space
from calibration.success_map import SuccessMap, fit
from executive.learning.contenders import Contender
from executive.learning.scoring import identity
from executive.refinery.around import Slice, slice_of_map
from executive.steps import Task, name_of
from skills.statistics import wilson
from skills.tasks import insertion_of

SEED_BASE = 40_000
"""Surveys draw from other seeds than evaluations."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found out about one policy at one step."""

    task: Task
    who: Contender
    seed: int
    rollouts: Rollouts
    found: SuccessMap
    decides: dict[str, Check]

    @property
    def check(self) -> Check:
        """How the map did on what it had not seen."""
        return self.decides["start"]

    @property
    def verdict(self) -> str:
        """What decides, in a sentence."""
        return verdict(self.decides)

    def mapped(self, name: str) -> Mapped:
        """For a picture."""
        return Mapped(name, self.found, self.check, self.rollouts)

    @property
    def across(self) -> Slice:
        """The map across the mouth of the hole, for the operator's screen."""
        return slice_of_map(self.found, worthwhile=self.check.worthwhile)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        n, good = len(self.rollouts), int(self.rollouts.success.sum())
        low, high = wilson(good, n)
        words, counts = np.unique(self.rollouts.causes[~self.rollouts.success], return_counts=True)
        return {
            **identity(self.task, self.who, Conditions(episodes=n), [self.seed]),
            "rollouts": n,
            "successes": good,
            "success": round(good / n, 4),
            "wilson_95": [round(low, 4), round(high, 4)],
            "causes": dict(zip(words.tolist(), counts.tolist(), strict=True)),
            "map": self.check.as_json(),
            "length_scales": dict(
                zip(self.found.space.names, np.round(self.found.lengths, 3).tolist(), strict=True)
            ),
            "explained": {name: check.as_json() for name, check in self.decides.items()},
            "verdict": self.verdict,
        }


def space_of(task: Task) -> Space:
    """Where a step may be started from."""
    return start_space(insertion_of(*task))


def surveyed(
    task: Task, who: Contender, n: int, seed: int, report: Callable[[int], None] | None = None
) -> Survey:
    """``n`` rollouts of ``who`` from starts anywhere, and what they say."""
    space, rng = space_of(task), np.random.default_rng([seed, 0x3A9])
    starts = space.drawn(n, rng)
    rollouts = rolled_out(task, who.crew, starts, SEED_BASE + seed, redraw=space.drawn, report=report)
    rollouts = rollouts.where(rollouts.had)
    return Survey(
        task, who, seed, rollouts,
        fit(space, rollouts.starts, rollouts.success, rng),
        explained(rollouts, space, error_space(), rng),
    )  # fmt: skip


def portrait(surveys: "list[Survey]", names: "list[str]") -> bytes:
    """The maps of one step, one below the other, as PNG."""
    last = surveys[-1]
    maps = [survey.mapped(name) for survey, name in zip(surveys, names, strict=True)]
    return picture(name_of(last.task), maps, last.verdict)
