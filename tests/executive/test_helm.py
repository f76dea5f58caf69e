"""An operator's wishes: what each does to a run, what the journal says of it, and when it is declined."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from executive.board import Phase
from executive.codec import pose_from_json, trace_from_bytes
from executive.operator.attendant import Nobody, Watched
from executive.operator.helm import FREE_N, Declined
from executive.operator.protocol import (
    Abort,
    AnyWish,
    ByHand,
    Guide,
    Halt,
    Jog,
    Mode,
    Pause,
    Regrasp,
    Remark,
    Resume,
    Retry,
    Skip,
)
from executive.options import OnFailure, RunOptions
from executive.records import Outcome, RunState

Make = Callable[..., Any]
ASK = RunOptions(attempts=1, on_failure=OnFailure.ASK)
Play = Callable[["Scripted"], Iterator[None]]


class Scripted(Nobody):
    """An operator whose script goes on by one ``yield`` a control period."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.done, self.late = False, 0

    def began(self, watched: Watched) -> None:
        self.watched, self.helm, self.board = watched, watched.helm, watched.board
        self.script = self.play(self)

    def turn(self) -> None:
        self.done = self.done or next(self.script, "end") == "end"
        self.late += self.done and self.helm.waiting
        assert self.late < 10, "nobody is left to answer"

    def wish(self, wish: AnyWish) -> str:
        return self.helm.wish("anna", wish)

    def until(self, condition: Callable[[], bool]) -> Iterator[None]:
        for _ in range(2000):
            if condition():
                return
            yield
        raise AssertionError("it never came to that")

    def asked(self) -> Iterator[None]:
        yield from self.until(lambda: self.helm.mode is Mode.ASKING)

    def reaches(self, phase: Phase) -> Iterator[None]:
        yield from self.until(lambda: self.board.phase is phase)


def wishes(world: Any, result: Any) -> list[tuple[str, str]]:
    events = [event for event in world.journal.events(result.run) if event.kind == "operator"]
    return [(event.data["who"], event.data["wish"]) for event in events]


def played(world: Any, play: Play, options: RunOptions = ASK) -> Any:
    operator = Scripted(play)
    result = world.run(options, attendant=operator)
    assert operator.done
    return result


def test_pausing_holds_the_arm_and_resuming_continues_the_same_behaviour(make_world: Make) -> None:
    undisturbed = make_world().run()

    def play(op: Scripted) -> Iterator[None]:
        for phase in (Phase.WAITING, Phase.PICKED, Phase.CARRIED):
            yield from op.reaches(phase)
            yield
            op.wish(Pause(stiff=phase is Phase.PICKED))
            assert op.helm.held == ("stiff" if phase is Phase.PICKED else "soft")
            yield
            before, clock = op.helm.cell.inner.observe(), op.board.seen().time_s
            for _ in range(50):
                yield
            after = op.helm.cell.inner.observe()
            assert np.allclose(before.tcp_in_base.as_matrix(), after.tcp_in_base.as_matrix(), atol=1e-6)
            assert after.time_s > before.time_s
            assert op.board.seen().time_s == clock
            op.wish(Resume())
            yield

    world = make_world()
    result = played(world, play)
    kinds = [event.kind for event in world.journal.events(result.run) if event.kind != "operator"]
    once = ["attempt_began", "picked", "carried", "inserted", "seated", "released", "step_done"]
    assert kinds == ["run_began", *(3 * once), "assembled"]
    assert result.state is RunState.ASSEMBLED
    assert len(result.attempts) == 3
    assert result.interventions == 0
    assert result.simulated_s == pytest.approx(undisturbed.simulated_s, abs=0.5)
    assert wishes(world, result) == [("anna", "pause"), ("anna", "resume")] * 3


@pytest.mark.parametrize("wish", [Retry(), Retry(elsewhere=True), Regrasp()])
def test_an_operator_who_is_asked_gives_the_step_another_round(make_world: Make, wish: AnyWish) -> None:
    world = make_world(("jam", "right"))

    def play(op: Scripted) -> Iterator[None]:
        yield from op.asked()
        op.wish(wish)

    result = played(world, play)
    assert result.state is RunState.ASSEMBLED
    assert [(a.part, a.cause) for a in result.attempts][1:3] == [("right", "not seated"), ("right", None)]
    assert result.interventions == 1
    kinds = [event.kind for event in world.journal.events(result.run) if event.step == 1]
    assert kinds.count("picked") == (2 if wish == Regrasp() else 1)
    assert kinds.index("asked") < kinds.index("operator") < kinds.index("step_done")


def test_a_part_that_is_jogged_into_place_is_retried_from_there(make_world: Make) -> None:
    world = make_world(("jam", "left"))

    def play(op: Scripted) -> Iterator[None]:
        yield from op.asked()
        for z, x in [(0.005, 0.0)] * 5 + [(0.0, 0.001)] * 4 + [(0.0, -0.001)] * 4:
            op.wish(Jog(x_m=x, z_m=z))
            yield
        op.wish(Retry())

    result = played(world, play)
    assert result.state is RunState.ASSEMBLED
    assert result.interventions == 1
    assert result.attempts[1].initialization[0] == pytest.approx(0.0, abs=1e-4)
    assert result.attempts[1].helped == "led by anna"
    (shown,) = world.journal.demonstrations("insert-left")
    assert (shown["who"], shown["how"], shown["attempt"]) == ("anna", "jog", 1)
    assert np.ptp(trace_from_bytes(shown["trace"])[:, 1]) == pytest.approx(0.004, abs=5e-4)
    assert [row["cause"] for row in world.journal.queue("insert-left")] == ["not seated", "operator"]


def test_a_retry_begins_where_the_tool_was_led_though_it_is_still_on_its_way(make_world: Make) -> None:
    world, led = make_world(("jam", "left")), np.array([0.004, -0.003, 0.02])

    def play(op: Scripted) -> Iterator[None]:
        yield from op.asked()
        op.wish(Jog())
        op.held_at = op.helm.cell.target.translation
        for step in (0.25 * led,) * 4:
            op.wish(Jog(*step))
        seen = op.helm.cell.inner.observe().tcp_in_base.translation
        assert np.linalg.norm(op.held_at + led - seen) > 0.01
        op.wish(Retry())
        yield
        yield from op.asked()
        op.wish(Abort())

    operator = Scripted(play)
    result = world.run(ASK, attendant=operator)
    orders = [event.data["order"] for event in world.journal.events(result.run) if "order" in event.data]
    assert pose_from_json(orders[0]["tcp_in_base"]).translation == pytest.approx(
        operator.held_at + led, abs=1e-6
    )


def test_a_retry_begins_where_the_tool_was_stopped_by_what_it_touches(make_world: Make) -> None:
    world = make_world(("jam", "left"))

    def play(op: Scripted) -> Iterator[None]:
        yield from op.asked()
        for _ in range(4):
            op.wish(Jog(z_m=-0.002))
            yield
        op.seen = op.helm.cell.inner.observe()
        op.wish(Retry())
        yield
        yield from op.asked()
        op.wish(Abort())

    operator = Scripted(play)
    result = world.run(ASK, attendant=operator)
    orders = [event.data["order"] for event in world.journal.events(result.run) if "order" in event.data]
    assert operator.seen.peak_force_n > FREE_N
    stopped_at = operator.seen.tcp_in_base.translation
    assert pose_from_json(orders[0]["tcp_in_base"]).translation == pytest.approx(stopped_at, abs=1e-9)


def test_a_skill_that_was_helped_while_paused_hears_of_it(make_world: Make) -> None:
    world = make_world()

    def play(op: Scripted) -> Iterator[None]:
        yield from op.reaches(Phase.PICKED)
        op.wish(Pause())
        op.wish(Jog(z_m=0.001))
        op.wish(Guide(on=True))
        yield
        assert op.helm.mode is Mode.GUIDED
        op.wish(Guide(on=False))
        yield
        op.wish(Resume())

    result = played(world, play)
    assert result.state is RunState.ASSEMBLED
    assert result.interventions == 1
    assert result.steps[0].note == "guide by anna"
    assert [row["cause"] for row in world.journal.queue()] == ["operator"]


def test_what_was_done_by_hand_is_checked_not_believed(make_world: Make) -> None:
    world = make_world(("missed grasp", "right", 9))

    def play(op: Scripted) -> Iterator[None]:
        yield from op.asked()
        op.wish(ByHand())
        yield
        yield from op.asked()
        assert op.board.message.startswith("not found in place")
        world.cell.parts["right"] = world.assembly.goal_in_base(world.assembly.steps[1]).as_matrix()
        world.cell.troubles.clear()
        op.wish(ByHand())

    result = played(world, play)
    assert result.state is RunState.ASSEMBLED
    assert result.interventions == 2
    assert result.steps[1].note == "put in by hand by anna"
    kinds = [event.kind for event in world.journal.events(result.run)]
    assert kinds.count("not_believed") == 1


@pytest.mark.parametrize(("wish", "outcome"), [(Skip(), Outcome.SKIPPED), (Abort(), Outcome.FAILED)])
def test_a_step_may_be_left_out_or_given_up_at_any_time(
    make_world: Make, wish: AnyWish, outcome: Outcome
) -> None:
    def play(op: Scripted) -> Iterator[None]:
        yield from op.reaches(Phase.CARRIED)
        op.wish(wish)

    world = make_world()
    result = played(world, play)
    assert result.state is RunState.FAILED
    assert result.steps[0].outcome is outcome
    assert "by anna" in result.steps[0].note
    assert result.attempts[0].cause == "operator"
    assert not result.attempts[0].judged
    assert result.steps[1].outcome is (Outcome.PLACED if wish == Skip() else Outcome.OPEN)


def test_a_stop_leaves_a_run_that_can_be_resumed(make_world: Make) -> None:
    def play(op: Scripted) -> Iterator[None]:
        yield from op.reaches(Phase.CARRIED)
        op.wish(Remark(text="the tray is crooked"))
        op.wish(Pause())
        yield
        op.wish(Halt())

    world = make_world()
    result = played(world, play)
    assert result.state is RunState.INTERRUPTED
    assert wishes(world, result) == [("anna", "note"), ("anna", "pause"), ("anna", "stop")]


def test_wishes_that_do_not_fit_are_declined_and_not_journaled(make_world: Make) -> None:
    def play(op: Scripted) -> Iterator[None]:
        yield
        for wish, why in (
            (Resume(), "nothing is paused"),
            (Jog(x_m=0.001), "only while the run is paused"),
            (Guide(on=True), "only while the run is paused"),
        ):
            with pytest.raises(Declined, match=why):
                op.wish(wish)
        op.wish(Pause())
        with pytest.raises(Declined, match="at most 5 mm"):
            op.wish(Jog(x_m=0.1))
        with pytest.raises(Declined, match="at most 5 mm"):
            op.wish(Jog(x_m=float("nan")))
        for _ in range(9):
            op.wish(Jog(x_m=0.005))
        op.wish(Jog(x_m=0.004))
        with pytest.raises(Declined, match="more than 50 mm"):
            op.wish(Jog(x_m=0.005))
        op.wish(Resume())
        op.wish(Regrasp())
        with pytest.raises(Declined, match="anna decided before: regrasp"):
            op.wish(Skip())

    world = make_world()
    result = played(world, play)
    assert result.state is RunState.ASSEMBLED
    assert [wish for _, wish in wishes(world, result)] == ["pause", *["jog"] * 10, "resume", "regrasp"]


def test_with_somebody_there_the_rule_does_not_decide(make_world: Make) -> None:
    def play(op: Scripted) -> Iterator[None]:
        op.board.attended = True
        yield from op.asked()
        op.wish(Retry(elsewhere=True))

    result = played(make_world(("jam", "left")), play, RunOptions(attempts=1, on_failure=OnFailure.STOP))
    assert result.state is RunState.ASSEMBLED
