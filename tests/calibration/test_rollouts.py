"""Rollouts from chosen starts: paired by their seed, and whole where a start cannot be had."""

import numpy as np
import pytest

from calibration.crews import crew_of
from calibration.rollouts import Rollouts, rolled_out
from calibration.space import start_space
from sequences.load import load
from skills.insertion import Insertion
from skills.tasks import insertion_of

PRODUCT = load("valve_manifold")
TASK = (PRODUCT, PRODUCT.step_of("outlet"))
SPACE = start_space(insertion_of(*TASK))

pytestmark = pytest.mark.usefixtures("banks")


def pushed(starts: np.ndarray, seed: int = 3, **more: object) -> Rollouts:
    def crew(insertion: Insertion) -> object:
        return crew_of(insertion, "push")

    return rolled_out(TASK, crew, starts, seed, **more)  # type: ignore[arg-type]


def test_rollouts_with_one_seed_meet_the_same_world() -> None:
    told: list[int] = []
    rng = np.random.default_rng(0)
    one, other = pushed(SPACE.drawn(4, rng), report=told.append), pushed(SPACE.drawn(4, rng))
    assert sum(told) == 4
    assert np.array_equal(one.errors, other.errors)
    assert not np.allclose(one.starts, other.starts, atol=1e-3)
    assert not np.array_equal(one.errors, pushed(SPACE.drawn(4, rng), seed=4).errors)
    assert ((one.causes == "") == one.success).all()


def test_a_start_that_cannot_be_had_fails_or_is_drawn_again() -> None:
    starts = SPACE.drawn(3, np.random.default_rng(0))
    starts[1, 2] = -0.02
    plain = pushed(starts)
    assert plain.had.tolist() == [True, False, True]
    assert not plain.success[1]
    assert np.array_equal(plain.starts[1], starts[1])
    again = pushed(starts, redraw=SPACE.drawn)
    assert again.had.all()
    assert SPACE.within(again.starts, 0.6).all()
    assert np.array_equal(again.errors, plain.errors)
