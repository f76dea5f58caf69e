"""A run broken off after any event goes on to the end, and nothing is done twice."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from executive.errors import RunBusy, RunFinished
from executive.lock import RunLock
from executive.options import RunOptions
from executive.records import RunState
from executive.run import Bench, resume
from skills.fake import EXACT, FakeCell

Make = Callable[..., Any]
TROUBLES = (("slip", "left"), ("jam", "right"))


class Killed(BaseException):
    """Stands for the death of the process."""


class KillAfter:
    def __init__(self, events: int) -> None:
        self.left = events

    def began(self, board: Any, cell: Any) -> None: ...
    def ticked(self, board: Any) -> None: ...
    def ended(self, result: Any) -> None: ...

    def happened(self, event: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


def fresh_cell(world: Any, troubles: Any = ()) -> FakeCell:
    return FakeCell(world.assembly, world.cell.insertions, noise=EXACT, troubles=troubles)


def go_on(world: Any, run: int, **more: Any) -> Any:
    cell = fresh_cell(world)
    bench = Bench(cell, lambda c, step: c.truth(step))  # type: ignore[attr-defined]
    return resume(run, world.assembly, bench, RunOptions(), world.journal, kit=world.kit, **more)


def comparable(result: Any) -> tuple[Any, ...]:
    """What must not depend on where a run was broken off; a control period more or less may."""
    attempts = [
        (a.part, a.number, a.cause, a.seated, a.initialization, a.truth_seated) for a in result.attempts
    ]
    steps = [(s.part, s.outcome, s.attempts, s.cause, s.initialization) for s in result.steps]
    return result.state, steps, attempts, result.truth, result.interventions


def test_a_run_killed_after_any_event_ends_as_if_it_had_not_been(make_world: Make) -> None:
    undisturbed = make_world(*TROUBLES)
    expected = undisturbed.run()
    count = len(undisturbed.journal.events(expected.run))
    for k in range(1, count):
        world = make_world(*TROUBLES)
        with pytest.raises(Killed):
            world.run(observers=[KillAfter(k)])
        run = world.journal.row().run
        before = world.journal.events(run)
        result = go_on(world, run)
        after = world.journal.events(run)
        assert after[: len(before)] == before
        assert comparable(result) == comparable(expected), f"killed after event {k}: {before[-1].kind}"
        done = Counter(event.step for event in after if event.kind == "step_done")
        assert done == {0: 1, 1: 1, 2: 1}


def test_finished_steps_are_not_redone(make_world: Make) -> None:
    world = make_world()
    with pytest.raises(Killed):
        world.run(observers=[KillAfter(9)])
    run = world.journal.row().run
    go_on(world, run)
    picked = [event.step for event in world.journal.events(run) if event.kind == "picked"]
    assert picked == [0, 1, 2]


def test_an_interrupted_run_goes_on(make_world: Make) -> None:
    world = make_world()
    asked = iter([False] * 40 + [True] * 10)
    first = world.run(stop_wanted=lambda: next(asked))
    assert first.state is RunState.INTERRUPTED
    assert go_on(world, first.run).assembled


def test_a_failed_run_gets_new_attempts_when_resumed(make_world: Make) -> None:
    world = make_world(("missed grasp", "left", 4))
    first = world.run()
    assert first.state is RunState.FAILED
    second = go_on(world, first.run)
    assert second.assembled
    assert second.steps[0].attempts == 5
    assert second.interventions == 1


def test_a_run_after_a_fault_goes_on(make_world: Make) -> None:
    world = make_world(("reflex", "right"))
    first = world.run()
    assert first.state is RunState.FAULT
    second = go_on(world, first.run)
    assert second.assembled
    assert [a.cause for a in second.attempts] == [None, "fault", None, None]


def test_a_part_lost_from_the_hand_is_fetched_again(make_world: Make) -> None:
    """On a robot nothing is restored: the hand is believed, not the journal."""
    world = make_world()
    with pytest.raises(Killed):
        world.run(observers=[KillAfter(3)])
    run = world.journal.row().run
    world.cell = fresh_cell(world)
    result = resume(run, world.assembly, world.lasting, RunOptions(), world.journal, kit=world.kit)
    assert result.assembled
    found = [e.data["found"] for e in world.journal.events(run) if e.kind == "resumed" and e.data]
    assert found == ["the part is no longer in the hand"]


def test_two_processes_cannot_drive_one_run(make_world: Make) -> None:
    world = make_world()
    with pytest.raises(Killed):
        world.run(observers=[KillAfter(3)])
    run = world.journal.row().run
    with RunLock(world.journal.runs_dir, run), pytest.raises(RunBusy, match=f"run {run} is being driven by"):
        go_on(world, run)


def test_an_assembled_run_is_not_resumed(make_world: Make) -> None:
    world = make_world()
    result = world.run()
    with pytest.raises(RunFinished, match="nothing is left to resume"):
        go_on(world, result.run)
