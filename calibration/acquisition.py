"""Which starts to practise next: acquisition functions over a success map, and batches that are spread out.

μ and σ are the map's mean and standard deviation of the *probability* of success. Formulas of arXiv
2510.11019 (on fine-tuning guided by Bayesian optimization) and of its released code, which differ: the
paper's seek success, the code's seek failure.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import qmc

from calibration.success_map import Belief, SuccessMap, belief_of
from calibration.terms import Acquisition
from skills.cell import Vector

KAPPA = 2.0
XI = 0.01
STRADDLE_WIDTH = 1.96
CANDIDATES = 1024
UNIFORM_SHARE = 0.25
"""Of a batch: so that nothing is forgotten."""
PRACTICE_VARIANCE = 0.1
"""Of the latent value as practice at one start shows it: an outcome's is 1, and practice has about ten."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A batch of points to practise at."""

    points: Vector
    """(n, d)"""
    sought: int
    """How many of them, the first ones, were sought; the others are uniform."""


def values(acquisition: Acquisition, belief: Belief, best: float, level: float) -> Vector:
    """(n,) how much each point is wanted.

    ``best`` is the best success observed, J⁺ of the paper's PI and EI; ``level`` the success whose border
    the straddle seeks.
    """
    mean, std = belief.mean, belief.std + 1e-9
    match acquisition:
        case Acquisition.UCB:
            return mean + KAPPA * std
        case Acquisition.PI:
            return np.asarray(ndtr((mean - best - XI) / std))
        case Acquisition.EI:
            return _expected(mean - best - XI, std)
        case Acquisition.FAILURE_UCB:
            return KAPPA * std - mean
        case Acquisition.FAILURE_PI:
            return np.asarray(ndtr((-mean - XI) / std))
        case Acquisition.FAILURE_EI:
            return _expected(-mean - XI, std)
        case Acquisition.STRADDLE:
            return STRADDLE_WIDTH * std - np.abs(mean - level)
        case Acquisition.UNIFORM:
            return np.zeros(len(mean))


def _expected(gain: Vector, std: Vector) -> Vector:
    """Expected improvement, whose mean over the incumbent is ``gain``."""
    z = gain / std
    return np.asarray(gain * ndtr(z) + std * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi))


def proposed(
    success: SuccessMap,
    acquisition: Acquisition,
    n: int,
    rng: np.random.Generator,
    *,
    best: float = 1.0,
    level: float = 0.5,
    uniform_share: float = UNIFORM_SHARE,
) -> Proposal:
    """A batch of ``n`` points of the map's space.

    Candidates are a scrambled Sobol sequence. The batch is chosen one by one, and each choice lowers the
    variance around it as practice there would, with the mean left alone (GP-BUCB, Desautels, Krause & Burdick
    2014). None lies nearer to another than half the spacing of as many points spread evenly over the box.
    """
    space = success.space
    sought = 0 if acquisition is Acquisition.UNIFORM else n - round(uniform_share * n)
    if sought == 0:
        return Proposal(space.drawn(n, rng), 0)
    unit = qmc.Sobol(space.size, rng=rng).random(CANDIDATES)
    candidates = qmc.scale(unit, space.low, space.high)
    chosen = _spread(success, candidates, acquisition, sought, best, level)
    return Proposal(np.concatenate([candidates[chosen], space.drawn(n - sought, rng)]), sought)


def _spread(
    success: SuccessMap, candidates: Vector, acquisition: Acquisition, n: int, best: float, level: float
) -> list[int]:
    mean, covariance = success.joint(candidates)
    covariance, scaled = covariance.copy(), success.space.scaled(candidates)
    apart, free = n ** (-1.0 / success.space.size), np.ones(len(candidates), bool)
    chosen: list[int] = []
    for _ in range(n):
        wanted = values(acquisition, belief_of(mean, np.diagonal(covariance)), best, level)
        wanted[chosen] = -np.inf
        index = int(np.argmax(np.where(free, wanted, -np.inf) if free.any() else wanted))
        chosen.append(index)
        free &= np.linalg.norm(scaled - scaled[index], axis=1) >= apart
        row = covariance[index].copy()
        covariance -= np.outer(row, row / (row[index] + PRACTICE_VARIANCE))
    return chosen
