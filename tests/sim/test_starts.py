"""Starts that somebody chose."""

import numpy as np
import pytest

from sequences.load import load
from sim.insertions import Insertions
from sim.starts import bank_at
from skills.insertion import Insertion
from skills.tasks import insertion_of

PRODUCT = load("valve_manifold")
STEP = PRODUCT.step_of("outlet")

pytestmark = pytest.mark.usefixtures("banks")


@pytest.fixture(scope="module")
def insertion() -> Insertion:
    return insertion_of(PRODUCT, STEP)


def starts_of(insertion: Insertion) -> np.ndarray:
    above = insertion.depth_m + 0.01
    first, second = [0.004, 0.0, above, 0.0, 0.05, 0.1], [0.0, -0.006, above, 0.1, 0.0, -0.1]
    return np.array([first, second, [0.0, 0.0, above, 0.0, 0.0, 0.0]])


def test_a_plug_is_where_the_estimate_says_that_it_is(insertion: Insertion) -> None:
    starts = starts_of(insertion)
    errors = np.array([[0.002, -0.001, 0.0015, 0.15], [-0.002, 0.0, 0.0, -0.1], [np.nan] * 4])
    made, had = bank_at(PRODUCT, STEP, insertion, starts, np.random.default_rng(2), goal_errors=errors)
    assert had.all()
    worlds = Insertions(PRODUCT, STEP, insertion, 3, seed=5, starts=made, in_order=True)
    worlds.place(np.arange(3))
    seen = np.hstack([worlds.sensed.position, worlds.sensed.rotation])
    assert np.allclose(worlds.draws.goal_error[:2], errors[:2])
    assert np.abs(worlds.draws.goal_error[2]).min() > 0.0
    assert np.abs(seen[:2, :3] - starts[:2, :3]).max() < 0.004  # as far as the grasp may be wrong
    assert np.abs(seen[:2, [3, 5]] - starts[:2, [3, 5]]).max() < 0.06
    assert np.abs(worlds.start[2, :3] - starts[2, :3]).max() < 0.0015


def test_what_is_out_of_reach_or_in_the_way_is_named(insertion: Insertion) -> None:
    starts = starts_of(insertion)
    starts[0, 2], starts[1, 0] = -0.02, 1.5
    made, had = bank_at(PRODUCT, STEP, insertion, starts, np.random.default_rng(2))
    assert had.tolist() == [False, False, True]
    assert len(made) == 1
    with pytest.raises(ValueError, match="'outlet': none of 2 starts can be had"):
        bank_at(PRODUCT, STEP, insertion, starts[:2], np.random.default_rng(2))
