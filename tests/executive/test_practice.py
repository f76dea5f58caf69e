"""Practice in a simulated cell: hands that notes move, a pace one can follow, a paused beginning."""

from collections.abc import Callable
from typing import Any

import pytest

from executive.journal import Event
from executive.operator.hands import Hands
from executive.operator.metronome import Metronome
from executive.operator.protocol import Remark, Retry, Skip
from executive.options import OnFailure, RunOptions
from executive.records import Outcome, RunState, StepRecord
from executive.replay import replay
from executive.run import resume

Make = Callable[..., Any]
ASK = RunOptions(attempts=1, on_failure=OnFailure.ASK)


class Timer:
    """A clock that only sleeping and work move on."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def test_a_metronome_waits_for_what_is_left_of_a_period(world: Any) -> None:
    timer = Timer()
    metronome = Metronome(2.0, timer, timer.sleep)
    metronome.began(None, world.cell)  # type: ignore[arg-type]
    timer.now += 0.01
    metronome.ticked(None)  # type: ignore[arg-type]
    assert timer.now == pytest.approx(0.03)
    timer.now += 5.0
    metronome.ticked(None)  # type: ignore[arg-type]
    metronome.ticked(None)  # type: ignore[arg-type]
    assert timer.slept == pytest.approx(0.02 + 0.03)


class Noting:
    """Says each note once the run has begun, and gives one answer to every question."""

    def __init__(self, *notes: str, answer: Any = None) -> None:
        self.notes, self.answer = list(notes), answer

    def began(self, watched: Any) -> None:
        self.helm = watched.helm

    def happened(self, event: Event) -> None: ...

    def turn(self) -> None:
        while self.notes:
            self.helm.wish("anna", Remark(self.notes.pop(0)))
        if self.helm.mode.value == "needs help":
            self.helm.wish("anna", self.answer)

    def ended(self, outcome: str) -> None: ...


def test_hands_take_parts_away_put_them_back_and_into_their_place(make_world: Make) -> None:
    world = make_world()
    notes = ("hands: left away", "hands: nothing away", "hands: left", "hello")
    result = world.run(ASK, attendant=Hands(world.cell, Noting(*notes, answer=Skip())))
    assert [a.cause for a in result.attempts if a.part == "left"] == ["grasp missed"]
    world = make_world()
    result = world.run(
        ASK, attendant=Hands(world.cell, Noting("hands: left away", "hands: left back", answer=Skip()))
    )
    assert result.state is RunState.ASSEMBLED
    world = make_world()
    Hands(world.cell, Noting())
    result = world.run(ASK, attendant=Hands(world.cell, Noting("hands: left jams", answer=Retry())))
    assert [a.cause for a in result.attempts if a.part == "left"] == ["not seated", None]


def test_what_was_left_out_last_is_tried_again_when_a_run_is_taken_up(make_world: Make) -> None:
    world = make_world(("missed grasp", "right"))
    result = world.run(ASK, attendant=Noting(answer=Skip()))
    assert [step.outcome for step in result.steps] == [Outcome.PLACED, Outcome.SKIPPED, Outcome.SKIPPED]
    again = resume(result.run, world.assembly, world.bench, ASK, world.journal, kit=world.kit)
    assert again.state is RunState.ASSEMBLED
    assert [step.outcome for step in again.steps] == [Outcome.PLACED] * 3


def test_what_was_left_out_below_a_placed_part_stays_so() -> None:
    def over(index: int, outcome: Outcome) -> Event:
        step = StepRecord(index, f"part{index}", "skill", outcome, 1, None, None, 0.0, 0.0)
        data = {"step": step.as_json(), "interventions": 0}
        return Event("step_skipped", step=index, data=data)

    events = [over(0, Outcome.SKIPPED), over(1, Outcome.PLACED), over(2, Outcome.SKIPPED)]
    assert sorted(replay(events).results) == [0, 1, 2]
    assert sorted(replay([*events, Event("failed")]).results) == [0, 1]
