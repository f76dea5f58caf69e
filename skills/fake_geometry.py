"""Poses as matrices, for the fake cell: quick to multiply, and nothing more than it needs."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from skills.cell import Vector

Matrix = NDArray[np.float64]
"""(4, 4) a pose."""


def towards(a: Matrix, b: Matrix, most_m: float, most_rad: float) -> Matrix:
    """From ``a`` towards ``b``, at most so far; straight, both motions ending together. ``b`` if reached."""
    if a is b:
        return b
    shift = b[:3, 3] - a[:3, 3]
    turn = b[:3, :3] @ a[:3, :3].T
    angle = float(np.arccos(np.clip((np.trace(turn) - 1.0) / 2.0, -1.0, 1.0)))
    need = max(float(np.linalg.norm(shift)) / most_m, angle / most_rad)
    if need <= 1.0:
        return b
    reached = a.copy()
    reached[:3, 3] += shift / need
    if angle > 1e-6:
        part_turn = Rotation.from_rotvec(Rotation.from_matrix(turn).as_rotvec() / need)
        reached[:3, :3] = part_turn.as_matrix() @ a[:3, :3]
    return reached


def inverse(pose: Matrix) -> Matrix:
    """The inverse of a pose."""
    inverse = np.eye(4)
    inverse[:3, :3] = pose[:3, :3].T
    inverse[:3, 3] = -pose[:3, :3].T @ pose[:3, 3]
    return inverse


def yaw_of(turn: Matrix) -> float:
    """Angle about the vertical of a rotation matrix (3, 3) [rad]."""
    return float(np.arctan2(turn[1, 0], turn[0, 0]))


def shifted(pose: Matrix, shift: Vector, yaw: float) -> Matrix:
    """``pose`` moved along the base's axes [m] and turned where it stands [rad]."""
    moved = pose.copy()
    moved[:3, 3] += shift
    cos, sin = np.cos(yaw), np.sin(yaw)
    moved[:3, :3] = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]]) @ pose[:3, :3]
    return moved


def at_height(pose: Matrix, height: float) -> Matrix:
    """``pose`` at another height [m]."""
    lifted = pose.copy()
    lifted[2, 3] = height
    return lifted


def wrapped(angle: float, turn: float) -> float:
    """``angle`` moved by whole ``turn``s to the one nearest zero [rad]."""
    return angle - turn * round(angle / turn)
