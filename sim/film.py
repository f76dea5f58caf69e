"""A film of a run: the cell, a close-up of the fixture, and a line that says what is being done."""

import os
from collections.abc import Generator
from pathlib import Path
from types import TracebackType

import imageio_ffmpeg
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sim.camera import Viewpoint
from sim.canvas import Canvas, Image8, Lamp
from sim.cell import SimCell
from sim.portrait import CELL_VIEW, Portrait
from sim.shading import BACKDROP, encoded, linear

WIDTH_PX, HEIGHT_PX, BAR_PX, CLOSE_UP_PX = 960, 720, 48, 384
"""Width and height of a frame, height of the bar below, width of the close-up."""
BAR, INK, QUIET = (28, 33, 40), (240, 243, 246), (150, 160, 172)
LAMPS = (
    Lamp((-0.30, -0.52, 0.80), (0.58, 0.56, 0.53)),
    Lamp((-0.05, 0.10, 0.99), (0.36, 0.37, 0.39), casts_shadow=False),
    Lamp((0.55, -0.75, 0.37), (0.34, 0.35, 0.37), casts_shadow=False),
    Lamp((-0.90, 0.10, 0.42), (0.22, 0.22, 0.23), casts_shadow=False),
)
SRGB = encoded(np.linspace(0.0, 1.0, 256, dtype=np.float32))
"""From amounts of light to what a screen is sent."""


class Film:
    """Films a cell into an mp4 file; use it as a context manager, or ``close`` it.

    ``passed`` is called once a control period; every ``stride``-th makes a picture. The file appears under
    its name only when the film is closed, whole, however early that is.
    """

    def __init__(self, cell: SimCell, path: Path, *, fps: float = 20.0, speed: float = 6.0) -> None:
        """Begin a film with ``fps`` pictures a second, about ``speed`` times as fast as the cell's clock.

        Raises NoRenderer where nothing can be drawn, OSError when the file cannot be written.
        """
        self.path, self.fps = path, fps
        self.stride = max(1, round(speed / fps / cell.control_period_s))
        self.speed = self.stride * fps * cell.control_period_s
        self.frames = 0
        self._periods = 0
        self._cell, self._portrait = cell, Portrait(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._in_linear_light()
        size = (WIDTH_PX - CLOSE_UP_PX, HEIGHT_PX - BAR_PX), (CLOSE_UP_PX, HEIGHT_PX - BAR_PX)
        self._canvases = [Canvas(self._portrait.model, *each, samples=4, shadow_px=1024) for each in size]
        self._views = CELL_VIEW, self._portrait.close_up(size[1][0] / size[1][1])
        self._fonts = (ImageFont.load_default(20), ImageFont.load_default(16))
        self._unfinished = path.with_name(f".{path.name}.{os.getpid()}.part.mp4")
        self._writer: Generator[None, Image8 | None, None] | None = imageio_ffmpeg.write_frames(
            str(self._unfinished), (WIDTH_PX, HEIGHT_PX), fps=fps, quality=None, macro_block_size=8,
            output_params=["-crf", "27", "-preset", "veryfast", "-movflags", "+faststart"],
        )  # fmt: skip
        self._writer.send(None)

    def __enter__(self) -> "Film":
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the film: what was filmed until now is kept."""
        self.close()

    def passed(self, caption: str = "") -> None:
        """A control period has passed; ``caption`` says what is being done."""
        if self._periods % self.stride == 0:
            self.shoot(caption)
        self._periods += 1

    def shoot(self, caption: str = "") -> None:
        """Add a picture of now."""
        if self._writer is None:
            return
        self._writer.send(np.ascontiguousarray(self._frame(caption)))
        self.frames += 1

    def close(self) -> None:
        """Finish the file. May be called twice."""
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        try:
            writer.close()
        finally:
            for canvas in self._canvases:
                canvas.close()
        if self.frames == 0:
            self._unfinished.unlink(missing_ok=True)
            return
        with self._unfinished.open("rb") as file:
            os.fsync(file.fileno())
        self._unfinished.replace(self.path)

    def _frame(self, caption: str) -> Image8:
        self._portrait.update()
        frame = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
        frame[: HEIGHT_PX - BAR_PX] = np.hstack(
            [
                self._seen(canvas, view, radius)
                for canvas, view, radius in zip(self._canvases, self._views, (1.1, 0.30), strict=True)
            ]
        )
        edge = WIDTH_PX - CLOSE_UP_PX
        frame[: HEIGHT_PX - BAR_PX, edge - 1 : edge + 1] = 255
        frame[HEIGHT_PX - BAR_PX :] = self._bar(caption)
        return frame

    def _bar(self, caption: str) -> Image8:
        bar = Image.new("RGB", (WIDTH_PX, BAR_PX), BAR)
        draw = ImageDraw.Draw(bar)
        clock = f"{self._cell.data.time:.1f} s   {self.speed:g}x"
        draw.text((20, BAR_PX / 2), caption, INK, self._fonts[0], "lm")
        draw.text((WIDTH_PX - 20, BAR_PX / 2), clock, QUIET, self._fonts[1], "rm")
        return np.asarray(bar)

    def _seen(self, canvas: Canvas, view: Viewpoint, radius_m: float) -> Image8:
        canvas.look(self._portrait.data, view)
        canvas.light(LAMPS, view.target, radius_m)
        return np.asarray(SRGB[canvas.colours()])

    def _in_linear_light(self) -> None:
        """Give every surface the amount of light that it throws back, so that lamps add up as they do."""
        model, finishes = self._portrait.model, self._portrait.finishes()
        model.geom_matid[:] = -1
        for geom, finish in finishes.items():
            model.geom_rgba[geom, :3] = linear(finish.colour)
        model.geom_rgba[model.geom("floor").id, :3] = linear(BACKDROP)
