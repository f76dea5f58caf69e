"""Whether the stated depth is the height at which a part enters the parts that guide it."""

from collections.abc import Container, Iterator

from sequences.assembly import Assembly, Step
from sequences.errors import Problem
from sequences.solid import Solid
from sequences.standing import Standing, at_goal, before
from sequences.validate_clearance import TOLERANCE_MM, exact

DEPTH_TOLERANCE_MM = 1.0


def check_depths(assembly: Assembly, solids: dict[str, Solid], skip: Container[int | str]) -> list[Problem]:
    """The steps, those with an index in ``skip`` left out, whose depth does not agree with the geometry."""
    problems: list[Problem] = []
    for index, step in enumerate(assembly.steps):
        if step.part in solids and index not in skip and exact(step, solids):
            plug = at_goal(step, solids)
            mates = [other for other in before(assembly, index, solids) if other.name in step.mates]
            problems += _depth(
                index, step, {height for mate in mates for height in entries_mm(plug, mate, step)}
            )
    return problems


def entries_mm(plug: Standing, mate: Standing, step: Step) -> Iterator[float]:
    """Heights above the goal [mm] at which a section of the plug comes beside one of ``mate``, a gap away."""
    for low in plug.slices:
        for high in mate.slices:
            height = high.z_hi - low.z_lo
            if height > 0 and low.flat.distance(high.flat) <= step.clearance_mm + TOLERANCE_MM:
                yield height / abs(step.direction[2])


def _depth(index: int, step: Step, entries: set[float]) -> Iterator[Problem]:
    """Depths are compared with every height of entry: which one counts, only the author knows."""
    if entries and all(abs(entry - step.depth_mm) > DEPTH_TOLERANCE_MM for entry in entries):
        deepest = f"the part enters its mates {max(entries):.2f} mm before it is seated"
        yield Problem(("steps", index, "depth_mm"), "does not agree with the geometry", deepest)
