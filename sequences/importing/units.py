"""In which unit a folder of parts was drawn."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sequences.importing.problems import refused
from sequences.importing.reading import Raw

MILLIMETRES = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
"""Of each unit."""
SMALLEST_MM, LARGEST_MM = 30.0, 400.0
"""Sizes of an assembly that a tabletop robot would be given."""
TINY_MM = 5.0


def scale_mm(folder: Path, raws: Sequence[Raw], wish: str = "auto") -> tuple[str, float]:
    """The unit of the parts and how many millimetres it has; ``auto`` takes the first of mm, cm and m that
    makes the assembly a thing for a tabletop. Raises AssemblyError."""
    size = extent(raws)
    if size <= 0:
        raise refused(folder, "holds parts without any size", "export them again")
    if wish != "auto":
        return wish, _sensible(folder, size, wish)
    for unit, factor in MILLIMETRES.items():
        if SMALLEST_MM <= size * factor <= LARGEST_MM:
            return unit, factor
    for unit, factor in MILLIMETRES.items():
        if TINY_MM <= size * factor <= LARGEST_MM:
            return unit, factor
    raise refused(
        folder,
        f"holds an assembly {size:.4g} units large, which is no size for this robot in mm, cm or m",
        f"parts are up to {LARGEST_MM:g} mm; scale them when they are exported, or give --units",
    )


def extent(raws: Sequence[Raw]) -> float:
    """The longest side of the box around all parts, in their unit."""
    corners = np.concatenate([raw.vertices[np.unique(raw.faces)] for raw in raws])
    return float(np.ptp(corners, axis=0).max())


def _sensible(folder: Path, size: float, unit: str) -> float:
    factor = MILLIMETRES[unit]
    if TINY_MM <= size * factor <= LARGEST_MM:
        return factor
    fitting = [other for other, f in MILLIMETRES.items() if TINY_MM <= size * f <= LARGEST_MM]
    hint = f"were {fitting[0]} meant? give --units {fitting[0]}" if fitting else "check how it was exported"
    large = size * factor
    shown = f"{large / 1000:.3g} m" if large >= 1000 else f"{large:.3g} mm"
    raise refused(folder, f"holds an assembly {shown} large when its unit is {unit}", hint)
