"""How far a plug is from where it belongs, measured over its whole surface: AutoMate's distance reward."""

from dataclasses import dataclass

import numpy as np
import shapely
import trimesh
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from sequences.solid import Slab, Solid
from skills.cell import Vector

SPACING_M = 0.0005
MARGIN_M = 0.015
POINTS = 400
"""Points on a plug's surface; AutoMate takes 1000, whose mean distance is the same within a few percent."""
LEAST_M = 0.0002
"""Mean distance below which nothing more is gained; keeps the logarithm finite [m]."""
FAR_M = 0.030
"""Mean distance that is worth nothing [m]."""


@dataclass(frozen=True, slots=True)
class DistanceField:
    """Distance to a body from points outside of it, 0 inside, on a grid in the body's frame."""

    origin: Vector
    """(3,) the grid's first node [m]."""
    values: NDArray[np.float32]
    """(i, j, k) distances at the nodes [m]."""

    def __call__(self, points: Vector) -> Vector:
        """(...) distances of ``points`` (..., 3), between nodes interpolated [m].

        Beyond the grid: the distance at its edge plus the distance from the edge.
        """
        size = np.array(self.values.shape)
        last = self.origin + SPACING_M * (size - 1)
        inside = np.clip(points, self.origin, last)
        beyond = np.linalg.norm(points - inside, axis=-1)
        place = (inside - self.origin) / SPACING_M
        low = np.clip(place.astype(np.intp), 0, size - 2)
        share = place - low
        corner = (low[..., 0] * size[1] + low[..., 1]) * size[2] + low[..., 2]
        flat, found = self.values.ravel(), np.zeros(points.shape[:-1])
        for x in (0, 1):
            for y in (0, 1):
                across = _side(share[..., 0], x) * _side(share[..., 1], y)
                index = corner + (x * size[1] + y) * size[2]
                found += across * (flat[index] * (1.0 - share[..., 2]) + flat[index + 1] * share[..., 2])
        return np.asarray(found + beyond)


def field_of(solid: Solid) -> DistanceField:
    """The field around ``solid``, exact at the nodes: the body is a pile of slabs of constant section."""
    low, high = solid.bounds[0] - MARGIN_M, solid.bounds[1] + MARGIN_M
    x, y, z = (np.arange(a, b + SPACING_M, SPACING_M) for a, b in zip(low, high, strict=True))
    nodes = shapely.points(*np.meshgrid(x, y, indexing="ij"))
    values = np.full((len(x), len(y), len(z)), np.inf, np.float32)
    for slab in solid.slabs:
        np.minimum(values, _from_slab(slab, nodes, z), out=values)
    return DistanceField(np.array([x[0], y[0], z[0]]), values)


def surface_points(solid: Solid, count: int = POINTS, seed: int = 0) -> Vector:
    """(count, 3) points spread evenly over the surface of ``solid`` [m]."""
    points, _ = trimesh.sample.sample_surface(solid.mesh, 8 * count, seed=seed)
    chosen, apart = [0], np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < count:
        chosen.append(int(np.argmax(apart)))
        apart = np.minimum(apart, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.asarray(points[chosen])


def mean_distance(field: DistanceField, points: Vector, plug_in_goal: RigidTransform) -> Vector:
    """(n,) mean distance of the plug's surface ``points`` (p, 3) from the plug at its goal [m].

    ``plug_in_goal`` is a stack of (n,) poses. What lies inside the plug at its goal counts as 0.
    """
    turned = np.einsum("nij,pj->npi", plug_in_goal.rotation.as_matrix(), points)
    return np.asarray(field(turned + plug_in_goal.translation[:, None]).mean(axis=1))


def nearness(mean_distance_m: Vector) -> Vector:
    """(n,) AutoMate's -ln(mean distance), counted from ``FAR_M``: 0 there and 5 at the least distance."""
    return np.asarray(-np.log(np.maximum(mean_distance_m, LEAST_M) / FAR_M))


def _from_slab(slab: Slab, nodes: NDArray[np.object_], z: Vector) -> NDArray[np.float32]:
    shapely.prepare(slab.section)
    across = np.asarray(shapely.distance(slab.section, nodes), np.float32)
    along = np.maximum(np.maximum(slab.z_lo - z, z - slab.z_hi), 0.0).astype(np.float32)
    return np.asarray(np.hypot(across[..., None], along))


def _side(share: Vector, upper: int) -> Vector:
    return share if upper else 1.0 - share
