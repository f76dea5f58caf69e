"""Where a policy starts from when nothing has been learned yet: straight above the goal, then near there."""

import numpy as np

from skills.cell import Vector
from skills.insertion import Insertion

MARGIN_M = 0.005
"""Air under the plug at the start, more than the goal's estimate is wrong in height [m]."""
SHIFT_M = 0.0015
TURN_RAD = float(np.radians(4.0))
GOLDEN_ANGLE_RAD = float(np.pi * (3.0 - np.sqrt(5.0)))


def initializations(insertion: Insertion, n: int) -> Vector:
    """The first ``n`` starts to try: (n, 6) plug poses in the goal's frame, position [m] and rotation [rad].

    The first stands straight above the goal, a little higher than what clears everything; the others are
    shifted sideways in ever new directions and, for a keyed plug, turned to one side and the other in turn.
    """
    starts = np.zeros((n, 6))
    starts[:, 2] = insertion.clear_height_m + MARGIN_M
    later = np.arange(1, n)
    starts[1:, 0] = SHIFT_M * np.cos(later * GOLDEN_ANGLE_RAD)
    starts[1:, 1] = SHIFT_M * np.sin(later * GOLDEN_ANGLE_RAD)
    if insertion.keyed:
        starts[1:, 5] = TURN_RAD * np.where(later % 2 == 1, 1.0, -1.0)
    return starts
