"""Whether the robot reaches the tray and the fixture, and whether everything there has room."""

import math
from collections.abc import Iterator
from itertools import combinations

from sequences.assembly import Assembly
from sequences.errors import Path, Problem
from sequences.solid import Solid
from sequences.standing import Flat
from sequences.tray import footprints, ground

NEAREST_MM = 280.0
"""Horizontal distance from the robot's base at which the FR3 still works with its tool straight down."""
FARTHEST_MM = 750.0
OVERLAP_MM2 = 0.1
FIXTURE_MARGIN_MM = 3.0
"""Room that the fixture takes around the base."""


def check_tray(assembly: Assembly, solids: dict[str, Solid]) -> list[Problem]:
    """Problems with places in the tray and with the fixture's pose."""
    covered = footprints(assembly, solids)
    return [
        *_reach(assembly),
        *_overlaps(covered),
        *_in_the_fixture(assembly, solids, covered),
    ]


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


def _overlaps(covered: dict[str, Flat]) -> Iterator[Problem]:
    for one, other in combinations(covered, 2):
        if covered[one].intersection(covered[other]).area > OVERLAP_MM2:
            message = f"lets '{other}' overlap '{one}' in the tray"
            yield Problem(
                ("tray", "places", other, "position_mm"), message, _apart(covered[one], covered[other])
            )


def _apart(one: Flat, other: Flat) -> str:
    """How far apart two footprints must be."""
    sizes = [math.dist(flat.bounds[:2], flat.bounds[2:]) / 2 for flat in (one, other)]
    return f"{math.ceil(sum(sizes)) + 5} mm from centre to centre is enough"


def _in_the_fixture(
    assembly: Assembly, solids: dict[str, Solid], covered: dict[str, Flat]
) -> Iterator[Problem]:
    base = assembly.base
    if base.part not in solids:
        return
    clamped = ground(solids[base.part], base.pose.position_mm, base.pose.yaw_deg).buffer(FIXTURE_MARGIN_MM)
    for name, footprint in covered.items():
        if name != base.part and footprint.intersection(clamped).area > OVERLAP_MM2:
            path = ("tray", "places", name, "position_mm")
            yield Problem(
                path, "lies where the fixture holds the base", "move it away from base.pose.position_mm"
            )
