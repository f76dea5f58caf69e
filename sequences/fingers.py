"""The room that a Franka hand takes up around a grasp, as slabs in the frame of the part it holds."""

import math

from shapely import MultiPolygon, Polygon, affinity, box

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


def finger_slabs(grasp: Grasp, opening_m: float = 0.0) -> tuple[Slab, ...]:
    """Fingers and hand around the part, each finger ``opening_m`` away from it [m].

    Slabs are in the part's frame, from the lowest up; their sections lie clear of the grasped surfaces.
    """
    half, wide = grasp.width_mm / 2000.0 + opening_m, FINGER_WIDTH_M / 2
    right = box(-wide, half, wide, half + FINGER_THICKNESS_M)
    left = box(-wide, -half - FINGER_THICKNESS_M, wide, -half)
    body = box(-HAND_SIZE_M[1] / 2, -HAND_SIZE_M[0] / 2, HAND_SIZE_M[1] / 2, HAND_SIZE_M[0] / 2)
    x, y, z = (value / 1000.0 for value in grasp.position_mm)
    cos, sin = math.cos(math.radians(grasp.yaw_deg)), math.sin(math.radians(grasp.yaw_deg))
    in_part = [cos, -sin, sin, cos, x, y]
    fingers = affinity.affine_transform(MultiPolygon([right, left]), in_part)
    hand = affinity.affine_transform(body, in_part)
    assert isinstance(fingers, MultiPolygon)
    assert isinstance(hand, Polygon)
    knuckles = z + FINGER_LENGTH_M
    return (
        Slab(z - PAD_HALF_HEIGHT_M, knuckles, fingers),
        Slab(knuckles, knuckles + HAND_LENGTH_M, hand),
    )
