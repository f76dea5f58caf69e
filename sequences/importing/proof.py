"""The judge of contact geometry: what the convex pieces do along an insertion against what the meshes do.

At several heights above the seat the plug is moved sideways until it meets its socket, once with the bodies
as they are and once with the pieces that stand for them; the difference is clearance that was added or lost.
What pieces share where the bodies share nothing is penetration. Everything is in millimetres.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import manifold3d
import numpy as np

from sequences.importing.fit import MOST_PLAY_MM, Fit, plays_mm
from sequences.importing.members import Member, thickness_mm, together

MOST_ERROR_MM = 0.1
"""Clearance added or lost, or penetration, from which an import is refused."""
HEIGHTS = 5
"""Heights along the insertion at which play is compared."""
SEATED_MM = 0.15
"""The lowest of them."""
COUNTED_MM3 = 0.02


@dataclass(frozen=True, slots=True)
class Verdict:
    """One part against what it is inserted into."""

    part: str
    mates: tuple[str, ...]
    play_mm: float
    """The least play of the bodies over all heights and directions."""
    added_mm: float
    """Most that the pieces' play exceeds that of the bodies."""
    lost_mm: float
    """Most that it falls short."""
    penetration_mm: float
    """How thick what the pieces share is, anywhere along the path."""
    pieces: int
    """Of the part and of its mates."""

    @property
    def error_mm(self) -> float:
        """The worst of all [mm]."""
        return max(self.added_mm, self.lost_mm, self.penetration_mm)


def judged(part: Member, others: Sequence[Member], fit: Fit) -> Verdict:
    """How true the pieces of ``part`` and of those it mates with are."""
    mates = [other for other in others if other.name in fit.mates]
    true, pieces = (
        _near(part, [mate.body for mate in mates]),
        _near(part, [together(mate.pieces) for mate in mates]),
    )
    plug = together(part.pieces)
    added = lost = penetration = 0.0
    least = MOST_PLAY_MM
    for lift in np.linspace(SEATED_MM, max(fit.depth_mm - 0.2, 0.5), HEIGHTS):
        one, two = plays_mm(part.body, true, lift), plays_mm(plug, pieces, lift)
        counts = one < MOST_PLAY_MM - 0.3
        if counts.any():
            least = min(least, float(one[counts].min()))
            added = max(added, float((two - one)[counts].max()))
            lost = max(lost, float((one - two)[counts].max()))
        common = plug.translate((0.0, 0.0, float(lift))) ^ pieces
        if common.volume() > COUNTED_MM3:
            penetration = max(penetration, thickness_mm(common))
    count = len(part.pieces) + sum(len(mate.pieces) for mate in mates)
    return Verdict(
        part.name, fit.mates, round(least, 3), round(added, 3), round(lost, 3), round(penetration, 3), count
    )


def _near(part: Member, bodies: Sequence[manifold3d.Manifold]) -> manifold3d.Manifold:
    low, high = part.bounds[0] - MOST_PLAY_MM - 1.0, part.bounds[1] + MOST_PLAY_MM + 1.0
    box = manifold3d.Manifold.cube(tuple(high - low)).translate(tuple(low))
    return together([body ^ box for body in bodies])
