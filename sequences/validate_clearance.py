"""Whether the stated gap between mating surfaces is the gap that the geometry has."""

from collections.abc import Container, Iterator

from sequences.assembly import Assembly, Step
from sequences.errors import Problem
from sequences.solid import Solid
from sequences.standing import Standing, at_goal, before

TOLERANCE_MM = 0.05
TOUCHING_MM = 1e-3
"""Overlap in height from which two slices face each other."""


def check_clearances(
    assembly: Assembly, solids: dict[str, Solid], skip: Container[int | str]
) -> list[Problem]:
    """The steps, those with an index in ``skip`` left out, whose part fits tighter or looser than stated.

    Steps with imported parts are left out.
    """
    problems: list[Problem] = []
    for index, step in enumerate(assembly.steps):
        if step.part in solids and index not in skip and exact(step, solids):
            problems += _clearance(index, step, at_goal(step, solids), before(assembly, index, solids))
    return problems


def exact(step: Step, solids: dict[str, Solid]) -> bool:
    """Whether a step's part and its mates are their sections. The gaps of imported parts are measured, and
    proved to be those of their meshes, when they are imported."""
    return all(solids[name].exact for name in (step.part, *step.mates) if name in solids)


def gap_mm(plug: Standing, other: Standing) -> float:
    """Smallest horizontal distance between two parts facing each other [mm]; infinite if nowhere."""
    distances = (
        one.flat.distance(two.flat)
        for one in plug.slices
        for two in other.slices
        if min(one.z_hi, two.z_hi) - max(one.z_lo, two.z_lo) > TOUCHING_MM
    )
    return float(min(distances, default=float("inf")))


def _clearance(index: int, step: Step, plug: Standing, others: list[Standing]) -> Iterator[Problem]:
    path = ("steps", index, "clearance_mm")
    gaps = {other.name: gap_mm(plug, other) for other in others}
    for name, gap in gaps.items():
        if gap < step.clearance_mm - TOLERANCE_MM:
            message = f"is more than there is: the gap to '{name}' is {gap:.2f} mm"
            yield Problem(path, message, f"write {gap:.2f}, or give the hole grow_mm {step.clearance_mm:g}")
    if not gaps.keys() >= set(step.mates):
        return
    guided = min((gap for name, gap in gaps.items() if name in step.mates), default=float("inf"))
    if guided > step.clearance_mm + TOLERANCE_MM:
        near = (
            f"to the nearest mate is {guided:.2f} mm"
            if guided < float("inf")
            else "is open: no mate is beside it"
        )
        message = f"is less than there is: the gap {near}"
        yield Problem(path, message, "make the hole smaller, or name the part that guides it in mates")
