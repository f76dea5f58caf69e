"""An FR3 in simulation, driven as one drives the robot: franky and libfranka on :mod:`hardware.simulator`."""

import dataclasses
import subprocess
import sys
from typing import Any

import msgspec
import numpy as np
import zmq
from scipy.spatial.transform import RigidTransform

from hardware.arm import ArmError
from hardware.driver import FrankyArm
from hardware.robot_server import PATIENCE_S
from hardware.simulator import Ask, Ready, Setup
from sequences.assembly import Assembly
from sim.noise import BENCH, Noise
from skills.cell import Vector

ANSWER_MS = 5000
START_S = 60.0


class SimulatedRobot:
    """A simulated FR3 in a process of its own, on a loopback address; use it as a context manager."""

    def __init__(
        self,
        assembly: Assembly,
        *,
        seed: int = 0,
        noise: Noise = BENCH,
        realtime_factor: float = 1.0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        setup = Setup(
            assembly=assembly.model_dump_json(),
            noise={key: float(value) for key, value in dataclasses.asdict(noise).items()},
            seed=seed,
            realtime_factor=realtime_factor,
            patience_s=patience_s,
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hardware.simulator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(setup) + b"\n")
        self.process.stdin.close()
        line = self.process.stdout.readline()
        if not line:
            raise ArmError("simulator", f"the simulated robot did not start (exit {self.process.wait()})")
        ready = msgspec.json.decode(line, type=Ready)
        self.address, self.control = ready.address, ready.control
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REQ)
        self._socket.setsockopt(zmq.RCVTIMEO, ANSWER_MS)
        self._socket.connect(self.control)

    def __enter__(self) -> "SimulatedRobot":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, do: str, name: str = "", value: float = 0.0) -> Any:
        """Ask the simulator something (:class:`hardware.simulator.Ask`). Raises ArmError when it refuses."""
        self._socket.send(msgspec.json.encode(Ask(do, name, value)))
        answer = msgspec.json.decode(self._socket.recv())
        if isinstance(answer, dict) and "error" in answer:
            raise ArmError("simulator", str(answer["error"]))
        return answer

    def true_pose(self, part: str) -> RigidTransform:
        """Where ``part`` really is, in the base frame. For scoring only."""
        return RigidTransform.from_matrix(np.array(self.ask("truth", part)))

    def inject(self, fault: str, duration_ms: int = 100) -> None:
        """Begin a fault (:mod:`hardware.faults`) for so many of the robot's milliseconds."""
        self.ask("inject", fault, duration_ms)

    def events(self) -> list[tuple[float, float, str]]:
        """What befell the robot: wall clock (monotonic) [s], its own clock [s], and words."""
        return [(float(wall), float(own), str(what)) for wall, own, what in self.ask("events")]

    def trail(self) -> Vector:
        """(n, 5) the last half minute: wall clock (monotonic) [s], own clock [s], TCP position [m]."""
        return np.array(self.ask("trail"))

    def close(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._socket.close(linger=0)


class SimulatedArm(FrankyArm):
    """The driver of a simulated robot that it owns."""

    def __init__(self, robot: SimulatedRobot) -> None:
        super().__init__(robot.address, realtime=False)
        self.robot = robot

    def close(self) -> None:
        """Let go of the robot and end it."""
        super().close()
        self.robot.close()


def simulated_arm(
    assembly: Assembly,
    *,
    seed: int = 0,
    noise: Noise = BENCH,
    realtime_factor: float = 1.0,
    patience_s: float = PATIENCE_S,
) -> SimulatedArm:
    """Start a simulated FR3 with ``assembly``'s parts in its tray and connect to it. Raises ArmError."""
    robot = SimulatedRobot(
        assembly, seed=seed, noise=noise, realtime_factor=realtime_factor, patience_s=patience_s
    )
    try:
        return SimulatedArm(robot)
    except ArmError:
        robot.close()
        raise
