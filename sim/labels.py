"""Names beside a picture, each with a thin line to what it names."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt

from sim.canvas import Image8

INK, LINE = (38, 44, 52), (120, 128, 138)
OVERSAMPLED = 2


@dataclass(frozen=True, slots=True)
class Label:
    """A name, the pixel that it points at, and the side on which it stands."""

    text: str
    at: tuple[float, float]
    """(column, row)"""
    left: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A label with its place beside the picture."""

    label: Label
    row: float


def label(text: str, geom: int, seen: NDArray[np.int32], crowd: NDArray[np.bool_]) -> Label | None:
    """A label for ``geom`` in a picture of which ``seen`` (height, width) says what shows where.

    Its line comes from the side and at the height where it crosses the fewest pixels of the ``crowd``, and
    ends well inside what shows. None when nothing of it shows.
    """
    mine = seen == geom
    if not mine.any():
        return None
    inside = distance_transform_edt(mine)
    deepest = float(inside.max())
    middle = float(np.average(np.nonzero(mine)[0]))
    height, width = seen.shape
    crossed = np.cumsum(crowd & ~mine, axis=1)
    best: tuple[float, Label] | None = None
    for row in np.unique(np.nonzero(inside >= 0.45 * deepest)[0]):
        column = int(np.argmax(inside[row]))
        for left in (True, False):
            others = crossed[row, column] if left else crossed[row, -1] - crossed[row, column]
            length = column if left else width - column
            cost = 2.0 * float(others) + 0.5 * length + 0.6 * abs(float(row) - middle)
            cost += 0.3 * height * 0.05 * (1 - inside[row, column] / deepest)
            if best is None or cost < best[0]:
                best = cost, Label(text, (float(column), float(row)), left)
    return None if best is None else best[1]


def placed(labels: Sequence[Label], height: int, spacing: float) -> list[Placed]:
    """Labels, each as near to its own row as ``spacing`` between the rows of one side allows."""
    result = []
    for left in (True, False):
        side = sorted((x for x in labels if x.left is left), key=lambda x: x.at[1])
        rows = [label.at[1] for label in side]
        for _ in range(200):
            for i in range(len(rows) - 1):
                lack = spacing - (rows[i + 1] - rows[i])
                if lack > 0:
                    rows[i], rows[i + 1] = rows[i] - lack / 2, rows[i + 1] + lack / 2
            rows = [min(max(row, spacing), height - spacing) for row in rows]
        result += [Placed(label, row) for label, row in zip(side, rows, strict=True)]
    return result


def labelled(
    picture: Image8, labels: Sequence[Label], *, margin: float = 0.03, size: float = 0.021
) -> Image8:
    """The picture with ``labels`` in two columns; ``margin`` and letter ``size`` as shares of its width."""
    height, width = picture.shape[:2]
    scale = OVERSAMPLED
    sheet = Image.new("RGBA", (width * scale, height * scale), (255, 255, 255, 0))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size * width * scale)
    edge = margin * width * scale
    for place in placed(labels, height, 2.0 * size * width):
        row = place.row * scale
        column, at_row = place.label.at[0] * scale, place.label.at[1] * scale
        length = draw.textlength(place.label.text, font)
        start = edge if place.label.left else width * scale - edge - length
        draw.text((start, row), place.label.text, fill=INK, font=font, anchor="lm")
        pad = 0.008 * width * scale
        elbow = start + length + pad if place.label.left else start - pad
        knee = elbow + (1 if place.label.left else -1) * 2 * pad
        draw.line(
            [(elbow, row), (knee, row), (column, at_row)], fill=(*LINE, 255), width=scale + 1, joint="curve"
        )
        dot = 0.0028 * width * scale
        box = (column - dot, at_row - dot, column + dot, at_row + dot)
        draw.ellipse(box, fill=(255, 255, 255, 255), outline=INK, width=scale)
    sheet = sheet.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(Image.alpha_composite(Image.fromarray(picture).convert("RGBA"), sheet).convert("RGB"))
