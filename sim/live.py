"""The world behind a simulated FR3: one millisecond at a time, moved by joint torques or by joint targets.

Where :class:`sim.cell.SimCell` has a Cartesian spring of its own, this arm has none: whoever holds it sends
torques, as a robot's client does, or joint targets, as a robot's own controller does. Gravity is compensated,
joint friction is not, and what contact does to the hand is known exactly.
"""

import mujoco
import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly
from sim.gripper import Gripper
from sim.noise import BENCH, Noise
from sim.physics import Physics
from sim.robot import ARM_JOINTS, HOME, actuators
from sim.scene import body_name, build, tray_rest_height
from skills.cell import Vector

TICK_S = 0.001
"""Time between two states of the robot [s]."""
LIVE = Physics(timestep_s=TICK_S)
"""Contact as in :data:`sim.physics.NOMINAL`, stepped as often as the robot takes commands."""
TORQUE_LIMIT_NM = np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0])
SERVO_STIFFNESS = np.repeat([12000.0, 5000.0], [4, 3])
SERVO_DAMPING = np.repeat([280.0, 90.0], [4, 3])
"""The robot's own joint controller [N·m/rad, N·m·s/rad]."""
SETTLING_TICKS = 300
POSTURE_RATE = 1.5
"""How fast the elbow goes home while the TCP moves at 0.1 m/s or 0.5 rad/s or more [1/s]."""
SHY_RAD, SHY_RATE = 0.8, 20.0
"""Distance from a joint limit at which the elbow begins to make room [rad], and how fast [1/s]."""
DAMPED = 1e-4
"""Regularization of the inverse kinematics."""


class LiveWorld:
    """One product's cell, stepped by :data:`TICK_S`."""

    def __init__(
        self, assembly: Assembly, *, seed: int = 0, noise: Noise = BENCH, physics: Physics = LIVE
    ) -> None:
        self.assembly, self.noise = assembly, noise
        self.model = _model(assembly, physics)
        self.data = mujoco.MjData(self.model)
        self.rng = np.random.default_rng(seed)
        self.gripper = Gripper(self.model, self.data)
        self._arm = np.array([self.model.joint(name).qposadr[0] for name in ARM_JOINTS])
        self._dof = np.array([self.model.joint(name).dofadr[0] for name in ARM_JOINTS])
        self._range = np.array([self.model.joint(name).range for name in ARM_JOINTS])
        self._torque = actuators(self.model).posture
        first = self.model.actuator(f"servo_{ARM_JOINTS[0]}").id
        self._servo = slice(first, first + 7)
        self._tcp = self.model.site("tcp").id
        self._jacobian = np.zeros((6, self.model.nv))
        self._substeps = max(1, round(TICK_S / physics.timestep_s))
        self._scratch = mujoco.MjData(self.model)
        self._servoing = False
        self.wrench = np.zeros(6)
        """(6,) force [N] and torque [N·m] that contact exerts on the tool, about the TCP, base axes."""
        self.bias = self.rng.uniform(-1, 1, 6) * np.repeat([noise.force_bias_n, noise.torque_bias_nm], 3)
        """(6,) constant error of the measured wrench [N, N·m]."""
        self._place_everything()

    # -- what the robot measures ---------------------------------------------------------------------

    @property
    def q(self) -> Vector:
        """(7,) joint angles [rad]."""
        return np.array(self.data.qpos[self._arm])

    @property
    def dq(self) -> Vector:
        """(7,) joint velocities [rad/s]."""
        return np.array(self.data.qvel[self._dof])

    @property
    def tcp(self) -> Vector:
        """(4, 4) pose of the TCP in the base frame."""
        return self._pose_of(self.data)

    @property
    def jacobian(self) -> Vector:
        """(6, 7) velocity of the TCP, base axes, by joint velocity."""
        return self._jacobian_of(self.data)

    @property
    def external_torques(self) -> Vector:
        """(7,) torques that contact exerts on the joints [N·m]."""
        return self.jacobian.T @ self.wrench

    # -- what moves it -------------------------------------------------------------------------------

    def push(self, torques: Vector) -> None:
        """Drive the joints with torques (7,) on top of what carries the arm's weight [N·m]."""
        if self._servoing:
            self.model.actuator_gainprm[self._servo, 0] = 0.0
            self.model.actuator_biasprm[self._servo, :3] = 0.0
            self._servoing = False
        self.data.ctrl[self._torque] = np.clip(torques, -TORQUE_LIMIT_NM, TORQUE_LIMIT_NM)

    def follow(self, q: Vector, dq: Vector) -> None:
        """Drive the joints towards (7,) angles [rad] that move with (7,) [rad/s]."""
        if not self._servoing:
            self.data.ctrl[self._torque] = 0.0
            self.model.actuator_gainprm[self._servo, 0] = SERVO_STIFFNESS
            self.model.actuator_biasprm[self._servo, 1] = -SERVO_STIFFNESS
            self.model.actuator_biasprm[self._servo, 2] = -SERVO_DAMPING
            self._servoing = True
        self.data.ctrl[self._servo] = q + dq * SERVO_DAMPING / SERVO_STIFFNESS

    def reach(self, q: Vector, tcp: Vector) -> Vector:
        """Joint angles (7,) near ``q`` whose TCP is at (4, 4) ``tcp``: one step of the inverse kinematics.

        As far as the TCP goes the elbow is drawn towards home, away from the
        limits of joints, so that turns do not wind up the wrist.
        """
        scratch = self._scratch
        scratch.qpos[self._arm] = q
        mujoco.mj_kinematics(self.model, scratch)
        mujoco.mj_comPos(self.model, scratch)
        here, jacobian = self._pose_of(scratch), self._jacobian_of(scratch)
        turn = Rotation.from_matrix(tcp[:3, :3] @ here[:3, :3].T).as_rotvec()
        error = np.concatenate([tcp[:3, 3] - here[:3, 3], turn])
        inverse = jacobian.T @ np.linalg.inv(jacobian @ jacobian.T + DAMPED * np.eye(6))
        way = min(float(np.linalg.norm(error[:3])) / 0.1 + float(np.linalg.norm(error[3:])) / 0.5, TICK_S)
        low, high = self._range[:, 0] + SHY_RAD - q, q - self._range[:, 1] + SHY_RAD
        aside = POSTURE_RATE * (HOME - q) + SHY_RATE * (np.maximum(low, 0.0) - np.maximum(high, 0.0))
        aside -= inverse @ (jacobian @ aside)
        return np.asarray(q + inverse @ error + way * aside)

    def step(self) -> None:
        """Let :data:`TICK_S` pass."""
        self.gripper.begin_period()
        for _ in range(self._substeps):
            self.gripper.drive()
            mujoco.mj_step(self.model, self.data)
        self.wrench = self._felt()

    # -- for scoring ---------------------------------------------------------------------------------

    def true_pose(self, part: str) -> RigidTransform:
        """Where ``part`` really is, in the base frame. For scoring and pictures only."""
        body = self.data.body(body_name(part))
        return RigidTransform.from_components(body.xpos, Rotation.from_quat(body.xquat, scalar_first=True))

    def place(self, part: str, pose_in_base: RigidTransform) -> None:
        """Put a free part somewhere before anything runs."""
        joint = self.data.joint(body_name(part))
        joint.qpos = np.concatenate(
            [pose_in_base.translation, pose_in_base.rotation.as_quat(scalar_first=True)]
        )
        joint.qvel = np.zeros(6)

    # -- inside --------------------------------------------------------------------------------------

    def _place_everything(self) -> None:
        self.data.qpos[self._arm] = HOME
        self.gripper.open_wide()
        for part, place in self.assembly.tray.places.items():
            if part == self.assembly.base.part:
                continue
            at = [*(np.asarray(place.position_mm)[:2] / 1000.0), tray_rest_height(self.assembly, part)]
            nominal = RigidTransform.from_components(
                at, Rotation.from_euler("z", place.yaw_deg, degrees=True)
            )
            self.place(part, self.noise.scattered(nominal, self.rng))
        mujoco.mj_forward(self.model, self.data)
        self.follow(self.q, np.zeros(7))
        for _ in range(SETTLING_TICKS):
            self.step()
        self.data.time = 0.0

    def _felt(self) -> Vector:
        """The net contact wrench on hand and payload about the TCP; the sensor has it the other way round."""
        count, fx, fy, fz, tx, ty, tz, *_ = sensed = self.data.sensordata[:10].tolist()
        if count == 0:
            return np.zeros(6)
        x, y, z = (np.array(sensed[7:10]) - self.data.site_xpos[self._tcp]).tolist()
        lever = (y * fz - z * fy, z * fx - x * fz, x * fy - y * fx)
        return -np.array([fx, fy, fz, tx + lever[0], ty + lever[1], tz + lever[2]])

    def _pose_of(self, data: mujoco.MjData) -> Vector:
        pose = np.eye(4)
        pose[:3, :3] = data.site_xmat[self._tcp].reshape(3, 3)
        pose[:3, 3] = data.site_xpos[self._tcp]
        return pose

    def _jacobian_of(self, data: mujoco.MjData) -> Vector:
        mujoco.mj_jacSite(self.model, data, self._jacobian[:3], self._jacobian[3:], self._tcp)
        return self._jacobian[:, self._dof]


def _model(assembly: Assembly, physics: Physics) -> mujoco.MjModel:
    """The scene with a servo at each joint; the spring at the TCP has no command and does nothing."""
    spec = build(assembly, physics)
    for name, limit in zip(ARM_JOINTS, TORQUE_LIMIT_NM, strict=True):
        spec.add_actuator(
            name=f"servo_{name}",
            trntype=mujoco.mjtTrn.mjTRN_JOINT,
            target=name,
            gaintype=mujoco.mjtGain.mjGAIN_FIXED,
            biastype=mujoco.mjtBias.mjBIAS_AFFINE,
            forcelimited=True,
            forcerange=[-limit, limit],
        )
    return spec.compile()
