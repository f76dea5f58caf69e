"""What moves a simulated FR3: the client's torques, joint angles or poses, or its own hold."""

from enum import Enum

import numpy as np
from franky_sim.franka_robot_protocol import StateControllerMode, StateMotionGeneratorMode, UDPCommand

from hardware.reflexes import Q_MAX, Q_MIN, TICK_S, Reflexes, small_turn
from hardware.wire import StateRecord, column_major
from sim.live import LiveWorld
from skills.cell import Vector


class Control(Enum):
    """What moves the arm."""

    HOLD = "hold"
    TORQUE = "torque"
    JOINTS = "joints"
    POSE = "pose"


_REPORTED = {
    Control.HOLD: (StateMotionGeneratorMode.kIdle, StateControllerMode.kOther),
    Control.TORQUE: (StateMotionGeneratorMode.kNone, StateControllerMode.kExternalController),
    Control.JOINTS: (StateMotionGeneratorMode.kJointPosition, StateControllerMode.kJointImpedance),
    Control.POSE: (StateMotionGeneratorMode.kCartesianPosition, StateControllerMode.kJointImpedance),
}


class Drive:
    """Turns commands into what moves a world, and remembers what the next command must go on from."""

    def __init__(self, world: LiveWorld) -> None:
        self.reflexes = Reflexes()
        self.control = Control.HOLD
        self._world = world
        self._command: UDPCommand | None = None
        self._answered = 0
        """The state that the command before this one answered, by number."""
        self.hold()

    def begin(self, control: Control) -> None:
        """A motion begins; until its first command the arm stays where it is."""
        self.hold()
        self.reflexes.forget()
        self.control = control

    def hold(self, *, arrived: bool = False) -> None:
        """Stay here, or where the motion that ``arrived`` was led to."""
        if not arrived or self.control is Control.TORQUE:
            self._held = self._world.q
        self.control, self._command = Control.HOLD, None
        self._speed, self._change = np.zeros(7), np.zeros(7)
        self._pose: Vector | None = None
        self._twist, self._twist_change = np.zeros(6), np.zeros(6)

    def take(self, command: UDPCommand) -> None:
        """The newest command."""
        self._command = command

    @property
    def waiting(self) -> bool:
        """No command has come yet."""
        return self._command is None

    def apply(self, *, lost: bool) -> str | None:
        """Move the world as commanded; ``lost`` when the command is an old one. Returns libfranka's error."""
        command = self._command
        if lost:
            self.reflexes.forget()
        if self.control is Control.HOLD or command is None:
            self._world.follow(self._held, np.zeros(7))
            return None
        ticks = max(1, command.message_id - self._answered)
        self._answered = command.message_id
        if self.control is Control.TORQUE:
            return self._push(np.array(command.tau_J_d), ticks, lost)
        if self.control is Control.JOINTS:
            return self._lead(np.array(command.q_c), ticks, lost)
        return self._place(np.array(command.O_T_EE_c).reshape(4, 4).T, ticks, lost)

    def write(self, record: StateRecord, q: Vector, dq: Vector, tcp: Vector) -> None:
        """The desired values of a state, as the robot reports them."""
        command, torque = self._command, self.control is Control.TORQUE
        posing = self.control is Control.POSE and command is not None
        record["q_d"], record["dq_d"] = (q, dq) if torque else (self._held, self._speed)
        record["ddq_d"] = self._change
        pose = column_major(tcp if self._pose is None else self._pose)
        record["O_T_EE_d"] = record["O_T_EE_c"] = pose if posing else column_major(tcp)
        record["O_dP_EE_c"] = record["O_dP_EE_d"] = self._twist
        record["O_ddP_EE_c"] = self._twist_change
        record["tau_J_d"] = np.array(command.tau_J_d) if command is not None and torque else np.zeros(7)
        record.generator, record.controller = _REPORTED[self.control]

    def _push(self, torques: Vector, ticks: int, lost: bool) -> str | None:
        error = None if lost else self.reflexes.torques(torques, ticks)
        if error is None:
            self._world.push(torques)
        return error

    def _lead(self, q: Vector, ticks: int, lost: bool) -> str | None:
        error = None if lost else self.reflexes.joints(q, self._world.q, ticks)
        if error is None:
            self._follow(self._held + self._speed * TICK_S if lost else q)
        return error

    def _place(self, pose: Vector, ticks: int, lost: bool) -> str | None:
        error = None if lost else self.reflexes.pose(pose, self._world.tcp, ticks)
        if error is not None:
            return error
        q = self._world.reach(self._held, pose)
        if np.any(q < Q_MIN) or np.any(q > Q_MAX):
            return "cartesian_motion_generator_joint_position_limits_violation"
        before, twist = self._pose, np.zeros(6)
        if before is not None:
            twist[:3] = pose[:3, 3] - before[:3, 3]
            twist[3:] = small_turn(pose[:3, :3] @ before[:3, :3].T)
            twist /= TICK_S
        self._twist_change = (twist - self._twist) / TICK_S
        self._pose, self._twist = pose, twist
        self._follow(q)
        return None

    def _follow(self, q: Vector) -> None:
        before, self._speed = self._speed, (q - self._held) / TICK_S
        self._change, self._held = (self._speed - before) / TICK_S, q
        self._world.follow(q, self._speed)
