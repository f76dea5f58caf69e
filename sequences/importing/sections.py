"""Cross-sections of a body that lie inside of it: what the geometry of an assembly is worked out with.

Between two of its level faces a prism's section is constant and the sections are the body itself. Where a
body is sloped they are a stair inside of it, each step no more than ``STEP_MM`` high or wide, so that two
bodies that do not touch have sections that do not. Everything is in millimetres.
"""

from itertools import pairwise

import manifold3d
from shapely import MultiPolygon, Polygon, intersection_all, set_precision
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from sequences.importing.convex import levels
from sequences.importing.manifolds import outline_of, parts_mm
from sequences.mesh_files import SectionRecord

STEP_MM = 0.3
MARGIN_MM = 0.004
"""Sections are taken this far inside of a slab."""
SMOOTH_MM = 0.01
GRID_MM = 1e-5
MOST = 160
LEAST_MM2 = 1e-3


def sections_of(body: manifold3d.Manifold) -> list[SectionRecord]:
    """Slabs from the lowest up, without gaps."""
    _, _, low, _, _, high = body.bounding_box()
    step = STEP_MM
    while True:
        slabs = [slab for a, b in pairwise([low, *levels(body), high]) for slab in _between(body, a, b, step)]
        if len(slabs) <= MOST:
            break
        step *= 1.5
    return [
        SectionRecord(round(a - low, 5), round(b - low, 5), polygons(flat))
        for a, b, flat in _without_gaps(slabs)
    ]


Slice = tuple[float, float, BaseGeometry]


def _between(body: manifold3d.Manifold, low: float, high: float, step: float) -> list[Slice]:
    """Slabs of a body between two heights, split until each is nearly constant."""
    height = high - low
    margin = min(MARGIN_MM, height / 4)
    heights = [low + margin, low + height / 3, high - height / 3, high - margin]
    flats = [outline_of(body.slice(z)).buffer(0) for z in heights]
    inside = intersection_all(flats)
    spare = max((flat.difference(inside).buffer(-step / 2).area for flat in flats), default=0.0)
    if height > step and spare > LEAST_MM2:
        middle = (low + high) / 2
        return [*_between(body, low, middle, step), *_between(body, middle, high, step)]
    return [(low, high, _tidy(inside))]


def _tidy(flat: BaseGeometry) -> BaseGeometry:
    """Fewer corners, none of them outside by more than the smoothing, on a grid."""
    kept = [part for part in parts_mm(flat.simplify(SMOOTH_MM)) if part.area > LEAST_MM2]
    return set_precision(MultiPolygon(kept).buffer(0), GRID_MM) if kept else MultiPolygon()


def _without_gaps(slabs: list[Slice]) -> list[Slice]:
    """Slabs whose section vanishes take over a neighbour's height; those that are equal are joined."""
    full = [slab for slab in slabs if not slab[2].is_empty]
    low, high = slabs[0][0], slabs[-1][1]
    joined: list[Slice] = []
    for a, b, flat in full:
        start = joined[-1][1] if joined else low
        if joined and joined[-1][2].equals_exact(flat, 1e-4):
            joined[-1] = (joined[-1][0], b, joined[-1][2])
        else:
            joined.append((min(a, start), b, flat))
    joined[-1] = (joined[-1][0], high, joined[-1][2])
    return joined


def polygons(flat: BaseGeometry) -> list[list[list[tuple[float, float]]]]:
    """Each polygon's outline and holes, as a contact record has them."""
    return [
        [_ring(part.exterior), *(_ring(hole) for hole in part.interiors)]
        for part in map(_orient, parts_mm(flat))
    ]


def _orient(part: Polygon) -> Polygon:
    return orient(part)


def _ring(ring: BaseGeometry) -> list[tuple[float, float]]:
    return [(round(x, 5), round(y, 5)) for x, y, *_ in list(ring.coords)[:-1]]
