"""``dovetail benchmark``: numbers that can be made again."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from executive.commands.common import (
    INTERRUPTED,
    AsJson,
    Jobs,
    KeptRunsDir,
    Products,
    Quiet,
    RowsFile,
    complete_policy,
    complete_step,
    compute_with_one_thread,
    numbers_of,
    one_screen_errors,
    print_json,
    product_names,
)
from executive.commands.faults import faults
from executive.options import CellName, Noise, OnFailure, PolicyName, RunOptions

COMPARED = (PolicyName.LEARNED, PolicyName.SEARCH, PolicyName.PUSH)
"""Policies that are compared with one another where none is named."""
app = typer.Typer(help="Measure how well it is done, and how fast.", no_args_is_help=True)


class WarmStart(StrEnum):
    """What a training starts from."""

    NONE = "none"
    SIMILAR = "similar"


class Format(StrEnum):
    """How the table is printed."""

    MARKDOWN = "markdown"
    JSON = "json"


@app.callback()
def _benchmark() -> None:
    pass


@app.command()
@one_screen_errors
def assembly(
    product: Products = None,
    policy: Annotated[list[PolicyName] | None, typer.Option(help="Only these policies.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each product with each policy.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    noise: Annotated[Noise, typer.Option(help="How the goal's pose is wrong.")] = Noise.FIXED,
    attempts: Annotated[int, typer.Option(min=1, help="Attempts at each step.")] = 3,
    jobs: Jobs = 1,
    cell: Annotated[CellName, typer.Option(hidden=True)] = CellName.SIM,
    output: Annotated[Format, typer.Option("--format", help="How to print the table.")] = Format.MARKDOWN,
    out: RowsFile = None,
    runs_dir: KeptRunsDir = None,
    quiet: Quiet = False,
) -> None:
    """Assemble every product with every policy and print the table.

    A step that fails is skipped, so that the later ones are measured too.
    """
    import tempfile

    from executive.benchmarks.assembly import markdown, measure, plan, steps_markdown
    from executive.commands.progress import run_progress
    from executive.interrupt import StopOnInterrupt
    from sequences.load import load

    products = [load(name) for name in product or product_names()]
    options = RunOptions(seed=seed, cell=cell, noise=noise, attempts=attempts, on_failure=OnFailure.SKIP)
    with tempfile.TemporaryDirectory(prefix="dovetail-benchmark-") as scratch, StopOnInterrupt() as stop:
        work = plan(products, policy or COMPARED, options, runs_dir or Path(scratch), repeat)
        with run_progress(len(work), quiet=quiet) as done:
            report = measure(work, jobs, out, done, stop)
    if output is Format.JSON:
        print_json({"repeat": repeat, "options": options.as_json(), **report})
    else:
        typer.echo(f"{markdown(report)}\n\n{steps_markdown(report)}")
    if stop.wanted:
        raise typer.Exit(INTERRUPTED)


@app.command()
@one_screen_errors
def skills(
    policy: Annotated[
        list[str] | None,
        typer.Option(help="Only these: push, search, automate, dovetail.", autocompletion=complete_policy),
    ] = None,
    product: Products = None,
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each step with each policy.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the evaluation.")] = 0,
    noise: Annotated[Noise, typer.Option(help="How the goal's estimate is wrong.")] = Noise.FIXED,
    jobs: Jobs = 1,
    out: RowsFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure every step with every policy and print the table.

    Learned policies come from the library; a step without a skill has no row. The dovetail preset is
    measured at the full joint friction too. A table of what has been measured is printed when it is stopped.
    """
    compute_with_one_thread()
    from calibration.evaluation import Conditions
    from executive.benchmarks.skill_tables import skills_markdown
    from executive.benchmarks.skills import POLICIES, measured, plan, said, summed_up, totals
    from executive.commands.progress import row_progress
    from executive.interrupt import StopOnInterrupt
    from sequences.load import load

    conditions = Conditions(episodes=episodes, noise=noise)
    products = [load(name) for name in product or product_names()]
    work = plan(products, policy or POLICIES, conditions, seed)
    with StopOnInterrupt() as stop, row_progress(len(work), said, quiet=quiet) as told:
        parts = measured(work, jobs, out, told, stop)
    rows = summed_up(parts)
    if as_json:
        print_json({"rows": rows, "total": totals(rows)})
    elif rows:
        typer.echo(skills_markdown(rows))
    if len(parts) < len(work):
        raise typer.Exit(INTERRUPTED)


@app.command()
@one_screen_errors
def learning(
    steps: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STEP]...", help="PRODUCT/PART.", autocompletion=complete_step),
    ] = None,
    warm: Annotated[
        list[WarmStart] | None, typer.Option(help="From nothing or from the most similar skill; else both.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each kind.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    budget: Annotated[int, typer.Option(min=1, help="Environment steps of a training.")] = 400_000,
    marks: Annotated[int, typer.Option(min=1, help="How often a training is measured on the way.")] = 5,
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each measurement.")] = 100,
    jobs: Jobs = 1,
    out: RowsFile = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the curves.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train steps from nothing and from the most similar skill, and measure them on the way.

    Nothing is published. Without steps: three of median difficulty.
    """
    compute_with_one_thread()
    from executive.benchmarks.learning import MEDIAN_STEPS, WAYS, plan, said, watched
    from executive.benchmarks.learning_tables import markdown, picture
    from executive.benchmarks.rows import completed
    from executive.commands.progress import row_progress
    from executive.interrupt import StopOnInterrupt
    from executive.steps import tasks_named
    from sequences.files import write_whole

    tasks = [task for name in steps or MEDIAN_STEPS for task in tasks_named(name)]
    work = plan(tasks, warm or WAYS, range(seed, seed + seeds), budget, marks, episodes)
    with StopOnInterrupt() as stop, row_progress(len(work), said, quiet=quiet) as told:
        rows = completed(work, watched, jobs, out, told, stop)
    if png is not None and rows:
        write_whole(png, picture(rows))
    if as_json:
        print_json({"rows": rows})
    else:
        typer.echo(markdown(rows))
    if len(rows) < len(work):
        raise typer.Exit(INTERRUPTED)


@app.command()
@one_screen_errors
def throughput(
    step: Annotated[
        str, typer.Option(help="The step to measure with, as PRODUCT/PART.", autocompletion=complete_step)
    ] = "gearbox/sun",
    worlds: Annotated[str, typer.Option(help="Sizes of the batch.")] = "32,128,512,1024",
    threads: Annotated[int, typer.Option(min=1, help="Threads of both.")] = 1,
    periods: Annotated[int, typer.Option(min=1, help="Control periods that are timed at each size.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the worlds.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Time the batch beside the bare engine on the same work, and see where a training's time goes."""
    compute_with_one_thread()
    sizes = numbers_of(worlds)
    from executive.benchmarks.skill_tables import throughput_markdown
    from executive.benchmarks.throughput import throughput_report
    from executive.steps import tasks_named

    report = throughput_report(tasks_named(step)[0], sizes, threads, periods, seed)
    if as_json:
        print_json(report)
    else:
        typer.echo(throughput_markdown(report))


@app.command()
@one_screen_errors
def physics(
    product: Products = None,
    periods: Annotated[int, typer.Option(min=1, help="Control periods that are timed of each step.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the worlds.")] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Count the physics steps a second that one core makes of each step, plugs at the touch."""
    compute_with_one_thread()
    from executive.benchmarks.physics import physics_markdown, physics_rows, said
    from executive.commands.progress import row_progress
    from executive.interrupt import StopOnInterrupt
    from sequences.load import load

    assemblies = [load(name) for name in product or product_names()]
    tasks = [(assembly, step) for assembly in assemblies for step in assembly.steps]
    with StopOnInterrupt() as stop, row_progress(len(tasks), said, quiet=quiet) as told:
        rows = list(physics_rows(tasks, periods, seed, told, stop))
    if as_json:
        print_json({"rows": rows})
    elif rows:
        typer.echo(physics_markdown(rows))
    if len(rows) < len(tasks):
        raise typer.Exit(INTERRUPTED)


app.command()(faults)


@app.command("bridge")
@one_screen_errors
def bridge_latency(
    commands: Annotated[int, typer.Option(min=100, help="Round trips to measure.")] = 3000,
    listen_s: Annotated[float, typer.Option(min=1.0, help="How long to listen to states [s].")] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Measure the bridge's latency beside a bare ZeroMQ echo in the same run, with keys, on this machine."""
    from hardware.benchmark import measure
    from sequences.load import load

    figures = measure(load("gearbox"), commands=commands, listen_s=listen_s)
    if as_json:
        print_json(figures.as_json())
        return
    rows = {
        "command round trip": figures.command,
        f"bare echo ({figures.ratio_p50:.2f} times as quick)": figures.echo,
        f"age of a state at {figures.states_hz:.0f} Hz": figures.state_age,
    }
    for name, spread in rows.items():
        typer.echo(f"{name}: p50 {spread.p50_us:.0f} µs, p99 {spread.p99_us:.0f} µs")
    typer.echo(f"server with a policy at 15 Hz: {100 * figures.cpu_share:.0f} % of a core")
