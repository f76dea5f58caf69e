"""A run taken up where nothing is restored, as on a robot: what was placed is felt before anything goes on.

The scripted cell with the real routines, its pegs sticking out of the bridge so that they can be felt.
"""

from collections.abc import Callable
from typing import Any

import pytest
from scipy.spatial.transform import RigidTransform

from executive.kit import standard_kit
from executive.options import PolicyName, RunOptions
from executive.records import Outcome, RunState
from executive.run import resume

Make = Callable[..., Any]
ASIDE = RigidTransform.from_translation([0.0, 0.25, 0.0])


class Killed(BaseException):
    """Stands for the death of the process."""


class KillAt:
    """Dies when the journal has just got an event of a step."""

    def __init__(self, kind: str, step: int) -> None:
        self.kind, self.step = kind, step

    def began(self, board: Any, cell: Any) -> None: ...
    def ticked(self, board: Any) -> None: ...
    def ended(self, result: Any) -> None: ...

    def happened(self, event: Any) -> None:
        if (event.kind, event.step) == (self.kind, self.step):
            raise Killed


def killed(make_world: Make, kind: str, step: int) -> Any:
    """A world in which a run died."""
    world = make_world(loose=True)
    world.kit = standard_kit(world.assembly, PolicyName.SEARCH)
    with pytest.raises(Killed):
        world.run(observers=[KillAt(kind, step)])
    return world


def taken_up(world: Any) -> tuple[Any, list[Any]]:
    """The result, and the events since the run was taken up."""
    world.cell.recover()
    before = len(world.journal.events(1))
    result = resume(1, world.assembly, world.lasting, RunOptions(), world.journal, kit=world.kit)
    return result, world.journal.events(1)[before:]


def kinds(events: list[Any]) -> list[str]:
    return [event.kind for event in events]


def felt(events: list[Any]) -> dict[str, str]:
    (event,) = [event for event in events if event.kind == "felt_again"]
    return dict(event.data["felt"])


@pytest.mark.parametrize("kind", ["attempt_began", "picked", "carried"])
def test_hands_are_emptied_and_all_that_stands_is_felt_first(make_world: Make, kind: str) -> None:
    world = killed(make_world, kind, 2)
    result, events = taken_up(world)
    assert felt(events) == {"left": "placed", "right": "placed"}
    later = kinds(events)
    assert later[0] == "resumed"
    assert later.index("felt_again") < later.index("picked")
    assert ("recovered" in later[: later.index("felt_again")]) == (kind != "attempt_began")
    assert result.state is RunState.ASSEMBLED
    assert result.truth == {"left": True, "right": True, "top": True}
    assert [step.attempts for step in result.steps] == [1, 1, 1 if kind == "attempt_began" else 2]


def test_a_part_that_has_gone_is_found_out_before_anything_moves_on(make_world: Make) -> None:
    world = killed(make_world, "step_done", 1)
    world.cell.place("left", ASIDE * world.cell.true_pose("left"))
    result, events = taken_up(world)
    assert kinds(events)[:3] == ["resumed", "displaced", "felt_again"]
    assert felt(events) == {"left": "displaced", "right": "placed"}
    assert result.steps[0].outcome is Outcome.DISPLACED
    assert result.state is RunState.FAILED


@pytest.mark.parametrize("kind", ["inserted", "seated"])
def test_a_part_that_was_in_is_tugged_at_and_let_go_of_before_the_others_are_felt(
    make_world: Make, kind: str
) -> None:
    world = killed(make_world, kind, 1)
    result, events = taken_up(world)
    assert kinds(events)[:5] == ["resumed", "seated", "released", "step_done", "felt_again"]
    assert felt(events) == {"left": "placed"}
    assert result.state is RunState.ASSEMBLED
    assert [step.attempts for step in result.steps] == [1, 1, 1]


def test_a_part_that_was_let_go_of_is_felt_before_it_counts(make_world: Make) -> None:
    world = killed(make_world, "released", 0)
    result, events = taken_up(world)
    assert kinds(events)[:2] == ["resumed", "step_done"]
    assert result.state is RunState.ASSEMBLED
    world = killed(make_world, "released", 0)
    world.cell.place("left", ASIDE * world.cell.true_pose("left"))
    before = len(world.journal.events(2))
    resume(2, world.assembly, world.lasting, RunOptions(attempts=1), world.journal, kit=world.kit)
    first = world.journal.events(2)[before + 1]
    assert (first.kind, first.data["record"]["cause"]) == ("attempt_failed", "part displaced")


def test_what_stands_under_others_is_said_not_to_have_been_felt(make_world: Make) -> None:
    world = make_world()
    world.kit = standard_kit(world.assembly, PolicyName.SEARCH)
    with pytest.raises(Killed):
        world.run(observers=[KillAt("step_done", 2)])
    _, events = taken_up(world)
    (event,) = [event for event in events if event.kind == "felt_again"]
    assert event.data["felt"] == {"top": "placed"}
    assert event.data["hidden"] == ["left", "right"]
    assert event.data["found"] == "top placed; left, right not to be felt"


def test_a_simulated_world_that_is_restored_is_not_felt_again(make_world: Make) -> None:
    world = killed(make_world, "step_done", 1)
    result = resume(1, world.assembly, world.bench, RunOptions(), world.journal, kit=world.kit)
    assert result.state is RunState.ASSEMBLED
    assert "felt_again" not in kinds(world.journal.events(1))
