"""A body in few convex pieces that keep its clearances.

A convex piece can stand for a part of the body where filling its pockets changes the surface by no more than
a tolerance. The body is cut where that is not so: at the heights of its level faces, then, between two
heights, into the columns over a convex partition of its outline from above, then at half of its height. Cuts
along the insertion axis keep bores and shafts as exact prisms, and a body that is convex anyway is one piece.
Afterwards neighbours are joined wherever the hull of both stays within the tolerance.

Everything is in millimetres.
"""

from dataclasses import dataclass
from itertools import combinations

import manifold3d
import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, union_all
from shapely.geometry.base import BaseGeometry

from sequences.decompose import Corners, DecompositionError, convex_pieces, parts

Points = NDArray[np.float64]

TOLERANCE_MM = 0.05
"""How deep a pocket may be that a convex piece fills."""
THINNEST_MM = 0.06
"""A piece no higher than this is not cut again."""
LEVEL_FACE_MM2 = 0.5
SAME_LEVEL_MM = 0.01
SPECK_MM3 = 1e-5
TIDY_MM = 0.004
"""How much a piece's surface may move when corners that hardly matter are left out."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How deep a pocket may be that is filled."""

    near_mm: float = TOLERANCE_MM
    far_mm: float = TOLERANCE_MM
    zone: BaseGeometry | None = None
    """Seen from above: inside of it ``near_mm`` holds, elsewhere ``far_mm``; None for everywhere near."""

    def allows(self, hull: manifold3d.Manifold, body: manifold3d.Manifold) -> bool:
        """Whether ``hull`` may stand for what of ``body`` it holds."""
        filled = hull - body
        if filled.is_empty() or filled.volume() < SPECK_MM3:
            return True
        points, depths = pocket_depths(hull, filled)
        deep = depths > self.near_mm
        if not deep.any():
            return True
        if self.zone is None or depths.max() > self.far_mm:
            return False
        from shapely import contains_xy

        return not bool(contains_xy(self.zone, points[deep, 0], points[deep, 1]).any())


def pocket_depths(hull: manifold3d.Manifold, filled: manifold3d.Manifold) -> tuple[Points, Points]:
    """(n, 3) points on the surface of what a hull fills, and (n,) how deep below the hull each lies [mm]."""
    corners, faces = triangles(filled)
    points = np.concatenate([corners, corners[faces].mean(axis=1), *(_middles(corners, faces))])
    normals, offsets = half_spaces(hull)
    return points, np.min(offsets - points @ normals.T, axis=1)


def _middles(corners: Points, faces: NDArray[np.int64]) -> list[Points]:
    return [(corners[faces[:, i]] + corners[faces[:, (i + 1) % 3]]) / 2 for i in range(3)]


def triangles(body: manifold3d.Manifold) -> tuple[Points, NDArray[np.int64]]:
    """(n, 3) corners and (m, 3) triangles of a body's surface."""
    mesh = body.to_mesh64()
    return np.asarray(mesh.vert_properties)[:, :3], np.asarray(mesh.tri_verts, dtype=np.int64)


def half_spaces(hull: manifold3d.Manifold) -> tuple[Points, Points]:
    """(m, 3) outward unit normals and (m,) offsets of a convex body's faces."""
    corners, faces = triangles(hull)
    a, b, c = corners[faces[:, 0]], corners[faces[:, 1]], corners[faces[:, 2]]
    normals = np.cross(b - a, c - a)
    length = np.linalg.norm(normals, axis=1)
    kept = length > 1e-12
    normals = normals[kept] / length[kept, None]
    return normals, np.einsum("ij,ij->i", normals, a[kept])


def convex_parts(body: manifold3d.Manifold, tolerance: Tolerance | None = None) -> list[manifold3d.Manifold]:
    """Convex bodies whose union is ``body``, but for pockets within the tolerance that they fill."""
    tolerance = tolerance or Tolerance()
    pieces: list[manifold3d.Manifold] = []
    for slab in _at_levels(body):
        for piece in slab.decompose():
            pieces += _cut(piece, body, tolerance)
    return [_tidy(piece) for piece in _joined(pieces, body, tolerance)]


def _at_levels(body: manifold3d.Manifold) -> list[manifold3d.Manifold]:
    """The body cut at the heights at which it has level faces."""
    rest, slabs = body, []
    for level in levels(body):
        above, below = rest.split_by_plane((0.0, 0.0, 1.0), level)
        slabs.append(below)
        rest = above
    return [slab for slab in (*slabs, rest) if slab.volume() > SPECK_MM3]


def levels(body: manifold3d.Manifold) -> list[float]:
    """Heights of level faces, without the lowest and the highest point."""
    corners, faces = triangles(body)
    a, b, c = corners[faces[:, 0]], corners[faces[:, 1]], corners[faces[:, 2]]
    normals = np.cross(b - a, c - a) / 2
    areas = np.linalg.norm(normals, axis=1)
    level = np.abs(normals[:, 2]) > 0.9999 * areas
    heights = a[level, 2]
    order = np.argsort(heights)
    found: list[float] = []
    group: list[int] = []
    weights = areas[level]

    def close() -> None:
        if group and weights[group].sum() > LEVEL_FACE_MM2:
            found.append(float(np.average(heights[group], weights=weights[group])))

    for index in order:
        if group and heights[index] - heights[group[0]] > SAME_LEVEL_MM:
            close()
            group = []
        group.append(int(index))
    close()
    low, high = corners[:, 2].min(), corners[:, 2].max()
    return [z for z in found if low + SAME_LEVEL_MM < z < high - SAME_LEVEL_MM]


def _cut(
    piece: manifold3d.Manifold, body: manifold3d.Manifold, tolerance: Tolerance
) -> list[manifold3d.Manifold]:
    """Hulls that stand for ``piece``."""
    if piece.volume() < SPECK_MM3:
        return []
    hull = piece.hull()
    if tolerance.allows(hull, body):
        return [hull]
    _, _, low, _, _, high = piece.bounding_box()
    columns = _columns(piece, tolerance.near_mm)
    if len(columns) > 1:
        found = []
        for column in columns:
            prism = manifold3d.CrossSection([column]).extrude(high - low + 2.0).translate((0, 0, low - 1.0))
            for bit in (piece ^ prism).decompose():
                found += _cut_level(bit, body, tolerance)
        return found
    return _cut_level(piece, body, tolerance)


def _cut_level(
    piece: manifold3d.Manifold, body: manifold3d.Manifold, tolerance: Tolerance
) -> list[manifold3d.Manifold]:
    """As ``_cut``, but a piece that is not good enough is first halved in height."""
    if piece.volume() < SPECK_MM3:
        return []
    hull = piece.hull()
    _, _, low, _, _, high = piece.bounding_box()
    if high - low <= THINNEST_MM or tolerance.allows(hull, body):
        return [hull]
    above, below = piece.split_by_plane((0.0, 0.0, 1.0), (low + high) / 2)
    return [
        hull for half in (below, above) for bit in half.decompose() for hull in _cut(bit, body, tolerance)
    ]


def _columns(piece: manifold3d.Manifold, tolerance_mm: float) -> list[Corners]:
    """A convex partition of the piece's outline from above, with a margin around it."""
    outline = outline_of(piece.project())
    wide = outline.simplify(tolerance_mm).buffer(tolerance_mm, join_style="mitre")
    try:
        return [corners * 1000.0 for corners in convex_pieces(_scaled(wide))]
    except DecompositionError:
        return _halves(wide)


def _halves(outline: BaseGeometry) -> list[Corners]:
    """Two rectangles that cover an outline, side by side along its longer side."""
    x0, y0, x1, y1 = outline.bounds
    if x1 - x0 > y1 - y0:
        middle = (x0 + x1) / 2
        boxes = [(x0, y0, middle, y1), (middle, y0, x1, y1)]
    else:
        middle = (y0 + y1) / 2
        boxes = [(x0, y0, x1, middle), (x0, middle, x1, y1)]
    return [np.array([(a, b), (c, b), (c, d), (a, d)]) for a, b, c, d in boxes]


def _scaled(flat: BaseGeometry) -> MultiPolygon:
    from shapely.affinity import scale

    return MultiPolygon([scale(part, 1e-3, 1e-3, origin=(0, 0)) for part in parts_mm(flat)])


def parts_mm(flat: BaseGeometry) -> list[Polygon]:
    """The polygons of a geometry [mm], specks left out."""
    return [part for part in parts(flat) if part.area > 1e-6]


def outline_of(section: manifold3d.CrossSection) -> BaseGeometry:
    """A cross-section as polygons."""
    rings = [Polygon(ring) for ring in section.to_polygons() if len(ring) >= 3]
    solid = [ring for ring in rings if ring.exterior.is_ccw]
    holes = [ring for ring in rings if not ring.exterior.is_ccw]
    whole = union_all([ring.buffer(0) for ring in solid])
    return whole.difference(union_all([ring.buffer(0) for ring in holes])) if holes else whole


def _joined(
    pieces: list[manifold3d.Manifold], body: manifold3d.Manifold, tolerance: Tolerance
) -> list[manifold3d.Manifold]:
    """Pieces joined, the largest first, where the hull of two is good enough."""
    alive = dict(enumerate(pieces))
    boxes = {n: np.array(piece.bounding_box()) for n, piece in alive.items()}
    waiting = [pair for pair in combinations(alive, 2) if _near(boxes[pair[0]], boxes[pair[1]])]
    refused: set[tuple[int, int]] = set()
    fresh = len(pieces)
    while waiting:
        one, two = waiting.pop()
        if one not in alive or two not in alive or (one, two) in refused:
            continue
        union = manifold3d.Manifold.batch_hull([alive[one], alive[two]])
        slack = union.volume() - alive[one].volume() - alive[two].volume()
        likely = slack < 0.2 * union.surface_area() * max(tolerance.near_mm, tolerance.far_mm)
        if likely and tolerance.allows(union, body):
            del alive[one], alive[two]
            alive[fresh], boxes[fresh] = union, np.array(union.bounding_box())
            waiting += [(n, fresh) for n in alive if n != fresh and _near(boxes[n], boxes[fresh])]
            fresh += 1
        else:
            refused.add((one, two))
    return list(alive.values())


def _near(one: Points, two: Points) -> bool:
    return bool(np.all(one[:3] <= two[3:] + 1e-3) and np.all(two[:3] <= one[3:] + 1e-3))


def _tidy(piece: manifold3d.Manifold) -> manifold3d.Manifold:
    """The hull without corners that hardly matter."""
    return piece.simplify(TIDY_MM).hull()
