"""What the finger pads meet of a part: smooth shapes instead of its contact pieces.

A pad sinks a fifth of a millimetre into what it holds, as far as the facets of a rounded corner or of a shaft
are wide: it would be pushed off along any of them. So a pad meets the hull of a convex layer, with the
corners of a rounded rectangle made sharp. Of an imported part it meets, at the grasp, a block as wide as the
part and as long as what lies against the pads, as soft pads do that lie around a curve.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon, get_coordinates
from shapely.geometry.polygon import orient

from sequences.assembly import Grasp
from sequences.solid import Prism, Slab, Solid

SQUARE_ENOUGH = 0.96
"""Share of its bounding rectangle that a rounded rectangle fills."""
FLAT_M = 0.0004
"""What is this near to a pad's plane lies against the soft pad."""
SAME_M = 0.00015
"""Layers whose faces differ by no more are one block."""
PAD_HALF_M = 0.0085
LEAST_LENGTH_M = 0.001
EDGE_M = 0.0005
"""Spacing of the points by which an outline is measured."""


def grips_of(solid: Solid, grasps: Sequence[Grasp]) -> tuple[Prism, ...]:
    """What pads meet of a part that is held at ``grasps``, of which the first is the one that is used."""
    if solid.exact:
        return convex_layers(solid)
    block = _block(solid, grasps[0]) if grasps else None
    return () if block is None else (block,)


def convex_layers(solid: Solid) -> tuple[Prism, ...]:
    """The layers whose outline is convex, filled, as single prisms; rounded rectangles get sharp corners."""
    layers = []
    for slab in solid.slabs:
        hull = slab.section.convex_hull
        filled = Polygon(slab.section.exterior) if isinstance(slab.section, Polygon) else None
        if filled is not None and hull.area - filled.area < 1e-9:
            box = hull.minimum_rotated_rectangle
            outline = box if hull.area > SQUARE_ENOUGH * box.area else hull
            corners = np.asarray(orient(outline).exterior.coords)[:-1]
            layers.append(Prism(corners, slab.z_lo, slab.z_hi))
    return tuple(layers)


def covered(vertices: NDArray[np.float64], grips: Iterable[Prism]) -> bool:
    """Whether pads meet one of ``grips`` where they would meet the convex piece with these corners (n, 3)."""
    low, high = float(vertices[:, 2].min()), float(vertices[:, 2].max())
    for grip in grips:
        common = min(high, grip.z_hi) - max(low, grip.z_lo)
        along = grip.corners[1] - grip.corners[0]
        along = along / np.linalg.norm(along)
        faces = grip.corners @ along
        places = vertices[:, :2] @ along
        between = places.min() > faces.min() - SAME_M and places.max() < faces.max() + SAME_M
        if common > 0.3 * min(high - low, 2 * PAD_HALF_M) and between:
            return True
    return False


def _block(solid: Solid, grasp: Grasp) -> Prism | None:
    """What lies between the pads, as far up and down as its faces stay where they are; its first side runs
    along the closing direction. None where the pads find nothing."""
    z = grasp.position_mm[2] / 1000.0
    index = next((i for i, slab in enumerate(solid.slabs) if slab.z_lo <= z <= slab.z_hi), None)
    if index is None:
        return None
    faces = [_faces(slab, grasp) for slab in solid.slabs]
    here = faces[index]
    if here is None:
        return None
    low = high = index
    while low > 0 and _same(faces[low - 1], here):
        low -= 1
    while high < len(faces) - 1 and _same(faces[high + 1], here):
        high += 1
    left, right, start, stop = here
    if stop - start < LEAST_LENGTH_M:
        middle = (start + stop) / 2
        start, stop = middle - LEAST_LENGTH_M / 2, middle + LEAST_LENGTH_M / 2
    across, along = _axes(grasp)
    x, y, _ = grasp.position_mm
    centre = np.array([x, y]) / 1000.0
    ends = [(start, right), (start, left), (stop, left), (stop, right)]
    corners = np.array([centre + t * across + s * along for t, s in ends])
    return Prism(corners, solid.slabs[low].z_lo, solid.slabs[high].z_hi)


Faces = tuple[float, float, float, float]
"""Where both pads touch, along the closing direction, and from where to where across it [m]."""


def _faces(slab: Slab, grasp: Grasp) -> Faces | None:
    """Where the pads touch a slab, from the grasp's point; None where they miss it."""
    across, along = _axes(grasp)
    x, y, _ = grasp.position_mm
    points = get_coordinates(slab.section.segmentize(EDGE_M)) - np.array([x, y]) / 1000.0
    side, depth = points @ across, points @ along
    inside = np.abs(side) < PAD_HALF_M
    if not inside.any():
        return None
    side, depth = side[inside], depth[inside]
    left, right = float(depth.min()), float(depth.max())
    one, two = side[depth > right - FLAT_M], side[depth < left + FLAT_M]
    return left, right, float(max(one.min(), two.min())), float(min(one.max(), two.max()))


def _same(one: Faces | None, two: Faces) -> bool:
    return one is not None and abs(one[0] - two[0]) < SAME_M and abs(one[1] - two[1]) < SAME_M


def _axes(grasp: Grasp) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(2,) unit vectors across and along the closing direction, in the part's frame."""
    yaw = np.radians(grasp.yaw_deg)
    return np.array([np.cos(yaw), np.sin(yaw)]), np.array([-np.sin(yaw), np.cos(yaw)])
