"""``dovetail export``: parts for a printer, attempts for those who learn."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from executive.commands.common import (
    AsJson,
    RunsDir,
    complete_product,
    one_screen_errors,
    open_journal,
    print_json,
)


class Format(StrEnum):
    """What is written."""

    STL = "stl"
    """The parts of a product."""
    LEROBOT = "lerobot"
    """The attempts of runs as a LeRobot dataset."""


@one_screen_errors
def export(
    what: Annotated[
        list[str],
        typer.Argument(metavar="PRODUCT|RUN...", help="A product, or runs.", autocompletion=complete_product),
    ],
    stl: Annotated[
        Path | None, typer.Option("--stl", metavar="DIR", help="Short for --format stl --out DIR.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.STL,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where to write it.")] = None,
    fps: Annotated[int, typer.Option(min=1, max=1000, help="lerobot: frames a second.")] = 20,
    seated: Annotated[
        bool, typer.Option("--seated", help="lerobot: only attempts that put their part in place.")
    ] = False,
    runs_dir: RunsDir = None,
    as_json: AsJson = False,
) -> None:
    """Write a product's parts for printing, or the attempts of runs as a LeRobot dataset."""
    folder = stl or out
    if folder is None:
        raise typer.BadParameter("say where to write", param_hint="--out")
    told: dict[str, Any]
    if stl is not None or form is Format.STL:
        if len(what) != 1:
            raise typer.BadParameter("one product at a time", param_hint="PRODUCT")
        told = {"written": _parts(what[0], folder)}
    else:
        told = {"written": [str(folder)], "info": _attempts(what, folder, fps, runs_dir, seated=seated)}
    if as_json:
        print_json(told)
        return
    for path in told["written"]:
        typer.echo(path)


def _parts(product: str, folder: Path) -> list[str]:
    from sequences.export import write_stl
    from sequences.load import load

    return [str(path) for path in write_stl(load(product), folder)]


def _attempts(
    runs: list[str], folder: Path, fps: int, runs_dir: Path | None, *, seated: bool
) -> dict[str, Any]:
    from executive.episodes import episodes_of
    from executive.reports.lerobot import export as written

    if wrong := [run for run in runs if not run.isdigit()]:
        raise typer.BadParameter(f"'{wrong[0]}' is not the number of a run", param_hint="RUN")
    journal = open_journal(runs_dir)
    numbers = [journal.row(int(run)).run for run in runs]
    kept = [episode for run in numbers for episode in episodes_of(journal.runs_dir, run)]
    return written([episode for episode in kept if episode.seated or not seated], folder, fps)
