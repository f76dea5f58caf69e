"""Whether a new version of a skill is better than the old one, on the same fresh episodes."""

from dataclasses import asdict, dataclass
from typing import Any

from scipy.stats import binomtest

from skills.cell import Flags

LEVEL = 0.05
"""How likely it may at most be that an equal version looks this much better by chance."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions, episode by episode."""

    episodes: int
    old: int
    """Successes of the old version."""
    new: int
    gained: int
    """Episodes that only the new version succeeded in."""
    lost: int
    """Episodes that only the old version succeeded in."""
    p_value: float
    """Of the exact one-sided test of McNemar (1947): chance of at least as many gained if both were equal."""

    @property
    def better(self) -> bool:
        """The new version is surely better."""
        return self.gained > self.lost and self.p_value < LEVEL

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "p_value": round(self.p_value, 6), "better": self.better}

    def words(self) -> str:
        """For a person, as ``old 430/500, new 455/500; gained 40, lost 15, p = 0.0009``."""
        n = self.episodes
        return (
            f"old {self.old}/{n}, new {self.new}/{n}; gained {self.gained}, lost {self.lost}, "
            f"p = {self.p_value:.2g}"
        )


def compared(old: Flags, new: Flags) -> Comparison:
    """Compare outcomes (n,) of the same episodes. Raises ValueError for different numbers of them."""
    if len(old) != len(new):
        raise ValueError(f"{len(old)} episodes of the old version and {len(new)} of the new are no pairs")
    gained, lost = int((new & ~old).sum()), int((old & ~new).sum())
    unequal = gained + lost
    p = float(binomtest(gained, unequal, 0.5, alternative="greater").pvalue) if unequal else 1.0
    return Comparison(len(old), int(old.sum()), int(new.sum()), gained, lost, p)
