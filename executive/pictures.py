"""Pictures and films, made by the simulator where it can draw."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from executive.board import Board
from executive.errors import CellUnavailable
from executive.observers import Silent
from executive.records import RunResult
from sequences.assembly import Assembly
from skills.cell import Cell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]

SPEED_UP = 4
"""A film runs this many times faster than the cell's clock."""


def product_views(assembly: Assembly, directory: Path) -> Sequence[Path]:
    """An exploded and an assembled view of a product in ``directory``. Raises CellUnavailable."""
    try:
        from sim.render import product_views as draw
    except ImportError as error:
        raise CellUnavailable("sim", f"it cannot draw here: {error}") from error
    directory.mkdir(parents=True, exist_ok=True)
    return list(draw(assembly, directory))


class Camera(Silent):
    """Films a run and draws the product at its end. The cell must be one that ``sim.render`` can draw."""

    def __init__(self, cell: Cell, png: Path | None, video: Path | None) -> None:
        self._cell, self._png, self._video = cell, png, video
        self._periods = 0
        self._film: Any = None
        try:
            from sim.render import Renderer

            self._renderer = Renderer(cell)
        except (ImportError, TypeError) as error:
            raise CellUnavailable("sim", f"it cannot be drawn: {error}") from error
        if video is not None:
            import imageio

            video.parent.mkdir(parents=True, exist_ok=True)
            self._film = imageio.get_writer(video, fps=1.0 / cell.control_period_s, macro_block_size=8)

    def ticked(self, board: Board) -> None:
        """See :class:`executive.observers.Observer`."""
        self._periods += 1
        if self._film is not None and self._periods % SPEED_UP == 0:
            self._film.append_data(self._frame())

    def ended(self, result: RunResult) -> None:
        """See :class:`executive.observers.Observer`."""
        if self._png is not None:
            from PIL import Image

            self._png.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(self._frame()).save(self._png)
        if self._film is not None:
            self._film.close()

    def _frame(self) -> "Frame":
        frame: Frame = self._renderer.picture()
        return frame
