"""Small pictures in characters: forces over time, where the plug is, where attempts began.

Everything here takes plain numbers and a size in cells and gives back lines of exactly that size. Signs, not
colours, carry the meaning. Seen from above, up is away from the robot and left is its left.
"""

import math
from collections.abc import Iterable, Sequence

from executive.operator.protocol import Around, Plug, Start

BLOCKS = " ▁▂▃▄▅▆▇█"
RANGES_MM = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
"""Half widths of pictures from above [mm]."""
GOAL, PLUG, BOTH = "+", "●", "◉"
SEATED, FAILED, PRESENT = "o", "x", "◆"
SHADES = ((80, "▓"), (50, "▒"), (0, "░"))
"""From how many percent which shade is drawn."""
LEAST_SCALE_N = 20.0

Mark = tuple[float, float, str]
"""Place along the robot's x and y [mm] and sign."""


def bars(values: Sequence[float], width: int, height: int, top: float) -> list[str]:
    """A bar for each of the last ``width`` values, ``top`` being full height."""
    shown = list(values)[-width:]
    levels = [round(8 * height * min(1.0, max(0.0, value) / top)) for value in shown]
    lines = []
    for row in range(height - 1, -1, -1):
        line = "".join(BLOCKS[min(8, max(0, level - 8 * row))] for level in levels)
        lines.append(line.rjust(width))
    return lines


def force_scale(values: Sequence[float]) -> float:
    """Full height of a picture of forces [N]: a round number above all of them."""
    most = max([LEAST_SCALE_N, *values])
    return next((float(n) for n in (20, 40, 80, 160, 320, 640) if n >= most), most)


def above(
    marks: Iterable[Mark], width: int, height: int, half_mm: float, ground: list[list[str]] | None = None
) -> list[str]:
    """Marks seen from above, the goal in the middle, on ``ground``; what is further off is at the edge."""
    grid = ground or [[" "] * width for _ in range(height)]
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    for x, y, sign in ((0.0, 0.0, GOAL), *marks):
        column = round(middle_column - y / half_mm * middle_column)
        row = round(middle_row - x / half_mm * middle_row)
        column, row = min(width - 1, max(0, column)), min(height - 1, max(0, row))
        met = sign == PLUG and grid[row][column] == GOAL
        grid[row][column] = BOTH if met else sign
    return ["".join(line) for line in grid]


def half_range_mm(places: Iterable[tuple[float, float]]) -> float:
    """The smallest picture that holds these places [mm]."""
    furthest = max((max(abs(x), abs(y)) for x, y in places), default=0.0)
    return next((half for half in RANGES_MM if half >= furthest), RANGES_MM[-1])


def plug_above(plug: Plug, width: int, height: int) -> tuple[list[str], float]:
    """The plug over its goal, and half the picture's width [mm]."""
    x, y = 1e3 * plug.x_m, 1e3 * plug.y_m
    half = half_range_mm([(x, y)])
    return above([(x, y, PLUG)], width, height, half), half


def starts_above(
    starts: Sequence[Start], width: int, height: int, known: Around | None = None
) -> tuple[list[str], float]:
    """Where attempts at this step began, the one in hand on top, over what is known around them; and half the
    picture's width [mm]."""
    places = [(1e3 * start.x_m, 1e3 * start.y_m) for start in starts]
    half = half_range_mm(places) if known is None else max(half_range_mm(places), round(1e3 * known.half_m))
    sign = {True: SEATED, False: FAILED, None: PRESENT}
    marks = [(x, y, sign[start.seated]) for (x, y), start in zip(places, starts, strict=True)]
    ground = None if known is None else shaded(known, width, height, half)
    return above(marks, width, height, half, ground), half


def shaded(known: Around, width: int, height: int, half_mm: float) -> list[list[str]]:
    """What is known, as shades: the darker the better; blank where nothing was tried."""
    cos, sin = math.cos(known.yaw_rad), math.sin(known.yaw_rad)
    rows = []
    for row in range(height):
        x = half_mm * (1.0 - 2.0 * row / max(1, height - 1))
        line = []
        for column in range(width):
            y = half_mm * (1.0 - 2.0 * column / max(1, width - 1))
            line.append(shade_at(known, (x * cos + y * sin) / 1e3, (y * cos - x * sin) / 1e3))
        rows.append(line)
    return rows


def shade_at(known: Around, x_m: float, y_m: float) -> str:
    """The shade at a place in the goal's frame [m]."""
    i, j = (round((v / known.half_m + 1.0) / 2.0 * (known.side - 1)) for v in (x_m, y_m))
    if not (0 <= i < known.side and 0 <= j < known.side):
        return " "
    percent = known.percent[i * known.side + j]
    return next(sign for least, sign in SHADES if percent >= least)


def plug_beside(plug: Plug, width: int, height: int) -> list[str]:
    """The plug from the side: its lower end over, in or at the bottom of the socket."""
    depth, z = 1e3 * plug.depth_m, 1e3 * plug.z_m
    top = max(1.5 * depth, min(z * 1.15, 6.0 * depth))
    mouth = _row(depth, top, height)
    bottom = height - 1
    at = min(bottom, _row(z, top, height))
    middle = width // 2
    lines = []
    for row in range(height):
        line = [" "] * width
        if row >= mouth:
            line = ["░"] * width
            line[middle - 1 : middle + 2] = [" ", " ", " "]
        if row <= at:
            line[middle - 1 : middle + 2] = ["▐", "█", "▌"]
        lines.append("".join(line))
    return lines


def _row(height_mm: float, top_mm: float, rows: int) -> int:
    return min(rows - 1, max(0, round((rows - 1) * (1.0 - height_mm / top_mm))))
