"""``dovetail benchmark operator``: what screens cost a run."""

from pathlib import Path
from typing import Annotated

import typer

from executive.commands.common import (
    AsJson,
    OneProduct,
    Quiet,
    compute_with_one_thread,
    one_screen_errors,
    print_json,
    stderr,
)
from executive.options import CellName, PolicyName, RunOptions


@one_screen_errors
def operator(
    product: OneProduct = "valve_manifold",
    screens: Annotated[int, typer.Option(min=1, help="Screens that watch.")] = 5,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs of runs, with screens and without.")] = 3,
    cell: Annotated[CellName, typer.Option(metavar="[sim]", help="The cell.")] = CellName.SIM,
    policy: Annotated[PolicyName, typer.Option(help="The policy that inserts.")] = PolicyName.SEARCH,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the cell's world.")] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure a control period with five screens attached beside one with none: processor and wall time."""
    compute_with_one_thread()
    import tempfile

    from executive.operator.tick_cost import compared
    from sequences.load import load

    def told(words: str) -> None:
        if not quiet:
            stderr().print(words, highlight=False, soft_wrap=True)

    options = RunOptions(seed=seed, cell=cell, policy=policy)
    with tempfile.TemporaryDirectory(prefix="dovetail-screens-") as scratch:
        report = compared(load(product), options, Path(scratch), screens, pairs, told)
    if as_json:
        print_json(report)
        return
    for kind, ratio in report["ratio"].items():
        words = f"× {ratio['median']:.3f} [{ratio['least']:.3f}, {ratio['most']:.3f}] with {screens} screens"
        typer.echo(f"{kind.removesuffix('_ms')} time of a control period: {words}")
