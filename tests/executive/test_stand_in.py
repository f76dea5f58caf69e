"""The simulated operator, and what its help is worth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from executive.benchmarks.interventions import assembled_with, markdown, summed
from executive.operator.stand_in import StandIn, Workbench
from executive.options import OnFailure, RunOptions
from executive.records import RunState

Make = Callable[..., Any]
ASK = RunOptions(attempts=1, on_failure=OnFailure.ASK)


class Table:
    """A fake cell as somebody sees it who stands beside it."""

    def __init__(self, cell: Any) -> None:
        self.cell = cell
        self.placed: list[str] = []

    def true_pose(self, part: str) -> RigidTransform:
        return RigidTransform.from_matrix(self.cell.parts[part])

    def place(self, part: str, pose_in_base: RigidTransform) -> None:
        self.placed.append(part)
        self.cell.parts[part] = pose_in_base.as_matrix()


class Wedged(Table):
    """The first part does not come along until it is taken out of the hand."""

    def true_pose(self, part: str) -> RigidTransform:
        where = super().true_pose(part)
        return where if self.placed else RigidTransform.from_translation([*where.translation[:2], 0.02])


def run(world: Any, helps: int, kind: type[Table] = Table) -> tuple[Any, Table]:
    table = kind(world.cell)
    assert isinstance(table, Workbench)
    return world.run(ASK, attendant=StandIn(table, helps, seed=1)), table


def test_a_part_in_the_hand_is_led_to_its_hole(make_world: Make) -> None:
    result, _ = run(make_world(("jam", "left")), 1)
    assert result.state is RunState.ASSEMBLED
    assert result.interventions == 1
    assert result.attempts[1].helped == "led by stand-in"


def test_a_part_that_lies_about_is_put_back_into_the_tray(make_world: Make) -> None:
    world = make_world(("slip", "right"))
    result, table = run(world, 1)
    assert result.state is RunState.ASSEMBLED
    assert result.interventions == 1
    assert table.placed in ([], ["right"])


def test_a_part_that_is_stuck_is_taken_out_of_the_hand_and_put_back(make_world: Make) -> None:
    result, table = run(make_world(("jam", "left")), 1, Wedged)
    assert result.state is RunState.ASSEMBLED
    assert result.interventions == 1
    assert table.placed == ["left"]
    assert [a.seated for a in result.attempts if a.part == "left"] == [False, True]


def test_help_runs_out(make_world: Make) -> None:
    result, _ = run(make_world(("jam", "left", 9)), 2)
    assert result.state is RunState.FAILED
    assert result.interventions == 3
    assert "given up by stand-in" in result.steps[0].note
    assert np.count_nonzero([a.part == "left" for a in result.attempts]) == 3


def row(product: str, assembled: bool, interventions: int, **facts: Any) -> dict[str, Any]:
    verdicts = {"judged": 7, "agreed": 6, "false_seated": 1, "missed_seated": 0}
    made = {"product": product, "assembled": assembled, "interventions": interventions}
    return {**made, "truth_assembled": assembled, "at_first": False, **verdicts, **facts}


def test_runs_count_for_everybody_who_may_help_as_often_as_they_needed() -> None:
    rows = [
        row("motor", True, 0, at_first=True),
        row("motor", True, 1),
        row("motor", True, 2),
        row("motor", False, 3),
    ]
    sums = summed([*rows, row("gearbox", True, 0)], 2)
    assert [(s["product"], s["assembled"]) for s in sums] == [
        ("motor", [1, 2, 3]), ("gearbox", [1, 1, 1]), ("all", [2, 3, 4]),
    ]  # fmt: skip
    assert (sums[0]["interventions"], sums[0]["judged"], sums[0]["false_seated"]) == (5, 28, 4)
    assert markdown(sums).splitlines()[2] == (
        "| motor | 1/4 = 25 % [5, 70] | 1/4 = 25 % [5, 70] | 2/4 = 50 % [15, 85] | 3/4 = 75 % [30, 95] |"
    )


@pytest.mark.parametrize(("most", "counts"), [(0, False), (1, True)])
def test_one_that_needed_more_help_than_allowed_does_not_count(most: int, counts: bool) -> None:
    assert assembled_with(row("motor", True, 1), most) is counts


def test_one_that_only_seems_assembled_does_not_count() -> None:
    assert not assembled_with(row("motor", True, 0, truth_assembled=False), 2)
