"""A simulated FR3 as the network sees it: libfranka's commands in, states out, once a millisecond.

The protocol is franky-sim's (``franky_sim.FrankaServer`` and its commands); what the arm does with them is
here. Where franky-sim is kind this one is as strict as the robot: it refuses commands in the wrong mode,
stops by reflex, gives up after twenty lost packets, and its external wrench is what contact does to the hand.
"""

import select
import time
from collections import deque
from collections.abc import Iterable

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
    UDPCommand,
)
from franky_sim.franka_server import BaseCommand, FrankaServer

from hardware.arm import CollisionLimits
from hardware.faults import Faults
from hardware.reflexes import flags
from hardware.robot_commands import ROBOT_COMMANDS, Answer
from hardware.robot_control import Control, Drive
from hardware.robot_hand import HandServer, SimulatedHand
from hardware.robot_senses import Senses, new_record
from sim.live import LiveWorld

LOST_PACKETS = 20
"""Lost one after another, these end a motion."""
PATIENCE_S = 0.1
"""How long a command may be late by the wall clock before it counts as lost."""
EVENTS = 10000
"""Events that are remembered."""


class RobotServer(FrankaServer):  # type: ignore[misc]
    """Serves one :class:`sim.live.LiveWorld` as an FR3 with its hand."""

    def __init__(self, world: LiveWorld, hostnames: Iterable[str], *, patience_s: float = PATIENCE_S) -> None:
        super().__init__(hostnames, 1337, ROBOT_COMMANDS, 10)
        self.world, self.patience_s = world, patience_s
        self.faults, self.record = Faults(), new_record()
        self.drive, self.senses = Drive(world), Senses(world)
        self.hand = SimulatedHand(world, self.faults)
        self.events: deque[tuple[float, float, str]] = deque(maxlen=EVENTS)
        """What befell the robot: wall clock (monotonic) [s], its own clock [s], and words."""
        self._hand_server: HandServer | None = None
        self._mode, self._error = RobotMode.kIdle, ""
        self._motion, self._missed, self._answers = 0, 0, 0
        self._began = 0
        """The newest state that had been sent when the motion began, by number."""
        self._answered = 0
        """The newest state that the client has answered, by number."""
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
            self._apply()
        if self._hand_server is not None and self._accepting:
            self._hand_server.process_commands()
        self.world.step()
        self._measure()
        if self._accepting and not self.faults.active("states_dropped"):
            self.send_state()
        if self._hand_server is not None and self._accepting:
            self._hand_server.send_state()
        self._tell_end()
        if self.drive.control is not Control.HOLD and self._accepting:
            self._wait_for_answer()

    def inject(self, fault: str, duration_ms: int) -> None:
        """Begin a fault (:mod:`hardware.faults`) and record when. Raises UnknownFault."""
        self.faults.inject(fault, duration_ms)
        self._note(f"injected: {fault}")

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
        self._motion, self._mode = command.command_id, RobotMode.kMove
        self._missed = self._answers = 0
        self._began = self._sent
        self.drive.begin(control)
        self.record.reflex_reason = flags(None)
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
        self.drive.reflexes.collision = CollisionLimits(min(force[:3]), min(force[3:]), tuple(torque))
        command.reply(Answer.SUCCESS)

    def recover(self, command: BaseCommand) -> None:
        """Clear the error that stopped the arm."""
        if self._mode is RobotMode.kUserStopped and self.faults.active("user_stop"):
            command.reply(AutomaticErrorRecoveryStatus.kCommandNotPossibleRejected)
            return
        self._error, self._mode = "", RobotMode.kIdle
        self.drive.hold()
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
        return self._error or None

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
            self._mode = RobotMode.kReflex
            self.drive.hold()
        self._motion, self._began, self._answered, self._ended = 0, 0, 0, None

    def _handle_udp_command(self, command_data: bytes) -> None:
        self._answers += 1
        self._answered = max(self._answered, UDPCommand.from_bytes(command_data).message_id)
        for data in self.faults.passed(command_data):
            self._take(UDPCommand.from_bytes(data))

    def _take(self, command: UDPCommand) -> None:
        """Follow a command of this motion; one that comes late may be of the last."""
        if command.message_id <= self._began:
            return
        self._missed = 0
        if command.motion_generation_finished or command.torque_command_finished:
            self._end(MoveStatus.kSuccess, "motion finished")
        else:
            self.drive.take(command)

    def _process_udp_commands(self) -> None:
        super()._process_udp_commands()
        if self.drive.control is not Control.HOLD and self._answered < self._sent:
            self._wait_for_answer()
            super()._process_udp_commands()

    @property
    def _sent(self) -> int:
        """The newest state that was sent, by number."""
        return int(self._FrankaServer__message_id) - 1

    def _pre_process_commands(self) -> None:
        self._missed += 1

    def _post_process_commands(self) -> None:
        for data in self.faults.late():
            self._take(UDPCommand.from_bytes(data))
        self._apply()

    def _get_state_bytes(self) -> bytes:
        return self.record.packed()

    # -- inside --------------------------------------------------------------------------------------

    def _end(self, status: MoveStatus, why: str) -> None:
        motion, self._motion = self._motion, 0
        self.drive.hold(arrived=status is MoveStatus.kSuccess)
        self._mode = RobotMode.kIdle if self._mode is RobotMode.kMove else self._mode
        self._note(why)
        if motion:
            self._ended = (motion, status)

    def _tell_end(self) -> None:
        """Answer the command of a motion that ended, after the state that says why."""
        ended, self._ended = self._ended, None
        if ended is not None and self.tcp_connected:
            BaseCommand.send_response(self._tcp_socket, RobotCommand.kMove, *ended)

    def _apply(self) -> None:
        """Move the world as the newest command says."""
        if self._missed > LOST_PACKETS and not self.drive.waiting:
            self.trip("communication_constraints_violation")
        error = self.drive.apply(lost=self._missed > 0)
        if error is not None:
            self.trip(error)

    def _measure(self) -> None:
        """Let the reflexes look at the world, and fill the state."""
        now, record = self.senses.measured(), self.record
        if self._mode is RobotMode.kMove:
            error = self.faults.tripped() or self.drive.reflexes.measured(now)
            if error == "user_stop":
                self._end(MoveStatus.kEmergencyAborted, "user stop")
                self._mode = RobotMode.kUserStopped
            elif error is not None:
                self.trip(error)
        elif self.faults.begins("user_stop"):
            self._mode = RobotMode.kUserStopped
        elif self._mode is RobotMode.kUserStopped and not self.faults.active("user_stop"):
            self._mode = RobotMode.kIdle
        tcp = self.world.tcp
        self.senses.write(record, now, tcp)
        self.drive.write(record, now.q, now.dq, tcp)
        record.errors, record.mode = flags(self.fault), self._mode
        holding = self.drive.control is Control.HOLD
        record.success_rate = 0.0 if holding else max(0.0, 1.0 - self._missed / 100)

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
