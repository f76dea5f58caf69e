"""Where a plug and what it mates with fit into one another: a post in its hole, a pin in its bore.

A plug with several fits far apart must meet all of them at once, which leaves it little play in yaw. Tilted,
it can be put onto one of them first and be turned about it onto the others.
"""

from dataclasses import dataclass

import numpy as np
from shapely import union_all
from shapely.geometry.base import BaseGeometry

from sequences.assembly import Assembly, Step
from sequences.heights import obstacles
from sequences.solid import Slab, solid_of

GAP_SHARE = 1.2
"""Walls this much farther apart than the step's clearance still belong to a fit."""
SLACK_M = 0.0002
LEAST_OVERLAP_M = 1e-4
"""Slabs must share this much height to be walls of a fit [m]."""
LEAST_BAND_M2 = 1e-8


@dataclass(frozen=True, slots=True)
class LeadingFit:
    """The fit of a tilted plug that is to be met first."""

    offset_m: tuple[float, float]
    """From the plug's frame, along its x and y [m]."""
    spread_m: float
    """How much farther back the next fit lies, along the way from the leading fit to the plug's frame [m]."""


def fits(assembly: Assembly, step: Step) -> tuple[tuple[float, float], ...]:
    """The middles of the fits of ``step``'s plug with what stands, in its own frame, x and y [m]."""
    plug = solid_of(assembly.parts[step.part])
    reach = (GAP_SHARE * step.clearance_mm / 1000.0 + SLACK_M) / 2.0
    standing = [slab for obstacle in obstacles(assembly, step) for slab in obstacle.slabs]
    bands = [_band(slab, other, reach) for slab in plug.slabs for other in standing if _abreast(slab, other)]
    walls = union_all(bands) if bands else None
    pieces = [] if walls is None else list(getattr(walls, "geoms", [walls]))
    middles = [piece.convex_hull.centroid for piece in pieces if piece.area > LEAST_BAND_M2]
    return tuple((round(middle.x, 6) + 0.0, round(middle.y, 6) + 0.0) for middle in middles)


def leading_fit(assembly: Assembly, step: Step) -> LeadingFit | None:
    """The fit that stands out farthest from the others, or None where there are not two of them."""
    middles = np.array(fits(assembly, step))
    if len(middles) < 2:
        return None
    best: LeadingFit | None = None
    for i, middle in enumerate(middles):
        arm = float(np.linalg.norm(middle))
        if arm == 0.0:
            continue
        others = np.delete(middles, i, axis=0)
        spread = arm - float(np.max(others @ middle)) / arm
        if spread > 0.0 and (best is None or spread > best.spread_m + 1e-6):
            best = LeadingFit((float(middle[0]), float(middle[1])), spread)
    return best


def _band(slab: Slab, other: Slab, reach: float) -> BaseGeometry:
    """What lies within ``reach`` [m] of both sections: the gap between two walls."""
    return slab.section.buffer(reach).intersection(other.section.buffer(reach))


def _abreast(slab: Slab, other: Slab) -> bool:
    return min(slab.z_hi, other.z_hi) - max(slab.z_lo, other.z_lo) > LEAST_OVERLAP_M
