"""From a step of an assembly to what the routines need to know about it."""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly, Part, Step
from sequences.fits import leading_fit
from sequences.heights import clear_height, enters_turned, touch_point, yaw_play
from sequences.probe import probe_point
from sequences.solid import Solid, solid_of
from sequences.tray import OPEN_M, squeeze_of, widest_opening_m
from skills.insertion import KEYED_RAD, Insertion, Leading, Probe, Touch

TRAY_ERROR_M = 0.003
"""How far from its place a part may lie in the tray, and so in the hand where nothing centres it [m]."""
SLENDER = 3.0
"""A mate that is so many times as high as wide, and stands so many times as far out as in, leans."""
TRAVEL_MARGIN_M = 0.03
"""Air between what is carried and the tallest thing that stands [m]."""


def insertion_of(assembly: Assembly, step: Step) -> Insertion:
    """What ``step`` means for a robot. Geometry comes from the assembly; nothing is measured."""
    part = assembly.parts[step.part]
    solid, grasp = solid_of(part), part.grasps[0]
    squeeze = squeeze_of(solid, grasp)
    touch, probe = touch_point(assembly, step), probe_point(assembly, step)
    plain = Insertion(
        part=step.part,
        skill=step.skill,
        tcp_in_plug=_turned_least(grasp.tcp_in_part, assembly.goal_in_base(step)),
        grip_width_m=grasp.width_mm / 1000.0,
        cross_width_m=squeeze.width_m if squeeze else None,
        cross_offset_m=squeeze.offset_m if squeeze else (0.0, 0.0),
        mass_kg=solid.mass_kg,
        depth_m=step.depth_mm / 1000.0,
        clearance_m=step.clearance_mm / 1000.0,
        tolerance_m=step.seated_tolerance_mm / 1000.0,
        symmetry=step.symmetry,
        touch=None if touch is None else Touch(touch.offset_m, touch.height_m),
        clear_height_m=clear_height(assembly, step),
        travel_height_m=_travel_height(assembly, part, solid),
        loose_fits=loose_fits(assembly, step),
        sway_m=sway_m(assembly, step),
        uncentred_m=0.0 if squeeze else TRAY_ERROR_M,
        yaw_play_rad=yaw_play(assembly, step),
        enters_turned=enters_turned(assembly, step),
        mate_turns=any(yaw_play(assembly, mate) >= KEYED_RAD for mate in _loose_mates(assembly, step)),
        fetch_width_m=min(widest_opening_m(assembly, step.part), OPEN_M),
        probe=None if probe is None else Probe(probe.offset_m, probe.height_m),
    )
    first = leading_fit(assembly, step) if plain.fine else None
    return plain if first is None else replace(plain, leading=Leading(first.offset_m, first.spread_m))


def loose_fits(assembly: Assembly, step: Step) -> int:
    """How many loose fits lie between the base and ``step``'s part, by the longest way."""
    return 1 + max((loose_fits(assembly, mate) for mate in _loose_mates(assembly, step)), default=0)


def sway_m(assembly: Assembly, step: Step) -> float:
    """How far the slenderest mate of ``step`` can lean to either side at the mouth of the fit [m].

    A mate that is several times as high as wide, and stands out of its hole by several times its depth there,
    leans about its foot until it meets the hole's walls; what is wider or lower rests on its seat.
    """
    leans = [0.0]
    for mate in _loose_mates(assembly, step):
        width_x, width_y, height = np.ptp(solid_of(assembly.parts[mate.part]).bounds, axis=0)
        outside_mm = step.goal.position_mm[2] - mate.goal.position_mm[2] + step.depth_mm - mate.depth_mm
        if height > SLENDER * min(width_x, width_y) and outside_mm > SLENDER * mate.depth_mm:
            leans.append(2.0 * mate.clearance_mm * outside_mm / mate.depth_mm / 1000.0)
    return max(leans)


def _loose_mates(assembly: Assembly, step: Step) -> list[Step]:
    return [assembly.step_of(mate) for mate in step.mates if mate != assembly.base.part]


def _turned_least(tcp_in_plug: RigidTransform, goal_in_base: RigidTransform) -> RigidTransform:
    """The grasp, or the same with the fingers exchanged: whichever keeps the wrist from its limits.

    The last joint of the FR3 goes 173 degrees either way, and stands at 45 degrees when the TCP's x axis is
    along the base's. The TCP's x axis is kept in the half plane in front of the base.
    """
    x, y, _ = (goal_in_base * tcp_in_plug).rotation.apply([1.0, 0.0, 0.0])
    if x > 1e-6 or (x > -1e-6 and y > 0.0):
        return tcp_in_plug
    return tcp_in_plug * RigidTransform.from_rotation(Rotation.from_rotvec([0.0, 0.0, np.pi]))


def _travel_height(assembly: Assembly, part: Part, solid: Solid) -> float:
    """TCP height in the base frame at which the part clears everything, wherever it is carried [m]."""
    base = assembly.parts[assembly.base.part]
    floor = assembly.base.pose.position_mm[2] / 1000.0
    tops = [floor + float(solid_of(base).bounds[1][2])]
    tops += [
        floor + step.goal.position_mm[2] / 1000.0 + float(solid_of(assembly.parts[step.part]).bounds[1][2])
        for step in assembly.steps
    ]
    tray = assembly.tray.height_mm / 1000.0
    tops += [tray + solid_of(other).height for other in assembly.parts.values()]
    below_tcp = part.grasps[0].position_mm[2] / 1000.0 - float(solid.bounds[0][2])
    return max(tops) + max(below_tcp, 0.012) + TRAVEL_MARGIN_M
