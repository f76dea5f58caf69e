"""Bodies of manifold3d as arrays and as polygons [mm]."""

import manifold3d
import numpy as np
from numpy.typing import NDArray
from shapely import Polygon, union_all
from shapely.geometry.base import BaseGeometry

from sequences.decompose import parts

Points = NDArray[np.float64]


def triangles(body: manifold3d.Manifold) -> tuple[Points, NDArray[np.int64]]:
    """(n, 3) corners and (m, 3) triangles of a body's surface."""
    mesh = body.to_mesh64()
    return np.asarray(mesh.vert_properties)[:, :3], np.asarray(mesh.tri_verts, dtype=np.int64)


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
