"""What a run shows on the way and at its end, and who may come to help it."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from executive.commands.common import print_json, stderr, stdout
from executive.options import RunOptions

if TYPE_CHECKING:
    from executive.journal import Journal
    from executive.observers import Observer
    from executive.operator.attendant import Attendant
    from executive.run import Bench


@dataclass(frozen=True, slots=True)
class Output:
    """What is to be shown and written."""

    as_json: bool
    quiet: bool
    report: Path | None
    png: Path | None
    video: Path | None
    record: Path | None = None
    """A recording for the Rerun viewer."""
    paused: bool = False
    """The arm is held until an operator goes on."""
    pace: float | None = None
    """At most so many times as fast as the cell's clock."""
    hands: bool = False
    """Notes move parts."""


def attendant_of(journal: "Journal", stack: ExitStack, bench: "Bench", output: Output) -> "Attendant":
    """Who stands beside the run: a station for the operator's screen, and hands where they are wanted.

    Raises typer.BadParameter when nobody can reach into the cell, ExtraMissing without Rerun.
    """
    from executive.operator.stand_in import Workbench

    attendant = _station(journal, stack, paused=output.paused)
    if output.record is not None:
        from executive.reports.rerun_file import RerunFile

        attendant = recording = RerunFile(output.record, attendant)
        stack.callback(recording.close)
    if not output.hands:
        return attendant
    from executive.operator.hands import Hands

    if not isinstance(bench.cell, Workbench):
        raise typer.BadParameter("nobody can reach into this cell", param_hint="--hands")
    return Hands(bench.cell, attendant)


def metronomes(output: Output, bench: "Bench") -> "Sequence[Observer]":
    """What keeps a simulated run at a person's pace. Raises typer.BadParameter for a cell in real time."""
    if output.pace is None:
        return []
    from executive.operator.metronome import Metronome
    from skills.cell import Restorable

    if not isinstance(bench.cell, Restorable):
        raise typer.BadParameter("this cell has a clock of its own", param_hint="--pace")
    return [Metronome(output.pace)]


def _station(journal: "Journal", stack: ExitStack, *, paused: bool) -> "Attendant":
    """A station for the operator's screen; a run goes on without one where none can be set up."""
    from executive.operator.attendant import Nobody
    from executive.operator.post import Post
    from hardware.keys import KeyTrouble

    try:
        post = Post(journal.runs_dir, paused=paused)
    except (KeyTrouble, OSError) as error:
        stderr().print(f"'dovetail operate' will not reach this run: {error}", highlight=False)
        return Nobody()
    stack.callback(post.close)
    return post


def displays(output: Output, options: RunOptions, stack: ExitStack) -> "Sequence[Observer]":
    """What follows the run on this terminal."""
    if output.quiet:
        return []
    from executive.views.display import LiveDisplay, PlainLines

    console = stderr()
    if console.is_terminal:
        return [stack.enter_context(LiveDisplay(console, options.force_limit_n))]
    return [PlainLines(console)]


def show(
    result: dict[str, Any],
    journal: "Journal",
    output: Output,
    *,
    resumable: bool,
    steps: Mapping[str, bytes] | None = None,
) -> None:
    """What came of it, as it was asked for; ``steps`` are pictures of the parts in place."""
    from executive.places import default_runs_dir
    from executive.reports.report import write_report
    from executive.reports.story import told
    from executive.views.runs import result_view

    story = told(journal, result["run"])
    kept = journal.runs_dir / "reports" / f"run-{result['run']}"
    for directory in dict.fromkeys((output.report or kept, kept)):
        write_report(directory, result, _drawn(output.png), story=story, steps=steps)
    if output.report is not None:
        stderr().print(f"report: {output.report / 'report.html'}", highlight=False, soft_wrap=True)
    if output.as_json:
        print_json(brief(result))
    elif not output.quiet:
        stdout().print(result_view(result))
    else:
        stdout().print(result["state"])
    if resumable and result["state"] in ("interrupted", "fault"):
        place = "" if journal.runs_dir == default_runs_dir() else f" --runs-dir {journal.runs_dir}"
        command = f"dovetail resume {result['run']}{place}"
        stderr().print(f"Go on with: {command}", highlight=False, soft_wrap=True)


def _drawn(png: Path | None) -> list[Path]:
    """The picture, where one could be drawn."""
    return [png] if png is not None and png.exists() else []


def brief(result: dict[str, Any]) -> dict[str, Any]:
    """A result without its force profiles."""
    attempts = [{k: v for k, v in a.items() if k != "force_profile"} for a in result["attempts"]]
    return {**result, "attempts": attempts}
