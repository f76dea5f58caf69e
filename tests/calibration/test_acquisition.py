"""What is proposed for practice: formulas by hand, batches that are spread out, and who seeks what."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import norm, qmc

from calibration.acquisition import proposed, values
from calibration.space import Space
from calibration.success_map import Belief, SuccessMap, fit
from calibration.terms import Acquisition
from skills.cell import Vector

BOX = Space(("x", "y"), (-1.0, -1.0), (1.0, 1.0), (False, False))
SEEKING_FAILURE = (Acquisition.FAILURE_UCB, Acquisition.FAILURE_PI, Acquisition.FAILURE_EI)


def chance(points: Vector) -> Vector:
    return np.asarray(ndtr(3.0 * points[:, 0]))


def nearest(points: Vector) -> Vector:
    """(n,) distance of each point to its nearest neighbour."""
    apart = np.linalg.norm(points[:, None] - points[None], axis=2) + 9.0 * np.eye(len(points))
    return np.asarray(apart.min(axis=1))


@pytest.fixture(scope="module")
def found() -> SuccessMap:
    rng = np.random.default_rng(0)
    points = BOX.drawn(400, rng)
    return fit(BOX, points, rng.random(400) < chance(points), rng)


def test_the_formulas_by_hand() -> None:
    belief = Belief(np.array([0.6]), np.array([0.2]))
    expected = {
        Acquisition.UNIFORM: 0.0,
        Acquisition.UCB: 0.6 + 2 * 0.2,
        Acquisition.PI: norm.cdf((0.6 - 0.9 - 0.01) / 0.2),
        Acquisition.EI: (0.6 - 0.91) * norm.cdf(-1.55) + 0.2 * norm.pdf(-1.55),
        Acquisition.FAILURE_UCB: 2 * 0.2 - 0.6,
        Acquisition.FAILURE_PI: norm.cdf((-0.6 - 0.01) / 0.2),
        Acquisition.FAILURE_EI: -0.61 * norm.cdf(-3.05) + 0.2 * norm.pdf(-3.05),
        Acquisition.STRADDLE: 1.96 * 0.2 - 0.1,
    }
    assert set(expected) == set(Acquisition)
    for acquisition, value in expected.items():
        assert values(acquisition, belief, 0.9, 0.5)[0] == pytest.approx(value, abs=1e-6), acquisition


@pytest.mark.parametrize("acquisition", list(Acquisition))
def test_a_batch_seeks_what_its_acquisition_seeks(found: SuccessMap, acquisition: Acquisition) -> None:
    batch = proposed(found, acquisition, 64, np.random.default_rng(1), best=1.0, level=0.5)
    assert batch.points.shape == (64, 2)
    assert BOX.within(batch.points).all()
    assert batch.sought == (0 if acquisition is Acquisition.UNIFORM else 48)
    sought = chance(batch.points[: batch.sought])
    if acquisition in SEEKING_FAILURE:
        assert sought.mean() < 0.3
    elif acquisition is Acquisition.STRADDLE:
        assert 0.2 < sought.mean() < 0.8
    elif batch.sought:
        assert sought.mean() > 0.6  # as printed, the paper's seek success


def test_a_batch_is_no_clump(found: SuccessMap) -> None:
    batch = proposed(found, Acquisition.FAILURE_UCB, 32, np.random.default_rng(1), uniform_share=0.0)
    points = qmc.scale(qmc.Sobol(2, rng=np.random.default_rng(1)).random(1024), BOX.low, BOX.high)
    wanted = values(Acquisition.FAILURE_UCB, found.believed(points), 1.0, 0.5)
    greedy = points[np.argsort(-wanted)[:32]]
    assert np.median(nearest(batch.points)) > 1.5 * np.median(nearest(greedy))
    assert len(np.unique(batch.points, axis=0)) == 32


def test_the_same_seed_proposes_the_same(found: SuccessMap) -> None:
    one, two = (proposed(found, Acquisition.STRADDLE, 16, np.random.default_rng(5)).points for _ in range(2))
    assert np.array_equal(one, two)
