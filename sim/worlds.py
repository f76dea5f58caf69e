"""Many worlds of one scene, advanced together for a whole control period: no Python runs inside it.

The worlds share the scene, the controller and the gripper with :class:`sim.cell.SimCell`; what differs from
world to world is the state and a few numbers of the model (friction, joint friction, gains).
"""

from dataclasses import dataclass

import mujoco
import numpy as np
from mujoco.batch import Batch

from sim.control import CONTROL_PERIOD_S, glide, posture_torques
from sim.gripper import CLOSING_GOAL_M, FINGER_SPEED, OPENING_N
from sim.kinematics import Kinematics
from sim.robot import ARM_JOINTS, FINGER_JOINTS, actuators, spring_parameters
from sim.scene import body_name
from sim.wrist import SENSED, felt
from skills.cell import Compliance, Indices, Vector

CONTROL = mujoco.mjtState.mjSTATE_CTRL.value | (
    mujoco.mjtState.mjSTATE_MOCAP_POS.value | mujoco.mjtState.mjSTATE_MOCAP_QUAT.value
)
RECORDED = ("sensordata", "site_xpos")


@dataclass(slots=True)
class Felt:
    """What the last control period did to the tools, without noise or bias: rows are worlds."""

    wrench: Vector
    """(n, 6) mean force [N] and torque [N·m] about the TCP, base axes, on the tool."""
    peak_n: Vector
    """(n,) largest norm of the force [N]."""


class Worlds:
    """``n`` worlds of ``model``, in which ``plug`` is the part that the hand holds."""

    def __init__(self, model: mujoco.MjModel, plug: str, n: int, threads: int = 1) -> None:
        self.model, self.n = model, n
        self.batch = Batch(model, n, nthread=threads)
        self.substeps = round(CONTROL_PERIOD_S / model.opt.timestep)
        self.kinematics = Kinematics(model)
        self._tcp = model.site("tcp").id
        self._qpos, self._qvel = self.batch.bind("qpos"), self.batch.bind("qvel")
        self._mocap_pos, self._mocap_quat = self.batch.bind("mocap_pos"), self.batch.bind("mocap_quat")
        self._arm = np.array([model.joint(name).qposadr[0] for name in ARM_JOINTS])
        self._arm_dof = np.array([model.joint(name).dofadr[0] for name in ARM_JOINTS])
        self._finger = int(model.joint(FINGER_JOINTS[0]).qposadr[0])
        first = int(model.joint(body_name(plug)).qposadr[0])
        self._plug = slice(first, first + 7)
        names = [model.geom(index).name for index in range(model.ngeom)]
        self._parts = np.array([g for g, name in enumerate(names) if name.startswith("part/")])
        mine = f"{body_name(plug)}/"
        self._pieces = np.array(
            [g for g, name in enumerate(names) if name.startswith(mine) and name[len(mine) :].isdigit()]
        )
        self._actuators = actuators(model)
        self._gain = self.batch.expand("actuator_gainprm")
        self._bias = self.batch.expand("actuator_biasprm")
        self._range = self.batch.expand("actuator_forcerange")
        self._friction = self.batch.expand("geom_friction")
        self._pair_friction = self.batch.expand("pair_friction")
        self._margin = self.batch.expand("geom_margin")
        self._joint_friction = self.batch.expand("dof_frictionloss")
        self._joint_friction_model = self._joint_friction[:, self._arm_dof].copy()
        self.gains = np.ones((n, 2))
        """(n, 2) what each world's controller makes of linear and rotational stiffness."""
        self._drive, self._drive_goal = np.zeros(n), np.zeros(n)
        self.felt = Felt(np.zeros((n, 6)), np.zeros(n))
        self.control = np.zeros((n, self.substeps, model.nu + 7))
        """(n, substeps, controls and target) what the worlds of the last ``advance`` were driven with."""

    # -- what is read ---------------------------------------------------------------------------------

    @property
    def joints(self) -> Vector:
        """(n, 7) joint positions [rad]."""
        return np.asarray(self._qpos[:, self._arm])

    @property
    def width_m(self) -> Vector:
        """(n,) distance between the pads [m]."""
        return np.asarray(2.0 * self._qpos[:, self._finger])

    @property
    def plug(self) -> Vector:
        """(n, 7) true pose of the plug in the base frame: position [m], quaternion w first."""
        return np.asarray(self._qpos[:, self._plug])

    def part(self, name: str) -> Vector:
        """(n, 7) the same of another part that can move."""
        first = int(self.model.joint(body_name(name)).qposadr[0])
        return np.asarray(self._qpos[:, first : first + 7])

    @property
    def plug_speed(self) -> Vector:
        """(n,) speed of the plug [m/s]."""
        first = int(self.model.jnt_dofadr[np.flatnonzero(self.model.jnt_qposadr == self._plug.start)[0]])
        return np.asarray(np.linalg.norm(self._qvel[:, first : first + 3], axis=1))

    def tcp(self) -> tuple[Vector, Vector]:
        """Position (n, 3) [m] and rotation matrices (n, 3, 3) of the TCPs in the base frame."""
        return self.kinematics.tcp(self.joints)

    @property
    def states(self) -> Vector:
        """(n, state) rows as the engine keeps them (``mjSTATE_INTEGRATION``)."""
        return np.asarray(self.batch.state)

    # -- what is set ----------------------------------------------------------------------------------

    def put(self, worlds: Indices, states: Vector) -> None:
        """Set whole states: ``states`` (k, state) into ``worlds`` (k,); the fingers hold on with ``grip``."""
        self.batch.state[worlds] = states
        self.felt.wrench[worlds], self.felt.peak_n[worlds] = 0.0, 0.0

    def friction(self, worlds: Indices, parts: Vector, joints: Vector) -> None:
        """Sliding friction of the parts (k,) and joint friction (k,), as a multiple of the model's."""
        self._friction[worlds[:, None], self._parts, 0] = parts[:, None]
        self._pair_friction[worlds, :, :2] = parts[:, None, None]
        self._joint_friction[np.ix_(worlds, self._arm_dof)] = (
            self._joint_friction_model[worlds] * joints[:, None]
        )

    def tolerance(self, worlds: Indices, larger_m: Vector) -> None:
        """Make the plug's pieces larger all around by (k,) [m]; negative makes them smaller."""
        self._margin[np.ix_(worlds, self._pieces)] = larger_m[:, None]

    def compliance(self, worlds: Indices, compliance: Compliance) -> None:
        """Give ``worlds`` a spring, each as its own gains make of it."""
        spring = self._actuators.spring
        stiffness, damping, clip = spring_parameters(compliance)
        gains = np.repeat(self.gains[worlds], 3, axis=1)
        rows = np.arange(spring.start, spring.stop)
        self._gain[worlds[:, None], rows, 0] = stiffness * gains
        self._bias[worlds[:, None], rows, 1] = -stiffness * gains
        self._bias[worlds[:, None], rows, 2] = -damping * np.sqrt(gains)
        bound = stiffness * gains * clip
        self._range[np.ix_(worlds, rows)] = np.stack([-bound, bound], axis=-1)

    def grip(self, worlds: Indices, force_n: float) -> None:
        """Let the fingers squeeze with ``force_n`` [N] each, from the next control period on."""
        self._drive[worlds] = self._drive_goal[worlds] = CLOSING_GOAL_M
        self._range[worlds, self._actuators.gripper] = (-2.0 * force_n, 2.0 * force_n)

    def open(self, worlds: Indices, width_m: float) -> None:
        """Begin to open the fingers to ``width_m``."""
        self._drive_goal[worlds] = width_m / 2
        self._drive[worlds] = np.maximum(self._drive[worlds], self._qpos[worlds, self._finger])
        self._range[worlds, self._actuators.gripper] = (-2.0 * OPENING_N, 2.0 * OPENING_N)

    def retarget(self, worlds: Indices, targets: Vector) -> None:
        """Put the spring's target somewhere at once: (k, 7) position [m] and quaternion w first."""
        self._mocap_pos[worlds, 0], self._mocap_quat[worlds, 0] = targets[:, :3], targets[:, 3:]

    # -- time -----------------------------------------------------------------------------------------

    def advance(self, targets: Vector, worlds: Indices | None = None) -> None:
        """One control period, in which the target glides to ``targets`` (k, 7); all worlds when None."""
        rows = np.arange(self.n) if worlds is None else worlds
        control = self.control[: len(rows)]
        start = np.concatenate([self._mocap_pos[rows, 0], self._mocap_quat[rows, 0]], axis=1)
        control[:, :, self.model.nu :] = glide(start, targets, self.substeps)
        joints, velocities = self._qpos[np.ix_(rows, self._arm)], self._qvel[np.ix_(rows, self._arm_dof)]
        torques = posture_torques(self.kinematics.jacobian(joints), joints, velocities)
        control[:, :, self._actuators.posture] = torques[:, None]
        control[:, :, self._actuators.gripper] = self._driven(rows)
        out = self.batch.rollout(
            self.substeps, control, CONTROL, RECORDED, None if worlds is None else worlds
        )
        wrench, peak = felt(out["sensordata"][..., :SENSED], out["site_xpos"][:, :, self._tcp])
        self.felt.wrench[rows], self.felt.peak_n[rows] = wrench, peak

    def _driven(self, rows: Indices) -> Vector:
        """(k, substeps) drive of the fingers, led towards its goal at the fingers' speed [m]."""
        way = self._drive_goal[rows] - self._drive[rows]
        reach = FINGER_SPEED * float(self.model.opt.timestep) * np.arange(1, self.substeps + 1)
        drive = self._drive[rows, None] + np.sign(way)[:, None] * np.minimum(np.abs(way)[:, None], reach)
        self._drive[rows] = drive[:, -1]
        return np.asarray(drive)
