"""Shares against numbers worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.statistics import share_text, wilson


def test_the_interval_of_a_known_share() -> None:
    """18 of 20: centre (0.9 + 0.0960) / 1.1921, half width 0.1370."""
    assert wilson(18, 20) == pytest.approx((0.6990, 0.9721), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 500), st.data())
def test_the_share_lies_in_its_interval(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson(successes, trials)
    assert 0.0 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1.0


def test_a_share_in_words() -> None:
    assert share_text(18, 20) == "18/20 = 90 % [70, 97]"
    assert share_text(0, 0) == "0/0"
