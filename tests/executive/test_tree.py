"""What the tree does when things go well, and in each of the ways in which they do not."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from scipy.spatial.transform import RigidTransform

from executive.behaviours import to_fetch_again
from executive.board import Board
from executive.options import Noise, OnFailure, RunOptions
from executive.records import Outcome, RunState
from executive.tree import outline_of, topmost
from skills.insertion import Attempt
from skills.routine import Cause

Make = Callable[..., Any]


def causes(result: Any) -> list[tuple[str, int, str | None]]:
    return [(a.part, a.number, a.cause) for a in result.attempts]


def kinds(world: Any, result: Any) -> list[str]:
    return [event.kind for event in world.journal.events(result.run)]


def test_a_product_is_assembled(make_world: Make) -> None:
    world = make_world()
    result = world.run()
    assert result.state is RunState.ASSEMBLED
    assert result.assembled
    assert result.truth == {"left": True, "right": True, "top": True}
    assert causes(result) == [("left", 1, None), ("right", 1, None), ("top", 1, None)]
    assert result.agreement() == {"judged": 3, "agreed": 3, "false_seated": 0, "missed_seated": 0}


def test_every_phase_is_an_event_in_order(make_world: Make) -> None:
    world = make_world()
    once = ["attempt_began", "picked", "carried", "inserted", "seated", "released", "step_done"]
    assert kinds(world, world.run()) == ["run_began", *(3 * once), "assembled"]


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        (("missed grasp", "right"), "grasp missed"),
        (("slip", "right"), "slip in the grasp"),
        (("jam", "right"), "not seated"),
        (("spike", "right"), "force limit"),
    ],
)
def test_a_mishap_costs_one_attempt(make_world: Make, trouble: tuple[str, str], cause: str) -> None:
    world = make_world(trouble)
    result = world.run()
    assert result.assembled, result.steps
    assert causes(result) == [("left", 1, None), ("right", 1, cause), ("right", 2, None), ("top", 1, None)]
    (failure,) = world.journal.queue()
    assert (failure["skill"], failure["cause"], failure["attempt"]) == ("insert-right", cause, 1)


def test_what_the_hand_lost_is_looked_for_where_it_lost_it(make_world: Make) -> None:
    world = make_world()
    kit, lost, sought = world.kit, [], []

    def lose(cell: Any) -> None:
        lost.append(cell.observe().tcp_in_base)
        cell.release()

    def carry(attempt: Any) -> Any:
        routine = kit.carry(attempt)
        begin = routine.start

        def start(cell: Any) -> None:
            begin(cell)
            routine.path += [] if lost else [lose]

        routine.start = start
        return routine

    def regrasp(attempt: Any) -> Any:
        sought.append(attempt.released_tcp)
        return kit.regrasp(attempt)

    world.kit = dataclasses.replace(kit, carry=carry, regrasp=regrasp)
    result = world.run()
    assert result.assembled, result.steps
    assert causes(result)[:2] == [("left", 1, "slip in the grasp"), ("left", 2, None)]
    assert sought[0].translation == pytest.approx(lost[0].translation, abs=1e-3)


@pytest.mark.parametrize(("away_m", "fetched"), [(0.0, True), (0.1, False)])
def test_where_a_part_was_let_go_a_grip_is_not_trusted(
    make_world: Make, away_m: float, fetched: bool
) -> None:
    world = make_world()
    board = Board(world.assembly, world.kit.insertion_of)
    board.observation = dataclasses.replace(world.cell.observe(), grasped=True)
    tcp = board.observation.tcp_in_base
    board.attempt = Attempt(board.insertion(0), tcp)
    board.attempt.released_tcp = RigidTransform.from_translation([0.0, 0.0, away_m]) * tcp
    board.recover_from = Cause.OPERATOR
    assert to_fetch_again(board) is fetched


def test_a_part_that_jammed_is_not_grasped_anew(make_world: Make) -> None:
    world = make_world(("jam", "left"))
    assert kinds(world, world.run())[1:8] == [
        "attempt_began", "picked", "carried", "inserted", "attempt_failed", "recovered", "attempt_began",
    ]  # fmt: skip


def test_a_part_that_did_not_stay_is_grasped_where_it_was_let_go(make_world: Make) -> None:
    world = make_world()
    let_go, tried = world.kit.let_go, []

    def doubtful(attempt: Any) -> Any:
        routine = let_go(attempt)
        tried.append(attempt)
        if len(tried) == 1:
            routine.check = lambda cell: Cause.PART_DISPLACED
        return routine

    world.kit = dataclasses.replace(world.kit, let_go=doubtful)
    result = world.run()
    assert result.assembled
    assert causes(result)[:2] == [("left", 1, "part displaced"), ("left", 2, None)]
    assert kinds(world, result).count("picked") == 4


def test_later_attempts_start_elsewhere(make_world: Make) -> None:
    result = make_world(("jam", "left", 2)).run()
    starts = [a.initialization for a in result.attempts if a.part == "left"]
    assert len(set(starts)) == 3
    assert starts[0][:2] == (0.0, 0.0)


def test_attempts_run_out_and_the_run_stops(make_world: Make) -> None:
    world = make_world(("missed grasp", "right", 9))
    result = world.run(RunOptions(attempts=2))
    assert result.state is RunState.FAILED
    assert [step.outcome for step in result.steps] == [Outcome.PLACED, Outcome.FAILED, Outcome.OPEN]
    assert result.steps[1].cause == "grasp missed"
    assert result.steps[1].attempts == 2
    assert result.interventions == 1


def test_a_skipped_step_takes_those_that_stand_on_it_along(make_world: Make) -> None:
    world = make_world(("jam", "left", 9))
    result = world.run(RunOptions(attempts=2, on_failure=OnFailure.SKIP))
    assert [step.outcome for step in result.steps] == [Outcome.SKIPPED, Outcome.PLACED, Outcome.SKIPPED]
    assert result.steps[2].note == "not tried: left not in place"
    assert result.state is RunState.FAILED
    assert world.cell.observe().grasped is False


def test_skipping_puts_the_part_back(make_world: Make) -> None:
    world = make_world(("jam", "left", 9))
    world.run(RunOptions(attempts=1, on_failure=OnFailure.SKIP))
    place = world.cell.locate("left").pose_in_base.translation
    assert world.cell.parts["left"][:2, 3] == pytest.approx(place[:2], abs=1e-3)


@pytest.mark.parametrize(("trouble", "fault"), [("reflex", "reflex"), ("stop", "stopped")])
def test_a_fault_ends_the_run(make_world: Make, trouble: str, fault: str) -> None:
    world = make_world((trouble, "right"))
    result = world.run()
    assert result.state is RunState.FAULT
    assert result.faults == (fault,)
    assert causes(result)[-1] == ("right", 1, "fault")


def test_a_lost_connection_ends_the_run(make_world: Make) -> None:
    result = make_world(("lost", "right")).run()
    assert result.state is RunState.FAULT
    assert result.faults == ("the connection to the robot broke",)


def test_a_stop_ends_the_run_and_nothing_is_blamed(make_world: Make) -> None:
    world = make_world()
    asked = iter([False] * 40 + [True] * 10)
    result = world.run(stop_wanted=lambda: next(asked))
    assert result.state is RunState.INTERRUPTED
    assert causes(result) == [("left", 1, None)]
    assert world.cell.observe().faults
    assert not world.journal.queue()


def test_a_displaced_part_is_found_at_the_end(make_world: Make) -> None:
    world = make_world(loose=True)

    class Nudge:
        def began(self, board: Any, cell: Any) -> None: ...
        def ticked(self, board: Any) -> None: ...
        def ended(self, result: Any) -> None: ...

        def happened(self, event: Any) -> None:
            if event.kind == "step_done" and event.step == 1:
                world.cell.parts["left"][:3, 3] += [0.05, 0.0, 0.0]

    result = world.run(observers=[Nudge()])
    assert result.steps[0].outcome is Outcome.DISPLACED
    assert result.steps[0].cause == "part displaced"
    assert result.state is RunState.FAILED


def test_resampling_measures_the_goal_every_period(make_world: Make) -> None:
    for noise, most in ((Noise.FIXED, 3), (Noise.RESAMPLED, 1000)):
        world = make_world()
        asked = []
        locate = world.cell.locate_goal
        world.cell.locate_goal = lambda part, locate=locate, asked=asked: asked.append(part) or locate(part)
        world.run(RunOptions(noise=noise))
        assert len(asked) <= most
    assert len(asked) > 30


def test_the_same_seed_gives_the_same_result(make_world: Make) -> None:
    from skills.fake import FakeNoise

    def go() -> dict[str, Any]:
        noise = FakeNoise(tray_m=0.001, tray_rad=0.02, goal_m=0.0003, goal_rad=0.01)
        result = make_world(("slip", "left"), noise=noise).run()
        return dataclasses.replace(result, run=0, wall_s=0.0).as_json(profiles=True)

    assert go() == go()


def test_topmost_parts_are_those_nothing_stands_on(make_world: Make) -> None:
    assert topmost(make_world().assembly) == ()
    assert topmost(make_world(loose=True).assembly) == (0, 1)


def test_the_outline_names_every_step(make_world: Make) -> None:
    world = make_world()
    text = outline_of(world.assembly, RunOptions(), world.kit)
    assert "1 left" in text
    assert "3 top (in the same way)" in text
    assert "policy learned" in text
