"""``dovetail benchmark walk``: a scripted operator on the real screen, through every request."""

from pathlib import Path
from typing import Annotated

import typer

from executive.commands.common import NOT_ASSEMBLED, AsJson, one_screen_errors, print_json
from executive.options import CellName, PolicyName


@one_screen_errors
def walk(
    cell: Annotated[
        CellName, typer.Option(metavar="[sim|fake]", help="The cell; fake has no physics.")
    ] = CellName.SIM,
    policy: Annotated[PolicyName, typer.Option(help="The policy that inserts.")] = PolicyName.SEARCH,
    pace: Annotated[
        float, typer.Option(min=0.1, help="At most so many times as fast as the cell's clock.")
    ] = 4.0,
    screens: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the screens on the way here, as text.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Assemble the gearbox, failures provoked, with every request of the operator's protocol made by keys."""
    import tempfile

    from executive.operator.walk import Stuck
    from executive.operator.walked import walked
    from sequences.files import write_whole

    def shot(name: str, text: str) -> None:
        if screens is not None:
            write_whole(screens / f"{name}.txt", text.encode())

    with tempfile.TemporaryDirectory(prefix="dovetail-walk-") as scratch:
        try:
            told = walked(Path(scratch), cell, policy, pace, shot)
        except Stuck as stuck:
            typer.echo(str(stuck), err=True)
            raise typer.Exit(NOT_ASSEMBLED) from None
    if as_json:
        print_json(told)
    else:
        for name, value in told.items():
            typer.echo(f"{name}: {value}")
    if told["state"] != "assembled":
        raise typer.Exit(NOT_ASSEMBLED)
