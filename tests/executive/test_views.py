"""What people see, against golden files."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from executive.benchmarks.assembly import markdown, steps_markdown, summed
from executive.board import Board
from executive.journal import Event, RunRow
from executive.options import RunOptions
from executive.records import AttemptRecord, Outcome, RunResult, RunState, StepRecord
from executive.refinery.store import Hold
from executive.tree import outline_of
from executive.views.display import LiveDisplay, PlainLines
from executive.views.queue import failures_view, queue_view
from executive.views.runs import (
    events_view,
    product_list,
    product_view,
    result_view,
    runs_view,
)

Golden = Callable[[str, str], None]


def drawn(view: RenderableType, width: int = 110) -> str:
    console = Console(width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(view)
    return capture.get()


@pytest.fixture
def result() -> RunResult:
    """A run of two steps: one in place at the second attempt, one skipped."""
    start = (0.0, 0.0, 0.035, 0.0, 0.0, 0.0)
    first = AttemptRecord(0, "left", 1, False, True, "jam", start, 31.0, 4.2, False, 0.006)
    second = AttemptRecord(0, "left", 2, True, True, None, start, 17.5, 3.0, True, 0.0001)
    note = "not tried: right not in place"
    steps = (
        StepRecord(0, "left", "insert-left", Outcome.PLACED, 2, None, start, 31.0, 8.0),
        StepRecord(1, "top", "insert-top", Outcome.SKIPPED, 0, None, None, 0.0, 0.0, note=note),
    )
    return RunResult(
        4, "bridge", 7, "search", "fixed", RunState.FAILED, steps, (first, second), 1, 1.25, 20.0,
        truth={"left": True, "top": False},
    )  # fmt: skip


def test_a_product(make_world: Any, golden: Golden) -> None:
    world = make_world()
    tree = outline_of(world.assembly, RunOptions(), world.kit)
    golden("show.txt", drawn(product_view(world.assembly, tree)))
    golden("list.txt", drawn(product_list([world.assembly])))


def test_a_result(result: RunResult, golden: Golden) -> None:
    golden("result.txt", drawn(result_view(result.as_json())))
    fault = replace(result, state=RunState.FAULT, faults=("reflex",), truth={})
    golden("result_fault.txt", drawn(result_view(fault.as_json())))


def test_runs(result: RunResult, golden: Golden) -> None:
    def row(run: int, state: RunState, written: Any = None) -> RunRow:
        began = f"2026-01-0{run}T10:00:00.000+00:00"
        return RunRow(run, "bridge", "{}", RunOptions(seed=run), "0.1.0", began, None, state, written)

    rows = [
        (row(3, RunState.RUNNING), "broken off"),
        (row(2, RunState.FAILED, result.as_json()), "failed"),
        (row(1, RunState.ASSEMBLED, result.as_json()), "assembled"),
    ]
    golden("runs.txt", drawn(runs_view(rows)))
    assert drawn(runs_view([])) == "No runs yet. Begin with: dovetail run PRODUCT\n"


def test_events(make_world: Any, golden: Golden) -> None:
    world = make_world(("jam", "left"))
    events = world.journal.events(world.run().run)
    golden("events.txt", drawn(events_view(events, world.assembly)))


def test_the_queue(golden: Golden) -> None:
    def row(number: int, skill: str, cause: str, start: Any = None) -> dict[str, Any]:
        return {
            "failure": number, "run": 1, "part": "left", "attempt": 1, "seed": 0, "skill": skill,
            "skill_version": "search-0.1.0", "cause": cause, "initialization": start,
        }  # fmt: skip

    rows = [
        row(1, "insert-left", "jam", [0.001, -0.0005, 0.035, 0, 0, 0]),
        row(2, "insert-left", "timeout"),
        row(3, "insert-left", "jam"),
        row(4, "insert-top", "slip in the grasp"),
    ]
    golden("queue.txt", drawn(queue_view(rows)))
    golden("failures.txt", drawn(failures_view(rows)))
    assert drawn(queue_view([])) == "Nothing waits: no attempt has failed.\n"
    since = "2026-11-21T08:15:00.000+00:00"
    held = [
        Hold("abc", rows[0]["skill"], since, "4711", tuple(rows[:2])),
        Hold("def", "motor/rotor", since, "", (rows[2],)),
    ]
    golden("queue_held.txt", drawn(queue_view(rows[2:], held)))
    golden("failures_held.txt", drawn(failures_view(rows[2:], held)))
    assert "In hand" in drawn(queue_view([], held))


def test_plain_lines(make_world: Any, golden: Golden) -> None:
    console = Console(width=110, color_system=None, force_terminal=False)
    with console.capture() as capture:
        make_world(("jam", "left")).run(observers=[PlainLines(console)])
    golden("plain.txt", capture.get())


def test_the_live_table(make_world: Any, golden: Golden) -> None:
    console = Console(width=100, color_system=None, force_terminal=True, quiet=True)
    pictures: list[str] = []

    class Photograph:
        """Looks at the table once, in the middle of the second step."""

        def __init__(self, display: LiveDisplay) -> None:
            self.display = display

        def began(self, board: Board, cell: Any) -> None: ...
        def ticked(self, board: Board) -> None: ...
        def ended(self, result: Any) -> None: ...

        def happened(self, event: Event) -> None:
            if event.kind == "inserted" and event.step == 1:
                pictures.append(drawn(self.display.picture(), 100))

    with LiveDisplay(console, 150.0) as display:
        make_world(("jam", "left")).run(observers=[display, Photograph(display)])
        pictures.append(drawn(display.picture(), 100))
    text = re.sub(r"in \d+\.\d s.*", "in … s", "\n".join(pictures))
    golden("live.txt", text)


def test_a_benchmark(result: RunResult, golden: Golden) -> None:
    good = replace(
        result, state=RunState.ASSEMBLED, attempts=result.attempts[1:],
        steps=(replace(result.steps[0], attempts=1),), truth={"left": True},
    )  # fmt: skip
    report = summed([result.as_json(), good.as_json(), replace(good, policy="push").as_json()])
    golden("benchmark.md", f"{markdown(report)}\n\n{steps_markdown(report)}")


def test_golden_files_are_all_used() -> None:
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    stale = [
        path.name
        for path in (Path(__file__).parent / "golden").iterdir()
        if path.name not in source and not path.name.startswith("help")
    ]
    assert stale == []
