"""Pictures and films of products and runs, where this machine can draw. They are never a reason to fail."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from executive.board import Board
from executive.journal import Event
from executive.observers import Silent
from executive.records import RunResult
from sequences.assembly import Assembly
from skills.cell import Cell

if TYPE_CHECKING:
    from sim.film import Film
    from sim.render import Renderer

STEP_PX = 360
"""Width and height of the picture of a step."""
Say = Callable[[str], None]
"""Told, in words, why there is no picture."""


def product_views(assembly: Assembly, directory: Path, say: Say) -> list[Path]:
    """Write an assembled and an exploded view of a product into ``directory``."""
    from sim.render import NoRenderer, save_png
    from sim.render import product_views as views

    try:
        pictures = views(assembly)
    except NoRenderer as error:
        say(str(error))
        return []
    return [
        save_png(picture, directory / f"{assembly.name}-{name}.png") for name, picture in pictures.items()
    ]


class StepCamera(Silent):
    """Takes a small picture of the fixture whenever a part is in place."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._renderer: Renderer | None = None
        self._board: Board | None = None
        self.taken: dict[str, bytes] = {}
        """Part → JPEG."""

    def began(self, board: Board, cell: Cell) -> None:
        """See :class:`executive.observers.Observer`."""
        from sim.render import Renderer

        self._board = board
        try:
            self._renderer = Renderer(cell)
        except TypeError:
            self._renderer = None

    def happened(self, event: Event) -> None:
        """See :class:`executive.observers.Observer`."""
        if event.kind != "step_done" or self._renderer is None or self._board is None or event.step is None:
            return
        from sim.render import NoRenderer, jpeg

        part = self._board.assembly.steps[event.step].part
        try:
            self.taken[part] = jpeg(self._renderer.close_up(), STEP_PX)
        except NoRenderer as error:
            self._say(f"no pictures of the steps: {error}")
            self._renderer = None


class Camera(Silent):
    """Films a run and draws the product at its end."""

    def __init__(self, png: Path | None, video: Path | None, say: Say) -> None:
        self._png, self._video, self._say = png, video, say
        self._cell: Cell | None = None
        self._film: Film | None = None

    def began(self, board: Board, cell: Cell) -> None:
        """See :class:`executive.observers.Observer`."""
        from sim.cell import SimCell
        from sim.film import Film
        from sim.opengl import NoRenderer

        self._cell = cell
        if self._video is None or not isinstance(cell, SimCell):
            return
        try:
            self._film = Film(cell, self._video)
        except NoRenderer as error:
            self._say(f"no film: {error}")

    def ticked(self, board: Board) -> None:
        """See :class:`executive.observers.Observer`."""
        if self._film is not None:
            self._film.passed(caption(board))

    def ended(self, result: RunResult) -> None:
        """See :class:`executive.observers.Observer`."""
        self.close()
        if self._png is not None and self._cell is not None:
            self._draw(self._cell, self._png)

    def close(self) -> None:
        """Finish the film; what was filmed until now is kept."""
        if self._film is not None:
            self._film.close()

    def _draw(self, cell: Cell, path: Path) -> None:
        from sim.render import NoRenderer, Renderer, save_png

        try:
            self._say(f"picture: {save_png(Renderer(cell).picture(), path)}")
        except (TypeError, NoRenderer) as error:
            self._say(f"no picture: {error}")


def caption(board: Board) -> str:
    """What a film says under its picture."""
    steps, index = board.assembly.steps, board.progress.index
    if not 0 <= index < len(steps):
        return board.message
    title = board.assembly.parts[steps[index].part].title
    tried = max(1, board.progress.tried)
    return f"Step {index + 1} of {len(steps)}: {title}, attempt {tried}: {board.message}"
