"""The simulated FR3 as a process of its own, which a killed bridge leaves standing.

Run as ``python -m hardware.simulator``.
It reads one line of JSON (:class:`Setup`) from its standard input, serves the robot on a loopback address,
writes one line (:class:`Ready`) and then answers :class:`Ask` messages on a socket: the truth for scoring,
faults to inject, and what befell the robot.
"""

import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec
import zmq

from hardware.robot_server import PATIENCE_S, RobotServer
from sequences.assembly import Assembly
from sim.live import TICK_S, LiveWorld
from sim.noise import Noise

ASK_EVERY = 5
"""Ticks between two looks at the control socket."""
TRAIL_EVERY, TRAIL_LENGTH = 5, 6000
BEHIND_S = 0.05
"""A robot this late does not hurry to catch up [s]."""


class Setup(msgspec.Struct, frozen=True):
    """What to simulate."""

    assembly: str
    """The assembly as JSON."""
    noise: dict[str, float]
    seed: int = 0
    realtime_factor: float = 1.0
    """Robot seconds a second; 0 is as fast as it goes."""
    patience_s: float = PATIENCE_S


class Ready(msgspec.Struct, frozen=True):
    """Where to find the robot."""

    address: str
    control: str


class Ask(msgspec.Struct, frozen=True):
    """A question or an order to the simulator: ``truth``, ``inject``, ``clear``, ``events``, ``trail``,
    ``state``, ``pace`` or ``quit``."""

    do: str
    name: str = ""
    value: float = 0.0


class Simulator:
    """One world, one robot server, one control socket."""

    def __init__(self, setup: Setup) -> None:
        assembly = Assembly.model_validate_json(setup.assembly)
        self.world = LiveWorld(assembly, seed=setup.seed, noise=Noise(**setup.noise))
        self.server = RobotServer(self.world, loopbacks(), patience_s=setup.patience_s)
        self.server.init()
        self.pace = setup.realtime_factor
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REP)
        port: int = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.ready = Ready(str(self.server.hostname), f"tcp://127.0.0.1:{port}")
        self._trail: deque[tuple[float, ...]] = deque(maxlen=TRAIL_LENGTH)
        self._running = True

    def run(self) -> None:
        """Serve until told to quit or until the parent is gone."""
        parent, tick, due = os.getppid(), 0, time.monotonic()
        while self._running:
            self.server.tick()
            tick += 1
            if tick % TRAIL_EVERY == 0:
                self._trail.append((time.monotonic(), self.time_s, *self.world.tcp[:3, 3].tolist()))
            if tick % ASK_EVERY == 0:
                self._answer()
            if tick % 1000 == 0 and os.getppid() != parent:
                break
            if self.pace > 0:
                due = max(due + TICK_S / self.pace, time.monotonic() - BEHIND_S)
                time.sleep(max(0.0, due - time.monotonic()))
        self.server.cleanup()
        self._socket.close(linger=100)

    @property
    def time_s(self) -> float:
        """Age of the world [s]."""
        return float(self.world.data.time)

    def _answer(self) -> None:
        try:
            ask = msgspec.json.decode(self._socket.recv(zmq.NOBLOCK), type=Ask)
        except zmq.Again:
            return
        except msgspec.DecodeError as error:
            self._socket.send(msgspec.json.encode({"error": str(error)}))
            return
        try:
            answer: Any = self._done(ask)
        except (ValueError, KeyError) as error:
            answer = {"error": str(error)}
        self._socket.send(msgspec.json.encode(answer))

    def _done(self, ask: Ask) -> Any:
        server = self.server
        match ask.do:
            case "truth":
                return self.world.true_pose(ask.name).as_matrix().tolist()
            case "inject":
                server.inject(ask.name, round(ask.value) or 100)
            case "clear":
                server.faults.clear()
            case "events":
                return list(server.events)
            case "trail":
                return list(self._trail)
            case "pace":
                self.pace = ask.value
            case "state":
                return {
                    "time_s": self.time_s,
                    "mode": server.mode,
                    "fault": server.fault,
                    "wrench": self.world.wrench.tolist(),
                    "external": self.world.external_torques.tolist(),
                    "q": self.world.q.tolist(),
                    "dq": self.world.dq.tolist(),
                    "tcp": self.world.tcp.tolist(),
                    "collision_force_n": server.drive.reflexes.collision.force_n,
                }
            case "quit":
                self._running = False
            case _:
                raise ValueError(f"nobody knows how to '{ask.do}'")
        return None


def loopbacks() -> Iterator[str]:
    """Loopback addresses to try, beginning at one that other processes are unlikely to begin at."""
    first = os.getpid()
    for offset in range(1000):
        number = first + offset * 7919
        yield f"127.{10 + number // 62500 % 200}.{number // 250 % 250}.{number % 250 + 1}"


def main() -> None:
    """Run as a process."""
    setup = msgspec.json.decode(sys.stdin.readline(), type=Setup)
    simulator = Simulator(setup)
    sys.stdout.write(msgspec.json.encode(simulator.ready).decode() + "\n")
    sys.stdout.flush()
    simulator.run()


if __name__ == "__main__":
    main()
