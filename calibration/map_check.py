"""Whether a success map knows anything: it must foretell rollouts that it has not seen."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from calibration.space import Space
from calibration.success_map import fit
from skills.cell import Flags, Vector

FOLDS = 5
FEWEST = 20
"""With fewer rollouts, or with fewer than a handful of either outcome, nothing is said."""
HANDFUL = 4
ONE_SIDED_95 = 1.645


@dataclass(frozen=True, slots=True)
class Check:
    """How a map did on rollouts that were held out, each of them once."""

    rollouts: int
    brier: float
    """Mean square of what was foretold less what came; 0 is perfect."""
    brier_of_mean: float
    """The same when the mean of the other rollouts is foretold everywhere."""
    correlation: float
    """Between what was foretold and what came."""
    explained: float
    """Share of the outcome's variance that was foretold: 1 - brier / brier_of_mean; below 0 when worse."""
    explained_low: float
    """Its lower bound, one-sided, 95 %."""

    @property
    def worthwhile(self) -> bool:
        """Surely better than the mean: good enough to choose by."""
        return bool(self.explained_low > 0.0)

    def as_json(self) -> dict[str, Any]:
        """The numbers as plain values, rounded."""
        rounded = {n: round(v, 4) if isinstance(v, float) else v for n, v in asdict(self).items()}
        return {**rounded, "worthwhile": self.worthwhile}


def checked(
    space: Space, points: Vector, success: Flags, rng: np.random.Generator, folds: int = FOLDS
) -> Check:
    """Fit on all folds but one, foretell that one, for each of them."""
    outcome, n = np.asarray(success, dtype=np.float64), len(success)
    if n < FEWEST or min(outcome.sum(), n - outcome.sum()) < HANDFUL:
        plain = float(outcome.mean() * (1.0 - outcome.mean())) if n else 0.0
        return Check(n, plain, plain, 0.0, 0.0, 0.0)
    foretold, mean = np.zeros(n), np.zeros(n)
    for fold in np.array_split(rng.permutation(n), folds):
        rest = np.setdiff1d(np.arange(n), fold)
        foretold[fold] = fit(space, points[rest], success[rest], rng).believed(points[fold]).mean
        mean[fold] = outcome[rest].mean()
    return compared(foretold, mean, outcome)


def compared(foretold: Vector, mean: Vector, outcome: Vector) -> Check:
    """The check of what was ``foretold`` (n,) beside the ``mean`` (n,) of the others."""
    n = len(outcome)
    missed, missed_by_mean = (foretold - outcome) ** 2, (mean - outcome) ** 2
    gain, plain = missed_by_mean - missed, float(missed_by_mean.mean())
    error = float(gain.std(ddof=1)) / np.sqrt(n)
    spread = float(foretold.std())
    return Check(
        rollouts=n,
        brier=float(missed.mean()),
        brier_of_mean=plain,
        correlation=float(np.corrcoef(foretold, outcome)[0, 1]) if spread > 1e-9 else 0.0,
        explained=float(gain.mean()) / plain,
        explained_low=float(gain.mean() - ONE_SIDED_95 * error) / plain,
    )
