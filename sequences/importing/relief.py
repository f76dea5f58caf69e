"""Room for insertion: where parts touch, overlap or fit too tightly on the way in, the plug is relieved.

What stands is swept downwards, which is what a plug on its way up would have to pass, and moved sideways by
the clearance in all directions; the plug loses what it shares with that. Seats, which face up, stay as they
are. Everything is in millimetres.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import manifold3d
import numpy as np

from sequences.importing.members import Member, level_directions, thickness_mm, together

ENOUGH_MM = 0.15
"""Gaps from here on, and some hundredths more, are left as they were drawn."""
SEAT_MM = 0.06
"""Seats are spared: what is swept begins this far below. Convex pieces may be that much too high."""
CLEARANCE_MM = 0.25
"""Gap that is made where there is less."""
TOUCHED_MM3 = 0.02
DEEPEST_MM = 0.8
"""Removing more than this would make another part of it."""
MOST_SHARE = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Relief:
    """What was taken from one part."""

    part: str
    against: tuple[str, ...]
    removed: manifold3d.Manifold
    volume_mm3: float
    depth_mm: float
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    before: manifold3d.Manifold
    after: manifold3d.Manifold


def room_for(part: Member, others: Sequence[Member], clearance_mm: float) -> manifold3d.Manifold:
    """Where ``part``, which comes straight down past ``others``, must not be."""
    low, high = part.bounds[0] - 2 * clearance_mm, part.bounds[1] + 2 * clearance_mm
    box = manifold3d.Manifold.cube(tuple(high - low)).translate(tuple(low))
    below = together([other.below.translate((0.0, 0.0, -SEAT_MM)) ^ box for other in others])
    shifted = [below.translate((clearance_mm * x, clearance_mm * y, 0.0)) for x, y in level_directions()]
    return together([below, *shifted])


def tight(part: Member, others: Sequence[Member], clearance_mm: float = ENOUGH_MM) -> list[Member]:
    """Which of ``others`` the part comes nearer to than a clearance, on its way in."""
    return [
        other
        for other in others
        if _may_meet(part, other, clearance_mm)
        and (part.body ^ room_for(part, [other], clearance_mm)).volume() > TOUCHED_MM3
    ]


def _may_meet(part: Member, other: Member, clearance_mm: float) -> bool:
    low, high = part.bounds[0] - clearance_mm, part.bounds[1] + clearance_mm
    beside = np.any(low[:2] > other.bounds[1][:2]) or np.any(high[:2] < other.bounds[0][:2])
    return not (beside or low[2] > other.bounds[1][2])


def relieved(part: Member, others: Sequence[Member]) -> tuple[Member, Relief | None]:
    """The part with room to be inserted among ``others``, and what was done; None when nothing was."""
    met = tight(part, others)
    if not met:
        return part, None
    cut = part.body - room_for(part, met, CLEARANCE_MM)
    bodies = sorted(cut.decompose(), key=lambda body: -float(body.volume()))
    after = bodies[0].simplify(0.002) if bodies else manifold3d.Manifold()
    removed = part.body - after
    note = f"relieved against {', '.join(other.name for other in met)}"
    low, high = np.array(removed.bounding_box()).reshape(2, 3)
    relief = Relief(
        part.name,
        tuple(other.name for other in met),
        removed,
        float(removed.volume()),
        thickness_mm(removed),
        tuple(low.tolist()),
        tuple(high.tolist()),
        part.body,
        after,
    )
    return part.with_body(after, note), relief


def too_much(relief: Relief) -> bool:
    """Whether so much would be taken away that the part would be another."""
    return relief.depth_mm > DEEPEST_MM or relief.volume_mm3 > MOST_SHARE * relief.before.volume()
