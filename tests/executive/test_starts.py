"""Where attempts begin: the skill's best start, unless the arm or what stands there forbids it."""

import numpy as np
import pytest

from calibration.space import start_space
from executive.kit import insertions_of
from executive.starts import Starts
from sequences.load import load
from skills.cell import Vector
from skills.initialization import AWAY, LOWER_BOUND, MIXTURE, Initialization, Mixture, as_row
from skills.start import initializations

PRODUCT = load("gearbox")
INSERTIONS = insertions_of(PRODUCT)
PART = "planet_b"


def known(mean: Vector, spread: float = 0.3, surest: tuple[Vector, ...] = ()) -> Initialization:
    """A skill that succeeds around ``mean``, scaled."""
    space = start_space(INSERTIONS[PART])
    covariance = tuple(as_row(row) for row in spread**2 * np.eye(6))
    return Initialization(
        rule=LOWER_BOUND if surest else MIXTURE, low=as_row(np.array(space.low)),
        high=as_row(np.array(space.high)), surest=tuple(as_row(row) for row in surest),
        mixture=Mixture((1.0,), (as_row(mean),), (covariance,)),  # type: ignore[arg-type]
    )  # fmt: skip


def scaled(found: Initialization, starts: Vector) -> Vector:
    return found.scaled(starts)


def test_attempts_begin_where_the_mixture_is_densest_and_then_elsewhere() -> None:
    found = known(np.array([0.2, -0.2, 0.6, 0.0, 0.0, 0.1]))
    starts = Starts(PRODUCT, {PART: found}, INSERTIONS)
    first = starts(INSERTIONS[PART], 1)
    three = starts(INSERTIONS[PART], 3)
    assert np.array_equal(three[0], first[0])
    assert np.linalg.norm(scaled(found, first) - found.mixture.means[0]) < 0.4
    apart = np.linalg.norm(scaled(found, three)[:, None] - scaled(found, three)[None], axis=2)
    assert apart[np.triu_indices(3, 1)].min() >= AWAY
    again = Starts(PRODUCT, {PART: found}, INSERTIONS)(INSERTIONS[PART], 3)
    assert np.array_equal(three, again)


def test_a_start_that_meets_something_is_passed_over() -> None:
    space = start_space(INSERTIONS[PART])
    inside, free = np.array(space.low) * [0, 0, 0, 0, 0, 0], np.array([0, 0, space.high[2], 0, 0, 0])
    found = known(np.zeros(6), surest=(inside, free))
    starts = Starts(PRODUCT, {PART: found}, INSERTIONS)(INSERTIONS[PART], 1)
    assert np.allclose(starts[0], free)


def test_a_start_beyond_the_arm_is_passed_over() -> None:
    far, free = np.array([0.9, 0.0, 0.4, 0.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.05, 0.0, 0.0, 0.0])
    found = known(np.zeros(6), surest=(far, free))
    starts = Starts(PRODUCT, {PART: found}, INSERTIONS)(INSERTIONS[PART], 1)
    assert np.allclose(starts[0], free)


@pytest.mark.parametrize("nothing", [{}, {PART: known(np.zeros(6), surest=(np.full(6, -0.05),))}])
def test_where_nothing_will_do_the_start_is_straight_above(nothing: dict[str, Initialization]) -> None:
    starts = Starts(PRODUCT, nothing, INSERTIONS)
    expected = initializations(INSERTIONS[PART], 3)
    assert np.array_equal(starts(INSERTIONS[PART], 3), expected)
    assert np.array_equal(starts(INSERTIONS["sun"], 2), initializations(INSERTIONS["sun"], 2))
