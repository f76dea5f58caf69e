"""A simulated FR3 as the network sees it: libfranka's commands in, states out, once a millisecond.

The protocol is franky-sim's (``franky_sim.FrankaServer`` and its commands); what the arm does with them is
here. Where franky-sim is kind this one is as strict as the robot: it refuses commands in the wrong mode,
stops by reflex, gives up after twenty lost packets, and its external wrench is what contact does to the hand.
"""

import select
import time
from collections.abc import Iterable
from enum import Enum

import numpy as np
from franky_sim.franka_robot_protocol import (
    AutomaticErrorRecoveryStatus,
    GetRobotModelCommand,
    MoveCommand,
    MoveCommandControllerMode,
    MoveCommandMotionGeneratorMode,
    MoveStatus,
    RobotCommand,
    RobotMode,
    SetCollisionBehaviorCommand,
    SetLoadCommand,
    StateControllerMode,
    StateMotionGeneratorMode,
    UDPCommand,
)
from franky_sim.franka_server import BaseCommand, FrankaServer

from hardware.arm import CollisionLimits
from hardware.faults import Faults
from hardware.reflexes import Q_MAX, Q_MIN, TICK_S, Measured, Reflexes, flags, small_turn
from hardware.robot_commands import ROBOT_COMMANDS, Answer
from hardware.robot_hand import HandServer, SimulatedHand
from hardware.wire import StateRecord, column_major
from sim.live import LiveWorld
from skills.cell import Vector

LOST_PACKETS = 20
"""Lost one after another, these end a motion."""
PATIENCE_S = 0.1
"""How long a command may be late by the wall clock before it counts as lost."""
FILTER_S = 0.005
"""Time constant of the estimate of what acts on the arm from outside [s]."""
NOISE_S = 0.02
"""Time over which the noise of the estimate is correlated [s]."""
EE_MASS_KG, EE_COM, EE_INERTIA = 0.73, (-0.01, 0.0, 0.03), (0.001, 0, 0, 0, 0.0025, 0, 0, 0, 0.0017)
HAND_ANGLE, HAND_LENGTH_M = -np.pi / 4, 0.1034


class Control(Enum):
    """What moves the arm."""

    HOLD = "hold"
    TORQUE = "torque"
    JOINTS = "joints"
    POSE = "pose"


class RobotServer(FrankaServer):  # type: ignore[misc]
    """Serves one :class:`sim.live.LiveWorld` as an FR3 with its hand."""

    def __init__(self, world: LiveWorld, hostnames: Iterable[str], *, patience_s: float = PATIENCE_S) -> None:
        super().__init__(hostnames, 1337, ROBOT_COMMANDS, 10)
        self.world, self.patience_s = world, patience_s
        self.faults, self.reflexes, self.record = Faults(), Reflexes(), _record()
        self.hand = SimulatedHand(world, self.faults)
        self.events: list[tuple[float, float, str]] = []
        """What befell the robot: wall clock (monotonic) [s], its own clock [s], and words."""
        self._hand_server: HandServer | None = None
        self._rng = np.random.default_rng(world.rng.integers(2**32))
        self._noise, self._filtered = np.zeros(6), np.zeros(6)
        self._control, self._mode = Control.HOLD, RobotMode.kIdle
        self._error: str | None = None
        self._motion, self._missed, self._answers = 0, 0, 0
        self._command: UDPCommand | None = None
        self._held = world.q
        self._led, self._eased = np.zeros(7), np.zeros(7)
        self._posed: Vector | None = None
        self._twist, self._easing = np.zeros(6), np.zeros(6)
        self._ended: tuple[int, MoveStatus] | None = None
        self._accepting = True

    # -- the clock -----------------------------------------------------------------------------------

    def tick(self) -> None:
        """One millisecond: commands, physics, state, and the wait for the client's answer to it."""
        self.faults.tick()
        self._accepting = not self.faults.active("connection_lost")
        if self.faults.begins("connection_lost"):
            self._note("connection lost")
            self.reset_state()
        if self._accepting:
            self.process_commands()
        else:
            self._drive()
        if self._hand_server is not None and self._accepting:
            self._hand_server.process_commands()
        self.world.step()
        self._measure()
        if self._accepting and not self.faults.active("states_dropped"):
            self.send_state()
        if self._hand_server is not None and self._accepting:
            self._hand_server.send_state()
        self._tell_end()
        if self._control is not Control.HOLD and self._accepting:
            self._wait_for_answer()

    # -- what clients may ask ------------------------------------------------------------------------

    def move(self, command: MoveCommand) -> None:
        """Begin a motion, if the mode allows it and its kind is known."""
        if self._mode is not RobotMode.kIdle:
            self._note(f"motion refused in mode {self._mode.name}")
            command.reply(MoveStatus.kCommandNotPossibleRejected)
            return
        kinds = {
            MoveCommandMotionGeneratorMode.kJointPosition: Control.JOINTS,
            MoveCommandMotionGeneratorMode.kCartesianPosition: Control.POSE,
        }
        torque = command.controller_mode == MoveCommandControllerMode.kExternalController
        control = Control.TORQUE if torque else kinds.get(command.motion_generator_mode)
        if control is None:
            command.reply(MoveStatus.kInvalidArgumentRejected)
            return
        self._control, self._motion, self._mode = control, command.command_id, RobotMode.kMove
        self._command, self._missed, self._answers = None, 0, 0
        self._held, self._led, self._posed = self.world.q, np.zeros(7), None
        self.record.reflex_reason = flags(None)
        self.reflexes.forget()
        self._note(f"motion begins: {control.value}")
        command.reply(MoveStatus.kMotionStarted)

    def stop_move(self, command: BaseCommand) -> None:
        """Break the motion off; the arm holds where it is."""
        command.reply(0)
        self._end(MoveStatus.kPreempted, "motion preempted")

    def collision(self, command: SetCollisionBehaviorCommand) -> None:
        """Set where the reflexes trip; refused while the arm moves."""
        if self._mode is RobotMode.kMove:
            command.reply(Answer.NOT_POSSIBLE)
            return
        force = command.upper_force_thresholds_nominal
        torque = command.upper_torque_thresholds_nominal
        self.reflexes.collision = CollisionLimits(min(force[:3]), min(force[3:]), tuple(torque))
        command.reply(Answer.SUCCESS)

    def recover(self, command: BaseCommand) -> None:
        """Clear the error that stopped the arm."""
        if self._mode is RobotMode.kUserStopped and self.faults.active("user_stop"):
            command.reply(AutomaticErrorRecoveryStatus.kCommandNotPossibleRejected)
            return
        self._error, self._mode = None, RobotMode.kIdle
        self._held = self.world.q
        self._note("recovered")
        command.reply(AutomaticErrorRecoveryStatus.kSuccess)

    def load(self, command: SetLoadCommand) -> None:
        """Accept a payload; what hangs in the hand weighs what it weighs."""
        self.record["m_load"] = command.m_load
        self.record["F_x_Cload"] = np.array(command.F_x_Cload)
        self.record["I_load"] = np.array(command.I_load)
        command.reply(Answer.SUCCESS)

    def accept(self, command: BaseCommand) -> None:
        """Accept a setting that changes nothing here; refused while the arm moves."""
        command.reply(Answer.NOT_POSSIBLE if self._mode is RobotMode.kMove else Answer.SUCCESS)

    def model(self, command: GetRobotModelCommand) -> None:
        """Send the URDF."""
        GetRobotModelCommand.handle(command, self)

    @property
    def fault(self) -> str | None:
        """The error that stopped the arm."""
        return self._error

    @property
    def mode(self) -> str:
        """libfranka's name of the mode, in lower case."""
        return str(self._mode.name[1:]).lower()

    def trip(self, error: str, status: MoveStatus = MoveStatus.kReflexAborted) -> None:
        """Stop the arm by reflex, as for the named error of libfranka."""
        self._error = error
        self.record.reflex_reason = flags(error)
        self._end(status, f"stopped: {error}")
        self._mode = RobotMode.kReflex

    # -- FrankaServer's hooks ------------------------------------------------------------------------

    def _bind_children(self, hostname: str) -> None:
        self._hand_server = HandServer(self.hand, hostname)
        self._hand_server.init()

    def cleanup(self) -> None:
        """Close all sockets."""
        if self._hand_server is not None:
            self._hand_server.reset_state()
            self._hand_server.cleanup()
        self.reset_state()
        super().cleanup()

    def _reset_state(self) -> None:
        if self._mode is RobotMode.kMove:
            self._note("client gone in motion")
            self._error = "communication_constraints_violation"
            self.record.reflex_reason = flags(self._error)
        self._control, self._motion, self._ended = Control.HOLD, 0, None
        if self._mode is RobotMode.kMove:
            self._mode = RobotMode.kReflex
            self._held = self.world.q

    def _handle_udp_command(self, command_data: bytes) -> None:
        self._answers += 1
        for data in self.faults.passed(command_data):
            command = UDPCommand.from_bytes(data)
            if command.message_id <= 0:
                continue
            self._missed = 0
            if command.motion_generation_finished or command.torque_command_finished:
                self._end(MoveStatus.kSuccess, "motion finished")
            else:
                self._command = command

    def _pre_process_commands(self) -> None:
        self._missed += 1

    def _post_process_commands(self) -> None:
        for data in self.faults.late():
            self._command, self._missed = UDPCommand.from_bytes(data), 0
        self._drive()

    def _get_state_bytes(self) -> bytes:
        return self.record.packed()

    # -- inside --------------------------------------------------------------------------------------

    def _end(self, status: MoveStatus, why: str) -> None:
        motion, self._motion = self._motion, 0
        self._control, self._command, self._held = Control.HOLD, None, self.world.q
        self._mode = RobotMode.kIdle if self._mode is RobotMode.kMove else self._mode
        self._note(why)
        if motion:
            self._ended = (motion, status)

    def _tell_end(self) -> None:
        """Answer the command of a motion that ended, after the state that says why."""
        ended, self._ended = self._ended, None
        if ended is not None and self.tcp_connected:
            BaseCommand.send_response(self._tcp_socket, RobotCommand.kMove, *ended)

    def _drive(self) -> None:
        """Turn the newest command into what moves the world."""
        command = self._command
        if self._control is Control.HOLD or command is None:
            self.world.follow(self._held, np.zeros(7))
            return
        if self._missed > LOST_PACKETS:
            self.trip("communication_constraints_violation")
            return
        if self._missed:
            self.reflexes.forget()
        error = self._follow(command)
        if error is not None:
            self.trip(error)

    def _follow(self, command: UDPCommand) -> str | None:
        world = self.world
        if self._control is Control.TORQUE:
            torques = np.array(command.tau_J_d)
            error = None if self._missed else self.reflexes.torques(torques)
            if error is None:
                world.push(torques)
            return error
        if self._control is Control.JOINTS:
            if self._missed:
                led = self._held + self._led * TICK_S
            else:
                led = np.array(command.q_c)
                error = self.reflexes.joints(led, world.q)
                if error is not None:
                    return error
        else:
            pose = np.array(command.O_T_EE_c).reshape(4, 4).T
            error = None if self._missed else self.reflexes.pose(pose, world.tcp)
            if error is not None:
                return error
            self._note_pose(pose)
            led = world.reach(self._held, pose)
            if np.any(led < Q_MIN) or np.any(led > Q_MAX):
                return "cartesian_motion_generator_joint_position_limits_violation"
        before, self._led, self._held = self._led, (led - self._held) / TICK_S, led
        self._eased = (self._led - before) / TICK_S
        world.follow(led, self._led)
        return None

    def _note_pose(self, pose: Vector) -> None:
        """Keep the velocity and acceleration of commanded poses, which the next motion goes on from."""
        before, twist = self._posed, np.zeros(6)
        if before is not None:
            twist[:3] = pose[:3, 3] - before[:3, 3]
            twist[3:] = small_turn(pose[:3, :3] @ before[:3, :3].T)
            twist /= TICK_S
        self._easing = (twist - self._twist) / TICK_S
        self._posed, self._twist = pose, twist

    def _measure(self) -> None:
        """Fill the state from the world and let the reflexes look at it."""
        world, noise = self.world, self.world.noise
        scale = np.repeat([noise.force_std_n, noise.torque_std_nm], 3)
        share = TICK_S / NOISE_S
        self._noise += -share * self._noise + np.sqrt(2 * share) * scale * self._rng.standard_normal(6)
        self._filtered += TICK_S / FILTER_S * (world.wrench - self._filtered)
        jacobian = world.jacobian
        felt = self._filtered + world.bias + self._noise
        external = jacobian.T @ felt
        q, dq, tcp = world.q, world.dq, world.tcp
        if self._mode is RobotMode.kMove:
            true_external = jacobian.T @ self._filtered
            error = self.faults.tripped() or self.reflexes.measured(
                Measured(q, dq, jacobian, self._filtered, true_external)
            )
            if error == "user_stop":
                self._end(MoveStatus.kEmergencyAborted, "user stop")
                self._mode = RobotMode.kUserStopped
            elif error is not None:
                self.trip(error)
        elif self.faults.begins("user_stop"):
            self._mode = RobotMode.kUserStopped
        elif self._mode is RobotMode.kUserStopped and not self.faults.active("user_stop"):
            self._mode = RobotMode.kIdle
        self._write(q, dq, tcp, felt, external)

    def _write(self, q: Vector, dq: Vector, tcp: Vector, felt: Vector, external: Vector) -> None:
        record, holding = self.record, self._control is Control.HOLD
        command = self._command
        torque = self._control is Control.TORQUE
        led = q if torque else self._held
        record["q"], record["dq"], record["theta"], record["dtheta"] = q, dq, q, dq
        record["q_d"], record["dq_d"] = led, dq if torque else self._led
        record["O_T_EE"] = column_major(tcp)
        posing = command is not None and self._control is Control.POSE
        target = np.array(command.O_T_EE_c) if command is not None and posing else column_major(tcp)
        record["O_T_EE_d"] = record["O_T_EE_c"] = target
        record["ddq_d"] = np.zeros(7) if torque or holding else self._eased
        record["O_dP_EE_c"] = record["O_dP_EE_d"] = self._twist if posing else np.zeros(6)
        record["O_ddP_EE_c"] = self._easing if posing else np.zeros(6)
        record["elbow"] = record["elbow_d"] = record["elbow_c"] = np.array([q[2], np.copysign(1.0, q[3])])
        record["tau_J_d"] = np.array(command.tau_J_d) if command is not None and torque else np.zeros(7)
        record["tau_ext_hat_filtered"], record["O_F_ext_hat_K"] = -external, -felt
        record.errors, record.mode = flags(self._error), self._mode
        record.success_rate = 0.0 if holding else max(0.0, 1.0 - self._missed / 100)
        record.generator, record.controller = _REPORTED[self._control]
        if holding:
            self._led, self._eased, self._posed = np.zeros(7), np.zeros(7), None
            self._twist = np.zeros(6)

    def _wait_for_answer(self) -> None:
        """Wait for the client's command, so that a busy computer is not mistaken for a bad network."""
        if not self._answers or self._missed > 1 or not self.udp_connected:
            return
        before = time.monotonic()
        connection = self._FrankaServer__udp_socket
        select.select([connection, self._tcp_socket], [], [], self.patience_s)
        if time.monotonic() - before > self.patience_s:
            self._note("no answer to a state")

    def _note(self, what: str) -> None:
        self.events.append((time.monotonic(), float(self.world.data.time), what))


_REPORTED = {
    Control.HOLD: (StateMotionGeneratorMode.kIdle, StateControllerMode.kOther),
    Control.TORQUE: (StateMotionGeneratorMode.kNone, StateControllerMode.kExternalController),
    Control.JOINTS: (StateMotionGeneratorMode.kJointPosition, StateControllerMode.kJointImpedance),
    Control.POSE: (StateMotionGeneratorMode.kCartesianPosition, StateControllerMode.kJointImpedance),
}


def _record() -> StateRecord:
    """A state with the hand mounted: a quarter of a right angle about the flange's axis, and its length."""
    record = StateRecord()
    cos, sin = np.cos(HAND_ANGLE), np.sin(HAND_ANGLE)
    hand = np.array([[cos, -sin, 0, 0], [sin, cos, 0, 0], [0, 0, 1, HAND_LENGTH_M], [0, 0, 0, 1]])
    record["F_T_EE"] = record["F_T_NE"] = column_major(hand)
    record["m_ee"], record["F_x_Cee"], record["I_ee"] = EE_MASS_KG, np.array(EE_COM), np.array(EE_INERTIA)
    return record
