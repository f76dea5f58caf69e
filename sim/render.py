"""Pictures for people: products, the finished work, and files to keep them in.

Whatever draws raises :class:`NoRenderer` on a machine without an off-screen renderer; importing this module
needs none.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from sequences.files import write_whole
from sim.canvas import Image8
from sim.cell import SimCell
from sim.film import Film
from sim.opengl import NoRenderer
from sim.portrait import CELL_VIEW, Portrait
from sim.shading import photograph
from sim.views import product_views

__all__ = ["Film", "NoRenderer", "Renderer", "jpeg", "product_views", "save_png"]

CELL_PX, CLOSE_UP_PX = (720, 720), (720, 720)
"""Width and height of the two halves of a cell's picture."""
MOST_BYTES = 290_000
"""A larger file is written with fewer colours."""
CELL_RADIUS_M, CLOSE_UP_RADIUS_M = 1.0, 0.16


class Renderer:
    """Takes pictures of a simulated cell, without touching it."""

    def __init__(self, cell: object) -> None:
        """Prepare to draw ``cell``. Raises TypeError for one that is not simulated."""
        if not isinstance(cell, SimCell):
            raise TypeError(f"only a simulated cell can be drawn, not a {type(cell).__name__}")
        self._portrait = Portrait(cell)

    def picture(self) -> Image8:
        """(height, width, 3) the whole cell, and beside it the fixture from near. Raises NoRenderer."""
        return np.hstack([self.cell_view(), self.close_up()])

    def cell_view(self) -> Image8:
        """(height, width, 3) robot, tray and fixture. Raises NoRenderer."""
        self._portrait.update()
        studio = self._portrait.studio(CELL_VIEW, CELL_RADIUS_M)
        return photograph(self._portrait.model, self._portrait.data, studio, *CELL_PX).pixels

    def close_up(self) -> Image8:
        """(height, width, 3) the fixture and what stands in it. Raises NoRenderer."""
        self._portrait.update()
        view = self._portrait.close_up(CLOSE_UP_PX[0] / CLOSE_UP_PX[1])
        studio = self._portrait.studio(view, CLOSE_UP_RADIUS_M)
        return photograph(self._portrait.model, self._portrait.data, studio, *CLOSE_UP_PX).pixels


def save_png(picture: Image8, path: Path) -> Path:
    """Write a picture small and whole or not at all, in as many colours as a small file can have."""
    contents = (_png(picture, colours) for colours in (256, 160, 96))
    content = next((found for found in contents if len(found) <= MOST_BYTES), None) or _png(picture, 64)
    return write_whole(path, content)


def jpeg(picture: Image8, width: int) -> bytes:
    """A picture as a small JPEG, ``width`` pixels wide."""
    image = Image.fromarray(picture)
    content = BytesIO()
    small = image.resize((width, round(width * image.height / image.width)), Image.Resampling.LANCZOS)
    small.save(content, "JPEG", quality=82, optimize=True)
    return content.getvalue()


def _png(picture: Image8, colours: int) -> bytes:
    dither = Image.Dither.FLOYDSTEINBERG
    dithered = Image.fromarray(picture).quantize(palette=_palette(picture, colours), dither=dither)
    content = BytesIO()
    dithered.save(content, "PNG", optimize=True)
    return content.getvalue()


def _palette(picture: Image8, number: int) -> Image.Image:
    """``number`` colours; each counts by the cube root of its area, so that small things keep theirs."""
    coarse = picture.reshape(-1, 3) >> 2
    codes = coarse.astype(np.int32) @ np.array([1, 64, 4096], np.int32)
    found, areas = np.unique(codes, return_counts=True)
    colours = np.column_stack([found % 64, found // 64 % 64, found // 4096]).astype(np.uint8) * 4 + 2
    sample = np.repeat(colours, np.ceil(np.cbrt(areas)).astype(int), axis=0)
    return Image.fromarray(sample[None]).quantize(number, Image.Quantize.MEDIANCUT, kmeans=2)
