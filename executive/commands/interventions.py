"""``dovetail benchmark interventions``: what a little help is worth."""

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
    compute_with_one_thread,
    one_screen_errors,
    print_json,
    product_names,
)
from executive.options import CellName, PolicyName, RunOptions


@one_screen_errors
def interventions(
    product: Products = None,
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each product.")] = 100,
    helps: Annotated[int, typer.Option(min=0, help="How often the operator may step in.")] = 2,
    policy: Annotated[PolicyName, typer.Option(help="The policy that inserts.")] = PolicyName.LEARNED,
    attempts: Annotated[int, typer.Option(min=1, help="Attempts at each step before it asks.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    jobs: Jobs = 1,
    out: RowsFile = None,
    runs_dir: KeptRunsDir = None,
    cell: Annotated[CellName, typer.Option(hidden=True)] = CellName.SIM,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Assemble every product with a simulated operator who may step in a few times, beside nobody.

    The operator sees the parts as an eye would: it leads what is in the hand to above its hole and puts what
    lies about back into the tray.
    """
    compute_with_one_thread()
    import tempfile

    from executive.benchmarks.interventions import markdown, measured, plan, said, summed
    from executive.commands.progress import row_progress
    from executive.interrupt import StopOnInterrupt
    from sequences.load import load

    options = RunOptions(seed=seed, cell=cell, policy=policy, attempts=attempts)
    products = [load(name) for name in product or product_names()]
    with tempfile.TemporaryDirectory(prefix="dovetail-benchmark-") as scratch, StopOnInterrupt() as stop:
        work = plan(products, options, runs_dir or Path(scratch), repeat, helps)
        with row_progress(len(work), said, what="runs", quiet=quiet) as told:
            rows = measured(work, jobs, out, told, stop)
    sums = summed(rows, helps)
    if as_json:
        print_json({"helps": helps, "rows": rows, "sums": sums})
    else:
        typer.echo(markdown(sums))
    if len(rows) < len(work):
        raise typer.Exit(INTERRUPTED)
