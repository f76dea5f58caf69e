"""Forward kinematics of the arm for many worlds at once, from the model's own frames.

The engine computes the same for one world at a time; here a whole batch costs a few matrix products.
"""

import mujoco
import numpy as np

from sim.robot import ARM_JOINTS
from skills.cell import Vector


class Kinematics:
    """The chain of one arm from its base to the TCP."""

    def __init__(self, model: mujoco.MjModel) -> None:
        bodies = [int(model.joint(name).bodyid[0]) for name in ARM_JOINTS]
        site = model.site("tcp").id
        hand = int(model.site_bodyid[site])
        self._links = [_between(model, *pair) for pair in zip([0, *bodies], bodies, strict=False)]
        position, rotation = _between(model, bodies[-1], hand)
        self._tcp = (
            position + rotation @ model.site_pos[site],
            rotation @ _matrix(model.site_quat[site]),
        )
        self._axes = np.array([model.joint(name).axis for name in ARM_JOINTS])
        assert not np.any([model.joint(name).pos for name in ARM_JOINTS])

    def tcp(self, joints: Vector) -> tuple[Vector, Vector]:
        """Position (n, 3) [m] and rotation (n, 3, 3) of the TCP in the base frame at ``joints`` (n, 7)."""
        position, rotation, _, _ = self._chain(joints)
        return position, rotation

    def jacobian(self, joints: Vector) -> Vector:
        """(n, 6, 7): linear over angular velocity of the TCP, base axes, per joint velocity."""
        tip, _, anchors, axes = self._chain(joints)
        return np.concatenate([np.cross(axes, tip[:, None] - anchors), axes], axis=2).swapaxes(1, 2)

    def _chain(self, joints: Vector) -> tuple[Vector, Vector, Vector, Vector]:
        n = len(joints)
        position, rotation = np.zeros((n, 3)), np.broadcast_to(np.eye(3), (n, 3, 3))
        anchors, axes = np.empty((n, 7, 3)), np.empty((n, 7, 3))
        for index, (offset, turn) in enumerate(self._links):
            position = position + rotation @ offset
            rotation = rotation @ turn
            anchors[:, index], axes[:, index] = position, rotation @ self._axes[index]
            rotation = rotation @ _about(self._axes[index], joints[:, index])
        offset, turn = self._tcp
        return position + rotation @ offset, rotation @ turn, anchors, axes

    def inverse(self, position: Vector, rotation: Vector, seed: Vector, iterations: int = 40) -> Vector:
        """Joint angles (n, 7) [rad] that bring the TCP to ``position`` (n, 3) and ``rotation`` (n, 3, 3).

        Damped least squares from ``seed`` (7,), staying near it in what the task leaves free.
        """
        joints = np.tile(seed, (len(position), 1))
        for _ in range(iterations):
            tip, now = self.tcp(joints)
            error = np.concatenate([position - tip, turn_between(now, rotation)], axis=1)
            jacobian = self.jacobian(joints)
            transposed = jacobian.swapaxes(1, 2)
            square = jacobian @ transposed + 1e-6 * np.eye(6)
            back = np.einsum("nij,nj->ni", jacobian, 0.2 * (seed - joints))
            step = np.linalg.solve(square, (error - back)[..., None])
            joints = joints + (transposed @ step)[..., 0] + 0.2 * (seed - joints)
        return joints


def turn_between(start: Vector, end: Vector) -> Vector:
    """(n, 3) rotation vectors, base axes, that take rotation matrices ``start`` to ``end``; small turns."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_matrix(end @ start.swapaxes(1, 2)).as_rotvec())


def _between(model: mujoco.MjModel, ancestor: int, body: int) -> tuple[Vector, Vector]:
    """Position and rotation matrix of ``body`` in ``ancestor``, with all joints between them at zero."""
    position, rotation = np.zeros(3), np.eye(3)
    while body != ancestor:
        turn = _matrix(model.body_quat[body])
        position = model.body_pos[body] + turn @ position
        rotation = turn @ rotation
        body = int(model.body_parentid[body])
    return position, rotation


def _matrix(quaternion: Vector) -> Vector:
    matrix = np.empty(9)
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix.reshape(3, 3)


def _about(axis: Vector, angles: Vector) -> Vector:
    """(n, 3, 3) rotations about ``axis`` (3,) by ``angles`` (n,) [rad], after Rodrigues."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    sine, versine = np.sin(angles)[:, None, None], (1.0 - np.cos(angles))[:, None, None]
    return np.asarray(np.eye(3) + sine * cross + versine * (cross @ cross))
