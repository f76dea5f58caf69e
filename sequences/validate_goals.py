"""Whether each part can be at its goal: it collides with nothing that stands there and rests on something."""

from sequences.assembly import Assembly, Step
from sequences.errors import Problem
from sequences.solid import Solid
from sequences.standing import Standing, at_goal, before

OVERLAP_MM3 = 0.5
"""Common volume from which two solids collide; rounding stays far below."""
LOWERED_MM = 0.3
"""A part that can still go this much further rests on nothing."""
SUPPORT_MM3 = 0.01


def check_goals(assembly: Assembly, solids: dict[str, Solid]) -> list[Problem]:
    """What is wrong with the steps' goals."""
    problems: list[Problem] = []
    for index, step in enumerate(assembly.steps):
        if step.part in solids:
            problems += _goal(index, step, at_goal(step, solids), before(assembly, index, solids))
    return problems


def common_mm3(
    one: Standing, other: Standing, shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> float:
    """Volume that two solids share when the first is shifted [mm³]."""
    if one.bottom_mm + shift_mm[2] >= other.top_mm or one.top_mm + shift_mm[2] <= other.bottom_mm:
        return 0.0
    return float((one.body.translate(shift_mm) ^ other.body).volume())


def _goal(index: int, step: Step, plug: Standing, others: list[Standing]) -> list[Problem]:
    """Collisions and, when all that stands before the step has a solid, whether anything carries it."""
    path = ("steps", index, "goal", "position_mm")
    problems = []
    for other in others:
        common = common_mm3(plug, other)
        if common > OVERLAP_MM3:
            message = f"puts '{plug.name}' into '{other.name}': they would share {common:.3g} mm³"
            problems.append(Problem(path, message, _way_out(plug, other, step)))
    if problems or len(others) <= index:
        return problems
    lower = (step.direction[0] * LOWERED_MM, step.direction[1] * LOWERED_MM, step.direction[2] * LOWERED_MM)
    on_fixture = plug.bottom_mm < others[0].bottom_mm + LOWERED_MM
    if not on_fixture and not any(common_mm3(plug, other, lower) > SUPPORT_MM3 for other in others):
        return [Problem(path, f"leaves '{plug.name}' hanging in the air", _way_down(plug, others))]
    return []


def _way_out(plug: Standing, other: Standing, step: Step) -> str:
    """How far back the plug is free of one other part."""
    for lift in (0.5, 1, 2, 3, 5, 8, 12, 20, 30):
        x, y, z = (-value * lift for value in step.direction)
        if common_mm3(plug, other, (x, y, z)) <= OVERLAP_MM3:
            return f"it is free {lift:g} mm higher; check the height, the yaw and the holes of '{other.name}'"
    return f"check x and y, and whether '{other.name}' has a hole for it"


def _way_down(plug: Standing, others: list[Standing]) -> str:
    """How far the plug would fall straight down."""
    drops = [
        low.z_lo - high.z_hi
        for other in others
        for high in other.slices
        for low in plug.slices
        if low.z_lo >= high.z_hi - 1e-6 and low.flat.intersects(high.flat)
    ]
    if not drops:
        return "nothing stands below it; check x and y"
    return f"it would fall {min(drops):.2f} mm: z {plug.position_mm[2] - min(drops):.2f} rests on something"
