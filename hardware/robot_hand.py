"""The hand of a simulated FR3: franky-sim's gripper protocol on our fingers."""

import socket

from franky_sim.franka_gripper_protocol import GripperCommandStatus
from franky_sim.franka_gripper_server import FrankaGripperServer
from franky_sim.franka_server import BaseCommand

from hardware.faults import Faults
from sim.live import LiveWorld


class SimulatedHand:
    """What franky-sim's gripper server asks of a robot."""

    def __init__(self, world: LiveWorld, faults: Faults) -> None:
        self._world, self._faults = world, faults

    @property
    def hand_width(self) -> float:
        """Distance between the pads [m]."""
        return self._world.gripper.width_m

    def set_hand_goal(self, width: float, max_velocity: float, max_force: float) -> None:
        """Move the fingers to ``width`` [m]."""
        self._world.gripper.open(width)

    def close(self, force_n: float) -> None:
        """Close the fingers until something stops them; a hand that misses stays as it is."""
        if self._faults.active("gripper_miss"):
            self._faults.spend("gripper_miss")
            self._world.gripper.open(self.hand_width)
        else:
            self._world.gripper.close(force_n)


class HandServer(FrankaGripperServer):  # type: ignore[misc]
    """Serves the hand; a grasp closes until it meets something, as the hand does."""

    _pending_command_id: int | None

    def __init__(self, hand: SimulatedHand, hostname: str) -> None:
        super().__init__(hand, hostname)
        self._fingers = hand

    def start_move(self, width: float, speed: float, command_id: int, tcp_socket: socket.socket) -> None:
        """See ``FrankaGripperServer``."""
        self._abort()
        super().start_move(width, speed, command_id, tcp_socket)

    def stop(self, command_id: int, tcp_socket: socket.socket) -> None:
        """See ``FrankaGripperServer``."""
        self._abort()
        super().stop(command_id, tcp_socket)

    def start_grasp(
        self,
        width: float,
        speed: float,
        force: float,
        epsilon_inner: float,
        epsilon_outer: float,
        command_id: int,
        tcp_socket: socket.socket,
    ) -> None:
        """See ``FrankaGripperServer``."""
        self._abort()
        super().start_grasp(width, speed, force, epsilon_inner, epsilon_outer, command_id, tcp_socket)
        self._fingers.close(force)

    def _abort(self) -> None:
        """Tell whoever waits for a motion that it ends here; franky-sim would leave them waiting."""
        if self._pending_command_id is not None and self._pending_tcp_socket is not None:
            BaseCommand.send_response(
                self._pending_tcp_socket,
                self._pending_command_type,
                self._pending_command_id,
                GripperCommandStatus.kAborted,
                command_type_struct="H",
                status_type_struct="H",
            )
        self._pending_command_id = None
