"""A body in few convex pieces that keep its clearances.

A convex piece can stand for a part of the body where filling its pockets changes the surface by no more than
a tolerance. The body is cut where that is not so: at the heights of its level faces, then, between two
heights, into the columns over a convex partition of its outline from above, then by a plane at a time. Cuts
along the insertion axis keep bores and shafts as exact prisms, and a body that is convex anyway is one piece.
Afterwards neighbours are joined wherever the hull of both stays within the tolerance.

Which columns and which planes serve best depends on the body (:class:`Way`): each way is tried, and the one
with the fewest pieces is kept, since what a step of the physics costs grows with the pieces that are near one
another.

Everything is in millimetres.
"""

import itertools
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import manifold3d
import numpy as np

from sequences.importing.cuts import UP, WAYS, Way, along_a_wall, columns, split
from sequences.importing.manifolds import Points, triangles

TOLERANCE_MM = 0.05
"""How far from the body's surface a convex piece may reach where it fills a pocket."""
THINNEST_MM = 0.06
"""A piece no higher than this is not cut again."""
LEVEL_FACE_MM2 = 0.5
SAME_LEVEL_MM = 0.01
SPECK_MM3 = 1e-4
FEW = 4
"""A body in no more pieces is not cut in another way."""
WORSE = 1.1
"""A way is given up when it has made so many times the cuts of another."""
FINE_MM = 0.01
"""How much the surface may move before anything is cut, so that there are fewer corners."""
TIDY_MM = 0.004
"""How much a piece's surface may move when corners that hardly matter are left out."""


def widened(body: manifold3d.Manifold, by_mm: float) -> manifold3d.Manifold:
    """The body and all that is nearer to it than nearly ``by_mm``, as copies moved in many directions."""
    moved = [body.translate(tuple(by_mm * way)) for way in _ways()]
    return manifold3d.Manifold.batch_boolean([body, *moved], manifold3d.OpType.Add)


def _ways() -> Points:
    """(26, 3) unit vectors to the faces, edges and corners of a cube."""
    grid = np.array([(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if x or y or z])
    return np.asarray(grid / np.linalg.norm(grid, axis=1, keepdims=True))


def convex_parts(body: manifold3d.Manifold, tolerance_mm: float = TOLERANCE_MM) -> list[manifold3d.Manifold]:
    """Convex bodies whose union is ``body``, but for pockets within the tolerance that they fill.

    What the body was made of is forgotten first: a relieved part comes of hundreds of bodies, and every cut
    and question would carry them along.
    """
    body = body.simplify(FINE_MM).as_original()
    limit = _Limit(widened(body, tolerance_mm).as_original(), tolerance_mm)
    best: list[manifold3d.Manifold] = []
    most: int | None = None
    for way in WAYS:
        pieces = list(itertools.islice(_pieces(body, limit, way), most))
        if len(pieces) == most:
            continue
        found = _joined(pieces, limit)
        if not best or len(found) < len(best):
            best = found
        if len(best) <= FEW:
            break
        most = min(most or sys.maxsize, math.ceil(WORSE * len(pieces)) + 1)
    tidy = [_tidy(piece) for piece in best]
    return [piece for piece in tidy if piece.volume() > SPECK_MM3]


def _pieces(body: manifold3d.Manifold, limit: "_Limit", way: Way) -> Iterator[manifold3d.Manifold]:
    """The body cut in one way; it is cut no further than pieces are asked for."""
    for slab in _at_levels(body):
        for piece in slab.decompose():
            yield from _cut(piece, limit, way)


@dataclass(frozen=True, slots=True)
class _Limit:
    """What no piece may exceed."""

    room: manifold3d.Manifold
    tolerance_mm: float

    def allows(self, hull: manifold3d.Manifold) -> bool:
        """Whether ``hull`` may stand for what of the body it holds."""
        return bool((hull - self.room).volume() < SPECK_MM3)


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


def _cut(piece: manifold3d.Manifold, limit: _Limit, way: Way) -> Iterator[manifold3d.Manifold]:
    """Hulls that stand for ``piece``."""
    if piece.volume() < SPECK_MM3:
        return
    hull = piece.hull()
    if limit.allows(hull):
        yield hull
        return
    _, _, low, _, _, high = piece.bounding_box()
    over = columns(piece, limit.tolerance_mm, way)
    if len(over) <= 1:
        yield from _cut_by_planes(piece, limit, way)
        return
    for column in over:
        prism = manifold3d.CrossSection([column]).extrude(high - low + 2.0).translate((0, 0, low - 1.0))
        for bit in (piece ^ prism).decompose():
            yield from _cut_by_planes(bit, limit, way)


def _cut_by_planes(piece: manifold3d.Manifold, limit: _Limit, way: Way) -> Iterator[manifold3d.Manifold]:
    """As ``_cut``, but a piece that is not good enough is first cut by a plane."""
    if piece.volume() < SPECK_MM3:
        return
    hull = piece.hull()
    _, _, low, _, _, high = piece.bounding_box()
    if high - low <= THINNEST_MM or limit.allows(hull):
        yield hull
        return
    bits = along_a_wall(piece, limit.tolerance_mm) if way.walled else []
    for bit in bits or split(piece, UP, (low + high) / 2):
        yield from _cut(bit, limit, way)


def _joined(pieces: list[manifold3d.Manifold], limit: _Limit) -> list[manifold3d.Manifold]:
    """Pieces joined with their neighbours, the largest first, where the hull of two is good enough."""
    alive = dict(enumerate(sorted(pieces, key=lambda piece: -float(piece.volume()))))
    boxes = [np.array(piece.bounding_box()) for piece in alive.values()]
    waiting = [(n, other) for n in alive for other in _neighbours(boxes, n) if other > n][::-1]
    while waiting:
        one, two = waiting.pop()
        if one not in alive or two not in alive:
            continue
        joined = _one(alive[one], alive[two], limit)
        if joined is not None:
            del alive[one], alive[two]
            fresh = len(boxes)
            alive[fresh] = joined
            boxes.append(np.array(joined.bounding_box()))
            waiting += [(fresh, n) for n in _neighbours(boxes, fresh) if n in alive and n != fresh]
    return list(alive.values())


def _one(one: manifold3d.Manifold, two: manifold3d.Manifold, limit: _Limit) -> manifold3d.Manifold | None:
    """The hull of both, or None where it fills too much."""
    union = manifold3d.Manifold.batch_hull([one, two])
    slack = union.volume() - one.volume() - two.volume()
    likely = slack < 0.2 * union.surface_area() * limit.tolerance_mm
    return union if likely and limit.allows(union) else None


def _neighbours(boxes: list[Points], index: int) -> list[int]:
    """Boxes that touch the box at ``index`` over an area, itself among them."""
    every = np.array(boxes)
    common = np.minimum(every[:, 3:], every[index, 3:]) - np.maximum(every[:, :3], every[index, :3])
    found = (common > -1e-3).all(axis=1) & ((common > 0.01).sum(axis=1) >= 2)
    return [int(other) for other in np.flatnonzero(found)]


def _tidy(piece: manifold3d.Manifold) -> manifold3d.Manifold:
    """The hull without corners that hardly matter."""
    return piece.simplify(TIDY_MM).hull()
