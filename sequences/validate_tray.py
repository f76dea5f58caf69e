"""Whether the robot reaches the tray and the fixture, and whether everything there has room."""

import math
from collections.abc import Iterator
from itertools import combinations

from shapely import unary_union

from sequences.assembly import Assembly
from sequences.errors import Path, Problem
from sequences.solid import Solid
from sequences.standing import Flat, placed_mm

NEAREST_MM = 280.0
"""Horizontal distance from the robot's base at which the FR3 still works with its tool straight down."""
FARTHEST_MM = 750.0
OVERLAP_MM2 = 0.1
FIXTURE_MARGIN_MM = 3.0
"""Room that the fixture takes around the base."""


def check_tray(assembly: Assembly, solids: dict[str, Solid]) -> list[Problem]:
    """Problems with places in the tray and with the fixture's pose."""
    footprints = _footprints(assembly, solids)
    return [*_reach(assembly), *_overlaps(footprints), *_in_the_fixture(assembly, solids, footprints)]


def _footprints(assembly: Assembly, solids: dict[str, Solid]) -> dict[str, Flat]:
    """The ground that each waiting part covers, in the robot's base frame [mm]."""
    return {
        name: _ground(solids[name], place.position_mm, place.yaw_deg)
        for name, place in assembly.tray.places.items()
        if name in solids
    }


def _ground(solid: Solid, position_mm: tuple[float, ...], yaw_deg: float) -> Flat:
    return placed_mm(unary_union([slab.section for slab in solid.slabs]), position_mm, yaw_deg)


def _reach(assembly: Assembly) -> Iterator[Problem]:
    spots: list[tuple[Path, tuple[float, ...]]] = [
        (("tray", "places", name, "position_mm"), place.position_mm)
        for name, place in assembly.tray.places.items()
    ]
    spots.append((("base", "pose", "position_mm"), assembly.base.pose.position_mm))
    for path, (x, y, *_) in spots:
        distance = math.hypot(x, y)
        if not NEAREST_MM <= distance <= FARTHEST_MM:
            side = "close to" if distance < NEAREST_MM else "far from"
            hint = f"the FR3 reaches {NEAREST_MM:g} to {FARTHEST_MM:g} mm from its base, horizontally"
            yield Problem(path, f"is too {side} the robot: {distance:.0f} mm", hint)


def _overlaps(footprints: dict[str, Flat]) -> Iterator[Problem]:
    for one, other in combinations(footprints, 2):
        if footprints[one].intersection(footprints[other]).area > OVERLAP_MM2:
            message = f"lets '{other}' overlap '{one}' in the tray"
            yield Problem(
                ("tray", "places", other, "position_mm"), message, _apart(footprints[one], footprints[other])
            )


def _apart(one: Flat, other: Flat) -> str:
    """How far apart two footprints must be."""
    sizes = [math.dist(flat.bounds[:2], flat.bounds[2:]) / 2 for flat in (one, other)]
    return f"{math.ceil(sum(sizes)) + 5} mm from centre to centre is enough"


def _in_the_fixture(
    assembly: Assembly, solids: dict[str, Solid], footprints: dict[str, Flat]
) -> Iterator[Problem]:
    base = assembly.base
    if base.part not in solids:
        return
    clamped = _ground(solids[base.part], base.pose.position_mm, base.pose.yaw_deg).buffer(FIXTURE_MARGIN_MM)
    for name, footprint in footprints.items():
        if name != base.part and footprint.intersection(clamped).area > OVERLAP_MM2:
            path = ("tray", "places", name, "position_mm")
            yield Problem(
                path, "lies where the fixture holds the base", "move it away from base.pose.position_mm"
            )
