"""An arm without a robot: any cell in this process, moved on by the clock, with faults to order.

It is what ``dovetail bridge serve --robot scripted`` drives, to try the bridge without robot or simulator,
and what tests of the bridge are made on. The cell inside takes a control period's step whenever its clock is
behind the arm's, at most one a call, so that no call takes long.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import RigidTransform

from hardware.arm import ArmError, ArmState, CollisionLimits, Mode
from sequences.assembly import Assembly
from skills.cell import Cell, Compliance, Fault, Observation, Vector
from skills.fake import EXACT, FakeCell, FakeNoise
from skills.tasks import insertion_of

POSTURE = np.array([0.0, -0.3, 0.0, -2.2, 0.0, 1.9, np.pi / 4])
"""What joint angles are said to be where the cell knows of none [rad]."""


@dataclass(slots=True)
class Mishap:
    """What is wrong with the arm, as a test or a person ordered it."""

    mode: Mode
    name: str
    detail: str = "as ordered"


class ScriptedArm:
    """Implements :class:`hardware.arm.Arm` on a :class:`skills.cell.Cell`."""

    def __init__(self, cell: Cell, *, pace: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.cell, self.pace, self.clock = cell, pace, clock
        """``pace``: how many times faster than ``clock`` the cell's time passes."""
        self.calls: list[str] = []
        """Names of the commands that were given, the oldest first; only the last thousand."""
        self.wrench_bias = np.zeros(6)
        """Added to what contact exerts: a push from outside [N, N·m]."""
        self.mishap: Mishap | None = None
        self.refusing: set[str] = set()
        """Names of commands that are refused with an ArmError."""
        self.frozen = False
        """The robot's clock stands still."""
        self._began_s, self._began_cell_s = clock(), cell.observe().time_s
        self._before: Observation | None = None
        self._velocity = np.zeros(6)

    # -- state ---------------------------------------------------------------------------------------

    def state(self) -> ArmState:
        """See :class:`hardware.arm.Arm`."""
        if "state" in self.refusing:
            raise ArmError("network", "the robot does not answer")
        behind = (self.clock() - self._began_s) * self.pace - self._age_s()
        if behind >= self.cell.control_period_s and not self.frozen:
            self._advance()
        return self._seen(self.cell.observe())

    def _advance(self) -> None:
        self._before = self.cell.observe()
        self.cell.advance()
        now = self.cell.observe()
        dt = now.time_s - self._before.time_s
        moved = now.tcp_in_base.translation - self._before.tcp_in_base.translation
        turned = now.tcp_in_base.rotation * self._before.tcp_in_base.rotation.inv()
        self._velocity = np.concatenate([moved, turned.as_rotvec()]) / dt

    def _age_s(self) -> float:
        return self.cell.observe().time_s - self._began_cell_s

    def _seen(self, seen: Observation) -> ArmState:
        joints = seen.joint_positions if seen.joint_positions.any() else POSTURE
        wrench = seen.wrench + self.wrench_bias
        mishap = self.mishap
        mode = self._mode(seen) if mishap is None else mishap.mode
        return ArmState(
            time_s=seen.time_s,
            joint_positions=joints,
            joint_velocities=np.zeros(7),
            tcp_in_base=seen.tcp_in_base,
            tcp_velocity=self._velocity,
            wrench=wrench,
            peak_force_n=max(seen.peak_force_n, float(np.linalg.norm(self.wrench_bias[:3]))),
            joint_torques_external=np.zeros(7),
            gripper_width_m=seen.gripper_width_m,
            grasped=seen.grasped,
            moving=seen.moving and mode != Mode.REFLEX,
            mode=mode,
            fault=None if mishap is None else mishap.name,
            fault_detail="" if mishap is None else mishap.detail,
        )

    def _mode(self, seen: Observation) -> Mode:
        if seen.faults:
            known = {Fault.STOPPED: Mode.STOPPED, Fault.CONNECTION: Mode.LOST}
            return known.get(seen.faults[0], Mode.REFLEX)
        return Mode.MOVING if seen.moving else Mode.TRACKING

    # -- commands ------------------------------------------------------------------------------------

    def compliance(self, compliance: Compliance) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._called("compliance")
        self.cell.compliance(compliance)

    def track(self, tcp_in_base: RigidTransform, velocity: Vector | None = None) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._called("track")
        self.cell.servo(tcp_in_base)

    def move(self, tcp_in_base: RigidTransform, speed: float) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._called("move")
        self.cell.move(tcp_in_base, speed=speed)

    def move_joints(self, joint_positions: Vector, speed: float) -> None:
        """See :class:`hardware.arm.Arm`."""
        raise ArmError("unsupported", "a scripted arm has no joints to move")

    def grasp(self, width_m: float, force_n: float) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._called("grasp")
        self.cell.grasp(width_m, force_n)

    def release(self, width_m: float) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._called("release")
        self.cell.release(width_m)

    def zero_wrench(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._called("zero_wrench")
        self.cell.zero_wrench()

    def hold(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._note("hold")
        self.cell.servo(self.cell.observe().tcp_in_base)

    def stop(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._note("stop")
        self.cell.stop()

    def recover(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._called("recover")
        self.mishap = None
        self.cell.recover()

    def limits(self, collision: CollisionLimits) -> None:
        """See :class:`hardware.arm.Arm`."""
        self._note("limits")

    def diagnose(self) -> dict[str, object]:
        """See :class:`hardware.arm.Arm`."""
        return {"robot": "scripted", "cell": type(self.cell).__name__, "pace": self.pace}

    def close(self) -> None:
        """See :class:`hardware.arm.Arm`."""
        self.cell.close()

    # -- mishaps -------------------------------------------------------------------------------------

    def trip(self, name: str = "cartesian_reflex", mode: Mode = Mode.REFLEX) -> None:
        """Let a fault befall the arm: it stops until ``recover``."""
        self.cell.stop()
        self.mishap = Mishap(mode, name)

    def _called(self, name: str) -> None:
        if name in self.refusing:
            raise ArmError("refused", f"{name} is refused, as ordered")
        if self.mishap is not None and name != "recover":
            raise ArmError(self.mishap.name, f"{name} is not possible now")
        self._note(name)

    def _note(self, name: str) -> None:
        self.calls.append(name)
        del self.calls[:-1000]


def scripted_arm(
    assembly: Assembly, *, seed: int = 0, noise: FakeNoise = EXACT, pace: float = 1.0
) -> ScriptedArm:
    """An arm in the scripted world of :class:`skills.fake.FakeCell`, with ``assembly`` in its tray."""
    tasks = {step.part: insertion_of(assembly, step) for step in assembly.steps}
    return ScriptedArm(FakeCell(assembly, tasks, seed=seed, noise=noise), pace=pace)
