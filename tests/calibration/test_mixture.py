"""Where a skill starts from: the mixture's algebra, its components, and starts away from failures."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from calibration.map_check import Check
from calibration.mixture import initialization_of, mixture_of, surest
from calibration.space import START, Space
from calibration.success_map import fit
from skills.cell import Vector
from skills.initialization import AWAY, LOWER_BOUND, MIXTURE, Initialization, Mixture, as_row

BOX = Space(START, (-0.01, -0.01, 0.02, -0.17, -0.17, -0.17), (0.01, 0.01, 0.03, 0.17, 0.17, 0.17),
            (False,) * 3 + (True,) * 3)  # fmt: skip
GOOD = Check(100, 0.1, 0.2, 0.7, 0.5, 0.3)
BAD = Check(100, 0.2, 0.2, 0.0, 0.0, -0.1)


def two_places(n: int) -> tuple[Vector, Vector]:
    """Starts of which those near two places succeed."""
    rng = np.random.default_rng(1)
    starts = BOX.drawn(n, rng)
    x = BOX.scaled(starts)[:, 0]
    return starts, np.abs(np.abs(x) - 0.7) < 0.2


def made(check: Check = GOOD, rule: str = MIXTURE) -> Initialization:
    starts, success = two_places(500)
    rng = np.random.default_rng(2)
    return initialization_of(BOX, starts, success, fit(BOX, starts, success, rng), check, rng, rule)


def test_components_come_by_the_criterion() -> None:
    starts, success = two_places(800)
    assert len(mixture_of(BOX, starts, success, np.random.default_rng(0)).weights) == 2
    rng = np.random.default_rng(0)
    one = BOX.drawn(300, rng) * 0.0 + np.array([0, 0, 0.025, 0, 0, 0]) + rng.normal(0, 0.001, (300, 6))
    assert len(mixture_of(BOX, one, np.ones(300, bool), rng).weights) == 1
    with pytest.raises(ValueError, match="14 successes are too few"):
        mixture_of(BOX, starts, np.arange(800) < 14, rng)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 3))
def test_densities_are_those_of_the_mixture(seed: int, components: int) -> None:
    rng = np.random.default_rng(seed)
    roots = rng.normal(0, 0.3, (components, 6, 6))
    covariances = roots @ roots.swapaxes(1, 2) + 0.05 * np.eye(6)
    weights = rng.dirichlet(np.ones(components))
    means = rng.normal(0, 0.5, (components, 6))
    mixture = Mixture(
        tuple(weights.tolist()), tuple(map(as_row, means)),
        tuple(tuple(map(as_row, matrix)) for matrix in covariances),  # type: ignore[arg-type]
    )  # fmt: skip
    points = rng.normal(0, 1, (5, 6))
    expected = sum(
        w * multivariate_normal(m, c).pdf(points) for w, m, c in zip(weights, means, covariances, strict=True)
    )
    assert np.exp(mixture.log_density(points)) == pytest.approx(expected, rel=1e-6)
    assert mixture.drawn(7, rng).shape == (7, 6)


def test_the_best_candidate_is_where_starts_succeeded() -> None:
    found = made()
    best = found.candidates(np.random.default_rng(3))
    assert abs(abs(found.scaled(best)[0, 0]) - 0.7) < 0.2
    assert (np.abs(found.scaled(best)) <= 1.0).all()
    density = found.mixture.log_density(found.scaled(best))
    assert (np.diff(density) <= 1e-12).all()


def test_a_further_start_is_away_from_what_failed() -> None:
    found = made()
    candidates = found.candidates(np.random.default_rng(3))
    away = found.away_from(candidates, candidates[:1])
    apart = np.linalg.norm(found.scaled(candidates[away]) - found.scaled(candidates[:1]), axis=1)
    assert apart.min() >= AWAY
    assert found.away_from(candidates, np.zeros((0, 6))).all()


def test_the_surest_starts_are_kept_only_of_a_map_that_is_worth_while() -> None:
    found, poor = made(GOOD, LOWER_BOUND), made(BAD, LOWER_BOUND)
    assert found.rule == LOWER_BOUND
    sure = found.candidates(np.random.default_rng(0))
    assert np.abs(np.abs(found.scaled(sure)[:2, 0]) - 0.7).max() < 0.4
    assert (poor.surest, poor.rule) == ((), MIXTURE)
    assert len(poor.candidates(np.random.default_rng(0))) > 100


def test_surest_starts_are_apart() -> None:
    starts, success = two_places(300)
    rng = np.random.default_rng(0)
    found = BOX.scaled(surest(fit(BOX, starts, success, rng), rng, n=6))
    apart = np.linalg.norm(found[:, None] - found[None], axis=2) + 9.0 * np.eye(len(found))
    assert apart.min() >= AWAY


def test_an_initialization_goes_to_json_and_back() -> None:
    found = made()
    assert msgspec.json.decode(msgspec.json.encode(found), type=Initialization) == found
    assert found.record["map"]["worthwhile"] is True
