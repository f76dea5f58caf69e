"""What a skill knows about where to start from: a mixture of Gaussians over starts that succeeded.

Algorithm 2 of arXiv 2510.11019: draw M candidates from the mixture and take the one of the highest density.
Beside it stand the starts where the success map's lower confidence bound is highest. All starts are plug
poses in the frame of the goal's estimate: position [m] and rotation vector [rad]. Plain numbers, part of a
skill.
"""

from typing import Any

import msgspec
import numpy as np
from scipy.special import logsumexp

from skills.cell import Flags, Vector

CANDIDATES = 1000
"""M of Algorithm 2."""
MIXTURE, LOWER_BOUND = "mixture", "lower-bound"
AWAY = 0.5
"""How far a further start lies from those that failed, in halves of the box."""

Row = tuple[float, float, float, float, float, float]


class Mixture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mixture of Gaussians in scaled units: the box of starts goes from -1 to 1."""

    weights: tuple[float, ...]
    means: tuple[Row, ...]
    covariances: tuple[tuple[Row, Row, Row, Row, Row, Row], ...]

    def drawn(self, n: int, rng: np.random.Generator) -> Vector:
        """(n, 6) scaled points."""
        weights = np.array(self.weights)
        counts = rng.multinomial(n, weights / weights.sum())
        parts = [
            rng.multivariate_normal(mean, covariance, count)
            for mean, covariance, count in zip(self.means, self.covariances, counts, strict=True)
        ]
        return np.concatenate(parts)

    def log_density(self, points: Vector) -> Vector:
        """(n,) at scaled ``points`` (n, 6)."""
        terms = []
        for weight, mean, covariance in zip(self.weights, self.means, self.covariances, strict=True):
            root = np.linalg.cholesky(np.array(covariance))
            white = np.linalg.solve(root, (points - np.array(mean)).T)
            scale = np.log(np.diagonal(root)).sum() + 3.0 * np.log(2.0 * np.pi)
            terms.append(np.log(weight) - scale - 0.5 * (white**2).sum(axis=0))
        return np.asarray(logsumexp(terms, axis=0))


class Initialization(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to start one step from."""

    rule: str
    """Which of the two to start by: ``mixture`` or ``lower-bound``."""
    low: Row
    high: Row
    """The box in which starts were tried; nothing is known outside."""
    mixture: Mixture
    surest: tuple[Row, ...] = ()
    """Starts from the highest lower confidence bound down, not too near to each other."""
    record: dict[str, Any] = {}
    """What it was made from, for people."""

    def scaled(self, starts: Vector) -> Vector:
        """(n, 6) ``starts`` with the box from -1 to 1."""
        low, high = np.array(self.low), np.array(self.high)
        return np.asarray((2.0 * starts - low - high) / (high - low))

    def candidates(self, rng: np.random.Generator, rule: str | None = None) -> Vector:
        """(m, 6) starts within the box, the best first, by ``rule`` or by its own."""
        if (rule or self.rule) == LOWER_BOUND and self.surest:
            return np.array(self.surest)
        points = self.mixture.drawn(CANDIDATES, rng)
        points = points[(np.abs(points) <= 1.0).all(axis=1)]
        order = np.argsort(-self.mixture.log_density(points))
        low, high = np.array(self.low), np.array(self.high)
        return np.asarray((points[order] * (high - low) + low + high) / 2.0)

    def away_from(self, starts: Vector, failed: Vector) -> Flags:
        """(n,) which of ``starts`` (n, 6) are not near to any of ``failed`` (k, 6)."""
        if len(failed) == 0:
            return np.ones(len(starts), bool)
        apart = self.scaled(starts)[:, None] - self.scaled(failed)[None]
        return np.asarray((np.linalg.norm(apart, axis=2) >= AWAY).all(axis=1))


def as_row(values: Vector) -> Row:
    """Six numbers as a skill's record keeps them."""
    x, y, z, roll, pitch, yaw = (float(value) for value in values)
    return x, y, z, roll, pitch, yaw
