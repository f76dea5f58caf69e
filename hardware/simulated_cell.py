"""The cell ``simulated-fr3``: the whole way to a robot, with a simulated one at its end.

Everything that stands between a run and a robot is there and in its own process: the bridge with its limits,
franky and libfranka, and a robot that speaks their protocol.
"""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import RigidTransform

from hardware.bridge_cell import BridgeCell
from hardware.bridge_process import BridgeProcess
from hardware.cell_file import Bridge, CellFile, Robot
from hardware.client import Link
from hardware.places import Bounds, Places
from hardware.safety import SIMULATED, Limits
from hardware.simulated import SimulatedRobot
from sequences.assembly import Assembly
from sim.noise import BENCH, Noise

ANSWER_S = 2.0
SILENCE_S = 1.0
LEASE_S = 1.0
"""Times that a busy machine without a real-time kernel may take [s]."""


class SimulatedFr3(BridgeCell):
    """A cell on a bridge and a simulated robot that it starts, owns and ends.

    The goal's estimate is wrong as ``noise`` says, like that of :class:`sim.cell.SimCell`. The bridge writes
    its journal to ``log``. Raises CellError, ArmError when they do not start.
    """

    def __init__(
        self,
        assembly: Assembly,
        log: Path,
        *,
        seed: int = 0,
        noise: Noise = BENCH,
        limits: Limits = SIMULATED,
        pace: float = 1.0,
    ) -> None:
        with ExitStack() as stack:
            self.assembly = assembly
            self.robot = stack.enter_context(SimulatedRobot(assembly, seed=seed, noise=noise))
            self.process = stack.enter_context(
                BridgeProcess(_cell(self.robot.address, log), realtime=False, limits=patient(limits))
            )
            link = Link(self.process.link("run", ANSWER_S))
            stack.callback(link.close)
            rng = np.random.default_rng(seed)
            bounds = Bounds(
                noise.tray_position_m, noise.tray_yaw_rad, noise.goal_position_m, noise.goal_yaw_rad
            )
            places = Places(assembly, bounds=bounds, error=lambda: noise.goal_error(rng))
            super().__init__(link, places, pace=pace, silence_s=SILENCE_S)
            self._stack = stack.pop_all()

    def true_pose(self, part: str) -> RigidTransform:
        """Where ``part`` really is, in the base frame. For scoring only."""
        return self.robot.true_pose(part)

    def close(self) -> None:
        """Let go of the bridge, then end it and the robot."""
        self._stack.close()


def patient(limits: Limits) -> Limits:
    """``limits`` that do not mind a busy machine: nobody stands beside a simulated robot."""
    return replace(limits, lease_s=LEASE_S, state_timeout_s=max(limits.state_timeout_s, LEASE_S))


def _cell(address: str, log: Path) -> CellFile:
    log.parent.mkdir(parents=True, exist_ok=True)
    return CellFile(
        format="dovetail-cell/1",
        name="simulated-fr3",
        robot=Robot(address=address),
        bridge=Bridge(command_port=0, state_port=0, log=log),
    )
