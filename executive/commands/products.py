"""``dovetail list`` and ``show``: what can be built."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from executive.commands.common import AsJson, Product, one_screen_errors, print_json, product_names, stdout

if TYPE_CHECKING:
    from sequences.assembly import Assembly


@one_screen_errors
def list_products(as_json: AsJson = False) -> None:
    """List the bundled products."""
    from executive.views.runs import product_list
    from sequences.load import load

    products = [load(name) for name in product_names()]
    if as_json:
        rows = [
            {"product": a.name, "title": a.title, "parts": len(a.parts), "steps": len(a.steps)}
            for a in products
        ]
        print_json({"products": rows})
        return
    stdout().print(product_list(products))


@one_screen_errors
def show(
    product: Product,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="DIR", help="Write an exploded and an assembled view.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a product's parts, steps and behaviour tree."""
    from executive.reports.pictures import product_views
    from executive.views.runs import product_view
    from sequences.load import load

    assembly = load(product)
    pictures = [] if png is None else [str(path) for path in product_views(assembly, png, _complain)]
    if as_json:
        assembled: dict[str, Any] = assembly.model_dump(mode="json")
        print_json({"assembly": assembled, "tree": _tree(assembly), "pictures": pictures})
        return
    stdout().print(product_view(assembly, _tree(assembly)))
    for path in pictures:
        typer.echo(path)


def _complain(why: str) -> None:
    typer.echo(f"no pictures: {why}", err=True)


def _tree(assembly: "Assembly") -> str:
    from executive.options import RunOptions
    from executive.tree import outline_of

    return outline_of(assembly, RunOptions())
