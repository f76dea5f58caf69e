"""The room that a Franka hand takes up around a grasp, as slabs in the frame of the part it holds."""

import math
from itertools import pairwise

from shapely import MultiPolygon, Polygon, affinity, box
from shapely.geometry.base import BaseGeometry

from sequences.assembly import Grasp
from sequences.solid import Slab

PAD_HALF_HEIGHT_M = 0.0085
"""From the pad's centre (the TCP) to the fingertip."""
FINGER_WIDTH_M = 0.022
"""Across the closing direction."""
FINGER_THICKNESS_M = 0.014
"""Along the closing direction, behind the pad."""
FINGER_LENGTH_M = 0.055
"""From the pad's centre up to the hand's body."""
HAND_SIZE_M = (0.204, 0.065)
"""The hand's body: along and across the closing direction."""
HAND_LENGTH_M = 0.10
"""Height of the hand's body and the flange above it that parts might meet."""
FINGER_M = ((-0.0085, 0.0, 0.0145), (0.0085, 0.004, 0.0185), (0.024, 0.002, 0.0265))
"""From how far above the pad's centre a finger reaches from where to where, outwards from its face; these
are the Franka hand's collision shapes."""
PALM_M = 0.037
"""How far above the pad's centre the hand's body begins."""


def finger_slabs(grasp: Grasp, opening_m: float = 0.0) -> tuple[Slab, ...]:
    """Slender fingers and a hand around the part, each finger ``opening_m`` away from it [m].

    Slabs are in the part's frame, from the lowest up; their sections lie clear of the grasped surfaces. The
    heights at which parts are led, and with them the trained skills, go by this hand; :func:`hand_slabs` is
    the hand as it is.
    """
    z = grasp.position_mm[2] / 1000.0
    knuckles = z + FINGER_LENGTH_M
    return (
        Slab(z - PAD_HALF_HEIGHT_M, knuckles, _fingers(grasp, opening_m, 0.0, FINGER_THICKNESS_M)),
        Slab(knuckles, knuckles + HAND_LENGTH_M, _palm(grasp)),
    )


def hand_slabs(grasp: Grasp, opening_m: float = 0.0) -> tuple[Slab, ...]:
    """Fingers that are thicker above the pads and the palm over them, otherwise as :func:`finger_slabs`."""
    z = grasp.position_mm[2] / 1000.0
    fingers = [
        Slab(z + low, z + high, _fingers(grasp, opening_m, inner, outer))
        for (low, inner, outer), (high, *_) in pairwise([*FINGER_M, (PALM_M,)])
    ]
    return (*fingers, Slab(z + PALM_M, z + PALM_M + HAND_LENGTH_M, _palm(grasp)))


def _fingers(grasp: Grasp, opening_m: float, inner_m: float, outer_m: float) -> MultiPolygon:
    half, wide = grasp.width_mm / 2000.0 + opening_m, FINGER_WIDTH_M / 2
    right = box(-wide, half + inner_m, wide, half + outer_m)
    left = box(-wide, -half - outer_m, wide, -half - inner_m)
    both = _in_part(MultiPolygon([right, left]), grasp)
    assert isinstance(both, MultiPolygon)
    return both


def _palm(grasp: Grasp) -> Polygon:
    long, across = HAND_SIZE_M[0] / 2, HAND_SIZE_M[1] / 2
    palm = _in_part(box(-across, -long, across, long), grasp)
    assert isinstance(palm, Polygon)
    return palm


def _in_part(flat: BaseGeometry, grasp: Grasp) -> BaseGeometry:
    x, y = (value / 1000.0 for value in grasp.position_mm[:2])
    cos, sin = math.cos(math.radians(grasp.yaw_deg)), math.sin(math.radians(grasp.yaw_deg))
    return affinity.affine_transform(flat, [cos, -sin, sin, cos, x, y])
