"""What the controller does once a control period, for one world or many: shared by cell and batch."""

import numpy as np

from sim.robot import HOME
from skills.cell import Vector

CONTROL_PERIOD_S = 0.06
POSTURE_STIFFNESS = 20.0
POSTURE_DAMPING = 4.0


def glide(start: Vector, goal: Vector, steps: int) -> Vector:
    """(..., steps, 7) targets from ``start`` to ``goal``, both (..., 7): position [m] and quaternion w first.

    The engine normalizes the quaternions; the shorter way round is taken.
    """
    flip = np.sum(start[..., 3:] * goal[..., 3:], axis=-1, keepdims=True) < 0.0
    goal = np.concatenate([goal[..., :3], np.where(flip, -goal[..., 3:], goal[..., 3:])], axis=-1)
    share = np.linspace(1 / steps, 1.0, steps)[:, None]
    return np.asarray(start[..., None, :] + share * (goal - start)[..., None, :])


def posture_torques(jacobian: Vector, joints: Vector, velocities: Vector) -> Vector:
    """(n, 7) torques [N·m] that turn the elbow towards home without a force at the TCP.

    ``jacobian`` is (n, 6, 7), ``joints`` and ``velocities`` (n, 7) [rad, rad/s]. The pull towards home loses
    whatever of it the task would feel: what is left lies in the null space of the Jacobian.
    """
    pull = POSTURE_STIFFNESS * (HOME - joints) - POSTURE_DAMPING * velocities
    square = jacobian @ jacobian.swapaxes(1, 2)
    felt = np.linalg.solve(square, np.einsum("nij,nj->ni", jacobian, pull)[..., None])
    return np.asarray(pull - (jacobian.swapaxes(1, 2) @ felt)[..., 0])
