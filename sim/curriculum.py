"""AutoMate's sampling-based curriculum: starts come from ever higher above the goal as success allows.

Tang et al., RSS 2024, and ``_get_curriculum_info`` of its release. A start's height is uniform between a
moving lower bound and 10 mm above the mouth; the first starts may be fully assembled.
"""

import numpy as np

from sim.bank import Bank, Region
from skills.cell import Flags, Indices, Vector
from skills.insertion import Insertion

FREE_M = 0.010
"""Highest start above the mouth [m]."""
STAGES = 10
RAISE_AT, LOWER_AT = 0.8, 0.5
"""Shares of success above which the lower bound rises by a stage, and below which it falls by half of one."""
RESTING_M = 0.0002
"""Air left under an assembled plug, so that it is not taken hold of under pressure [m]."""


def curriculum_region(insertion: Insertion) -> Region:
    """Starts from fully assembled to the highest."""
    return Region(above_m=(RESTING_M - insertion.depth_m, FREE_M))


class Curriculum:
    """Chooses starts from a bank for ``n`` worlds, and learns from how their episodes end."""

    def __init__(self, bank: Bank, insertion: Insertion, n: int) -> None:
        self._heights: Vector = bank.starts[:, 2]
        self._n = n
        self.top_m = insertion.depth_m + FREE_M
        self.lowest_m = 0.0
        """Lower bound of the starts' height above the goal [m]."""
        self._ended = self._succeeded = 0

    @property
    def scale(self) -> float:
        """What an episode's last reward is multiplied by: 1 at the first stage, 2 at the last."""
        return 1.0 + self.lowest_m / self.top_m

    def choose(self, k: int, rng: np.random.Generator) -> Indices:
        """(k,) rows of the bank; heights are scattered in it, so that the last stage is the highest tenth."""
        floor = min(self.lowest_m, self.top_m * (1.0 - 1.0 / STAGES))
        allowed = np.flatnonzero(self._heights >= floor)
        return np.asarray(rng.choice(allowed, size=k))

    def learn(self, succeeded: Flags) -> None:
        """Episodes have ended, (k,) whether each ever succeeded; the bound moves once in ``n`` episodes."""
        self._ended += len(succeeded)
        self._succeeded += int(succeeded.sum())
        if self._ended < self._n:
            return
        share, stage = self._succeeded / self._ended, self.top_m / STAGES
        self._ended = self._succeeded = 0
        if share > RAISE_AT:
            self.lowest_m = min(self.lowest_m + stage, self.top_m)
        elif share < LOWER_AT:
            self.lowest_m = max(self.lowest_m - stage / 2, 0.0)
