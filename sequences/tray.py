"""The tray: the ground that each waiting part covers, and the room that a hand has around it."""

import math
from dataclasses import dataclass

import numpy as np
from shapely import LineString, MultiPoint, affinity, box, unary_union

from sequences.assembly import GRIPPER_OPENING_MM, Assembly, Grasp
from sequences.fingers import FINGER_THICKNESS_M, FINGER_WIDTH_M, PAD_HALF_HEIGHT_M
from sequences.solid import Solid, solid_of
from sequences.standing import Flat, placed_mm

OPEN_M = GRIPPER_OPENING_MM / 1000.0
"""Opening of the Franka hand [m]."""
OPEN_MARGIN_M = 0.014
"""How much wider than the part the fingers open to fetch it."""
MAX_CENTRING_WIDTH_M = 0.066
"""Widest part that the fingers can straddle with room for the tray's errors [m]."""
ASTRAY_MM = 6.0
"""How far a neighbour may stand from its place, with what the hand itself is wrong by."""


def ground(solid: Solid, position_mm: tuple[float, ...], yaw_deg: float) -> Flat:
    """What ``solid`` covers, seen from above, standing there [mm]."""
    return placed_mm(unary_union([slab.section for slab in solid.slabs]), position_mm, yaw_deg)


def footprints(assembly: Assembly, solids: dict[str, Solid]) -> dict[str, Flat]:
    """The ground that each waiting part covers, in the robot's base frame [mm]."""
    return {
        name: ground(solids[name], place.position_mm, place.yaw_deg)
        for name, place in assembly.tray.places.items()
        if name in solids
    }


@dataclass(frozen=True, slots=True)
class Squeeze:
    """How a part is centred before it is grasped: squeezed across the closing direction of its grasp."""

    width_m: float
    """Width of the part there [m]."""
    offset_m: tuple[float, float]
    """From the grasp to the middle of that width, along the part's x and y [m]."""


def squeeze_of(solid: Solid, grasp: Grasp) -> Squeeze | None:
    """How a part held by ``grasp`` is centred; None where it is not, or is too wide for it."""
    if not grasp.centre:
        return None
    x, y, z = (value / 1000.0 for value in grasp.position_mm)
    along = np.deg2rad(grasp.yaw_deg)
    reach = 0.2 * np.array([np.cos(along), np.sin(along)])
    chord = LineString([(x - reach[0], y - reach[1]), (x + reach[0], y + reach[1])])
    met = solid.section(z).intersection(chord)
    if met.is_empty:
        return None
    west, south, east, north = met.bounds
    width = float(np.hypot(east - west, north - south))
    offset = (float(west + east) / 2.0 - x, float(south + north) / 2.0 - y)
    if width > MAX_CENTRING_WIDTH_M or _bulges(solid, grasp, offset, width):
        return None
    return Squeeze(width, offset)


def _bulges(solid: Solid, grasp: Grasp, offset_m: tuple[float, float], width_m: float) -> bool:
    """Whether fingers that open around such a width meet the part below or above where they squeeze it."""
    lowest = grasp.position_mm[2] / 1000.0 - PAD_HALF_HEIGHT_M
    met = unary_union([slab.section for slab in solid.slabs if slab.z_hi > lowest])
    inside = min(width_m + OPEN_MARGIN_M, OPEN_M) / 2.0
    band = box(inside, -FINGER_WIDTH_M / 2, inside + FINGER_THICKNESS_M, FINGER_WIDTH_M / 2)
    both = unary_union([band, affinity.scale(band, -1.0, 1.0, origin=(0.0, 0.0))])
    x, y = (grasp.position_mm[i] / 1000.0 + offset_m[i] for i in (0, 1))
    fingers = affinity.translate(affinity.rotate(both, grasp.yaw_deg, origin=(0.0, 0.0)), x, y)
    return bool(fingers.buffer(ASTRAY_MM / 2000.0).intersects(met))


def opening_m(solid: Solid, grasp: Grasp) -> float:
    """How far the hand opens around a part that it fetches by ``grasp`` [m]."""
    squeeze = squeeze_of(solid, grasp)
    across = squeeze.width_m if squeeze else 0.0
    return min(max(grasp.width_mm / 1000.0, across) + OPEN_MARGIN_M, OPEN_M)


def hands_over(solid: Solid, grasp: Grasp, position_mm: tuple[float, ...], yaw_deg: float) -> MultiPoint:
    """Where a hand comes down on a part that stands there, from above: to grasp it and to centre it [mm]."""
    squeeze = squeeze_of(solid, grasp)
    x, y, _ = grasp.position_mm
    spots = [(x, y)]
    if squeeze is not None:
        spots.append((x + 1000.0 * squeeze.offset_m[0], y + 1000.0 * squeeze.offset_m[1]))
    placed = affinity.rotate(MultiPoint(spots), yaw_deg, origin=(0.0, 0.0))
    there = affinity.translate(placed, position_mm[0], position_mm[1])
    assert isinstance(there, MultiPoint)
    return there


def widest_opening_m(assembly: Assembly, part: str) -> float:
    """How far a hand over ``part`` in the tray may open, turned any way, and clear what waits beside it [m].

    Negative where there is no room at all.
    """
    place, waiting = assembly.tray.places[part], assembly.parts[part]
    hands = hands_over(solid_of(waiting), waiting.grasps[0], place.position_mm, place.yaw_deg)
    others = {name: solid_of(other) for name, other in assembly.parts.items() if name != part}
    free_mm = min((hands.distance(flat) for flat in footprints(assembly, others).values()), default=math.inf)
    reach_m = (free_mm - ASTRAY_MM) / 1000.0
    if reach_m <= FINGER_WIDTH_M / 2:
        return -1.0
    return 2.0 * (math.sqrt(reach_m**2 - (FINGER_WIDTH_M / 2) ** 2) - FINGER_THICKNESS_M)
