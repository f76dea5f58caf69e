"""The clients of a fault campaign: processes that drive one run, one after the other, and may be killed."""

import signal
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

from executive.cells import made_ready
from executive.journal import Journal
from executive.options import RunOptions
from executive.records import RunState
from executive.run import Bench, assemble, resume
from hardware.bridge_cell import BridgeCell
from hardware.client import Link, LinkSettings
from hardware.messages import Refused
from hardware.places import Places
from sequences.assembly import Assembly
from sim.noise import BENCH
from skills.cell import CellError

ANSWER_S = 1.0


@dataclass(frozen=True, slots=True)
class Client:
    """What a process that drives a run needs to know."""

    commands: str
    states: str
    assembly: str
    """As JSON."""
    options: RunOptions
    runs_dir: Path
    run: int | None
    """The run to take up; None begins one."""
    seed: tuple[int, ...]
    log: str


def drive(client: Client) -> None:
    """Assemble, or take up a run, through a bridge: the whole life of a client."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assembly = Assembly.model_validate_json(client.assembly)
    rng = np.random.default_rng(client.seed)
    journal, kit = Journal(client.runs_dir), made_ready(assembly, client.options)
    try:
        link = Link(LinkSettings(client.commands, client.states, "run", answer_s=ANSWER_S))
        cell = BridgeCell(link, Places(assembly, error=lambda: BENCH.goal_error(rng)), silence_s=ANSWER_S)
    except (CellError, Refused):
        return
    bench = Bench(cell, None, "", client.log)
    if client.run is None:
        assemble(assembly, bench, client.options, journal, kit=kit)
    else:
        resume(client.run, assembly, bench, client.options, journal, kit=kit)
    cell.close()
    journal.close()


class Clients:
    """Those of one run."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.run: int | None = None
        """The run that they drive, once the journal knows it."""
        self.starts = 0
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([__name__, "skills.learned"])
        self._process: BaseProcess | None = None
        self._runs = self._events = 0
        """How many of each the journal held when the newest began."""

    @property
    def alive(self) -> bool:
        """Whether the newest lives."""
        return self._process is not None and self._process.is_alive()

    @property
    def state(self) -> RunState | None:
        """The run's, as the journal has it."""
        return None if self.run is None else self.journal.row(self.run).state

    def start(self, client: Client) -> None:
        """Begin the run, or take it up."""
        self._runs = len(self.journal.rows())
        self._events = 0 if self.run is None else len(self.journal.events(self.run))
        self._process = self._context.Process(target=drive, args=(client,), daemon=True)
        self._process.start()
        self.starts += 1

    def driven(self) -> bool:
        """Whether the journal knows that the newest drives the run."""
        if self.run is None and len(self.journal.rows()) > self._runs:
            self.run = self.journal.row().run
        if self.run is None or self.state is not RunState.RUNNING:
            return False
        return len(self.journal.events(self.run)) > self._events

    def kill(self) -> None:
        """End the newest; it has no time for anything."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None
