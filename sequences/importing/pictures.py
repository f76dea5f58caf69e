"""What an import has taken off a part, as a picture: two sections through the place, before and after."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import manifold3d
import numpy as np
from shapely import Polygon

from sequences.files import write_whole
from sequences.importing.manifolds import outline_of, parts_mm
from sequences.importing.members import Member
from sequences.importing.product import Product
from sequences.importing.relief import Relief

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path as Curve

MARGIN_MM = 8.0
BEFORE, AFTER, OTHERS = "#c23b22", "#54718f", "#d9d4c7"


def relief_picture(product: Product, out: Path) -> list[Path]:
    """One picture for each part that was relieved, ``relief-PART.png``. Raises OSError."""
    return [
        write_whole(out / f"relief-{relief.part}.png", _drawn(relief, product.members))
        for relief in product.reliefs
    ]


def _drawn(relief: Relief, members: Sequence[Member]) -> bytes:
    from matplotlib.figure import Figure

    others = [member.body for member in members if member.name in relief.against]
    figure = Figure(figsize=(9.0, 5.2), layout="constrained")
    level, upright = figure.subplots(1, 2)
    low, high = np.array(relief.low), np.array(relief.high)
    middle = _thickest(relief)
    _section(level, relief, others, middle[2], upright=False)
    level.set_title(f"from above, z = {middle[2]:.1f} mm")
    _section(upright, relief, others, middle[1], upright=True)
    upright.set_title(f"from the front, y = {middle[1]:.1f} mm")
    for axes, (a, b) in ((level, (0, 1)), (upright, (0, 2))):
        axes.set_xlim(low[a] - MARGIN_MM, high[a] + MARGIN_MM)
        axes.set_ylim(low[b] - MARGIN_MM, high[b] + MARGIN_MM)
        axes.set_aspect("equal")
        axes.set_xlabel("x [mm]")
    level.set_ylabel("y [mm]")
    upright.set_ylabel("z [mm]")
    figure.suptitle(
        f"{relief.part}: {relief.volume_mm3:.3g} mm³ taken off (red) against {', '.join(relief.against)}"
    )
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=120)
    return data.getvalue()


def _thickest(relief: Relief) -> tuple[float, float, float]:
    """The middle of the largest piece that was taken off."""
    pieces = sorted(relief.removed.decompose(), key=lambda body: -float(body.volume()))
    x0, y0, z0, x1, y1, z1 = (pieces[0] if pieces else relief.removed).bounding_box()
    return (x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2


def _section(
    axes: "Axes", relief: Relief, others: Sequence[manifold3d.Manifold], at: float, *, upright: bool
) -> None:
    from matplotlib.patches import PathPatch

    layers = [*((other, OTHERS) for other in others), (relief.before, BEFORE), (relief.after, AFTER)]
    for body, colour in layers:
        turned = body.rotate((-90.0, 0.0, 0.0)) if upright else body
        for polygon in parts_mm(outline_of(turned.slice(-at if upright else at))):
            axes.add_patch(PathPatch(_path(polygon), facecolor=colour, linewidth=0.0))


def _path(polygon: Polygon) -> "Curve":
    from matplotlib.path import Path as Curve

    rings = [np.asarray(ring.coords)[:, :2] for ring in (polygon.exterior, *polygon.interiors)]
    return Curve.make_compound_path(*(Curve(ring, closed=True) for ring in rings))
