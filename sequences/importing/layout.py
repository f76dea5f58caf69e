"""Where everything stands in the cell: the base in its fixture, and each part on a place in the tray."""

import math
from collections.abc import Mapping, Sequence

from sequences.assembly import Grasp, Place, Pose
from sequences.body import Solid
from sequences.importing.problems import refused
from sequences.standing import Flat, Standing
from sequences.tray import ground
from sequences.validate_hands import fetching, meets
from sequences.validate_tray import FARTHEST_MM, NEAREST_MM

BASE_MM = (520.0, 0.0, 50.0)
TRAY_HEIGHT_MM = 20.0
EDGE_MM = 15.0
"""From the reach of the robot."""
GAP_MM = 18.0
"""Least distance between neighbours."""
STEP_MM = 10.0
ROWS_MM = (-140.0, -480.0)
COLUMNS_MM = (300.0, 640.0)


def laid_out(
    where: str,
    parts: Mapping[str, tuple[Solid, Sequence[Grasp]]],
    base: Solid,
    goals: Mapping[str, Pose],
) -> dict[str, Place]:
    """A place for each part, in the order given, the near ones first. Raises AssemblyError.

    The hand that fetches a part there is clear of what waits and of the product, all of whose parts stand at
    their ``goals`` in the base's frame by then.
    """
    product = [Standing(name, parts[name][0], _in_cell(goal), goal.yaw_deg) for name, goal in goals.items()]
    clamped = ground(base, BASE_MM, 0.0).buffer(GAP_MM + 10.0)
    taken: list[tuple[Standing, Flat, Sequence[Grasp]]] = []
    places: dict[str, Place] = {}
    for name, (solid, grasps) in parts.items():
        for x, y in _spots():
            standing = Standing(name, solid, (x, y, TRAY_HEIGHT_MM))
            covered = ground(solid, (x, y), 0.0)
            if covered.intersects(clamped) or any(covered.distance(other) < GAP_MM for _, other, _ in taken):
                continue
            hand = fetching(solid, grasps[0], standing.position_mm, 0.0)
            if any(meets(hand, placed, coming_down=True) for placed in product):
                continue
            if all(_room(standing, grasps, other, others) for other, _, others in taken):
                taken.append((standing, covered, grasps))
                places[name] = Place(position_mm=(x, y))
                break
        else:
            raise refused(
                where, "finds no place in the tray within the robot's reach", "import fewer parts", name
            )
    return places


def _in_cell(goal: Pose) -> tuple[float, float, float]:
    x, y, z = (a + b for a, b in zip(goal.position_mm, BASE_MM, strict=True))
    return x, y, z


def _spots() -> list[tuple[float, float]]:
    spots = []
    y = ROWS_MM[0]
    while y >= ROWS_MM[1]:
        x = COLUMNS_MM[0]
        while x <= COLUMNS_MM[1]:
            if NEAREST_MM + EDGE_MM < math.hypot(x, y) < FARTHEST_MM - EDGE_MM:
                spots.append((x, y))
            x += STEP_MM
        y -= STEP_MM
    return spots


def _room(one: Standing, grasps: Sequence[Grasp], two: Standing, others: Sequence[Grasp]) -> bool:
    """Whether the hand can centre and take each of two neighbours by its first grasp."""
    return not (
        meets(fetching(one.solid, grasps[0], one.position_mm, 0.0), two, coming_down=True)
        or meets(fetching(two.solid, others[0], two.position_mm, 0.0), one, coming_down=True)
    )
