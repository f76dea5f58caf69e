"""What a robot knows while it inserts, for any number of attempts at once."""

from dataclasses import dataclass

import numpy as np

from skills.cell import Vector


@dataclass(slots=True)
class Sensed:
    """What a robot knows in one control period, one row an attempt, in the frames of the estimated goals."""

    time_s: Vector
    """(n,) since the attempts began [s]."""
    position: Vector
    """(n, 3) of the plug, if it sits in the hand as it should [m]."""
    rotation: Vector
    """(n, 3) rotation vector of the plug [rad]."""
    wrench: Vector
    """(n, 6) force [N] and torque about the TCP [N·m], along the goal's axes."""
    joints: Vector
    """(n, 7) joint positions [rad]."""
    tcp: Vector
    """(n, 7) TCP in the base frame: position [m], quaternion w first."""
    tcp_goal: Vector
    """(n, 7) the TCP where the plug would be seated, in the base frame."""

    @property
    def places(self) -> Vector:
        """(n, 3) x, y [m] and yaw [rad] of the plugs."""
        return np.column_stack([self.position[:, :2], self.rotation[:, 2]])
