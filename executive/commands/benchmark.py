"""``dovetail benchmark``: numbers that can be made again."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from executive.commands.common import (
    INTERRUPTED,
    AsJson,
    Jobs,
    Quiet,
    complete_product,
    one_screen_errors,
    print_json,
    product_names,
)
from executive.options import CellName, Noise, OnFailure, PolicyName, RunOptions

app = typer.Typer(help="Measure how well products are assembled.", no_args_is_help=True)


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
    product: Annotated[
        list[str] | None, typer.Option(help="Only these products.", autocompletion=complete_product)
    ] = None,
    policy: Annotated[list[PolicyName] | None, typer.Option(help="Only these policies.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each product with each policy.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    noise: Annotated[Noise, typer.Option(help="How the goal's pose is wrong.")] = Noise.FIXED,
    attempts: Annotated[int, typer.Option(min=1, help="Attempts at each step.")] = 3,
    jobs: Jobs = 1,
    cell: Annotated[CellName, typer.Option(hidden=True)] = CellName.SIM,
    output: Annotated[Format, typer.Option("--format", help="How to print the table.")] = Format.MARKDOWN,
    runs_dir: Annotated[
        Path | None, typer.Option(help="Keep the runs here, not in a temporary directory.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Assemble every product with every policy and print the table.

    A step that fails is skipped, so that the later ones are measured too.
    """
    import tempfile

    from executive.benchmark import markdown, measure, plan, steps_markdown
    from executive.commands.progress import run_progress
    from executive.interrupt import StopOnInterrupt
    from sequences.load import load

    products = [load(name) for name in product or product_names()]
    options = RunOptions(seed=seed, cell=cell, noise=noise, attempts=attempts, on_failure=OnFailure.SKIP)
    with tempfile.TemporaryDirectory(prefix="dovetail-benchmark-") as scratch, StopOnInterrupt() as stop:
        work = plan(products, policy or list(PolicyName), options, runs_dir or Path(scratch), repeat)
        with run_progress(len(work), quiet=quiet) as done:
            report = measure(work, jobs, done, stop)
    if output is Format.JSON:
        print_json({"repeat": repeat, "options": options.as_json(), **report})
    else:
        typer.echo(f"{markdown(report)}\n\n{steps_markdown(report)}")
    if stop.wanted:
        raise typer.Exit(INTERRUPTED)


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
