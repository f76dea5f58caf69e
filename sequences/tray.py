"""The tray: the ground that each waiting part covers, and the room that a hand has around it."""

import math

from shapely import Point, unary_union

from sequences.assembly import Assembly
from sequences.fingers import FINGER_THICKNESS_M, FINGER_WIDTH_M
from sequences.solid import Solid, solid_of
from sequences.standing import Flat, placed_mm

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


def widest_opening_m(assembly: Assembly, part: str) -> float:
    """How far a hand over ``part`` in the tray may open, turned any way, and clear what waits beside it [m].

    Negative where there is no room at all.
    """
    place, grasp = assembly.tray.places[part], assembly.parts[part].grasps[0]
    yaw = math.radians(place.yaw_deg)
    x, y, _ = grasp.position_mm
    tcp = Point(
        place.position_mm[0] + x * math.cos(yaw) - y * math.sin(yaw),
        place.position_mm[1] + x * math.sin(yaw) + y * math.cos(yaw),
    )
    others = {name: solid_of(other) for name, other in assembly.parts.items() if name != part}
    room_mm = min((tcp.distance(flat) for flat in footprints(assembly, others).values()), default=math.inf)
    reach_m = (room_mm - ASTRAY_MM) / 1000.0
    if reach_m <= FINGER_WIDTH_M / 2:
        return -1.0
    return 2.0 * (math.sqrt(reach_m**2 - (FINGER_WIDTH_M / 2) ** 2) - FINGER_THICKNESS_M)
