"""The offset that seated parts speak of: found where it is, and not where it is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.offset import LEAST_M, LEAST_PARTS, lying_of, offset_of

SPREAD_M = 0.002


def errors(n: int, x_m: float, y_m: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(-SPREAD_M, SPREAD_M, (n, 2)) + np.array([x_m, y_m])


def test_an_offset_among_noise_is_found_with_its_error() -> None:
    found = offset_of(errors(60, 0.0015, -0.0004, seed=1))
    assert found is not None
    assert found.x_m == pytest.approx(0.0015, abs=3 * found.error_m[0])
    assert found.y_m == pytest.approx(-0.0004, abs=3 * found.error_m[1])
    assert found.error_m[0] == pytest.approx(SPREAD_M / np.sqrt(3 * 60), rel=0.25)
    assert "60 seated parts" in found.words()


def test_noise_alone_is_not_taken_for_an_offset() -> None:
    false = sum(offset_of(errors(30, 0.0, 0.0, seed)) is not None for seed in range(1000))
    assert false <= 5


@settings(max_examples=50)
@given(st.integers(0, LEAST_PARTS - 1))
def test_a_few_parts_say_nothing(n: int) -> None:
    assert offset_of(errors(n, 0.004, 0.004, seed=3)) is None


def test_what_is_less_than_any_play_is_left_alone() -> None:
    rows = errors(2000, 0.0, 0.0, seed=4) * 0.01 + [LEAST_M / 2, 0.0]
    assert offset_of(rows) is None


def heights(n: int, higher_m: float, seed: int) -> np.ndarray:
    """Read to a fifth of a millimetre; one part in eight crept far up in the grasp."""
    rng = np.random.default_rng(seed)
    return higher_m + rng.normal(0.0, 0.0002, n) + np.where(rng.random(n) < 0.125, 0.0015, 0.0)


def test_parts_that_lie_higher_are_found_to_whatever_crept_in_the_grasp() -> None:
    for higher_m in (0.001, -0.001):
        found = lying_of(heights(40, higher_m, seed=1))
        assert found is not None
        assert found.higher_m == pytest.approx(higher_m, abs=0.0002)
        low, high = found.between_m
        assert low < higher_m < high
        assert "40 felt" in found.words()


def test_parts_that_lie_as_located_are_left_alone() -> None:
    assert all(lying_of(heights(40, 0.0, seed)) is None for seed in range(200))
    assert lying_of(heights(2000, LEAST_M / 2, seed=5)) is None
    assert lying_of(heights(LEAST_PARTS - 1, 0.002, seed=6)) is None
    assert lying_of([]) is None
