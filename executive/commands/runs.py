"""``dovetail run`` and ``resume``: assembling."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from executive.commands.common import (
    ASSEMBLED,
    CELL_FAULT,
    INTERRUPTED,
    NOT_ASSEMBLED,
    AsJson,
    Jobs,
    Product,
    Quiet,
    RunsDir,
    one_screen_errors,
    open_journal,
    print_json,
    stderr,
    stdout,
)
from executive.commands.outcome import Output, attendant_of, brief, displays, metronomes, show
from executive.options import CellName, Noise, OnFailure, PolicyName, RunOptions

if TYPE_CHECKING:
    from executive.interrupt import StopOnInterrupt
    from executive.journal import Journal
    from executive.observers import Observer
    from executive.operator.attendant import Attendant
    from executive.run import Bench
    from sequences.assembly import Assembly

Report = Annotated[Path | None, typer.Option("--report", metavar="DIR", help="Write report.html and .json.")]
Png = Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Draw the product at the end.")]
Video = Annotated[Path | None, typer.Option("--video", metavar="FILE", help="Film the run.")]
Record = Annotated[
    Path | None, typer.Option("--record", metavar="FILE.rrd", help="Record the run for the Rerun viewer.")
]
Pace = Annotated[
    float | None,
    typer.Option(min=0.1, help="In simulation: at most so many times as fast as the cell's clock."),
]
Paused = Annotated[
    bool, typer.Option("--paused", help="Hold before anything moves, until an operator goes on.")
]
Hands = Annotated[
    bool, typer.Option("--hands", help="In simulation: notes 'hands: PART away|back|in' move parts.")
]


@one_screen_errors
def run(
    product: Product,
    cell: Annotated[
        CellName, typer.Option(metavar="[sim|simulated-fr3|fr3]", help="The cell to assemble in.")
    ] = CellName.SIM,
    cell_file: Annotated[
        Path | None,
        typer.Option(
            metavar="CELL.yaml", help="The robot's cell file; a simulated cell is laid out like it."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the cell's world.")] = 0,
    repeat: Annotated[int, typer.Option(min=1, help="Runs, with consecutive seeds.")] = 1,
    jobs: Jobs = 1,
    noise: Annotated[Noise, typer.Option(help="How the goal's pose is wrong.")] = Noise.FIXED,
    policy: Annotated[PolicyName, typer.Option(help="The policy that inserts.")] = PolicyName.LEARNED,
    attempts: Annotated[int, typer.Option(min=1, help="Attempts at each step.")] = 3,
    on_failure: Annotated[
        OnFailure, typer.Option(help="When every attempt at a step has failed.")
    ] = OnFailure.STOP,
    slow: Annotated[bool, typer.Option("--slow", help="Move slowly between insertions.")] = False,
    without_dry_run: Annotated[
        bool, typer.Option("--without-dry-run", help="Let a robot move that was not rehearsed; journaled.")
    ] = False,
    drift: Annotated[
        str,
        typer.Option(
            metavar="NAME=VALUE,...",
            help="Let the simulated cell be no longer as it was set up, as fixture_x_mm=1.5,grasp_mm=1.",
        ),
    ] = "",
    as_json: AsJson = False,
    report: Report = None,
    png: Png = None,
    video: Video = None,
    record: Record = None,
    paused: Paused = False,
    pace: Pace = None,
    hands: Hands = False,
    runs_dir: RunsDir = None,
    quiet: Quiet = False,
) -> None:
    """Assemble a product from its tray."""
    from executive.cells import laid_out
    from executive.errors import CellFileNeeded
    from sequences.load import load

    if cell is CellName.FR3 and cell_file is None:
        raise CellFileNeeded
    if cell is CellName.FR3 and repeat > 1:
        raise typer.BadParameter("somebody has to fill the tray between runs", param_hint="--repeat")
    if drift and cell is not CellName.SIM:
        raise typer.BadParameter(
            "only the simulated cell (--cell sim) drifts when told to", param_hint="--drift"
        )
    options = RunOptions(
        seed=seed, cell=cell, noise=noise, policy=policy, attempts=attempts, on_failure=on_failure,
        cell_file=None if cell_file is None else str(cell_file.resolve()), slow=slow,
        without_dry_run=without_dry_run, drift=drift,
    )  # fmt: skip
    assembly = laid_out(load(product), options)
    output = Output(as_json, quiet, report, png, video, record, paused, pace, hands)
    journal = open_journal(runs_dir)
    if repeat > 1:
        _many(assembly, options, journal, output, repeat, jobs)
    from executive.run import assemble

    def go(
        bench: "Bench", observers: Sequence["Observer"], stop: "StopOnInterrupt", attendant: "Attendant"
    ) -> dict[str, Any]:
        result = assemble(assembly, bench, options, journal, observers, stop_wanted=stop, attendant=attendant)
        return result.as_json(profiles=True)

    _one(assembly, options, journal, output, go)


@one_screen_errors
def resume(
    number: Annotated[
        int | None, typer.Argument(metavar="RUN", help="The run's number; else the last unfinished.")
    ] = None,
    as_json: AsJson = False,
    report: Report = None,
    png: Png = None,
    video: Video = None,
    record: Record = None,
    paused: Paused = False,
    pace: Pace = None,
    hands: Hands = False,
    runs_dir: RunsDir = None,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was broken off."""
    from executive.errors import WorldGone

    journal = open_journal(runs_dir)
    row = journal.resumable() if number is None else journal.row(number)
    if not row.options.cell.lasting and not row.state.finished:
        raise WorldGone(row.run, str(row.options.cell))
    from executive.run import resume as go_on
    from sequences.assembly import Assembly

    assembly = Assembly.model_validate_json(row.assembly)

    def go(
        bench: "Bench", observers: Sequence["Observer"], stop: "StopOnInterrupt", attendant: "Attendant"
    ) -> dict[str, Any]:
        result = go_on(
            row.run, assembly, bench, row.options, journal, observers, stop_wanted=stop, attendant=attendant
        )
        return result.as_json(profiles=True)

    _one(
        assembly,
        row.options,
        journal,
        Output(as_json, quiet, report, png, video, record, paused, pace, hands),
        go,
    )


Go = Callable[["Bench", Sequence["Observer"], "StopOnInterrupt", "Attendant"], dict[str, Any]]


def _one(assembly: "Assembly", options: RunOptions, journal: "Journal", output: Output, go: Go) -> None:
    """Drive one run with everything that watches it, then show what came of it."""
    from executive.cells import open_bench
    from executive.interrupt import StopOnInterrupt
    from executive.reports.pictures import Camera, StepCamera

    with ExitStack() as stack:
        stop = stack.enter_context(StopOnInterrupt())
        bench = open_bench(assembly, options, journal.runs_dir)
        stack.callback(bench.cell.close)
        observers = [*displays(output, options, stack), *metronomes(output, bench)]
        if output.png is not None or output.video is not None:
            camera = Camera(output.png, output.video, lambda why: stderr().print(why, highlight=False))
            stack.callback(camera.close)
            observers.append(camera)
        steps = StepCamera(lambda why: stderr().print(why, highlight=False))
        if output.report is not None:
            observers.append(steps)
        result = go(bench, observers, stop, attendant_of(journal, stack, bench, output))
    show(result, journal, output, resumable=options.cell.lasting, steps=steps.taken)
    raise typer.Exit(_code([result]))


def _many(
    assembly: "Assembly", options: RunOptions, journal: "Journal", output: Output, repeat: int, jobs: int
) -> None:
    """Make the same run with several seeds, then show their sum."""
    from executive.commands.progress import run_progress
    from executive.interrupt import StopOnInterrupt
    from executive.repeat import carry_out_all, orders

    work = orders(assembly, options, journal.runs_dir, repeat)
    with StopOnInterrupt() as stop, run_progress(len(work), quiet=output.quiet) as done:
        results = carry_out_all(work, jobs, done, stop)
    summary = summed_up(results, repeat)
    if output.report is not None:
        from executive.reports.report import write_report
        from executive.reports.story import told

        for result in results:
            story = told(journal, result["run"])
            write_report(output.report / f"run-{result['run']}", result, story=story)
    if output.as_json:
        print_json({**summary, "runs": [brief(result) for result in results]})
    else:
        from executive.views.runs import summary_line
        from skills.statistics import share_text

        for result in results if not output.quiet else ():
            stdout().print(summary_line(result))
        stdout().print(f"assembled {share_text(summary['assembled_runs'], len(results))}", highlight=False)
    raise typer.Exit(INTERRUPTED if stop.wanted else _code(results))


def summed_up(results: Sequence[dict[str, Any]], wanted: int) -> dict[str, Any]:
    """The sum of several runs of one product."""
    from skills.statistics import wilson

    assembled = sum(result["assembled"] for result in results)
    counts = ("judged", "agreed", "false_seated", "missed_seated")
    return {
        "product": results[0]["product"] if results else None,
        "assembled": len(results) == wanted and assembled == wanted,
        "assembled_runs": assembled,
        "assembled_95": [round(x, 4) for x in wilson(assembled, len(results))],
        "verdict_agreement": {k: sum(r["verdict_agreement"][k] for r in results) for k in counts},
        "wall_s": round(sum(r["wall_s"] for r in results), 3),
        "simulated_s": round(sum(r["simulated_s"] for r in results), 3),
    }


def _code(results: Sequence[dict[str, Any]]) -> int:
    """The exit code that sums the results up: the gravest of theirs."""
    states = {result["state"] for result in results}
    if "interrupted" in states:
        return INTERRUPTED
    if "fault" in states:
        return CELL_FAULT
    return ASSEMBLED if states == {"assembled"} else NOT_ASSEMBLED
