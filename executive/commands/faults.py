"""``dovetail benchmark faults``: the fault campaign."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from executive.commands.common import (
    INTERRUPTED,
    AsJson,
    OneProduct,
    Quiet,
    compute_with_one_thread,
    one_screen_errors,
    print_json,
    stderr,
)
from executive.options import PolicyName


@one_screen_errors
def faults(
    product: OneProduct = "gearbox",
    injections: Annotated[int, typer.Option(min=1, help="How often something is done to the run.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the order and of the moments.")] = 0,
    policy: Annotated[PolicyName, typer.Option(help="The policy that inserts.")] = PolicyName.LEARNED,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep rows and journals here; what it holds is not repeated."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Strike a run over the simulated FR3 with every fault, and kill and mislead bridge and client.

    Measured on the simulated robot: when the arm came to rest, whether the run could go on, and whether any
    command was acted on that should not have been. It works in real time, about a quarter of a minute for an
    injection.
    """
    compute_with_one_thread()
    import tempfile

    from executive.benchmarks.fault_tables import faults_markdown, faults_summed
    from executive.benchmarks.faults import campaign
    from executive.interrupt import StopOnInterrupt
    from sequences.load import load

    with (
        tempfile.TemporaryDirectory(prefix="dovetail-faults-") as scratch,
        StopOnInterrupt() as stop,
        _progress(injections, quiet=quiet) as told,
    ):
        folder = out or Path(scratch)
        blows, products = campaign(load(product), injections, seed, policy, folder, told, stop)
    summed = faults_summed(blows, products)
    if as_json:
        print_json({"product": product, "seed": seed, **summed, "blows": blows, "runs": products})
    else:
        typer.echo(faults_markdown(summed))
    if stop.wanted:
        raise typer.Exit(INTERRUPTED)


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield what is to be told of each injection; draws on standard error, or prints lines there."""
    if quiet:
        yield lambda row: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = stderr()
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("injections", total=total)

        def told(row: dict[str, Any]) -> None:
            progress.update(task, advance=1, description=str(row["kind"]))
            if not console.is_terminal:
                console.print(_in_words(row), highlight=False, soft_wrap=True)

        yield told


def _in_words(row: dict[str, Any]) -> str:
    what = f"at rest after {row['rest_ms']} ms" if row["stopped"] else "the arm was not stopped"
    then = "went on" if row["went_on"] else "resumed" if row["resumed"] else "could not be resumed"
    told = "" if row["journaled"] else ", not in the journals"
    return f"{row['kind']} ({row['during']}): {what}, {then}{told}"
