"""What an episode of learning is worth, and when it is over: one function each.

All of it may look at the truth, for it exists in training only. Rows are worlds; a return is of order one.
"""

from dataclasses import dataclass

import numpy as np

from skills.cell import Flags, Vector

KEYPOINTS = np.array([[0.015, 0.0, 0.0], [-0.015, 0.0, 0.0], [0.0, 0.015, 0.0], [0.0, -0.015, 0.0]])
"""(4, 3) points of the plug whose distance from where they belong measures how far it is off [m]."""
GENTLE_N, HARSH_N = 20.0, 30.0
"""Contact force from which on it costs, and from which on it costs more [N]."""
HARSHNESS = 4.0
"""What a newton above harsh costs more than one below it, as a multiple."""
DROPPED_M = 0.002
"""Change of the grip's width that means that the plug is no longer held as it was [m]."""
FORCE_LIMIT_N = 80.0


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part of the reward counts."""

    approach: float = 1.0
    depth: float = 1.0
    seated: float = 3.0
    mistaken: float = -0.5
    force: float = -0.008
    """Per newton above gentle, each control period."""
    broken: float = -1.0
    time: float = -0.003
    """Each control period."""


def misalignment(position: Vector, turn: Vector) -> Vector:
    """(n,) mean distance of the keypoints from the axis positions where they belong, height left out [m].

    ``position`` (n, 3) [m] and ``turn`` (n, 3, 3) are the plug's true pose in its true goal's frame.
    """
    aside = position * np.array([1.0, 1.0, 0.0])
    moved = np.einsum("nij,kj->nki", turn - np.eye(3), KEYPOINTS) + aside[:, None]
    return np.asarray(np.linalg.norm(moved, axis=2).mean(axis=1))


def closeness(misaligned_m: Vector) -> Vector:
    """(n,) in (0, 1]: how well the plug is aligned; steepest within a few millimetres."""
    return np.asarray(np.exp(-misaligned_m / 0.003))


def entered(height_m: Vector, mouth_m: float) -> Vector:
    """(n,) share of the way from the mouth to the seat that the plug has gone."""
    return np.asarray(np.clip(1.0 - height_m / mouth_m, 0.0, 1.0))


def force_cost(peak_n: Vector) -> Vector:
    """(n,) newtons above what counts as gentle, those above harsh counted several times."""
    return np.maximum(peak_n - GENTLE_N, 0.0) + HARSHNESS * np.maximum(peak_n - HARSH_N, 0.0)


def broken(peak_n: Vector, width_m: Vector, grip_width_m: float) -> Flags:
    """(n,) whether an episode must end: too much force, or the plug has slipped."""
    return np.asarray((peak_n > FORCE_LIMIT_N) | (np.abs(width_m - grip_width_m) > DROPPED_M))
