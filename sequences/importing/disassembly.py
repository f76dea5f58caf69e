"""An order in which parts go in straight down, found by taking the assembly apart.

A part can be taken out when nothing above it is in its way, and can be put in again there when it then
stands by itself and the hand finds room. Taking a part out never gets in the way of another, so that a search
without backtracking finds an order whenever there is one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sequences.importing.manifolds import outline_of
from sequences.importing.members import FAR_MM, Member, thickness_mm
from sequences.importing.resting import settled, unsteady

BLOCKED_MM = 0.3
"""What is in the way and thicker than this cannot be relieved."""
BLOCKED_MM3 = 0.3

Graspable = Callable[[Member, Sequence[Member]], str]
"""Why a part cannot be held at its goal while others stand; empty when it can."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A part that cannot be assembled."""

    part: str
    why: str
    hint: str


def blockers(
    part: Member, others: Sequence[Member], way: tuple[float, float, float] | None = None
) -> list[str]:
    """The parts that are in the way of ``part`` when it moves straight up, or along ``way``."""
    swept = part.above if way is None else part.swept((FAR_MM * way[0], FAR_MM * way[1], FAR_MM * way[2]))
    met = []
    for other in others:
        common = swept ^ other.body
        if common.volume() > BLOCKED_MM3 and thickness_mm(common) > BLOCKED_MM:
            met.append(other.name)
    return met


def order_of(
    members: Sequence[Member], base: Member, graspable: Graspable, wish: Sequence[str] = ()
) -> tuple[list[Member], list[Stuck]]:
    """The parts without the base in the order in which they go in, and what is stuck; one of both is empty.

    ``wish`` fixes the order.
    """
    left = [member for member in members if member is not base]
    removed: list[Member] = []
    while left:
        reasons: dict[str, Stuck] = {}
        candidates = sorted(left, key=_first_out, reverse=True)
        if wish:
            candidates = [member for member in left if member.name == wish[len(left) - 1]]
        for part in candidates:
            others = [base, *(other for other in left if other is not part)]
            stuck = _reason(part, others, graspable)
            if stuck is None:
                left.remove(part)
                removed.append(part)
                break
            reasons[part.name] = stuck
        else:
            return [], _culprits(reasons)
    return removed[::-1], []


def _first_out(part: Member) -> tuple[float, float, str]:
    return round(float(part.bounds[0, 2]), 2), round(float(part.bounds[1, 2]), 2), part.name


def _reason(part: Member, others: Sequence[Member], graspable: Graspable) -> Stuck | None:
    """Why ``part`` cannot be the last to go in."""
    met = blockers(part, others)
    if met:
        return Stuck(
            part.name, f"cannot come out straight up: {_names(met)} is in its way", _ways(part, others)
        )
    why = unsteady(settled(part, others)[0], others)
    if why:
        return Stuck(part.name, why, "give it a seat, or draw what carries it")
    why = graspable(part, others)
    if why:
        return Stuck(
            part.name,
            f"cannot be grasped at its place: {why}",
            "make it narrower, or higher than what stands beside it",
        )
    return None


def _culprits(reasons: dict[str, Stuck]) -> list[Stuck]:
    """What is stuck, the parts that nothing but the base holds first."""
    return sorted(reasons.values(), key=lambda stuck: (stuck.why.count("'") > 2, stuck.part))


def _ways(part: Member, others: Sequence[Member]) -> str:
    """Whether a part comes out along another straight line."""
    free = [name for name, way in _candidates() if not blockers(part, others, way)]
    if free:
        return f"it comes out along {free[0]}: stand the product so that this is up, or draw it so"
    tried = len(_candidates())
    return f"it comes out along none of {tried} straight lines that were tried: bend, turn or split it"


def _candidates() -> list[tuple[str, tuple[float, float, float]]]:
    sides = [
        ("+x", (1.0, 0.0, 0.0)),
        ("-x", (-1.0, 0.0, 0.0)),
        ("+y", (0.0, 1.0, 0.0)),
        ("-y", (0.0, -1.0, 0.0)),
    ]
    down = [("-z", (0.0, 0.0, -1.0))]
    root = float(np.sqrt(0.5))
    slanted = [(f"up and {name}", (root * x, root * y, root)) for name, (x, y, _) in sides]
    return [*sides, *down, *slanted]


def footprint_mm2(part: Member) -> float:
    """Area that a part covers, seen from above [mm²]."""
    return float(outline_of(part.body.project()).convex_hull.area)


def bases(members: Sequence[Member]) -> list[Member]:
    """Candidates for the base, the best first: what stands lowest, and of that what covers most ground."""
    lowest = min(float(member.bounds[0, 2]) for member in members)
    return sorted(
        members,
        key=lambda member: (float(member.bounds[0, 2]) > lowest + 1.0, -footprint_mm2(member), member.name),
    )


def _names(names: Sequence[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)
