"""What the wrist feels: the net contact wrench on hand and payload over one control period."""

from dataclasses import dataclass, field

import numpy as np

from skills.cell import Vector

SENSED = 10
"""Numbers of the contact sensor: count, force (3), torque (3), position (3)."""


@dataclass(slots=True)
class Wrist:
    """One control period's contact, without noise or bias."""

    mean: Vector = field(default_factory=lambda: np.zeros(6))
    """(6,) force [N] and torque [N·m] about the TCP, along the base axes, as they act on the tool."""
    peak_n: float = 0.0
    """Largest norm of the force [N]."""


def felt(sensed: Vector, tools: Vector) -> tuple[Vector, Vector]:
    """The wrist's reading (..., 6) and its peak force (...) from the samples of a control period.

    ``sensed`` is (..., n, 10): the contact sensor's count, force [N], torque [N·m] and position [m], as the
    hand acts on the rest; ``tools`` is (..., n, 3), the TCP's position [m].
    """
    force = -sensed[..., 1:4]
    torque = -sensed[..., 4:7] + np.cross(sensed[..., 7:10] - tools, force)
    wrench = np.where(sensed[..., :1] > 0, np.concatenate([force, torque], axis=-1), 0.0)
    return wrench.mean(axis=-2), np.linalg.norm(wrench[..., :3], axis=-1).max(axis=-1)
