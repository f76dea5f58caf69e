"""What the arm can reach: poses of the TCP at which no joint is near its limit."""

import numpy as np
from scipy.spatial.transform import RigidTransform

from sim.kinematics import Kinematics
from sim.physics import NOMINAL
from sim.robot import ARM_JOINTS, HOME, load_fr3
from skills.cell import Flags, Vector

MARGIN_RAD = 0.1
"""Kept from every joint's limits."""
NEAR_M, NEAR_RAD = 0.0005, 0.005
"""A pose is reached when the arm comes as near as this."""
NEARBY = 6
"""Iterations from a pose that is not far away."""


class Reach:
    """The FR3 with its hand, without anything around it."""

    def __init__(self) -> None:
        model = load_fr3(NOMINAL, visuals=False).compile()
        self._kinematics = Kinematics(model)
        self._limits = np.array([model.joint(name).range for name in ARM_JOINTS])

    def joints_at(self, tcp_in_base: RigidTransform) -> Vector:
        """(7,) joint angles [rad] for one pose, as near to home as they can be."""
        position, turn = tcp_in_base.translation[None], tcp_in_base.rotation.as_matrix()[None]
        return np.asarray(self._kinematics.inverse(position, turn, HOME)[0])

    def allows(self, tcps_in_base: RigidTransform, nearby: Vector) -> Flags:
        """(n,) whether each pose of a stack can be reached from joint angles ``nearby`` (7,), a few
        centimetres away, with every joint clear of its limits."""
        position, turn = tcps_in_base.translation, tcps_in_base.rotation.as_matrix()
        joints = self._kinematics.inverse(position, turn, nearby, NEARBY)
        found, turned = self._kinematics.tcp(joints)
        apart = np.linalg.norm(found - position, axis=1)
        cosine = (np.einsum("nij,nij->n", turned, turn) - 1.0) / 2.0
        near = (apart < NEAR_M) & (np.arccos(np.clip(cosine, -1.0, 1.0)) < NEAR_RAD)
        low, high = self._limits.T
        return np.asarray(near & ((joints > low + MARGIN_RAD) & (joints < high - MARGIN_RAD)).all(axis=1))
