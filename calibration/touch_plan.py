"""Where to touch a clamped part to find out where it stands: flat spots on its top and two sides."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import translate

from sequences.assembly import Part
from sequences.solid import Solid, solid_of
from skills.cell import Vector

ASTRAY_M = 0.007
"""How far the touched place may be from where it is expected [m]."""
GRID_M = 0.004
FLAT_M = 0.0001
SINGLE_M = 0.002
"""How far behind the touched face everything above the fingertips must stay: the fingers are wider [m]."""
DEPTH_M = 0.008
"""How far the fingertips reach below the upper edge of a side that they touch [m]."""
LEAST_BASELINE_M = 0.012
DOWN = Rotation.from_euler("x", 180, degrees=True)
Section: TypeAlias = Polygon | MultiPolygon


@dataclass(frozen=True, slots=True)
class Tip:
    """The closed fingertips as a box around the TCP; the defaults are those of the Franka Hand's model."""

    half_width_m: float = 0.0085
    """Along the TCP's x axis, across the closing direction [m]."""
    half_depth_m: float = 0.0143
    """Along its y axis, the closing direction [m]."""
    below_m: float = 0.0085
    """From the TCP to the end of the tips [m]."""

    def reach(self, tool: Rotation, direction: Vector) -> float:
        """How far the box reaches from the TCP towards ``direction`` (3,), for a tool turned so [m]."""
        half = np.array([self.half_width_m, self.half_depth_m, self.below_m])
        return float(np.abs(tool.inv().apply(direction)) @ half)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a flat face, in the part's frame."""

    face: str
    normal: Vector
    """(3,) outwards."""
    point: Vector
    """(3,) on the face [m]."""
    tool_yaw_rad: float
    """How the downward tool is turned about the part's vertical."""

    def tcp_in_part(self, tip: Tip, away_m: float) -> RigidTransform:
        """The TCP when the tips are ``away_m`` from the face."""
        tool = Rotation.from_rotvec([0.0, 0.0, self.tool_yaw_rad]) * DOWN
        out = self.normal * (tip.reach(tool, self.normal) + away_m)
        return RigidTransform.from_components(self.point + out, tool)


class NothingToTouch(Exception):
    """A part has no faces that tell where it stands."""

    def __init__(self, face: str) -> None:
        self.face = face
        super().__init__(f"the part has no flat place on its {face} that closed fingertips could touch")


def plan(part: Part, tip: Tip) -> tuple[Spot, ...]:
    """At least three spots on the top, then at least two on each of two sides. Raises NothingToTouch."""
    solid = solid_of(part)
    spots = list(_top(solid, tip))
    for axes in (((-1, 0), (1, 0)), ((0, -1), (0, 1))):
        found = [_side(solid, tip, np.array(axis, dtype=float)) for axis in axes]
        best = max(found, key=_baseline)
        if _baseline(best) < LEAST_BASELINE_M:
            raise NothingToTouch("side")
        spots += best
    return tuple(spots)


def _baseline(spots: list[Spot]) -> float:
    if len(spots) < 2:
        return 0.0
    return float(np.linalg.norm(spots[0].point - spots[-1].point))


def _top(solid: Solid, tip: Tip) -> list[Spot]:
    (west, south, _), (east, north, _) = solid.bounds
    half = np.array([tip.half_width_m, tip.half_depth_m])
    foot, core = _rectangle(*(half + ASTRAY_M)), _rectangle(*np.maximum(half - ASTRAY_M, 0.001))
    found = []
    for x in np.arange(west, east, GRID_M):
        for y in np.arange(south, north, GRID_M):
            level = _level(solid, translate(foot, x, y))
            middle = translate(core, x, y)
            on_it = _section_below(solid, level).intersection(middle).area > 0.6 * middle.area
            if on_it:
                found.append(np.array([x, y, level]))
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    if not found:
        raise NothingToTouch("top")
    ranked = np.array(found)
    furthest = [ranked[np.argmax(ranked[:, :2] @ corner)] for corner in corners]
    points = list(np.unique(furthest, axis=0))
    if len(points) < 3 or np.linalg.matrix_rank(np.diff(points, axis=0)[:, :2], tol=0.01) < 2:
        raise NothingToTouch("top")
    return [Spot("top", np.array([0.0, 0.0, 1.0]), point, 0.0) for point in points]


def _side(solid: Solid, tip: Tip, outward: Vector) -> list[Spot]:
    """The outermost spots of the side that looks along ``outward`` (2,), at the height that has most room."""
    best: list[Spot] = []
    for slab in solid.slabs:
        bottom = max(slab.z_hi - DEPTH_M, slab.z_lo + SINGLE_M)
        across = np.array([-outward[1], outward[0]])
        low, high = sorted(solid.bounds[:, :2] @ across)
        flat = []
        for along in np.arange(low, high, GRID_M):
            at = _flat_at(solid, tip, outward, along, slab.section, bottom)
            if at is not None:
                flat.append(np.array([*(outward * at + across * along), bottom + tip.below_m]))
        if len(flat) > 1:
            yaw = 0.0 if outward[1] == 0.0 else np.pi / 2
            normal = np.array([*outward, 0.0])
            spots = [Spot("side", normal, flat[i], yaw) for i in sorted({0, len(flat) // 2, len(flat) - 1})]
            best = max(best, spots, key=_baseline)
    return best


def _flat_at(
    solid: Solid, tip: Tip, outward: Vector, along: float, section: Section, bottom: float
) -> float | None:
    """How far out a side is where the tips would touch it [m]; None where they would not touch a flat place
    of ``section`` before everything else."""
    half, core = tip.half_depth_m + ASTRAY_M, max(tip.half_depth_m - ASTRAY_M, 0.001)
    furthest = _furthest(section, outward, along, half)
    if not np.isfinite(furthest):
        return None
    strips = [_furthest(section, outward, along + s, GRID_M / 8) for s in np.linspace(-core, core, 5)]
    if min(strips) < furthest - FLAT_M:
        return None
    for other in solid.slabs:
        if other.z_hi > bottom:
            beside = other.z_lo < bottom + 2.0 * tip.below_m
            nearest = furthest + FLAT_M if beside else furthest - SINGLE_M
            if _furthest(other.section, outward, along, half + 0.005) > nearest:
                return None
    return furthest


def _furthest(section: Section, outward: Vector, along: float, half_m: float) -> float:
    """How far ``section`` reaches along ``outward`` within a strip [m]; minus infinity where it is empty."""
    strip = _rectangle(half_m, 1.0) if outward[0] == 0.0 else _rectangle(1.0, half_m)
    across = np.array([-outward[1], outward[0]]) * along
    cut = section.intersection(translate(strip, *across))
    if cut.is_empty:
        return -np.inf
    corners = np.array(cut.bounds).reshape(2, 2)
    return float((corners @ outward).max())


def _level(solid: Solid, footprint: Section) -> float:
    """The highest point of the part under a footprint [m]."""
    return max((s.z_hi for s in solid.slabs if s.section.intersects(footprint)), default=-np.inf)


def _section_below(solid: Solid, level: float) -> Section:
    return next((s.section for s in solid.slabs if s.z_hi == level), MultiPolygon())


def _rectangle(half_x: float, half_y: float) -> Polygon:
    return box(-half_x, -half_y, half_x, half_y)
