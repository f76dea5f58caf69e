"""``dovetail operate``: the operator's screen."""

import getpass
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from executive.commands.common import BAD_INPUT, RunsDir, one_screen_errors, open_journal


def operator_name() -> str:
    """Who sits at this terminal, for journals."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return f"{user}@{socket.gethostname()}"


BEHIND = 5
"""How much a screen stands back where it shares processors with a run."""


@one_screen_errors
def operate(
    number: Annotated[
        int | None, typer.Argument(metavar="RUN", help="The run's number; else the one that goes on.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look on; leave control to others.")] = False,
    name: Annotated[str | None, typer.Option(help="Your name in the journal; else user and machine.")] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own key, where it is authorized.")
    ] = None,
    runs_dir: RunsDir = None,
) -> None:
    """Watch a run and help it: pause, move the tool, retry, skip, stop."""
    import sys

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        typer.echo("the operator's screen needs a terminal", err=True)
        raise typer.Exit(BAD_INPUT)
    from executive.operator.feed import LiveFeed
    from executive.operator.screen import OperatorApp
    from executive.places import default_runs_dir

    os.nice(BEHIND)
    feed = LiveFeed(runs_dir or default_runs_dir(), number, name or operator_name(), watch=watch, key=key)
    try:
        OperatorApp(feed).run()
    finally:
        feed.close()


@one_screen_errors
def replay(
    number: Annotated[
        int | None, typer.Argument(metavar="RUN", help="The run's number; else the last.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.01, max=1000.0, help="Times as fast as the cell's clock went.")
    ] = 1.0,
    runs_dir: RunsDir = None,
) -> None:
    """Play a run's journal in the operator's screen: space stops, arrows move by 10 s."""
    import sys

    journal = open_journal(runs_dir)
    row = journal.row(number)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        typer.echo("the operator's screen needs a terminal", err=True)
        raise typer.Exit(BAD_INPUT)
    from executive.operator.playback import Recording
    from executive.operator.screen import OperatorApp

    OperatorApp(Recording(row, journal.events(row.run), speed)).run()
