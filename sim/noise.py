"""What a cell in simulation does not know exactly: where parts lie, where they belong, what it feels."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation


@dataclass(frozen=True, slots=True)
class Noise:
    """Errors as on a real bench. Uniform within the bounds unless said otherwise."""

    tray_position_m: float = 0.003
    """A part lies within this of its nominal place, along x and y [m]."""
    tray_yaw_rad: float = np.deg2rad(5.0)
    """A part is turned by up to this from nominal [rad]."""
    goal_position_m: float = 0.002
    """Each measurement of a goal is wrong by up to this along each axis [m]."""
    goal_yaw_rad: float = np.deg2rad(10.0)
    """Each measurement of a goal is turned by up to this about the vertical [rad]."""
    force_std_n: float = 0.3
    """Standard deviation of the measured force, each axis, each control period [N]."""
    torque_std_nm: float = 0.02
    """Standard deviation of the measured torque [N·m]."""
    force_bias_n: float = 2.0
    """Constant offset of the measured force until it is zeroed [N]."""
    torque_bias_nm: float = 0.1
    """Constant offset of the measured torque until it is zeroed [N·m]."""
    fixture_off_x_m: float = 0.0
    fixture_off_y_m: float = 0.0
    """The fixture really stands this far from where every measurement of a goal has it, base axes [m]."""
    grasp_off_m: float = 0.0
    """The fingers take hold of every part this much lower than they are told to [m]."""

    def scattered(self, nominal: RigidTransform, rng: np.random.Generator) -> RigidTransform:
        """Where a part really lies in the tray, a tenth of a millimetre above its support."""
        offset = np.append(rng.uniform(-1, 1, 2) * self.tray_position_m, 0.0001)
        turn = Rotation.from_euler("z", rng.uniform(-1, 1) * self.tray_yaw_rad)
        return RigidTransform.from_components(nominal.translation + offset, turn * nominal.rotation)

    def goal_error(self, rng: np.random.Generator) -> RigidTransform:
        """The estimated goal in the frame of the true one; the yaw is about the goal's own vertical."""
        offset = rng.uniform(-1, 1, 3) * self.goal_position_m
        yaw = rng.uniform(-1, 1) * self.goal_yaw_rad
        return RigidTransform.from_components(offset, Rotation.from_rotvec([0.0, 0.0, yaw]))

    def measured(self, goal_in_base: RigidTransform, rng: np.random.Generator) -> RigidTransform:
        """What a measurement makes of a goal."""
        seen = goal_in_base * self.goal_error(rng)
        off = np.array([self.fixture_off_x_m, self.fixture_off_y_m, 0.0])
        return RigidTransform.from_components(seen.translation - off, seen.rotation)

    def place(self, nominal: RigidTransform) -> RigidTransform:
        """Where a part is thought to lie in the tray."""
        lower = np.array([0.0, 0.0, self.grasp_off_m])
        return RigidTransform.from_components(nominal.translation - lower, nominal.rotation)


BENCH = Noise()
"""The default: the hard case."""

EXACT = Noise(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""A cell that knows and feels everything exactly."""
