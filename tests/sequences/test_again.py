"""A step done again among parts that came after it."""

import pytest

from sequences.again import obstructions, placed_last
from sequences.load import load
from sequences.validate import check


def test_the_step_comes_after_all_that_stands_and_before_the_rest() -> None:
    assembly = load("bearing_block")
    parts = [step.part for step in assembly.steps]
    again = placed_last(assembly, 1, {0, 1, 3})
    assert [step.part for step in again.steps] == [parts[i] for i in (0, 3, 1, 2, *range(4, len(parts)))]


@pytest.mark.parametrize("product", ["connector_panel", "valve_manifold"])
def test_in_its_own_place_nothing_is_in_the_way(product: str) -> None:
    assembly = load(product)
    assert check(assembly) == ()
    for index in range(len(assembly.steps)):
        assert obstructions(assembly, index, range(index)) == ()


def test_what_came_later_may_be_in_the_way() -> None:
    assembly = load("bearing_block")
    names = [step.part for step in assembly.steps]
    everything = range(len(names))
    (why,) = obstructions(assembly, names.index("bolt_left"), everything)
    assert why == "brings the hand into 'shaft' at the goal"
    panel = load("connector_panel")
    for index in range(len(panel.steps)):
        assert obstructions(panel, index, range(len(panel.steps))) == ()
