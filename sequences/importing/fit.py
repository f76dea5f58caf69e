"""How a part fits where it belongs: its play, how deep it is guided, by what, and how it may be turned.

Everything is in millimetres in the frame of the assembly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import manifold3d
import numpy as np
from numpy.typing import NDArray
from shapely import union_all
from shapely.geometry.base import BaseGeometry

from sequences.importing.congruence import differ_mm
from sequences.importing.manifolds import outline_of
from sequences.importing.members import Member, level_directions, together
from sequences.importing.resting import LOWERED_MM, SUPPORT_MM3, beside

LIFT_MM = 0.5
"""Play is measured this far above the seat, so that friction of what it rests on does not count."""
MOST_PLAY_MM = 3.0
"""Play that is no longer guidance."""
DIRECTIONS = 8
MET_MM3 = 0.01
STEPS = 32
LEAST_DEPTH_MM = 1.0
WALL_SHARE, WALL_SLACK_MM = 1.2, 0.2
"""Walls this much farther apart than the play still guide."""
SLICES = 5
LEAST_WALLS_MM2 = 0.5
FOLDS = (24, 12, 8, 6, 5, 4, 3, 2)
ROUND = 24


@dataclass(frozen=True, slots=True)
class Fit:
    """One part among what stands when it comes."""

    play_mm: float
    """How far it can move sideways before it meets something, in the direction in which that is least."""
    depth_mm: float
    """Height above its seat at which it enters what guides it."""
    mates: tuple[str, ...]
    """What guides and carries it."""
    axis_mm: tuple[float, float]
    """The middle of what guides it, seen from above: about this it can turn, if it can turn at all."""
    symmetry: int
    """Turns about its axis that look alike; 0 when it is round."""


def fit_of(part: Member, others: Sequence[Member]) -> Fit:
    """How ``part`` fits among ``others``, the base first."""
    near = [other for other in others if beside(part, other)]
    held = together([_cropped(other.body, part) for other in near]) if near else manifold3d.Manifold()
    play = least_play_mm(part.body, held)
    depth = _depth(part, held, play)
    mates = tuple(other.name for other in near if _mates(part, other, play)) or (others[0].name,)
    axis = _axis(part, held, depth, play)
    return Fit(play, depth, mates, axis, _symmetry(part, axis))


def plays_mm(
    body: manifold3d.Manifold, held: manifold3d.Manifold, lift_mm: float = LIFT_MM, count: int = DIRECTIONS
) -> NDArray[np.float64]:
    """(count,) how far ``body``, lifted, moves in each level direction before it meets ``held`` [mm]."""
    lifted = body.translate((0.0, 0.0, lift_mm))
    return np.array([_play(lifted, held, way) for way in level_directions(count)])


def least_play_mm(body: manifold3d.Manifold, held: manifold3d.Manifold) -> float:
    """The least of the plays to opposite sides: half of the room between them [mm]."""
    plays = plays_mm(body, held)
    return float(((plays + np.roll(plays, DIRECTIONS // 2)) / 2).min())


def _play(body: manifold3d.Manifold, held: manifold3d.Manifold, way: tuple[float, float]) -> float:
    def meets(far: float) -> bool:
        moved = body.translate((far * way[0], far * way[1], 0.0))
        return bool((moved ^ held).volume() > MET_MM3)

    if not meets(MOST_PLAY_MM):
        return MOST_PLAY_MM
    low, high = 0.0, MOST_PLAY_MM
    while high - low > 0.004:
        middle = (low + high) / 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return low


def _depth(part: Member, held: manifold3d.Manifold, play: float) -> float:
    """The greatest height at which it is guided to two sides at least."""
    if held.is_empty():
        return LEAST_DEPTH_MM
    top = held.bounding_box()[5] - float(part.bounds[0, 2])
    far = min(play, MOST_PLAY_MM - 0.6) + 0.5
    for lift in np.linspace(top, 0.0, STEPS, endpoint=False):
        met = [
            (part.body.translate((far * x, far * y, lift)) ^ held).volume() > MET_MM3
            for x, y in level_directions(DIRECTIONS)
        ]
        if any(met[i] and (met[(i + 3) % 8] or met[(i + 4) % 8] or met[(i + 5) % 8]) for i in range(8)):
            return max(round(float(lift), 1), LEAST_DEPTH_MM)
    return LEAST_DEPTH_MM


def _mates(part: Member, other: Member, play: float) -> bool:
    lowered = part.body.translate((0.0, 0.0, -LOWERED_MM)) ^ other.body
    if lowered.volume() > SUPPORT_MM3:
        return True
    far = min(play, MOST_PLAY_MM) + 0.2
    return any(
        (part.body.translate((far * x, far * y, LIFT_MM)) ^ other.body).volume() > MET_MM3
        for x, y in level_directions(DIRECTIONS)
    )


def _cropped(body: manifold3d.Manifold, part: Member) -> manifold3d.Manifold:
    """What of a body the part can meet."""
    low, high = part.bounds[0] - MOST_PLAY_MM - 1.0, part.bounds[1] + MOST_PLAY_MM + 1.0
    box = manifold3d.Manifold.cube(tuple(high - low)).translate(tuple(low))
    return body ^ box


def _axis(part: Member, held: manifold3d.Manifold, depth: float, play: float) -> tuple[float, float]:
    """The middle of the walls between which the part is guided, else of what of it enters."""
    low = float(part.bounds[0, 2])
    reach = (WALL_SHARE * play + WALL_SLACK_MM) / 2.0
    walls = union_all(
        [_walls(part.body, held, z, reach) for z in np.linspace(low, low + depth, SLICES + 2)[1:-1]]
    )
    if walls.area < LEAST_WALLS_MM2:
        walls = outline_of(part.body.trim_by_plane((0.0, 0.0, -1.0), -(low + depth)).project())
    x0, y0, x1, y1 = walls.bounds
    return round((x0 + x1) / 2, 4), round((y0 + y1) / 2, 4)


def _walls(body: manifold3d.Manifold, held: manifold3d.Manifold, z: float, reach: float) -> BaseGeometry:
    """What at the height ``z`` lies within ``reach`` of both bodies: the gaps between their walls."""
    one, two = (outline_of(solid.slice(z)).buffer(reach) for solid in (body, held))
    return one.intersection(two)


def _symmetry(part: Member, axis: tuple[float, float]) -> int:
    x, y = axis
    body = part.body.translate((-x, -y, 0.0))
    for fold in FOLDS:
        if differ_mm(body, body.rotate((0.0, 0.0, 360.0 / fold))) < 0.05:
            return 0 if fold == ROUND else fold
    return 1
