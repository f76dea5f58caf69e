"""The real routines under the real tree, in the cell without physics."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("skills.policies")
pytest.importorskip("skills.seated")

from executive.board import Board, Phase
from executive.kit import standard_kit
from executive.options import PolicyName, RunOptions
from executive.orders import Decision, Order
from executive.records import RunState
from skills.insertion import Attempt
from skills.regrasp import Regrasp
from skills.routine import Cause, Progress
from skills.script import at_height
from skills.tasks import insertion_of

Make = Callable[..., Any]


@pytest.fixture
def real_world(make_world: Make) -> Make:
    """A maker of worlds with the routines of the skills floor."""

    def make(*troubles: Any, **more: Any) -> Any:
        world = make_world(*troubles, **more)
        world.kit = standard_kit(world.assembly, PolicyName.SEARCH)
        world.cell.insertions = {
            step.part: insertion_of(world.assembly, step) for step in world.assembly.steps
        }
        return world

    return make


def test_a_product_is_assembled(real_world: Make) -> None:
    world = real_world(loose=True)
    result = world.run()
    assert result.state is RunState.ASSEMBLED, [a.cause for a in result.attempts]
    assert all(result.truth.values())
    assert max(attempt.peak_force_n for attempt in result.attempts) < 60.0


@pytest.mark.parametrize(
    ("trouble", "causes"),
    [
        ("missed grasp", {"grasp missed"}),
        ("slip", {"slip in the grasp"}),
        ("jam", {"jam", "not seated", "timeout"}),
        ("spike", {"force limit"}),
    ],
)
def test_a_mishap_is_named_and_mended(real_world: Make, trouble: str, causes: set[str]) -> None:
    times = 4 if trouble == "missed grasp" else 1  # twice the squeeze that centres the part and the grasp
    world = real_world((trouble, "right", times))
    result = world.run(RunOptions(attempts=4))
    named = [attempt.cause for attempt in result.attempts if attempt.part == "right"]
    assert named[0] in causes
    assert result.assembled, named
    queue = world.journal.queue("insert-right")
    assert [row["cause"] for row in queue] == named[:-1]


def test_a_failed_attempt_keeps_its_trace(real_world: Make) -> None:
    from executive.codec import trace_from_bytes

    world = real_world(("spike", "left"))
    world.run()
    (row,) = world.journal.queue("insert-left")
    trace = trace_from_bytes(world.journal.trace(row["failure"]))
    assert trace.shape[1] == 14
    assert len(trace) >= 2
    assert (trace[1:, 0] > trace[:-1, 0]).all()


def test_a_released_part_is_grasped_again(real_world: Make) -> None:
    world = real_world()
    kit, cell = world.kit, world.cell
    insertion = kit.insertion_of(world.assembly, world.assembly.steps[0])
    attempt = Attempt(insertion, cell.locate_goal("left").pose_in_base)
    attempt.initialization = kit.initializations(insertion, 1)[0]
    for make in (kit.pick, kit.carry, kit.policy, kit.let_go, Regrasp):
        assert drive(make(attempt), cell) is Progress.SUCCEEDED, make
    assert cell.observe().grasped
    never = Regrasp(Attempt(insertion, attempt.goal_in_base))
    assert drive(never, cell) is Progress.FAILED
    assert never.cause is Cause.PART_DISPLACED


class OnTop:
    """A cell in which the fingers rest on something just above where they let go."""

    def __init__(self, cell: Any, height_m: float) -> None:
        self._cell, self._height_m = cell, height_m

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cell, name)

    def observe(self) -> Any:
        seen = self._cell.observe()
        wrench = seen.wrench.copy()
        wrench[2] += max(0.0, self._height_m - seen.tcp_in_base.translation[2]) * 3e5
        return replace(seen, wrench=wrench)


class OnSpring(OnTop):
    """The same, where what the closed fingers rest on gives way by a millimetre to 25 N."""

    def observe(self) -> Any:
        seen = self._cell.observe()
        wrench = seen.wrench.copy()
        if seen.gripper_width_m < 0.002:
            wrench[2] += max(0.0, self._height_m - seen.tcp_in_base.translation[2]) * 2.5e4
        return replace(seen, wrench=wrench)


@pytest.mark.parametrize(("above_m", "verdict"), [(0.0, Progress.SUCCEEDED), (0.0024, Progress.FAILED)])
def test_a_part_that_gives_way_to_a_press_and_is_still_too_high_is_not_seated(
    real_world: Make, above_m: float, verdict: Progress
) -> None:
    world = real_world()
    kit, cell = world.kit, world.cell
    insertion = kit.insertion_of(world.assembly, world.assembly.steps[0])
    assert insertion.probe is not None
    attempt = Attempt(insertion, cell.locate_goal("left").pose_in_base)
    attempt.initialization = kit.initializations(insertion, 1)[0]
    for make in (kit.pick, kit.carry, kit.policy):
        assert drive(make(attempt), cell) is Progress.SUCCEEDED, make
    rest = attempt.seat_height_m + insertion.probe.height_m + above_m
    let_go = kit.let_go(attempt)
    assert drive(let_go, OnSpring(cell, rest)) is verdict, let_go.message
    assert verdict is Progress.SUCCEEDED or let_go.cause is Cause.NOT_SEATED


class Weak(OnTop):
    """The closed fingers rest on something firm, but the arm cannot press on it with more than 10 N."""

    def observe(self) -> Any:
        seen = self._cell.observe()
        wrench, tcp = seen.wrench.copy(), seen.tcp_in_base
        if seen.gripper_width_m < 0.002 and tcp.translation[2] < self._height_m:
            wrench[2] = 10.0
            tcp = at_height(tcp, self._height_m)
        return replace(seen, wrench=wrench, tcp_in_base=tcp)


def test_an_arm_that_cannot_press_firmly_does_not_believe_a_part_that_is_too_high(real_world: Make) -> None:
    world = real_world()
    kit, cell = world.kit, world.cell
    insertion = kit.insertion_of(world.assembly, world.assembly.steps[0])
    assert insertion.probe is not None
    attempt = Attempt(insertion, cell.locate_goal("left").pose_in_base)
    attempt.initialization = kit.initializations(insertion, 1)[0]
    for make in (kit.pick, kit.carry, kit.policy):
        assert drive(make(attempt), cell) is Progress.SUCCEEDED, make
    rest = attempt.seat_height_m + insertion.probe.height_m + 0.0015
    let_go = kit.let_go(attempt)
    assert drive(let_go, Weak(cell, rest)) is Progress.FAILED
    assert let_go.cause is Cause.NOT_SEATED


@pytest.mark.parametrize("above_m", [0.0, 0.0015])
def test_a_part_that_stands_too_high_is_grasped_where_the_fingers_come_to_rest(
    real_world: Make, above_m: float
) -> None:
    world = real_world()
    kit, cell = world.kit, world.cell
    insertion = kit.insertion_of(world.assembly, world.assembly.steps[0])
    attempt = Attempt(insertion, cell.locate_goal("left").pose_in_base)
    attempt.initialization = kit.initializations(insertion, 1)[0]
    for make in (kit.pick, kit.carry, kit.policy, kit.let_go):
        assert drive(make(attempt), cell) is Progress.SUCCEEDED, make
    assert attempt.released_tcp is not None
    low = float(attempt.released_tcp.translation[2]) + above_m
    assert drive(Regrasp(attempt), OnTop(cell, low)) is Progress.SUCCEEDED
    went = float(cell.observe().tcp_in_base.translation[2]) - low
    assert went == pytest.approx(0.0, abs=1.3e-3), "one control period's way is more than the contact"


class Failing:
    """A routine that does its work, or none, and is then not content."""

    cause, message = Cause.PART_DISPLACED, "not content"

    def __init__(self, routine: Any = None) -> None:
        self._routine = routine

    def start(self, cell: Any) -> None:
        if self._routine is not None:
            self._routine.start(cell)

    def update(self, cell: Any) -> Progress:
        done = self._routine is None or self._routine.update(cell) is not Progress.RUNNING
        return Progress.FAILED if done else Progress.RUNNING


def test_what_could_not_be_taken_back_is_looked_for_there_when_the_tray_is_empty(real_world: Make) -> None:
    world = real_world(loose=True)
    kit, let_go, sought = world.kit, [], []

    def doubtful(attempt: Attempt) -> Any:
        let_go.append(attempt)
        return Failing(kit.let_go(attempt)) if len(let_go) == 1 else kit.let_go(attempt)

    def regrasp(attempt: Attempt) -> Any:
        sought.append(attempt.released_tcp)
        return Failing() if len(sought) == 1 else kit.regrasp(attempt)

    world.kit = replace(kit, let_go=doubtful, regrasp=regrasp)
    result = world.run()
    tried = [attempt.cause for attempt in result.attempts if attempt.part == "left"]
    assert tried == ["part displaced", "grasp missed", None]
    assert sought[1].translation == pytest.approx(sought[0].translation)
    assert result.assembled


class Again:
    """Wants another attempt at a part, so many control periods after it was found seated."""

    def __init__(self, periods: int) -> None:
        self.left = periods

    def ticked(self, board: Board) -> None:
        if board.phase is not Phase.SEATED or board.progress.index != 0 or self.left < 0:
            return
        if self.left == 0:
            board.order = Order(Decision.ELSEWHERE, "anna")
        self.left -= 1

    def began(self, board: Board, cell: Any) -> None: ...

    def happened(self, event: Any) -> None: ...

    def ended(self, result: Any) -> None: ...


@pytest.mark.parametrize("periods", range(0, 30, 2))
def test_a_part_that_is_being_let_go_is_taken_back_for_another_attempt(
    real_world: Make, periods: int
) -> None:
    result = real_world(loose=True).run(observers=[Again(periods)])
    assert [(a.cause, a.number) for a in result.attempts if a.part == "left"] == [("operator", 1), (None, 2)]
    assert result.assembled


def drive(routine: Any, cell: Any) -> Progress:
    routine.start(cell)
    for _ in range(1000):
        progress = routine.update(cell)
        if progress is not Progress.RUNNING:
            return Progress(progress)
        cell.advance()
    pytest.fail(f"not done: {routine.message}")
