"""``dovetail benchmark kills``: the kill campaign."""

from pathlib import Path
from typing import Annotated, Any

import typer

from executive.commands.common import (
    INTERRUPTED,
    NOT_ASSEMBLED,
    AsJson,
    KeptRunsDir,
    OneProduct,
    Quiet,
    compute_with_one_thread,
    one_screen_errors,
    print_json,
    stderr,
)
from executive.options import CellName, PolicyName


@one_screen_errors
def kills(
    kills: Annotated[int, typer.Option(min=1, help="How often somebody is killed.")] = 100,
    product: OneProduct = "gearbox",
    cell: Annotated[CellName, typer.Option(metavar="[sim|simulated-fr3]", help="The cell.")] = CellName.SIM,
    policy: Annotated[PolicyName, typer.Option(help="The policy that inserts.")] = PolicyName.SEARCH,
    pace: Annotated[
        float, typer.Option(min=0.1, help="At most so many times as fast as the cell's clock.")
    ] = 20.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of victims and moments.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the rows here on the way.")] = None,
    runs_dir: KeptRunsDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Kill executive and screen, or executive and bridge, at random; resume every run until it is done.

    On the simulated FR3 the robot lives on while the bridge and its client die.
    """
    compute_with_one_thread()
    import tempfile

    from executive.benchmarks.kills import Setting, campaign, summed
    from executive.benchmarks.kills_fr3 import bridge_campaign
    from executive.interrupt import StopOnInterrupt

    def told(row: dict[str, Any]) -> None:
        if not quiet:
            words = f"{row['victim']} killed during {row['during']}"
            stderr().print(words, highlight=False, soft_wrap=True)

    with tempfile.TemporaryDirectory(prefix="dovetail-kills-") as scratch, StopOnInterrupt() as stop:
        folder = runs_dir or Path(scratch)
        setting = Setting(product, cell, policy, folder, pace)
        made = bridge_campaign if cell is CellName.SIMULATED_FR3 else campaign
        deaths, products = made(setting, kills, seed, out, told, stop)
    told_all = {"cell": str(cell), "product": product, "seed": seed, **summed(deaths, products)}
    if as_json:
        print_json({**told_all, "deaths": deaths, "products": products})
    else:
        for name, value in told_all.items():
            typer.echo(f"{name}: {value}")
    if stop.wanted:
        raise typer.Exit(INTERRUPTED)
    if told_all["problems"] or told_all["finished"] < told_all["runs"]:
        raise typer.Exit(NOT_ASSEMBLED)
