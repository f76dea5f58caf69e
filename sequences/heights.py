"""Heights at which one part comes to rest on others: exact, because every part is a stack of extrusions.

A plug that descends straight down stops where the first of its slabs meets a slab of a standing part whose
section its own overlaps. All lengths are metres and all poses are relative to the *goal frame*: the seated
pose of the plug.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from shapely import MultiPolygon, Polygon, affinity, prepare, union_all
from shapely.geometry.base import BaseGeometry

from sequences.assembly import Assembly, Part, Pose, Step
from sequences.fingers import finger_slabs
from sequences.solid import Slab, Solid, solid_of

TOUCHING_AREA_M2 = 1e-10
"""Overlap that is only rounding."""
LEAST_CONTACT_M2 = 8e-6
"""Overlap that carries a plug wherever in its bounds it lands."""
LEAST_TOUCH_HEIGHT_M = 0.003
"""A face nearer to seated than this would not tell a hole from a face."""
SWEEP_M = 0.012
"""Sideways room that ``clear_height`` allows for."""
FREE_M = 0.0005
"""A plug this little above seated is not held up by what it mates with."""
ENTERED_M = 0.002
"""A plug this deep below the mouth has entered."""
SAMPLING_M = 0.002
"""Spacing of the position errors that are tried one by one."""
RADII_M = (0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.009)
FAR_RADII_M = (0.012, 0.016, 0.020, 0.024)
"""Tried where nothing nearer will do."""
DIRECTIONS = 16
HAND_OPENING_M = 0.004
ASIDE_M = 0.002
"""More room beside plug and fingers, kept where a face has it: the grasp may be off by so much."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A part already in place, its slabs in the goal frame."""

    part: str
    slabs: tuple[Slab, ...]


@dataclass(frozen=True, slots=True)
class TouchPoint:
    """A sideways offset at which the plug lands on the same face wherever it is within its bounds."""

    offset_m: tuple[float, float]
    """Along the goal frame's x and y."""
    height_m: float
    """Of the plug's frame above the goal."""


def obstacles(assembly: Assembly, step: Step) -> tuple[Obstacle, ...]:
    """What stands when ``step`` begins, the base first, each part at its goal, seen from ``step``'s goal."""
    names = [assembly.base.part]
    for earlier in assembly.steps:
        if earlier == step:
            break
        names.append(earlier.part)
    return tuple(Obstacle(name, standing_at(assembly, name, step)) for name in names)


def standing_at(assembly: Assembly, part: str, step: Step) -> tuple[Slab, ...]:
    """A part's slabs where it stands when placed, seen from ``step``'s goal."""
    return _seen_from(step.goal, solid_of(assembly.parts[part]).slabs, _goal(assembly, part))


def rest_height(
    plug: Solid,
    sockets: Sequence[Obstacle],
    offset: tuple[float, float] = (0.0, 0.0),
    yaw: float = 0.0,
) -> float:
    """Height above the goal [m] at which the plug stops when it descends at ``offset`` [m] and ``yaw`` [rad].

    0 at the goal itself; minus infinity where nothing is in the way.
    """
    height = -math.inf
    for slab in plug.slabs:
        section = _moved(slab.section, *offset, yaw)
        for other in (other for socket in sockets for other in socket.slabs):
            stop = other.z_hi - slab.z_lo
            if stop > height and _overlap(section, other.section):
                height = stop
    return height


def touch_point(
    assembly: Assembly, step: Step, position_bound_m: float = 0.002, yaw_bound_rad: float = math.radians(10.0)
) -> TouchPoint | None:
    """Where to set the plug down for a height reference, or None where no face is sure to be hit.

    Over all errors of position within ± ``position_bound_m`` along x and y and of yaw within ±
    ``yaw_bound_rad``, the plug rests at the same height, at least 3 mm above seated, on enough area to carry
    it, and the fingers stay clear, if possible by 2 mm more. Of the candidates the one that supports the plug
    most nearly under its grasp is chosen.
    """
    return _touch_point(
        assembly.parts[step.part], step, _earlier(assembly, step), position_bound_m, yaw_bound_rad
    )


def clear_height(assembly: Assembly, step: Step) -> float:
    """Height above the goal [m] at which plug and fingers, moved 12 mm any way, meet nothing that stands."""
    height = 0.0
    for slab in _held(assembly.parts[step.part]):
        reach = slab.section.buffer(SWEEP_M, quad_segs=4)
        for other in (other for socket in obstacles(assembly, step) for other in socket.slabs):
            stop = other.z_hi - slab.z_lo
            if stop > height and _overlap(reach, other.section):
                height = stop
    return height


def yaw_play(assembly: Assembly, step: Step) -> float:
    """How far the seated plug can be turned either way before it meets its socket [rad], at most 20°."""
    plug, sockets = solid_of(assembly.parts[step.part]), obstacles(assembly, step)

    def meets(yaw: float) -> bool:
        return any(rest_height(plug, sockets, yaw=sign * yaw) > FREE_M for sign in (1.0, -1.0))

    tried = np.radians(np.concatenate([np.arange(0.25, 5.0, 0.25), np.arange(5.0, 20.1, 1.0)]))
    return float(next((yaw for yaw in tried if meets(yaw)), tried[-1]))


def enters_turned(assembly: Assembly, step: Step, yaw_bound_rad: float = math.radians(10.0)) -> bool:
    """Whether the plug begins to enter at its goal's axis whatever its yaw within the bound."""
    plug, sockets = solid_of(assembly.parts[step.part]), obstacles(assembly, step)
    entered = step.depth_mm / 1000.0 - ENTERED_M
    return all(rest_height(plug, sockets, yaw=yaw) < entered for yaw in np.linspace(-1, 1, 7) * yaw_bound_rad)


def _earlier(assembly: Assembly, step: Step) -> tuple[tuple[Part, Pose], ...]:
    """What stands before ``step``, as immutable data that a cache can take."""
    before = [(assembly.parts[assembly.base.part], Pose(position_mm=(0.0, 0.0, 0.0)))]
    for earlier in assembly.steps:
        if earlier == step:
            break
        before.append((assembly.parts[earlier.part], earlier.goal))
    return tuple(before)


@lru_cache(maxsize=512)
def _touch_point(
    part: Part, step: Step, earlier: tuple[tuple[Part, Pose], ...], bound: float, yaw_bound: float
) -> TouchPoint | None:
    plug = solid_of(part)
    slabs = [slab for p, pose in earlier for slab in _seen_from(step.goal, solid_of(p).slabs, pose)]
    for other in slabs:
        prepare(other.section)
    turns = np.linspace(-yaw_bound, yaw_bound, 5)
    errors = np.linspace(-bound, bound, 2 * math.ceil(bound / SAMPLING_M) + 1)
    square = [(float(x), float(y)) for x in errors for y in errors]
    tight = [(slab.z_lo, _swept(slab.section, turns, bound)) for slab in (*plug.slabs, *_fingers(part))]
    roomy = [(bottom, reach.buffer(ASIDE_M, quad_segs=4)) for bottom, reach in tight]
    axis = part.grasps[0].position_mm if part.grasps else (0.0, 0.0, 0.0)
    for radii, reaches in ((RADII_M, roomy), (RADII_M, tight), (FAR_RADII_M, tight)):
        faces = []
        for offset in _candidates(radii):
            face = _sure_face(plug, slabs, reaches, offset)
            if face is not None:
                height, (x, y) = face
                arm = math.dist((x - offset[0], y - offset[1]), (axis[0] / 1e3, axis[1] / 1e3))
                faces.append((round(arm + 0.1 * math.hypot(*offset), 6), offset, height))
        for _, offset, height in sorted(faces):
            if _always_carried(plug, slabs, height, offset, turns, square):
                return TouchPoint(offset, height)
    return None


def _candidates(radii: Iterable[float]) -> Iterable[tuple[float, float]]:
    for radius in radii:
        for i in range(DIRECTIONS):
            angle = 2 * math.pi * i / DIRECTIONS
            yield round(radius * math.cos(angle), 6) + 0.0, round(radius * math.sin(angle), 6) + 0.0


def _sure_face(
    plug: Solid,
    slabs: list[Slab],
    reaches: list[tuple[float, BaseGeometry]],
    offset: tuple[float, float],
) -> tuple[float, tuple[float, float]] | None:
    """Rest height and centroid of the support at ``offset``, unless an error could make it higher."""
    pairs = sorted(
        (
            (other.z_hi - slab.z_lo, i, j)
            for i, slab in enumerate(plug.slabs)
            for j, other in enumerate(slabs)
        ),
        reverse=True,
    )
    sections = [_moved(slab.section, *offset, 0.0) for slab in plug.slabs]
    height, common = -math.inf, []
    for stop, i, j in pairs:
        if stop < max(height - 1e-7, LEAST_TOUCH_HEIGHT_M):
            break
        if _overlap(sections[i], slabs[j].section):
            height = max(height, stop)
            common.append(slabs[j].section.intersection(sections[i]))
    if not common:
        return None
    for bottom, reach in reaches:
        moved = affinity.translate(reach, *offset)
        if any(other.z_hi - bottom > height + 1e-7 and other.section.intersects(moved) for other in slabs):
            return None
    support = union_all(common).convex_hull.centroid
    return height, (support.x, support.y)


def _always_carried(
    plug: Solid,
    slabs: list[Slab],
    height: float,
    offset: tuple[float, float],
    turns: Iterable[float],
    errors: list[tuple[float, float]],
) -> bool:
    """Whether enough area carries the plug at ``height`` for every yaw and position error."""
    pairs = [(p, s) for p in plug.slabs for s in slabs if abs(s.z_hi - p.z_lo - height) < 1e-7]
    for yaw in turns:
        for dx, dy in errors:
            area = sum(
                s.section.intersection(_moved(p.section, offset[0] + dx, offset[1] + dy, yaw)).area
                for p, s in pairs
            )
            if area < LEAST_CONTACT_M2:
                return False
    return True


def _swept(section: Polygon | MultiPolygon, turns: Iterable[float], bound: float) -> BaseGeometry:
    """Everything a section may cover while it is turned and displaced within its bounds."""
    turned = union_all([_moved(section, 0.0, 0.0, yaw) for yaw in turns]).simplify(2e-5).buffer(1e-4)

    return turned.buffer(1.03 * bound * math.sqrt(2.0), quad_segs=4)


def _held(part: Part) -> tuple[Slab, ...]:
    return (*solid_of(part).slabs, *_fingers(part))


def _fingers(part: Part) -> tuple[Slab, ...]:
    return finger_slabs(part.grasps[0], HAND_OPENING_M) if part.grasps else ()


def _goal(assembly: Assembly, part: str) -> Pose:
    if part == assembly.base.part:
        return Pose(position_mm=(0.0, 0.0, 0.0))
    return assembly.step_of(part).goal


def _seen_from(goal: Pose, slabs: tuple[Slab, ...], pose: Pose) -> tuple[Slab, ...]:
    """Slabs of a part at ``pose``, both poses in the base part's frame, in the goal's frame."""
    yaw = math.radians(pose.yaw_deg - goal.yaw_deg)
    dx, dy, dz = ((a - b) / 1000.0 for a, b in zip(pose.position_mm, goal.position_mm, strict=True))
    cos, sin = math.cos(math.radians(goal.yaw_deg)), math.sin(math.radians(goal.yaw_deg))
    x, y = cos * dx + sin * dy, cos * dy - sin * dx
    return tuple(Slab(s.z_lo + dz, s.z_hi + dz, _moved(s.section, x, y, yaw)) for s in slabs)


def _moved(section: Polygon | MultiPolygon, x: float, y: float, yaw: float) -> Polygon | MultiPolygon:
    cos, sin = math.cos(yaw), math.sin(yaw)
    moved = affinity.affine_transform(section, [cos, -sin, sin, cos, x, y])
    assert isinstance(moved, Polygon | MultiPolygon)
    return moved


def _overlap(one: BaseGeometry, two: BaseGeometry) -> bool:
    return bool(one.intersects(two)) and float(one.intersection(two).area) > TOUCHING_AREA_M2
