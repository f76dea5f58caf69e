"""Whether each part can get to its goal: nothing stands in the way of its last, straight motion."""

import math
from collections.abc import Container, Iterator

from sequences.assembly import Assembly, Step
from sequences.errors import Problem
from sequences.solid import Solid
from sequences.standing import Standing, at_goal, before
from sequences.validate_goals import OVERLAP_MM3, common_mm3

OVERLAP_MM2 = 0.01
"""Common area from which one section blocks another."""
TILT_DEG = 0.5
"""Directions nearer to the vertical than this are taken as vertical."""
SAMPLES = 24
"""Poses along a tilted path that are looked at."""


def check_paths(assembly: Assembly, solids: dict[str, Solid], skip: Container[int | str]) -> list[Problem]:
    """The steps, those with an index in ``skip`` left out, whose way is blocked."""
    problems: list[Problem] = []
    for index, step in enumerate(assembly.steps):
        if step.part not in solids or index in skip:
            continue
        plug = at_goal(step, solids)
        for other in before(assembly, index, solids):
            height = _blocked(step, plug, other)
            if height is not None:
                message = f"is blocked: '{plug.name}' meets '{other.name}' {height:.1f} mm before its goal"
                hint = f"place '{plug.name}' before '{other.name}', or come from another direction"
                problems.append(Problem(("steps", index, "direction"), message, hint))
    return problems


def _blocked(step: Step, plug: Standing, other: Standing) -> float | None:
    """How far from its goal the plug first meets ``other`` on its way in [mm]; None when the way is free."""
    if math.hypot(*step.direction[:2]) < math.sin(math.radians(TILT_DEG)):
        return max(_heights(plug, other), default=None)
    far = max(other.top_mm - plug.bottom_mm, 0.0) / abs(step.direction[2])
    for sample in range(SAMPLES, 0, -1):
        back = far * sample / SAMPLES
        x, y, z = (-value * back for value in step.direction)
        if common_mm3(plug, other, (x, y, z)) > OVERLAP_MM3:
            return back
    return None


def _heights(plug: Standing, other: Standing) -> Iterator[float]:
    """Heights above the goal up to which a section of the plug is above ``other``, coming vertically."""
    for low in plug.slices:
        for high in other.slices:
            over = high.z_hi - low.z_lo
            if over > 1e-3 and low.flat.intersection(high.flat).area > OVERLAP_MM2:
                yield over
