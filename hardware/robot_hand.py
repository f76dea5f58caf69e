"""The hand of a simulated FR3: franky-sim's gripper protocol on our fingers."""

import socket

from franky_sim.franka_gripper_server import FrankaGripperServer

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

    def __init__(self, hand: SimulatedHand, hostname: str) -> None:
        super().__init__(hand, hostname)
        self._fingers = hand

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
        super().start_grasp(width, speed, force, epsilon_inner, epsilon_outer, command_id, tcp_socket)
        self._fingers.close(force)
