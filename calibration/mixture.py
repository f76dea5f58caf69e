"""A mixture of Gaussians over the starts that succeeded, and the surest starts beside it: what a skill keeps.

Algorithm 2 of arXiv 2510.11019, with what it leaves open settled: position and orientation, units scaled to
the box of starts (the regularizer of the fit is absolute), components by the Bayesian information criterion.
"""

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from calibration.map_check import Check
from calibration.space import Space
from calibration.success_map import SuccessMap
from skills.cell import Flags, Vector
from skills.initialization import AWAY, MIXTURE, Initialization, Mixture, as_row

MOST_COMPONENTS = 4
FEWEST = 15
"""Successes for each component, at the least."""
REGULARIZER = 1e-3
KAPPA = 2.0
"""Standard deviations of the lower bound."""
SUREST, CANDIDATES = 16, 2000


def mixture_of(space: Space, starts: Vector, success: Flags, rng: np.random.Generator) -> Mixture:
    """The mixture over those of ``starts`` (n, 6) that succeeded. Raises ValueError for too few of them."""
    points = space.scaled(starts[success])
    if len(points) < FEWEST:
        raise ValueError(f"{len(points)} successes are too few to fit a mixture to; {FEWEST} are needed")
    most = min(MOST_COMPONENTS, len(points) // FEWEST)
    seed = int(rng.integers(2**31))
    fits = [_fitted(points, components, seed) for components in range(1, most + 1)]
    best = min(fits, key=lambda fit: float(fit.bic(points)))
    return Mixture(
        tuple(float(weight) for weight in best.weights_),
        tuple(as_row(mean) for mean in best.means_),
        tuple(tuple(as_row(row) for row in matrix) for matrix in best.covariances_),  # type: ignore[misc]
    )


def _fitted(points: Vector, components: int, seed: int) -> GaussianMixture:
    model = GaussianMixture(components, reg_covar=REGULARIZER, n_init=2, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(points)


def surest(success: SuccessMap, rng: np.random.Generator, n: int = SUREST) -> Vector:
    """(k, 6) up to ``n`` starts by the map's lower confidence bound, the highest first, none near another."""
    points = success.space.drawn(CANDIDATES, rng)
    belief = success.believed(points)
    ranked = points[np.argsort(-(belief.mean - KAPPA * belief.std))]
    scaled, kept = success.space.scaled(ranked), [0]
    for index in range(1, len(ranked)):
        if np.linalg.norm(scaled[index] - scaled[kept], axis=1).min() >= AWAY:
            kept.append(index)
        if len(kept) == n:
            break
    return np.asarray(ranked[kept])


def initialization_of(
    space: Space,
    starts: Vector,
    success: Flags,
    found: SuccessMap,
    check: Check,
    rng: np.random.Generator,
    rule: str = MIXTURE,
) -> Initialization:
    """What a skill keeps of rollouts from ``starts`` (n, 6) and of the map that was fitted to them.

    Without a map worth while the surest starts say nothing and are left out. Raises ValueError.
    """
    mixture = mixture_of(space, starts, success, rng)
    sure = surest(found, rng) if check.worthwhile else np.zeros((0, 6))
    record: dict[str, Any] = {
        "rollouts": len(success),
        "successes": int(success.sum()),
        "components": len(mixture.weights),
        "map": check.as_json(),
        "length_scales": [round(float(length), 3) for length in found.lengths],
    }
    return Initialization(
        rule=rule if rule == MIXTURE or len(sure) else MIXTURE,
        low=as_row(np.array(space.low)),
        high=as_row(np.array(space.high)),
        mixture=mixture,
        surest=tuple(as_row(row) for row in sure),
        record=record,
    )
