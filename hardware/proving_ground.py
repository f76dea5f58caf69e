"""Where a bridge is ill-treated on purpose: a simulated robot that outlives it, a bridge, a bad network.

Everything is measured on the simulated robot, by the clock that all processes of one machine share.
"""

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np

from hardware.audit import Audit, audit, read_logbook
from hardware.bridge_process import BridgeProcess
from hardware.cell_file import Bridge, CellFile, Robot, simulated_cell
from hardware.client import Link, LinkSettings
from hardware.faults import FAULTS
from hardware.interference import Interference, Mischief
from hardware.messages import Reset
from hardware.reflexes import ERROR_NAMES
from hardware.safety import SIMULATED
from hardware.simulated import SimulatedRobot
from sequences.assembly import Assembly
from sim.noise import BENCH
from skills.cell import Vector

LIMITS = replace(SIMULATED, state_timeout_s=0.3)
"""As a simulated robot's, but soon aware of one that says nothing."""
KILLED_CLIENT, KILLED_SERVER = "client_killed", "server_killed"
KINDS = (*FAULTS, *ERROR_NAMES, *Mischief, KILLED_CLIENT, KILLED_SERVER)
"""Everything that can be done to a run, by name."""
LASTING_MS = {
    "gripper_miss": 60000,
    "commands_dropped": 200,
    "commands_delayed": 300,
    "states_dropped": 700,
    "connection_lost": 500,
    "user_stop": 800,
}
ERROR_MS = 3000
"""How long a fault is in force: those that happen once, until they do [robot's ms]."""
MISCHIEF_S = (0.05, 0.6)
"""Shortest and longest time that messages are interfered with [s]."""
STILL_M_S = 0.005
"""A TCP slower than this stands [m/s]."""
MOVING_RAD_S = 0.02
"""Joints faster than this, all together, are in motion [rad/s]."""
STOPS = ("stopped: ", "user stop", "connection lost", "client gone")
"""How the robot's own record of a stop begins."""
ANSWER_S = 1.0
BEFORE_S, EVENTS = 0.3, 30
"""How much of what came before a blow is kept with a trail [s], and how many events."""


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that was done."""

    kind: str
    at_s: float
    """When (monotonic) [s]."""
    duration_s: float


class Rest(NamedTuple):
    """How soon an arm stood."""

    after_s: float
    """By the clock on the wall [s]."""
    behind_s: float
    """How far the simulated robot's own clock fell behind meanwhile, as no robot's does [s]."""


def rest_in(trail: Vector, since_s: float, until_s: float) -> Rest:
    """When after ``since_s`` a TCP moved for the last time before ``until_s`` (monotonic) [s].

    ``trail`` is (n, 5): wall clock and robot's clock [s], position [m].
    """
    speed = np.linalg.norm(np.diff(trail[:, 2:], axis=0), axis=1) / np.diff(trail[:, 1])
    at = trail[1:, 0]
    restless = at[(speed > STILL_M_S) & (at > since_s) & (at < until_s)]
    after_s = float(restless.max(initial=since_s) - since_s)
    lived_s = float(np.diff(np.interp([since_s, since_s + after_s], trail[:, 0], trail[:, 1]))[0])
    return Rest(after_s, max(0.0, after_s - lived_s))


class ProvingGround:
    """One simulated robot with a product in its tray, a bridge to it, and a network that can be made bad."""

    def __init__(self, assembly: Assembly, log: Path, rng: np.random.Generator, *, seed: int) -> None:
        self.log, self._rng = log, rng
        log.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            self.robot = stack.enter_context(SimulatedRobot(assembly, seed=seed, noise=BENCH))
            self._cell = simulated_cell().model_copy(
                update={
                    "robot": Robot(address=self.robot.address),
                    "bridge": Bridge(command_port=0, state_port=0, log=log),
                }
            )
            self.bridge = self._served(self._cell)
            stack.callback(lambda: self.bridge.close())
            at = self.bridge.ready
            ports = [int(endpoint.rsplit(":", 1)[1]) for endpoint in (at.commands, at.states)]
            same = Bridge(command_port=ports[0], state_port=ports[1], log=log)
            self._cell = self._cell.model_copy(update={"bridge": same})
            self.network = Interference(at.commands, at.states, rng)
            stack.callback(self.network.close)
            self._stack = stack.pop_all()

    def __enter__(self) -> "ProvingGround":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # -- blows ---------------------------------------------------------------------------------------

    def strike(self, kind: str) -> Blow:
        """Do what ``kind`` says; a client is killed by whoever started it."""
        duration_s, at = 0.0, time.monotonic()
        if kind in list(Mischief):
            duration_s = float(self._rng.uniform(*MISCHIEF_S))
            self.network.begin(Mischief(kind), duration_s)
        elif kind == KILLED_SERVER:
            self.bridge.process.kill()
            self.bridge.process.wait()
        elif kind != KILLED_CLIENT:
            duration_ms = LASTING_MS.get(kind, ERROR_MS)
            duration_s = duration_ms / 1000.0
            self.robot.inject(kind, duration_ms)
        return Blow(kind, at, duration_s)

    def mend(self) -> None:
        """Take back what is in force, start a bridge that was killed, clear a latched stop as operators do.

        Raises CellError when no bridge can be started.
        """
        self.robot.ask("clear")
        if self.bridge.process.poll() is not None:
            self.bridge.close()
            self.bridge = self._served(self._cell)
        link = Link(LinkSettings(self.network.commands, self.network.states, "operator", answer_s=ANSWER_S))
        try:
            state = link.newest(1.0)
            if state is not None and state.latched:
                link.ask(Reset(bytes.fromhex(self.bridge.ready.token)))
        finally:
            link.close()

    # -- what came of it -----------------------------------------------------------------------------

    def moving(self) -> bool:
        """The joints are in motion."""
        return bool(np.linalg.norm(self.robot.ask("state")["dq"]) > MOVING_RAD_S)

    def stopped_s(self, blow: Blow) -> float | None:
        """When the blow began to tell on the robot (monotonic) [s]; None when it did not stop it.

        What the robot does by itself it records; what the bridge does is in its logbook. Commands that are
        lost on the way lead the arm no more from the first one on; those that come late lead it until the
        robot minds. Messages that are only late are heard for a while: then the lease runs from the last one.
        """
        events = [
            wall for wall, _, what in self.robot.events() if wall >= blow.at_s and what.startswith(STOPS)
        ]
        if blow.kind in (KILLED_CLIENT, KILLED_SERVER):
            return blow.at_s
        if events and blow.kind not in list(Mischief):
            return blow.at_s if blow.kind == "commands_dropped" else events[0]
        ends = blow.at_s + blow.duration_s + ANSWER_S
        lost = [
            line
            for line in read_logbook(self.log)
            if line["kind"] in ("lease lost", "fault") and blow.at_s <= line["monotonic_s"] <= ends
        ]
        if not lost:
            return None
        expired = [line["monotonic_s"] for line in lost if line["kind"] == "lease lost"]
        return max(blow.at_s, expired[0] - LIMITS.lease_s) if expired else blow.at_s

    def rest_after(self, since_s: float, until_s: float) -> Rest:
        """When after ``since_s`` the TCP moved for the last time before ``until_s``."""
        return rest_in(self.robot.trail(), since_s, until_s)

    def keep_trail(self, path: Path, since_s: float, until_s: float) -> None:
        """Write the arm's way between two moments (monotonic) [s], and what befell the robot, to ``path``."""
        trail, path = self.robot.trail(), path.with_suffix(".npz")
        during = trail[(trail[:, 0] > since_s - BEFORE_S) & (trail[:, 0] < until_s)]
        events = [event for event in self.robot.events() if event[0] < until_s][-EVENTS:]
        said = np.array([f"{wall - since_s:+.3f} s: {what}" for wall, _, what in events], dtype=np.str_)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, trail=during, said=said, allow_pickle=False)

    def lines(self, since_s: float, until_s: float) -> list[dict[str, object]]:
        """The bridge's logbook between two moments (monotonic) [s]."""
        return [line for line in read_logbook(self.log) if since_s <= line["monotonic_s"] <= until_s]

    def judged(self) -> Audit:
        """Whether the bridge did only what it should, from the beginning until now."""
        return audit(read_logbook(self.log), self.network.sent)

    def _served(self, cell: CellFile) -> BridgeProcess:
        return BridgeProcess(cell, realtime=False, limits=LIMITS)
