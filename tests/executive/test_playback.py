"""A recorded run in the operator's screen."""

from collections.abc import Callable
from typing import Any

import pytest

from executive.operator.feed import Unheard
from executive.operator.playback import Recording
from executive.operator.protocol import Jog, Mode, Pause, Resume, Skip
from executive.options import OnFailure, RunOptions

Make = Callable[..., Any]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def recorded(make_world: Make) -> tuple[Recording, Clock, Any]:
    world = make_world(("jam", "left"))
    result = world.run(RunOptions(on_failure=OnFailure.SKIP))
    clock = Clock()
    return Recording(world.journal.row(), world.journal.events(result.run), 2.0, clock), clock, result


def test_it_plays_at_its_speed_to_the_end(recorded: Any) -> None:
    recording, clock, result = recorded
    first = recording.view().state
    assert (first.mode, first.step, first.time_s) == (Mode.RUNNING, 0, 0.0)
    clock.now += 1.0
    assert recording.at_s == 2.0
    clock.now += 1000.0
    last = recording.view().state
    assert last.outcome == "assembled"
    assert [(s.part, s.outcome, s.attempts) for s in last.steps] == [
        ("left", "placed", 2), ("right", "placed", 1), ("top", "placed", 1),
    ]  # fmt: skip
    assert last.events[-1].kind == "assembled"
    assert recording.end_s == pytest.approx(result.simulated_s, abs=0.2)


def test_it_stops_goes_on_and_moves_in_time(recorded: Any) -> None:
    recording, clock, _ = recorded
    clock.now += 1.0
    recording.send(Pause())
    clock.now += 50.0
    assert recording.at_s == 2.0
    assert recording.view().state.mode is Mode.PAUSED
    recording.send(Jog(y_m=-0.001))
    assert recording.at_s == min(12.0, recording.end_s)
    recording.send(Jog(y_m=0.001))
    recording.send(Jog(y_m=0.001))
    assert recording.at_s == 0.0
    recording.send(Resume())
    clock.now += 0.5
    assert recording.at_s == 1.0
    with pytest.raises(Unheard, match="this is a recording"):
        recording.send(Skip())


def test_every_moment_can_be_shown(recorded: Any) -> None:
    recording, _, _ = recorded
    shown = [recording.state(t * recording.end_s / 60.0) for t in range(61)]
    assert max(max(state.forces_n) for state in shown) > 0.0
    placed = [sum(step.outcome == "placed" for step in state.steps) for state in shown]
    assert placed == sorted(placed)
    assert placed[-1] == 3
