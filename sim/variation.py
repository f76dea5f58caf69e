"""What differs from one episode to the next: the world itself, and how wrong the robot is about it."""

from dataclasses import dataclass

import numpy as np

from skills.cell import Vector


@dataclass(frozen=True, slots=True)
class Variation:
    """Bounds of uniform draws, one draw an episode."""

    friction: tuple[float, float] = (0.2, 0.9)
    """Sliding friction between parts."""
    joint_friction: tuple[float, float] = (0.0, 1.0)
    """Dry friction of the arm's joints, as a multiple of the FR3 model's."""
    gains: float = 0.1
    """Error of the controller's stiffness, either way."""
    tolerance_m: float = 0.00005
    """By how much the plug may be larger or smaller all around than drawn [m]."""
    goal_position_m: float = 0.002
    """Error of the goal's estimate along each axis, either way [m]."""
    goal_yaw_rad: float = float(np.deg2rad(10.0))
    """Error of the goal's estimate about the vertical, either way [rad]."""
    force_std_n: float = 0.3
    torque_std_nm: float = 0.02
    """Noise of the wrench, each control period [N, N·m]."""
    force_bias_n: float = 1.0
    torque_bias_nm: float = 0.05
    """Constant error of the wrench after it was zeroed, either way [N, N·m]."""
    resampled: bool = False
    """The estimate's error is drawn anew each control period instead of once an episode."""


@dataclass(slots=True)
class Draws:
    """One row an episode."""

    friction: Vector
    joint_friction: Vector
    gains: Vector
    """(n, 2) linear and rotational."""
    tolerance_m: Vector
    goal_error: Vector
    """(n, 4) x, y, z [m] and yaw [rad] of the estimated goal in the true one."""
    bias: Vector
    """(n, 6) [N, N·m]."""


def drawn(variation: Variation, n: int, rng: np.random.Generator) -> Draws:
    """Draw ``n`` episodes."""
    bounds = np.repeat([variation.goal_position_m, variation.goal_yaw_rad], [3, 1])
    bias = np.repeat([variation.force_bias_n, variation.torque_bias_nm], 3)
    return Draws(
        friction=rng.uniform(*variation.friction, n),
        joint_friction=rng.uniform(*variation.joint_friction, n),
        gains=1.0 + rng.uniform(-1, 1, (n, 2)) * variation.gains,
        tolerance_m=rng.uniform(-1, 1, n) * variation.tolerance_m,
        goal_error=rng.uniform(-1, 1, (n, 4)) * bounds,
        bias=rng.uniform(-1, 1, (n, 6)) * bias,
    )
