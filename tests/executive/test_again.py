"""A part that was placed and is found to have gone is placed once more, with somebody's help."""

from collections.abc import Callable
from typing import Any

import pytest
from scipy.spatial.transform import RigidTransform

from executive.benchmarks.kill_check import troubles
from executive.kit import standard_kit
from executive.operator.helm import Declined
from executive.operator.protocol import Mode, Regrasp
from executive.operator.stand_in import StandIn
from executive.options import OnFailure, PolicyName, RunOptions
from executive.records import Outcome, RunState
from executive.run import resume

Make = Callable[..., Any]
ASK = RunOptions(on_failure=OnFailure.ASK)
ASIDE = RigidTransform.from_translation([0.05, 0.25, 0.0])


class Killed(BaseException):
    """Stands for the death of the process."""


class Watcher:
    """Does something when the journal has just got an event of a step."""

    def __init__(self, kind: str, step: int, act: Callable[[], None]) -> None:
        self.kind, self.step, self.act, self.done = kind, step, act, False

    def began(self, board: Any, cell: Any) -> None: ...
    def ticked(self, board: Any) -> None: ...
    def ended(self, result: Any) -> None: ...

    def happened(self, event: Any) -> None:
        if (event.kind, event.step) == (self.kind, self.step) and not self.done:
            self.done = True
            self.act()


def die() -> None:
    raise Killed


def nudged(world: Any, part: str = "left") -> Callable[[], None]:
    return lambda: world.cell.place(part, ASIDE * world.cell.true_pose(part))


def kinds(world: Any) -> list[str]:
    return [event.kind for event in world.journal.events(1)]


def taken_up(world: Any, helps: int, **more: Any) -> Any:
    """What comes of a run taken up on a robot, with somebody beside it."""
    world.cell.recover()
    helper = StandIn(world.cell, helps, seed=1)
    return resume(
        1, world.assembly, world.lasting, ASK, world.journal, kit=world.kit, attendant=helper, **more
    )


def dead_after(make_world: Make, kind: str, step: int, *gone: str) -> Any:
    """A world in which a run died and parts went astray."""
    world = make_world(loose=True)
    world.kit = standard_kit(world.assembly, PolicyName.SEARCH)
    with pytest.raises(Killed):
        world.run(observers=[Watcher(kind, step, die)])
    for part in gone:
        nudged(world, part)()
    return world


@pytest.mark.parametrize("gone", [("left",), ("right",), ("left", "right")])
def test_what_went_missing_is_put_back_and_placed_before_anything_moves_on(
    make_world: Make, gone: tuple[str, ...]
) -> None:
    world = dead_after(make_world, "step_done", 1, *gone)
    result = taken_up(world, len(gone))
    assert result.state is RunState.ASSEMBLED
    assert result.truth == {"left": True, "right": True, "top": True}
    assert result.interventions == len(gone)
    assert [step.attempts for step in result.steps] == [1 + (p in gone) for p in ("left", "right", "top")]
    assert kinds(world).count("displaced") == kinds(world).count("reopened") == len(gone)
    done = [event.step for event in world.journal.events(1) if event.kind == "step_done"]
    assert done == [0, 1, *[("left", "right").index(part) for part in gone], 2]
    assert troubles(world.journal.row(1), world.journal.events(1), []) == []


def test_the_step_in_hand_goes_on_where_it_was(make_world: Make) -> None:
    world = dead_after(make_world, "carried", 2, "left")
    result = taken_up(world, 1)
    assert result.state is RunState.ASSEMBLED
    assert [step.attempts for step in result.steps] == [2, 1, 2]


def test_where_others_stand_in_the_way_only_a_hand_can_place_it(make_world: Make) -> None:
    world = make_world(loose=True)
    world.kit = standard_kit(world.assembly, PolicyName.SEARCH)
    moves = [Watcher("step_done", 2, nudged(world))]
    result = world.run(ASK, observers=moves, attendant=StandIn(world.cell, 1, seed=1))
    assert result.state is RunState.ASSEMBLED
    assert result.interventions == 1
    assert result.steps[0].note == "put in by hand by stand-in"


def test_who_takes_up_a_run_that_has_failed_has_put_the_part_back(make_world: Make) -> None:
    world = make_world(pegs_only=True)
    world.kit = standard_kit(world.assembly, PolicyName.SEARCH)
    result = world.run(observers=[Watcher("step_done", 1, nudged(world))])
    assert (result.state, result.steps[0].outcome) == (RunState.FAILED, Outcome.DISPLACED)
    world.cell.place("left", world.cell.locate("left").pose_in_base)
    result = resume(1, world.assembly, world.lasting, RunOptions(), world.journal, kit=world.kit)
    assert result.state is RunState.ASSEMBLED
    assert [step.attempts for step in result.steps] == [2, 1]


def test_what_stands_under_others_is_not_tried_without_anybody(make_world: Make) -> None:
    world = make_world(loose=True)
    world.kit = standard_kit(world.assembly, PolicyName.SEARCH)
    assert world.run(observers=[Watcher("step_done", 2, nudged(world))]).state is RunState.FAILED
    result = resume(1, world.assembly, world.bench, RunOptions(), world.journal, kit=world.kit)
    assert (result.state, result.steps[0].cause) == (RunState.FAILED, "part displaced")
    assert result.steps[0].attempts == 1


@pytest.mark.parametrize("kind", ["reopened", "attempt_began", "carried", "step_done"])
def test_a_death_in_the_middle_forgets_nothing(make_world: Make, kind: str) -> None:
    world = dead_after(make_world, "step_done", 1, "left")
    with pytest.raises(Killed):
        taken_up(world, 1, observers=[Watcher(kind, 0, die)])
    before = world.journal.events(1)
    result = taken_up(world, 1)
    assert result.state is RunState.ASSEMBLED
    assert result.truth == {"left": True, "right": True, "top": True}
    assert troubles(world.journal.row(1), world.journal.events(1), [before]) == []


def test_the_robot_is_not_sent_under_another_part(make_world: Make) -> None:
    world = make_world(loose=True)
    said: list[str] = []

    class Stubborn(StandIn):
        def turn(self) -> None:
            if self._watched is not None and self._watched.helm.mode is Mode.ASKING:
                with pytest.raises(Declined) as why:
                    self._watched.helm.wish("anna", Regrasp())
                said.append(str(why.value))
                self._watched.helm.stop("anna")

    world.run(
        ASK, observers=[Watcher("step_done", 2, nudged(world))],
        attendant=Stubborn(world.cell, 1, seed=1),
    )  # fmt: skip
    assert said == [
        "the robot cannot place it among what stands now (brings the hand into 'top' at the goal); put it in "
        "by hand"
    ]
