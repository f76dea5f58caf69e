"""Where a body may be cut, so that its pieces are convex: into columns, and by planes [mm]."""

import itertools
from dataclasses import dataclass

import manifold3d
import numpy as np
import trimesh
from shapely import MultiPolygon, box, union_all
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from sequences.decompose import Corners, DecompositionError, convex_pieces
from sequences.importing.manifolds import Points, outline_of, parts_mm, triangles

FRAME_MM = 0.5
"""How far around a hole its own columns reach."""
POCKETS = 8
"""Pockets of a piece, the largest first, along whose walls it may be cut."""
SHAVING = 0.01
"""A cut along a wall leaves at least this share of a piece's volume on either side."""
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Way:
    """How a body is cut."""

    framed: bool
    """Holes get columns of their own in a frame around each, so that none reaches from one to the next."""
    walled: bool
    """A piece that no column helps is cut along a wall of a pocket, or halved; else only halved in height."""


WAYS = tuple(Way(framed, walled) for framed, walled in itertools.product((True, False), (False, True)))


def columns(piece: manifold3d.Manifold, tolerance_mm: float, way: Way) -> list[Corners]:
    """A convex partition of the piece's outline from above, with a margin around it."""
    outline = outline_of(piece.project())
    wide = outline.simplify(tolerance_mm).buffer(tolerance_mm, join_style="mitre")
    regions = _framed(wide) if way.framed else [wide]
    try:
        return [corners * 1000.0 for region in regions for corners in convex_pieces(_scaled(region))]
    except DecompositionError:
        return _halves(wide)


def _framed(outline: BaseGeometry) -> list[BaseGeometry]:
    """The outline, with a frame around each of its holes cut out of it; whole where frames would meet."""
    low, high = np.reshape(outline.bounds, (2, 2))
    frames = []
    for part in parts_mm(outline):
        for hole in part.interiors:
            first, last = np.reshape(hole.bounds, (2, 2))
            first, last = first - FRAME_MM, last + FRAME_MM
            first = np.where(first < low + FRAME_MM, low - 1.0, first)
            last = np.where(last > high - FRAME_MM, high + 1.0, last)
            frames.append(box(*first, *last))
    together = union_all(frames)
    if len(parts_mm(together)) < len(frames):
        return [outline]
    return [*(outline & frame for frame in frames), outline - together]


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
    return MultiPolygon([scale(part, 1e-3, 1e-3, origin=(0, 0)) for part in parts_mm(flat)])


def split(piece: manifold3d.Manifold, normal: Points, offset: float) -> list[manifold3d.Manifold]:
    """The connected bits on both sides of a plane."""
    halves = piece.split_by_plane(tuple(normal), offset)
    return [bit for half in halves for bit in half.decompose()]


def along_a_wall(piece: manifold3d.Manifold, tolerance_mm: float) -> list[manifold3d.Manifold]:
    """The piece cut along a wall of a pocket, or in the middle of its height, length or width: by the plane
    that leaves least to fill. Nothing where none leaves a fair share on both sides."""
    bounds = np.reshape(piece.bounding_box(), (2, 3))
    middles = [(np.eye(3)[axis], float(bounds[:, axis].mean())) for axis in (2, 0, 1)]
    best: list[manifold3d.Manifold] = []
    least = np.inf
    for normal, offset in [*_pocket_walls(piece, tolerance_mm), *middles]:
        above, below = piece.split_by_plane(tuple(normal), offset)
        if min(above.volume(), below.volume()) < SHAVING * piece.volume():
            continue
        bits = [*above.decompose(), *below.decompose()]
        left = sum(bit.hull().volume() - bit.volume() for bit in bits)
        if left < 0.999 * least:
            best, least = bits, left
    return best


def _pocket_walls(piece: manifold3d.Manifold, tolerance_mm: float) -> list[tuple[Points, float]]:
    """Planes (normal, offset) of the faces beside concave edges, those of the largest pockets first."""
    corners, faces = triangles(piece)
    mesh = trimesh.Trimesh(corners, faces, process=False)
    one, other = mesh.face_adjacency.T
    tips = mesh.vertices[mesh.face_adjacency_unshared]
    edges = mesh.vertices[mesh.face_adjacency_edges]
    lengths = np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1)
    depth: dict[tuple[float, ...], float] = {}
    planes: dict[tuple[float, ...], tuple[Points, float]] = {}
    for face, tip in ((one, tips[:, 1]), (other, tips[:, 0])):
        normal = mesh.face_normals[face]
        offset = np.sum(normal * edges[:, 0], axis=1)
        rise = np.sum(normal * tip, axis=1) - offset
        for n in np.flatnonzero(rise > tolerance_mm):
            key = (*np.round(normal[n], 2), np.round(offset[n] / tolerance_mm))
            depth[key] = depth.get(key, 0.0) + float(rise[n] * lengths[n])
            planes.setdefault(key, (normal[n], float(offset[n])))
    return [planes[key] for key in sorted(depth, key=depth.__getitem__, reverse=True)[:POCKETS]]
