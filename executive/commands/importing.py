"""``dovetail import``: from a folder of parts to a product."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from executive.commands.common import (
    AsJson,
    Quiet,
    compute_with_one_thread,
    one_screen_errors,
    print_json,
    stdout,
)
from executive.commands.progress import work_progress

if TYPE_CHECKING:
    from sequences.importing.product import Product

UNITS = ("auto", "mm", "cm", "m")


def _unit(text: str) -> str:
    if text not in UNITS:
        raise typer.BadParameter(f"'{text}' is not one of {', '.join(UNITS)}")
    return text


@one_screen_errors
def import_folder(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="One STL, OBJ or STEP file a part, as assembled."),
    ],
    units: Annotated[
        str,
        typer.Option("--units", callback=_unit, help="mm, cm, m, or auto: what gives a sensible size."),
    ] = "auto",
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="PART", help="The part in the fixture; else it is found."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The product's name; else the folder's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to write it; else a folder NAME here.")
    ] = None,
    order: Annotated[
        str | None, typer.Option("--order", metavar="A,B,C", help="Fix the order of the parts but the base.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a product that runs from a folder of parts in their assembled pose."""
    compute_with_one_thread()
    from sequences.importing.pictures import relief_picture
    from sequences.importing.product import Wishes, found_in
    from sequences.importing.reading import part_name
    from sequences.importing.writing import report_of, write, write_report

    called = part_name(name or folder.resolve().name)
    place = out or Path(called)
    wishes = Wishes(units, base, tuple(order.split(",")) if order else ())
    with work_progress(f"import {called}", quiet=quiet or as_json) as tell:
        product = found_in(folder, wishes, tell)
        tell("writing", 1.0)
        path, _ = write(product, called, place)
    report = report_of(product, called, path)
    report["pictures"] = [str(picture) for picture in relief_picture(product, place)]
    write_report(report, place)
    if as_json:
        print_json(report)
        return
    _show(product, report)


def _show(product: "Product", report: dict[str, Any]) -> None:
    """What was made, on one screen."""
    from executive.views.importing import import_view

    stdout().print(import_view(report))
    typer.echo(report["file"])
    for picture in report["pictures"]:
        typer.echo(picture)
