"""The arm's kinematics for many worlds at once, against the engine's for one."""

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sequences.load import load
from sim.bank import step_scene
from sim.kinematics import Kinematics, turn_between
from sim.physics import NOMINAL
from sim.robot import ARM_JOINTS, HOME

PRODUCT = load("bearing_block")
MODEL = step_scene(PRODUCT, PRODUCT.steps[0], NOMINAL)
KINEMATICS = Kinematics(MODEL)
LIMITS = np.array([MODEL.joint(name).range for name in ARM_JOINTS])
SHARES = st.lists(st.floats(0.0, 1.0), min_size=7, max_size=7)


def by_engine(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Position, rotation matrix and Jacobian (6, 7) of the TCP."""
    data = mujoco.MjData(MODEL)
    data.qpos[[MODEL.joint(name).qposadr[0] for name in ARM_JOINTS]] = joints
    mujoco.mj_kinematics(MODEL, data)
    mujoco.mj_comPos(MODEL, data)
    jacobian = np.zeros((6, MODEL.nv))
    site = MODEL.site("tcp").id
    mujoco.mj_jacSite(MODEL, data, jacobian[:3], jacobian[3:], site)
    dofs = [MODEL.joint(name).dofadr[0] for name in ARM_JOINTS]
    return data.site_xpos[site].copy(), data.site_xmat[site].reshape(3, 3).copy(), jacobian[:, dofs]


@settings(max_examples=40, deadline=None)
@given(st.lists(SHARES, min_size=1, max_size=3))
def test_poses_and_jacobians_are_the_engines(shares: list[list[float]]) -> None:
    joints = LIMITS[:, 0] + np.array(shares) * (LIMITS[:, 1] - LIMITS[:, 0])
    position, rotation = KINEMATICS.tcp(joints)
    jacobian = KINEMATICS.jacobian(joints)
    for row, pose in enumerate(joints):
        tip, turn, slopes = by_engine(pose)
        assert position[row] == pytest.approx(tip, abs=1e-9)
        assert rotation[row] == pytest.approx(turn, abs=1e-9)
        assert jacobian[row] == pytest.approx(slopes, abs=1e-9)


def test_joint_angles_are_found_for_poses() -> None:
    rng = np.random.default_rng(3)
    tip, turn = (value[0] for value in KINEMATICS.tcp(HOME[None]))
    position = tip + rng.uniform(-0.05, 0.05, (6, 3))
    rotation = Rotation.from_rotvec(rng.uniform(-0.15, 0.15, (6, 3))).as_matrix() @ turn
    found = KINEMATICS.inverse(position, rotation, HOME)
    there, turned = KINEMATICS.tcp(found)
    assert there == pytest.approx(position, abs=1e-5)
    assert turn_between(turned, rotation) == pytest.approx(np.zeros((6, 3)), abs=1e-4)
    assert np.abs(found - HOME).max() < 0.6
