"""What really happened, for scoring only: nothing that decides may look here."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import RigidTransform

from sequences.assembly import Assembly, Step
from sim.cell import SimCell
from skills.cell import Flags, Vector
from skills.tasks import loose_fits

TILT_LIMIT_RAD = np.deg2rad(2.0)
SOFTNESS_M = 0.00025
"""How far contact may give sideways [m]."""

AXIS_KEYPOINTS_M = np.linspace(-0.075, 0.075, 4)
"""Where along the plug's axis AutoMate measures how far it is from its goal [m]."""
ENGAGED_M = 0.015
"""Mean distance of those points within which AutoMate counts a plug as inserted [m]."""


@dataclass(frozen=True, slots=True)
class TruthVerdict:
    """Where a part really is, against where it belongs."""

    seated: bool
    position_error_m: float
    """Distance of the part's frame from its goal [m]."""
    height_m: float
    """Height above the goal along the insertion direction [m]."""
    lateral_m: float
    """Distance from the goal across the insertion direction [m]."""
    tilt_rad: float


@dataclass(frozen=True, slots=True)
class Offsets:
    """Where parts are against their goals: rows are worlds."""

    height_m: Vector
    """(n,) above the goal along the insertion direction [m]."""
    lateral_m: Vector
    """(n,) across it [m]."""
    tilt_rad: Vector
    """(n,) [rad]."""


def offsets(step: Step, plug_in_goal: RigidTransform) -> Offsets:
    """How far the plugs, a stack of (n,) poses in the frame of the goal, are from it."""
    down = np.asarray(step.direction) / np.linalg.norm(step.direction)
    translation = plug_in_goal.translation
    height = -translation @ down
    lateral = np.linalg.norm(translation + height[:, None] * down, axis=1)
    upright = plug_in_goal.rotation.apply([0.0, 0.0, 1.0])[:, 2]
    return Offsets(height, lateral, np.arccos(np.clip(upright, -1.0, 1.0)))


def play_m(assembly: Assembly, step: Step) -> float:
    """How far aside a seated part may stand [m]: the clearance to the parts that it mates with plus theirs
    to the base, hence the clearance times the length of the chain of mates, and the softness of contact."""
    return float(np.sqrt(2.0) * step.clearance_mm * loose_fits(assembly, step) / 1000.0 + SOFTNESS_M)


def are_seated(assembly: Assembly, step: Step, found: Offsets) -> Flags:
    """(n,) whether the plugs are at their depth, upright, and no further aside than their play allows."""
    deep = np.abs(found.height_m) < step.seated_tolerance_mm / 1000.0
    aside = found.lateral_m < play_m(assembly, step)
    return np.asarray(deep & aside & (found.tilt_rad < TILT_LIMIT_RAD))


def are_engaged(step: Step, plug_in_goal: RigidTransform) -> Flags:
    """(n,) AutoMate's looser success (its release's ``check_plug_inserted_in_socket``) of a stack of (n,)
    poses: below the mouth, not under the seat, and four keypoints on the plug's axis on average within 15 mm
    of where they belong. The seat may give by the step's tolerance, for contact here is soft."""
    found = offsets(step, plug_in_goal)
    axis = plug_in_goal.rotation.apply([0.0, 0.0, 1.0]) - [0.0, 0.0, 1.0]
    moved = plug_in_goal.translation[:, None] + AXIS_KEYPOINTS_M[:, None] * axis[:, None]
    near = np.linalg.norm(moved, axis=2).mean(axis=1) < ENGAGED_M
    inside = found.height_m < step.depth_mm / 1000.0
    return np.asarray(near & inside & (found.height_m > -step.seated_tolerance_mm / 1000.0))


def seated(cell: SimCell, step: Step) -> TruthVerdict:
    """Whether ``step``'s part is seated in ``cell``, and how far it is from its goal."""
    return verdict(cell.assembly, step, cell.true_pose(step.part))


def verdict(assembly: Assembly, step: Step, part_in_base: RigidTransform) -> TruthVerdict:
    """Whether ``step``'s part is seated at ``part_in_base``, and how far that is from its goal."""
    error = assembly.goal_in_base(step).inv() * part_in_base
    stack = RigidTransform.from_matrix(error.as_matrix()[None])
    found = offsets(step, stack)
    return TruthVerdict(
        seated=bool(are_seated(assembly, step, found)[0]),
        position_error_m=float(np.linalg.norm(error.translation)),
        height_m=float(found.height_m[0]),
        lateral_m=float(found.lateral_m[0]),
        tilt_rad=float(found.tilt_rad[0]),
    )
