"""Where to touch a seated part from above with closed fingers, so that its height can be felt.

The fingertips, closed, are a small rectangle. A place is good for probing when the rectangle comes to rest on
the part itself wherever the part's play and the arm's errors put it, and on nothing else that stands there.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from shapely import Polygon, affinity, box
from shapely.geometry.base import BaseGeometry

from sequences.assembly import Assembly, Grasp, Part, Step
from sequences.fingers import FINGER_THICKNESS_M, PAD_HALF_HEIGHT_M, finger_slabs
from sequences.heights import obstacles, standing_at
from sequences.solid import Slab, solid_of

PAD_WIDTH_M = 0.017
ERROR_M = 0.0015
"""How far part and fingers may be from where they should be, sideways [m]."""
LEAST_AREA_M2 = 8e-6
"""Overlap that carries the fingertips [m²]."""
MARGIN_M = 0.003
"""How far below the probed surface everything else must stay [m]."""
ROOM_M = 0.003
"""Air to keep around fingers and hand [m]."""
FAR_M = 0.012
"""A grasp this far from the middle of a part tilts it when it is pressed there."""
RADII_M = (0.0, 0.004, 0.008, 0.012, 0.016, 0.020)


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """Where to bring the closed fingers."""

    offset_m: tuple[float, float]
    """From the grasp, along the part frame's x and y [m]."""
    height_m: float
    """Height of the TCP above the part's frame when the fingertips rest on the part [m]."""


def probe_point(assembly: Assembly, step: Step) -> ProbePoint | None:
    """Where ``step``'s part can be felt from above, or None.

    As near to the grasp as can be; but a part that is held far from its middle would tilt, by its play, where
    it is pressed there: it is felt near its middle or not at all.
    """
    part = assembly.parts[step.part]
    others = tuple(slab for obstacle in obstacles(assembly, step) for slab in obstacle.slabs)
    for offset in _candidates(part):
        top = _top(part, others, part.grasps[0], offset)
        if top is not None:
            return ProbePoint(offset, top + PAD_HALF_HEIGHT_M)
    return None


def open_at_the_end(assembly: Assembly, step: Step) -> bool:
    """Whether ``step``'s part can still be felt when everything stands, with room for fingers and hand."""
    probe = probe_point(assembly, step)
    if probe is None:
        return False
    grasp = assembly.parts[step.part].grasps[0]
    x, y, _ = grasp.position_mm
    tips = grasp.model_copy(
        update={
            "position_mm": (x + 1e3 * probe.offset_m[0], y + 1e3 * probe.offset_m[1], 1e3 * probe.height_m),
            "width_mm": 0.1,
        }
    )
    hand = [(slab, slab.section.buffer(ROOM_M)) for slab in finger_slabs(tips)]
    after = assembly.steps[assembly.steps.index(step) + 1 :]
    return not any(
        slab.z_lo < other.z_hi and room.intersects(other.section)
        for later in after
        for other in standing_at(assembly, later.part, step)
        for slab, room in hand
    )


def _candidates(part: Part) -> list[tuple[float, float]]:
    around = _rings()
    x, y, _ = (value / 1000.0 for value in part.grasps[0].position_mm)
    middle_x, middle_y, _ = solid_of(part).centre_of_mass
    to_middle = (round(float(middle_x) - x, 6), round(float(middle_y) - y, 6))
    if math.hypot(*to_middle) < FAR_M:
        return around
    return [(to_middle[0] + x, to_middle[1] + y) for x, y in around if math.hypot(x, y) < FAR_M]


def _rings() -> list[tuple[float, float]]:
    return [
        (round(radius * math.cos(angle), 6), round(radius * math.sin(angle), 6))
        for radius in RADII_M
        for angle in ([i * math.pi / 4 for i in range(8)] if radius else [0.0])
    ]


def _top(part: Part, others: tuple[Slab, ...], grasp: Grasp, offset: tuple[float, float]) -> float | None:
    """Height of the part's surface under the fingertips, or None where it is not surely met first [m]."""
    tips = _fingertips(grasp, offset)
    slabs = solid_of(part).slabs
    heights = [
        slab.z_hi for slab in slabs if slab.section.intersection(tips.buffer(-ERROR_M)).area > LEAST_AREA_M2
    ]
    if not heights:
        return None
    top = max(heights)
    wide = tips.buffer(ERROR_M)
    ambiguous = any(slab.z_hi > top and slab.section.intersects(wide) for slab in slabs)
    covered = any(slab.z_hi > top - MARGIN_M and slab.section.intersects(wide) for slab in others)
    return None if ambiguous or covered else top


@lru_cache(maxsize=512)
def _fingertips(grasp: Grasp, offset: tuple[float, float]) -> Polygon:
    flat: BaseGeometry = box(-PAD_WIDTH_M / 2, -FINGER_THICKNESS_M, PAD_WIDTH_M / 2, FINGER_THICKNESS_M)
    turned = affinity.rotate(flat, grasp.yaw_deg, origin=(0, 0))
    x, y, _ = (value / 1000.0 for value in grasp.position_mm)
    moved = affinity.translate(turned, x + offset[0], y + offset[1])
    assert isinstance(moved, Polygon)
    return moved
