"""Whether the gripper can hold each part where the file says: pads on material, as far apart as stated."""

import math
from collections.abc import Iterator

from shapely import LineString, get_coordinates

from sequences.assembly import GRIPPER_OPENING_MM, Assembly, Grasp, Part
from sequences.errors import Path, Problem
from sequences.fingers import PAD_HALF_HEIGHT_M
from sequences.solid import Solid
from sequences.standing import Flat, placed_mm

LEAST_HEIGHT_MM = 1000.0 * PAD_HALF_HEIGHT_M + 0.5
"""Height of a grasp above what the part stands on, at the least."""
WIDTH_TOLERANCE_MM = 0.5
CENTRE_TOLERANCE_MM = 1.0
LINE_MM = 1000.0
"""Half the length of the line along which the pads close."""


def check_grasps(assembly: Assembly, solids: dict[str, Solid]) -> list[Problem]:
    """What is wrong with the grasps of all parts that a step places."""
    problems: list[Problem] = []
    for name in dict.fromkeys(step.part for step in assembly.steps):
        if name in solids and name != assembly.base.part:
            problems += _grasps(assembly.parts[name], solids[name], ("parts", name, "grasps"))
    return problems


def pads_mm(solid: Solid, grasp: Grasp) -> tuple[float, float] | None:
    """Where the pads meet the part: signed distances from the grasp's point along its closing direction [mm].

    None when the closing line at that height meets nothing.
    """
    x, y, z = grasp.position_mm
    flat = placed_mm(solid.section(z / 1000), (0.0, 0.0), 0.0)
    return _extent(flat, x, y, grasp.yaw_deg)


def _extent(flat: Flat, x: float, y: float, yaw_deg: float) -> tuple[float, float] | None:
    """Least and greatest distance of ``flat`` along the closing line through (x, y) [mm]."""
    along = (-math.sin(math.radians(yaw_deg)), math.cos(math.radians(yaw_deg)))
    ends = [(x + sign * LINE_MM * along[0], y + sign * LINE_MM * along[1]) for sign in (-1, 1)]
    met = flat.intersection(LineString(ends))
    if met.is_empty:
        return None
    distances = (get_coordinates(met) - (x, y)) @ along
    return float(distances.min()), float(distances.max())


def _grasps(part: Part, solid: Solid, path: Path) -> Iterator[Problem]:
    if not part.grasps:
        yield Problem(path, "has no grasp, so the robot cannot pick the part up", _proposal(solid))
    for index, grasp in enumerate(part.grasps):
        yield from _grasp(grasp, solid, (*path, index))
    yield from _above_the_tray(part.grasps[:1], solid, path)


def _above_the_tray(first: tuple[Grasp, ...], solid: Solid, path: Path) -> Iterator[Problem]:
    """The grasp by which a part is fetched must leave room for the fingertips below it."""
    lowest = solid.bounds[0, 2] * 1000 + LEAST_HEIGHT_MM
    for grasp in first:
        if grasp.position_mm[2] < lowest:
            message = f"brings the fingertips {lowest - grasp.position_mm[2]:.1f} mm too close to the tray"
            yield Problem((*path, 0, "position_mm"), message, f"grasp at z {lowest:g} mm or above")


def _grasp(grasp: Grasp, solid: Solid, path: Path) -> Iterator[Problem]:
    z = grasp.position_mm[2]
    low, high = solid.bounds[0, 2] * 1000, solid.bounds[1, 2] * 1000
    if not low <= z <= high:
        side = "above" if z > high else "below"
        yield Problem(
            (*path, "position_mm"), f"lies {side} the part", f"the part reaches from z {low:g} to {high:g} mm"
        )
        return
    pads = pads_mm(solid, grasp)
    if pads is None:
        hint = f"no material lies on the closing line at z {z:g} mm. {_proposal(solid)}"
        yield Problem((*path, "position_mm"), "lets the pads close in air", hint)
        return
    width, centre = pads[1] - pads[0], (pads[0] + pads[1]) / 2
    if width > GRIPPER_OPENING_MM:
        yield Problem(
            (*path, "width_mm"),
            f"is not what stands there: {width:.1f} mm",
            f"the gripper opens {GRIPPER_OPENING_MM:g} mm; grasp elsewhere",
        )
    elif abs(width - grasp.width_mm) > WIDTH_TOLERANCE_MM:
        hint = f"the part is {width:.2f} mm wide there, along yaw_deg {grasp.yaw_deg:g}"
        yield Problem((*path, "width_mm"), "does not agree with the geometry", hint)
    elif abs(centre) > CENTRE_TOLERANCE_MM:
        x, y = _shifted(grasp, centre)
        hint = f"the middle is at [{x:.2f}, {y:.2f}, {z:g}]"
        yield Problem((*path, "position_mm"), f"is {abs(centre):.1f} mm from midway between the pads", hint)


def _shifted(grasp: Grasp, along_mm: float) -> tuple[float, float]:
    """The grasp's x and y after a shift along its closing direction [mm]."""
    yaw = math.radians(grasp.yaw_deg)
    return grasp.position_mm[0] - along_mm * math.sin(yaw), grasp.position_mm[1] + along_mm * math.cos(yaw)


def _proposal(solid: Solid) -> str:
    """A grasp that would work, in words."""
    for slab in sorted(solid.slabs, key=lambda slab: slab.z_lo - slab.z_hi):
        flat = placed_mm(slab.section, (0.0, 0.0), 0.0)
        for yaw in (0.0, 90.0):
            pads = _extent(flat, 0.0, 0.0, yaw)
            if pads is not None and pads[1] - pads[0] <= GRIPPER_OPENING_MM - 2 and abs(sum(pads)) < 1:
                z = (slab.z_lo + slab.z_hi) * 500
                return (
                    f"try {{position_mm: [0, 0, {z:g}], yaw_deg: {yaw:g}, width_mm: {pads[1] - pads[0]:.2f}}}"
                )
    return f"give the part a place that is narrower than the gripper's {GRIPPER_OPENING_MM:g} mm"
