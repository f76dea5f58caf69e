"""Whether the hand finds room: around the part it holds, at the goal, and between neighbours in the tray."""

from collections.abc import Container, Iterable
from dataclasses import replace

import numpy as np

from sequences.assembly import Assembly, Grasp, Part, Step
from sequences.errors import Path, Problem
from sequences.fingers import hand_slabs
from sequences.solid import Solid
from sequences.standing import Slice, Standing, before, placed_mm
from sequences.tray import ASTRAY_MM, opening_m, squeeze_of

OVERLAP_MM2 = 0.5
TOUCHING_MM = 0.01


def check_hands(assembly: Assembly, solids: dict[str, Solid], skip: Container[int | str]) -> list[Problem]:
    """Parts that none of their grasps can hold, place and pick up without the hand meeting something.

    Parts named in ``skip``, whose grasps are wrong already, are left out.
    """
    problems: list[Problem] = []
    waiting = _waiting(assembly, solids)
    for index, step in enumerate(assembly.steps):
        part = assembly.parts.get(step.part)
        if part is None or step.part not in solids or step.part in skip:
            continue
        path: Path = ("parts", step.part, "grasps")
        problems += _around(part, Standing(step.part, solids[step.part]), path)
        standing = before(assembly, index, solids)
        problems += _at_the_goal(index, step, part, standing)
        here = next((place for place in waiting if place.name == step.part), None)
        if here is not None:
            problems += _in_the_tray(part, here, waiting, [_in_cell(assembly, one) for one in standing])
    return problems


def hand(
    grasp: Grasp, position_mm: tuple[float, float, float], yaw_deg: float, opening_m: float = 0.0
) -> list[Slice]:
    """The hand around a part that stands at a pose, as slices in the frame of the pose [mm]."""
    lift = position_mm[2]
    return [
        Slice(slab.z_lo * 1000 + lift, slab.z_hi * 1000 + lift, placed_mm(slab.section, position_mm, yaw_deg))
        for slab in hand_slabs(grasp, opening_m)
    ]


def fetching(
    solid: Solid, grasp: Grasp, position_mm: tuple[float, float, float], yaw_deg: float
) -> list[Slice]:
    """The open hand as it comes down to centre and to grasp a waiting part, with room for errors [mm]."""
    ways, squeeze = [grasp], squeeze_of(solid, grasp)
    if squeeze is not None:
        x, y, z = grasp.position_mm
        middle = (x + 1000.0 * squeeze.offset_m[0], y + 1000.0 * squeeze.offset_m[1], z)
        turned = {
            "position_mm": middle,
            "yaw_deg": grasp.yaw_deg + 90.0,
            "width_mm": 1000.0 * squeeze.width_m,
        }
        ways.append(grasp.model_copy(update=turned))
    opening = opening_m(solid, grasp)
    slices = [
        one
        for way in ways
        for one in hand(way, position_mm, yaw_deg, (opening - way.width_mm / 1000.0) / 2.0)
    ]
    return [replace(one, flat=one.flat.buffer(ASTRAY_MM)) for one in slices]


def meets(slices: Iterable[Slice], other: Standing, *, coming_down: bool) -> bool:
    """Whether slices share room with a part; on the way straight down, too, when they are ``coming_down``."""
    return any(
        one.z_lo < two.z_hi - TOUCHING_MM
        and (coming_down or two.z_lo < one.z_hi - TOUCHING_MM)
        and one.flat.intersection(two.flat).area > OVERLAP_MM2
        for one in slices
        for two in other.slices
    )


def _around(part: Part, itself: Standing, path: Path) -> list[Problem]:
    free = [g for g in part.grasps if not meets(hand(g, (0.0, 0.0, 0.0), 0.0), itself, coming_down=True)]
    if free:
        return []
    hint = "grasp higher, or turn the grasp so that the fingers pass beside what is wide"
    return [Problem(path, "would press the fingers into the part itself", hint)]


def _at_the_goal(index: int, step: Step, part: Part, others: list[Standing]) -> list[Problem]:
    met: list[str] = []
    for grasp in part.grasps:
        slices = hand(grasp, step.goal.position_mm, step.goal.yaw_deg)
        hit = [other.name for other in others if meets(slices, other, coming_down=True)]
        if not hit:
            return []
        met += hit
    hint = f"grasp '{step.part}' higher or turned, or place '{met[0]}' later"
    return [Problem(("steps", index, "part"), f"brings the hand into '{met[0]}' at the goal", hint)]


def _waiting(assembly: Assembly, solids: dict[str, Solid]) -> list[Standing]:
    """All parts in the tray, in the robot's base frame."""
    return [
        Standing(
            name,
            solids[name],
            (*place.position_mm, assembly.tray.height_mm - float(solids[name].bounds[0, 2]) * 1000),
            place.yaw_deg,
        )
        for name, place in assembly.tray.places.items()
        if name in solids and name != assembly.base.part
    ]


def _in_cell(assembly: Assembly, one: Standing) -> Standing:
    """A part of the product in the robot's base frame."""
    base = assembly.base.pose
    x, y, z = (1000.0 * base.transform.apply(np.asarray(one.position_mm) / 1000.0)).tolist()
    return replace(one, position_mm=(x, y, z), yaw_deg=base.yaw_deg + one.yaw_deg)


def _in_the_tray(
    part: Part, here: Standing, waiting: list[Standing], product: list[Standing]
) -> list[Problem]:
    """The hand fetches a part by its first grasp, beside all that waits and what stands of the product."""
    slices = fetching(here.solid, part.grasps[0], here.position_mm, here.yaw_deg)
    hints = {
        f"put '{here.name}' and '{{}}' farther apart, or turn one": waiting,
        f"put '{here.name}' farther from the product, in which '{{}}' stands by then": product,
    }
    for hint, others in hints.items():
        for other in others:
            if other is not here and meets(slices, other, coming_down=True):
                path = ("tray", "places", here.name, "position_mm")
                message = f"leaves the open hand no room beside '{other.name}'"
                return [Problem(path, message, hint.format(other.name))]
    return []
