"""Whether a part stays where it belongs: what carries it, how far it would fall, whether it would tip over.

Everything is in millimetres in the frame of the assembly.
"""

from collections.abc import Sequence

import manifold3d
import numpy as np
from shapely import MultiPoint, Point

from sequences.importing.members import Member, level_directions, together

LOWERED_MM = 0.3
"""A part that can go this much further rests on nothing."""
SUPPORT_MM3 = 0.005
NUDGE_MM = 1.0
LEVEL_MM = 0.3
"""A part whose lowest point is this near to the base's stands on the fixture."""
LONGEST_FALL_MM = 5.0
"""A part drawn higher above its seat than this is not meant to fall onto it."""
ASIDE_MM = 3.0


def settled(part: Member, others: Sequence[Member]) -> tuple[Member, float]:
    """The part where it comes to rest, and how far it falls to there [mm].

    It stays as drawn where it rests already or would fall farther than a drawing is wrong.
    """
    near = [other for other in others if beside(part, other)]
    floor = float(others[0].bounds[0, 2])
    held = together([other.body for other in near]) if near else manifold3d.Manifold()

    def rests(fall: float) -> bool:
        lowered = part.body.translate((0.0, 0.0, -fall - LOWERED_MM))
        on_floor = part.bounds[0, 2] - fall < floor + LOWERED_MM
        return bool(on_floor or (lowered ^ held).volume() > SUPPORT_MM3)

    if rests(0.0) or not rests(LONGEST_FALL_MM):
        return part, 0.0
    low, high = 0.0, LONGEST_FALL_MM
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (low, middle) if rests(middle) else (middle, high)
    fall = round(high + LOWERED_MM - 0.02, 2)
    note = f"lowered by {fall:g} mm, to where it rests"
    return part.with_body(part.body.translate((0.0, 0.0, -fall)), note), fall


def unsteady(part: Member, others: Sequence[Member]) -> str:
    """Why ``part`` would not stay where it belongs; empty when it would."""
    floor = float(others[0].bounds[0, 2])
    support: list[manifold3d.Manifold] = []
    lowered = part.body.translate((0.0, 0.0, -LOWERED_MM))
    stands = float(part.bounds[0, 2]) < floor + LEVEL_MM
    near = [other for other in others if beside(part, other)]
    common = [lowered ^ other.body for other in near]
    support = [body for body in common if body.volume() > SUPPORT_MM3]
    if not support and not stands:
        return "rests on nothing: it would fall"
    points = [tuple(point) for body in support for ring in body.project().to_polygons() for point in ring]
    if stands:
        low = part.corners[part.corners[:, 2] < part.bounds[0, 2] + LEVEL_MM]
        points += [tuple(point) for point in low[:, :2]]
    carried = MultiPoint(points).convex_hull.buffer(0.5)
    if carried.contains(Point(part.centre[:2])) or _guided(part, near):
        return ""
    return "would tip over: its weight is beside what carries it, and nothing holds it upright"


def _guided(part: Member, near: Sequence[Member]) -> bool:
    """Whether others keep it from moving sideways."""
    if not near:
        return False
    held = together([other.body for other in near])
    met: list[bool] = [
        (part.body.translate((NUDGE_MM * x, NUDGE_MM * y, LOWERED_MM)) ^ held).volume() > SUPPORT_MM3
        for x, y in level_directions(4)
    ]
    return sum(met) >= 3


def beside(part: Member, other: Member) -> bool:
    """Whether two parts are near enough to meet when one moves a little."""
    low, high = part.bounds[0] - ASIDE_MM, part.bounds[1] + ASIDE_MM
    low[2] -= LONGEST_FALL_MM
    return bool(np.all(low < other.bounds[1]) and np.all(other.bounds[0] < high))
