"""What really happened, for scoring only: nothing that decides may look here."""

from dataclasses import dataclass

import numpy as np

from sequences.assembly import Step
from sim.cell import SimCell
from skills.tasks import loose_fits

TILT_LIMIT_RAD = np.deg2rad(2.0)


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


def seated(cell: SimCell, step: Step) -> TruthVerdict:
    """Whether ``step``'s part is seated: at its depth, upright, and no further aside than its play allows.

    The play is the clearance to the parts it mates with plus theirs to the base, hence the clearance times
    the length of the chain of mates, with a quarter of a millimetre for the softness of contact.
    """
    goal = cell.assembly.goal_in_base(step)
    error = goal.inv() * cell.true_pose(step.part)
    offset = error.translation
    down = np.asarray(step.direction) / np.linalg.norm(step.direction)
    height = -float(offset @ down)
    lateral = float(np.linalg.norm(offset + height * down))
    tilt = float(np.arccos(np.clip(error.rotation.apply([0.0, 0.0, 1.0])[2], -1.0, 1.0)))
    play = np.sqrt(2.0) * step.clearance_mm * loose_fits(cell.assembly, step) / 1000.0 + 0.00025
    return TruthVerdict(
        seated=abs(height) < step.seated_tolerance_mm / 1000.0 and lateral < play and tilt < TILT_LIMIT_RAD,
        position_error_m=float(np.linalg.norm(offset)),
        height_m=height,
        lateral_m=lateral,
        tilt_rad=tilt,
    )
