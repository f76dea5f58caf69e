"""Exact convex decomposition of polygons with holes, in pieces fit for contact: few, fat, no overlap.

Around each hole with many edges a convex collar is laid and cut along the rays from the hole's centre through
its corners, which gives one wedge to an edge, widening outwards. What is left between the collars is
triangulated, and triangles are joined over their longest common edges while they stay convex.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Point, Polygon, box, constrained_delaunay_triangles
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

Corners = NDArray[np.float64]
"""(n, 2) corners of a convex polygon, counter-clockwise [m]."""

FEW_EDGES = 6
"""Holes with no more edges than this are left to the triangulation."""
COLLAR_FACTORS = (3.0, 2.5, 2.1, 1.8, 1.6, 1.45, 1.35, 1.25, 1.18, 1.12)
AREA_TOLERANCE = 1e-7
"""Relative error of area that rounding may cause."""
FLAT = 1e-5
"""Sine of a turn that counts as straight."""


class DecompositionError(ValueError):
    """The pieces do not make up the polygon."""


def convex_pieces(shape: Polygon | MultiPolygon) -> list[Corners]:
    """Convex polygons without common interior whose union is ``shape`` [m]. Raises DecompositionError."""
    pieces: list[Corners] = []
    for part in parts(shape):
        if is_convex(part):
            pieces.append(_corners(part))
            continue
        rest: BaseGeometry = part
        for hole, collar in _collars(part):
            pieces += _wedges(hole, collar)
            rest = rest.difference(collar)
        for remainder in parts(rest):
            pieces += _joined(_triangles(remainder))
    area = sum(_area(piece) for piece in pieces)
    if abs(area - shape.area) > AREA_TOLERANCE * shape.area:
        raise DecompositionError(f"pieces cover {area * 1e6:.4f} mm² of {shape.area * 1e6:.4f} mm²")
    return pieces


def parts(shape: BaseGeometry) -> Iterator[Polygon]:
    """The polygons that a geometry consists of, specks and lines left out."""
    for part in getattr(shape, "geoms", (shape,)):
        if isinstance(part, Polygon):
            if part.area > 1e-13:
                yield part
        elif hasattr(part, "geoms"):
            yield from parts(part)


def is_convex(part: Polygon) -> bool:
    """Whether the polygon has no hole and no reflex corner."""
    return not part.interiors and _is_convex(_corners(part))


def _corners(part: Polygon) -> Corners:
    return np.asarray(orient(part).exterior.coords, dtype=float)[:-1]


def _area(points: Corners) -> float:
    x, y = (points - points[0]).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _is_convex(points: Corners) -> bool:
    sides = np.roll(points, -1, axis=0) - points
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    scale = np.linalg.norm(sides, axis=1) * np.linalg.norm(following, axis=1)
    return bool(np.all(turns >= -FLAT * scale))


def _collars(part: Polygon) -> list[tuple[Polygon, Polygon]]:
    """Each many-edged hole that its centre sees whole, with a convex region around it that is its own."""
    holes = [orient(Polygon(ring)) for ring in part.interiors]
    outer = Polygon(part.exterior)
    chosen: list[tuple[Polygon, Polygon]] = []
    for index, hole in enumerate(holes):
        if len(hole.exterior.coords) - 1 <= FEW_EDGES or not _is_star(hole):
            continue
        others = [other for i, other in enumerate(holes) if i != index]
        taken = [collar for _, collar in chosen]
        if not others and is_convex(outer):
            return [(hole, outer)]
        collar = _collar(hole, outer, others, taken)
        if collar is not None:
            chosen.append((hole, collar))
    return chosen


def _collar(hole: Polygon, outer: Polygon, others: list[Polygon], taken: list[Polygon]) -> Polygon | None:
    """The largest of the candidate rectangles and polygons that fits between the hole and everything else."""
    centre, (x0, y0, x1, y1) = hole.centroid, hole.bounds
    reach = max(float(np.linalg.norm(corner - (centre.x, centre.y))) for corner in _corners(hole))
    for factor in COLLAR_FACTORS:
        margin = (factor - 1) * max(x1 - x0, y1 - y0) / 2
        candidates = [box(x0 - margin, y0 - margin, x1 + margin, y1 + margin)]
        candidates += [Point(centre.x, centre.y).buffer(reach * factor, quad_segs=q) for q in (2, 3, 6)]
        for candidate in candidates:
            roomy = candidate.buffer(1e-5).contains(hole) and candidate.exterior.distance(hole) > 2e-4
            clear = all(candidate.distance(other) > margin / 2 for other in others)
            free = all(candidate.distance(other) > 2e-4 for other in taken)
            if roomy and clear and free and outer.buffer(-2e-4).contains(candidate):
                return candidate
    return None


def _is_star(hole: Polygon) -> bool:
    """Whether the whole outline is seen from the centroid."""
    rays = _corners(hole) - (hole.centroid.x, hole.centroid.y)
    following = np.roll(rays, -1, axis=0)
    return bool(np.all(rays[:, 0] * following[:, 1] - rays[:, 1] * following[:, 0] > 1e-14))


def _wedges(hole: Polygon, collar: Polygon) -> list[Corners]:
    """The collar without the hole, cut along rays; wedges that together stay convex are joined."""
    centre = np.array([hole.centroid.x, hole.centroid.y])
    inner, outer = _corners(hole) - centre, _corners(collar) - centre
    hits = [_ray_hit(ray, outer) for ray in inner]
    outer_angles = np.arctan2(outer[:, 1], outer[:, 0])
    wedges = []
    for i in range(len(inner)):
        j = (i + 1) % len(inner)
        start = float(np.arctan2(inner[i, 1], inner[i, 0]))
        span = (float(np.arctan2(inner[j, 1], inner[j, 0])) - start) % (2 * np.pi)
        offsets = (outer_angles - start) % (2 * np.pi)
        between = sorted((float(o), k) for k, o in enumerate(offsets) if 1e-9 < o < span - 1e-9)
        ring = [inner[i], hits[i], *(outer[k] for _, k in between), hits[j], inner[j]]
        wedges.append(np.array(ring) + centre)
    return _joined(wedges)


def _ray_hit(ray: Corners, outer: Corners) -> Corners:
    """Where the ray from the origin leaves the convex polygon ``outer``."""
    a, b = outer, np.roll(outer, -1, axis=0)
    side = b - a
    across = ray[0] * side[:, 1] - ray[1] * side[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (a[:, 0] * side[:, 1] - a[:, 1] * side[:, 0]) / across
    return ray * float(np.min(along[across > 1e-15]))


def _triangles(part: Polygon) -> list[Corners]:
    """A constrained Delaunay triangulation on the polygon's own corners."""
    return [_corners(triangle) for triangle in parts(constrained_delaunay_triangles(part))]


def _joined(pieces: list[Corners]) -> list[Corners]:
    """Pieces joined across common edges, the longest first, wherever the result is convex.

    One pass is enough: joining elsewhere can only open the angles at an edge's ends further
    (Hertel and Mehlhorn 1983).
    """
    points, index = _indexed(pieces)
    rings: dict[int, list[int]] = dict(enumerate(index))
    owner = list(range(len(index)))
    halves = {(a, b): n for n, ring in rings.items() for a, b in pairwise([*ring, ring[0]])}
    common = [edge for edge in halves if edge[0] < edge[1] and edge[::-1] in halves]
    common.sort(key=lambda edge: (-float(np.linalg.norm(points[edge[0]] - points[edge[1]])), edge))
    for edge in common:
        one, two = _root(owner, halves[edge]), _root(owner, halves[edge[::-1]])
        if one == two:
            continue
        ring = _merged(rings[one], rings[two], edge)
        if ring is not None and _is_convex(points[ring]):
            rings[one] = ring
            owner[two] = one
            del rings[two]
    return [_without_straight_corners(points[ring]) for ring in rings.values()]


def _indexed(pieces: list[Corners]) -> tuple[Corners, list[list[int]]]:
    """Common corners once: (n, 2) points and each piece's indices into them."""
    seen: dict[tuple[int, int], int] = {}
    points: list[Corners] = []
    index: list[list[int]] = []
    for piece in pieces:
        ring: list[int] = []
        for corner in piece:
            key = (round(corner[0] * 1e10), round(corner[1] * 1e10))
            if key not in seen:
                seen[key] = len(points)
                points.append(corner)
            ring.append(seen[key])
        index.append(ring)
    return np.array(points), index


def _root(owner: list[int], piece: int) -> int:
    while owner[piece] != piece:
        piece = owner[piece]
    return piece


def _merged(one: list[int], two: list[int], edge: tuple[int, int]) -> list[int] | None:
    """The ring around both, which share ``edge`` (as ``one`` runs); None if they touch elsewhere too."""
    start, end = edge
    i, j = one.index(end), two.index(start)
    ring = one[i:] + one[:i] + (two[j:] + two[:j])[1:-1]
    return ring if len(set(ring)) == len(ring) else None


def _without_straight_corners(points: Corners) -> Corners:
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    turns = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    scale = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    kept: Corners = points[turns > FLAT * scale]
    return kept
