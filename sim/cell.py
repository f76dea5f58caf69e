"""A cell in simulation: one product, one FR3, physics that nobody cheated.

Nothing is welded and nothing is moved by hand: parts are held by friction between finger pads and
stand where they were left. Noise comes in only where a robot meets it: where parts lie, what
``locate_goal`` says, and what the wrench sensor reads.
"""

from collections.abc import Iterable

import mujoco
import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly
from sim.control import CONTROL_PERIOD_S, glide, posture_torques
from sim.gripper import Gripper
from sim.kinematics import Kinematics
from sim.motion import Motion, way_round
from sim.noise import BENCH, Noise
from sim.physics import NOMINAL, Physics
from sim.robot import (
    ARM_JOINTS,
    HOME,
    MAX_OPENING_M,
    actuators,
    set_compliance,
    trailing_s,
)
from sim.scene import body_name, build
from sim.snapshot import SavedMotion, Snapshot, decode, numbers, pose, rng_text, set_rng
from sim.wrist import SENSED, Wrist, felt
from skills.cell import (
    CellError,
    Compliance,
    Fault,
    Observation,
    PoseEstimate,
    UnknownPart,
    Vector,
)

MOTION = Compliance(
    stiffness=16000.0, rotational_stiffness=600.0, clip_m=(0.008, 0.008, 0.008), rotational_clip_rad=0.05
)
"""The spring of free-space motion, stiffer than any policy's."""
HOLD = Compliance(stiffness=1000.0, rotational_stiffness=60.0, clip_m=(0.01, 0.01, 0.01))
"""The spring of a safe hold."""
CLOSING_SPLIT = 4
"""Parts that a physics step is cut into while the fingers close.

A part of 50 g that the fingers hold by its corners snaps straight within 2 ms once it slips. A step of 4 ms
would carry it past straight and away, turned by 50 degrees and more.
"""
STATE = mujoco.mjtState.mjSTATE_INTEGRATION


class SimCell:
    """Implements :class:`skills.cell.Cell` and :class:`skills.cell.Restorable` on MuJoCo."""

    def __init__(
        self,
        assembly: Assembly,
        *,
        seed: int = 0,
        noise: Noise = BENCH,
        physics: Physics = NOMINAL,
        parts: Iterable[str] | None = None,
        fixed: Iterable[str] = (),
    ) -> None:
        self.assembly, self.noise, self.physics = assembly, noise, physics
        self.model = build(assembly, physics, parts=parts, fixed=fixed).compile()
        self.data = mujoco.MjData(self.model)
        self._kinematics = Kinematics(self.model)
        self._posture = actuators(self.model).posture
        self._gripper = Gripper(self.model, self.data)
        self._arm = np.array([self.model.joint(name).qposadr[0] for name in ARM_JOINTS])
        self._arm_dof = np.array([self.model.joint(name).dofadr[0] for name in ARM_JOINTS])
        self._tcp = self.model.site("tcp").id
        self._substeps = round(CONTROL_PERIOD_S / physics.timestep_s)
        self._rng = np.random.default_rng(seed)
        self._faults: tuple[Fault, ...] = ()
        self._tcp_now: RigidTransform | None = None
        self._motion: Motion | None = None
        self._holding = False
        self._spring = HOLD
        self._wrist = Wrist()
        self._reading = np.zeros(6)
        self._bias = np.zeros(6)
        self._bias[:3] = self._rng.uniform(-1, 1, 3) * noise.force_bias_n
        self._bias[3:] = self._rng.uniform(-1, 1, 3) * noise.torque_bias_nm
        self._place_everything()

    # -- the seam ------------------------------------------------------------------------------------

    @property
    def control_period_s(self) -> float:
        """See :class:`skills.cell.Cell`."""
        return CONTROL_PERIOD_S

    def observe(self) -> Observation:
        """See :class:`skills.cell.Cell`."""
        return Observation(
            time_s=float(self.data.time),
            joint_positions=self.data.qpos[self._arm].copy(),
            tcp_in_base=self._tcp_pose(),
            wrench=self._reading.copy(),
            peak_force_n=self._wrist.peak_n,
            gripper_width_m=self._gripper.width_m,
            grasped=self._gripper.grasped,
            moving=self._motion is not None or self._gripper.moving,
            faults=self._faults,
        )

    def servo(self, tcp_in_base: RigidTransform) -> None:
        """See :class:`skills.cell.Cell`."""
        if self._faults:
            return
        if self._motion is not None or self._holding:
            self._motion, self._holding = None, False
            set_compliance(self.model, self._spring)
        self._target = tcp_in_base

    def compliance(self, compliance: Compliance) -> None:
        """See :class:`skills.cell.Cell`."""
        self._spring = compliance
        if self._motion is None and not self._holding and not self._faults:
            set_compliance(self.model, compliance)

    def move(self, tcp_in_base: RigidTransform, *, speed: float = 0.25) -> None:
        """See :class:`skills.cell.Cell`."""
        if self._faults:
            return
        tcp = self._tcp_pose()
        turn = way_round(
            (tcp.rotation.inv() * tcp_in_base.rotation).as_rotvec(), self.data.qpos[self._arm[6]]
        )
        self._motion = Motion(tcp, tcp_in_base, speed, trailing_s(MOTION), turn=turn)
        set_compliance(self.model, MOTION)

    def grasp(self, width_m: float, force_n: float = 40.0) -> None:
        """See :class:`skills.cell.Cell`."""
        if not self._faults:
            self._gripper.close(force_n)

    def release(self, width_m: float = MAX_OPENING_M) -> None:
        """See :class:`skills.cell.Cell`."""
        if not self._faults:
            self._gripper.open(width_m)

    def advance(self) -> None:
        """See :class:`skills.cell.Cell`."""
        if self._motion is not None:
            tcp = self._tcp_pose()
            if self._motion.over(tcp):
                self._motion, self._holding = None, True
            else:
                self._target = self._motion.step(CONTROL_PERIOD_S, tcp)
        self._hold_posture()
        self._run_physics()
        true = self._wrist.mean
        scale = np.repeat([self.noise.force_std_n, self.noise.torque_std_nm], 3)
        self._reading = true - self._bias + scale * self._rng.standard_normal(6)

    def stop(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self.fault(Fault.STOPPED)

    def recover(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._faults, self._holding = (), False
        self._target = self._tcp_pose()
        set_compliance(self.model, self._spring)

    def zero_wrench(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._bias = self._bias + self._reading
        self._reading = np.zeros(6)

    def locate(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`."""
        if part not in self.assembly.tray.places:
            raise UnknownPart(part, tuple(self.assembly.tray.places))
        place = self.noise.place(self._nominal_place(part))
        return PoseEstimate(place, self.noise.tray_position_m, self.noise.tray_yaw_rad)

    def locate_goal(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`."""
        try:
            step = self.assembly.step_of(part)
        except KeyError:
            raise UnknownPart(part, tuple(step.part for step in self.assembly.steps)) from None
        pose = self.noise.measured(self.assembly.goal_in_base(step), self._rng)
        return PoseEstimate(pose, self.noise.goal_position_m, self.noise.goal_yaw_rad)

    def close(self) -> None:
        """See :class:`skills.cell.Cell`."""

    # -- for tests and scoring -----------------------------------------------------------------------

    def fault(self, fault: Fault) -> None:
        """Stop as a robot does when it meets ``fault``: hold still, compliant, until ``recover``."""
        self._faults = (*self._faults, fault) if fault not in self._faults else self._faults
        self._motion, self._holding = None, False
        self._target = self._tcp_pose()
        set_compliance(self.model, HOLD)

    def true_pose(self, part: str) -> RigidTransform:
        """Where ``part`` really is, in the base frame. For scoring and pictures only."""
        body = self.data.body(body_name(part))
        return RigidTransform.from_components(body.xpos, Rotation.from_quat(body.xquat, scalar_first=True))

    def place(self, part: str, pose_in_base: RigidTransform) -> None:
        """Put a free part somewhere before anything runs. For tests and training scenes only."""
        joint = self.data.joint(body_name(part))
        joint.qpos = np.concatenate(
            [pose_in_base.translation, pose_in_base.rotation.as_quat(scalar_first=True)]
        )
        joint.qvel = np.zeros(6)
        self._refresh()

    # -- state on disk -------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """See :class:`skills.cell.Restorable`.

        The cell itself goes on from what it wrote: sleep and other memory of the engine that the state does
        not hold are given up here as in a cell restored elsewhere, so both go on alike, bit for bit.
        """
        written = self._written()
        self.restore(written)
        return written

    def _written(self) -> bytes:
        state = np.empty(mujoco.mj_stateSize(self.model, STATE))
        mujoco.mj_getState(self.model, self.data, state, STATE)
        motion, gripper = self._motion, self._gripper
        saved = None
        if motion is not None:
            start, goal = numbers(motion.start), numbers(motion.goal)
            pull, turn = motion.pull.tolist(), motion.turn.tolist()
            saved = SavedMotion(start, goal, motion.speed, motion.elapsed_s, pull, turn)
        return Snapshot(
            world=self._world_name(),
            state=state.tobytes(),
            target=numbers(self._target),
            motion=saved,
            holding=self._holding,
            spring=self._spring,
            gripper=(gripper.goal_m, gripper.drive_m, gripper.force_n),
            wrench=self._wrist.mean.tolist(),
            peak_n=self._wrist.peak_n,
            reading=self._reading.tolist(),
            bias=self._bias.tolist(),
            faults=list(self._faults),
            rng=rng_text(self._rng),
        ).encode()

    def restore(self, snapshot: bytes) -> None:
        """See :class:`skills.cell.Restorable`."""
        saved, here = decode(snapshot), self._world_name()
        if saved.world != here:
            raise CellError(f"the snapshot is of another world ({saved.world}), this one is {here}")
        self._set_state(np.frombuffer(saved.state))
        self._target, self._motion = pose(saved.target), None
        if (motion := saved.motion) is not None:
            self._motion = Motion(
                pose(motion.start),
                pose(motion.goal),
                motion.speed,
                trailing_s(MOTION),
                motion.elapsed_s,
                np.array(motion.pull),
                np.array(motion.turn),
            )
        self._spring, self._holding = saved.spring, saved.holding
        gripper = self._gripper
        gripper.goal_m, gripper.drive_m, gripper.force_n = saved.gripper
        self._wrist = Wrist(np.array(saved.wrench), saved.peak_n)
        self._reading, self._bias = np.array(saved.reading), np.array(saved.bias)
        self._faults = tuple(Fault(name) for name in saved.faults)
        set_rng(self._rng, saved.rng)
        stiff = self._motion is not None or self._holding
        set_compliance(self.model, HOLD if self._faults else MOTION if stiff else self._spring)
        self._refresh()

    def _world_name(self) -> str:
        return f"{self.assembly.name}/{self.model.nq}/{self.model.ngeom}/{self.physics.timestep_s:g}"

    # -- inside --------------------------------------------------------------------------------------

    def _place_everything(self) -> None:
        self.data.qpos[self._arm] = HOME
        self._gripper.open_wide()
        free = {self.model.joint(index).name for index in range(self.model.njnt)}
        for part in self.assembly.tray.places:
            if body_name(part) not in free:
                continue
            self.place(part, self.noise.scattered(self._nominal_place(part), self._rng))
        mujoco.mj_forward(self.model, self.data)
        self._tcp_now = None
        self._target = self._tcp_pose()
        self.data.mocap_pos[0] = self._target.translation
        self.data.mocap_quat[0] = self._target.rotation.as_quat(scalar_first=True)
        set_compliance(self.model, self._spring)
        for _ in range(8):
            self.advance()
        self.data.time = 0.0

    def _nominal_place(self, part: str) -> RigidTransform:
        body = self.model.body(body_name(part))
        return RigidTransform.from_components(body.pos, Rotation.from_quat(body.quat, scalar_first=True))

    def _tcp_pose(self) -> RigidTransform:
        if self._tcp_now is None:
            quaternion = np.empty(4)
            mujoco.mju_mat2Quat(quaternion, self.data.site_xmat[self._tcp])
            rotation = Rotation.from_quat(quaternion, scalar_first=True)
            self._tcp_now = RigidTransform.from_components(self.data.site_xpos[self._tcp], rotation)
        return self._tcp_now

    def _set_state(self, state: Vector) -> None:
        """Set the whole state and compute everything from it, all awake."""
        mujoco.mj_resetData(self.model, self.data)
        mujoco.mj_setState(self.model, self.data, state, STATE)
        mujoco.mj_forward(self.model, self.data)
        mujoco.mj_setState(self.model, self.data, state, STATE)

    def _refresh(self) -> None:
        """Recompute poses from the state, without touching what the solver remembers."""
        self._tcp_now = None
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)
        mujoco.mj_makeM(self.model, self.data)

    def _hold_posture(self) -> None:
        """Torques that turn the elbow towards home without moving the TCP."""
        joints = self.data.qpos[self._arm][None]
        velocities = self.data.qvel[self._arm_dof][None]
        jacobian = self._kinematics.jacobian(joints)
        self.data.ctrl[self._posture] = posture_torques(jacobian, joints, velocities)[0]

    def _run_physics(self) -> None:
        """One control period: the target glides from the last one to the new one."""
        data, model, steps = self.data, self.model, self._substeps
        goal = np.concatenate([self._target.translation, self._target.rotation.as_quat(scalar_first=True)])
        targets = glide(np.concatenate([data.mocap_pos[0], data.mocap_quat[0]]), goal, steps)
        sensed, tools = np.empty((steps, SENSED)), np.empty((steps, 3))
        self._gripper.begin_period()
        split = CLOSING_SPLIT if self._gripper.closing else 1
        model.opt.timestep = self.physics.timestep_s / split
        for index in range(steps):
            data.mocap_pos[0], data.mocap_quat[0] = targets[index, :3], targets[index, 3:]
            self._gripper.drive()
            mujoco.mj_step(model, data, split)
            sensed[index], tools[index] = data.sensordata[:SENSED], data.site_xpos[self._tcp]
        model.opt.timestep = self.physics.timestep_s
        mean, peak = felt(sensed, tools)
        self._wrist = Wrist(mean, float(peak))
        self._refresh()
