"""``dovetail pictures``: every picture of the documentation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from executive.commands.common import one_screen_errors, product_names

if TYPE_CHECKING:
    from executive.board import Board
    from sequences.assembly import Assembly
    from sim.render import Renderer

FRAME_PRODUCT, FRAME_STEP, FRAME_SEED = "gearbox", 3, 1
"""The frame of a run is taken when this step's part has been carried over its goal."""


@one_screen_errors
def pictures(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write them.")],
    product: Annotated[list[str] | None, typer.Option("--product", help="Only this one; repeatable.")] = None,
    frame: Annotated[bool, typer.Option(help="Take the frame of a run, too.")] = True,
    screens: Annotated[
        bool, typer.Option("--screens", help="Draw the operator's screens instead, as SVG.")
    ] = False,
) -> None:
    """Draw every product, put together and taken apart, and a frame of a run."""
    if screens:
        from executive.operator.tour import write_tour

        for path in write_tour(directory):
            typer.echo(path)
        return
    from executive.errors import CellUnavailable
    from sequences.load import load
    from sim.render import NoRenderer, product_views, save_png

    try:
        for name in product or product_names():
            assembly = load(name)
            for view, picture in product_views(assembly).items():
                typer.echo(save_png(picture, directory / f"{assembly.name}-{view}.png"))
        if frame:
            typer.echo(_frame_of_a_run(load(FRAME_PRODUCT), directory / f"{FRAME_PRODUCT}-run.png"))
    except NoRenderer as error:
        raise CellUnavailable("sim", str(error)) from error


def _frame_of_a_run(assembly: "Assembly", path: Path) -> Path:
    """Begin a run in a journal that is thrown away, and stop it when there is something to see."""
    import tempfile

    from executive.cells import open_bench
    from executive.journal import Journal
    from executive.observers import Silent
    from executive.options import RunOptions
    from executive.run import assemble
    from sim.render import Renderer, save_png
    from skills.cell import Cell

    class Photographer(Silent):
        """Waits for its moment."""

        def __init__(self, renderer: "Renderer") -> None:
            self.renderer, self.done = renderer, False

        def ticked(self, board: "Board") -> None:
            """See :class:`executive.observers.Observer`."""
            from executive.board import Phase

            over = board.progress.index >= FRAME_STEP and board.phase >= Phase.CARRIED
            if over and not self.done:
                self.done = True
                save_png(self.renderer.picture(), path)

    options = RunOptions(seed=FRAME_SEED, attempts=6)
    bench = open_bench(assembly, options)
    cell: Cell = bench.cell
    photographer = Photographer(Renderer(cell))
    with tempfile.TemporaryDirectory() as scratch:
        journal = Journal(Path(scratch))
        assemble(assembly, bench, options, journal, [photographer], stop_wanted=lambda: photographer.done)
        journal.close()
    if not photographer.done:
        save_png(photographer.renderer.picture(), path)
    return path
