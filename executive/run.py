"""The verb: assemble a product in a cell, from the beginning or from where a run was broken off."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from getpass import getuser
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from executive.board import Board, Halt
from executive.closing import result_of
from executive.doubt import prepare, reachable
from executive.errors import RunFinished
from executive.flight import FlightRecorder
from executive.journal import Event, Journal
from executive.kit import Kit, standard_kit
from executive.lock import RunLock
from executive.observers import Observer
from executive.operator.attendant import Attendant, Nobody, Watched
from executive.operator.helm import Helm
from executive.operator.hold import holdable
from executive.options import RunOptions
from executive.pages import Fail
from executive.recorder import Recorder, Truth
from executive.records import RunResult
from executive.refinery.offsets import known
from executive.rehearsal import Papers, require_rehearsal
from executive.replay import check_hand, replay
from executive.tree import TreeBuilder
from sequences.assembly import Assembly
from skills.cell import Cell, CellError, Restorable
from skills.routine import Cause

NOBODY = Nobody()
StopWanted = Callable[[], bool]
"""Asked once a control period: does the operator want the run to stop?"""


def version() -> str:
    """The installed version of this program."""
    try:
        return installed_version("dovetail")
    except PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True, slots=True)
class Bench:
    """A cell, with what scores it where that is possible."""

    cell: Cell
    truth: Truth | None = None
    calibration: str = ""
    """The fingerprint of the cell file that it was opened with; empty without one."""
    log: str = ""
    """Where its bridge keeps its journal; empty without a bridge of its own."""


def assemble(
    assembly: Assembly,
    bench: Bench,
    options: RunOptions,
    journal: Journal,
    observers: Sequence[Observer] = (),
    *,
    kit: Kit | None = None,
    stop_wanted: StopWanted = lambda: False,
    attendant: Attendant = NOBODY,
) -> RunResult:
    """Assemble a product from its tray. The cell stays open; what happens is in the journal.

    ``attendant`` passes on what an operator wants.

    Raises NotRehearsed before anything moves.
    """
    kit = kit or standard_kit(assembly, options.policy)
    papers = Papers.of(assembly, kit.versions, bench.calibration)
    dry_run = require_rehearsal(journal, papers, options)
    run = journal.begin(assembly.name, assembly.model_dump_json(), options, version())
    with RunLock(journal.runs_dir, run):
        drive = _Drive(run, assembly, bench, options, journal, observers, kit, stop_wanted, attendant)
        allowed = known(journal.runs_dir, assembly.name, options)
        drive.board.offset_m, drive.board.lying_m = allowed.offset_m, allowed.lying_m
        began = {"dry_run": dry_run, "bridge_log": bench.log, **allowed.as_json()}
        drive.recorder.event("run_began", {**papers.as_json(), **began})
        if options.without_dry_run:
            drive.recorder.run_event("without_dry_run", {"by": getuser()})
        for note in kit.notes:
            drive.recorder.run_event("note", {"note": note})
        return drive.to_the_end()


def resume(
    run: int,
    assembly: Assembly,
    bench: Bench,
    options: RunOptions,
    journal: Journal,
    observers: Sequence[Observer] = (),
    *,
    kit: Kit | None = None,
    stop_wanted: StopWanted = lambda: False,
    attendant: Attendant = NOBODY,
) -> RunResult:
    """Take up a run where its journal ends: finished steps stay finished, the rest is done.

    Raises RunBusy when another process drives it, RunFinished when nothing is left to do, NotRehearsed when
    skills or cell are no more those of a dry run.
    """
    kit = kit or standard_kit(assembly, options.policy)
    papers = Papers.of(assembly, kit.versions, bench.calibration)
    dry_run = require_rehearsal(journal, papers, options)
    with RunLock(journal.runs_dir, run):
        if journal.row(run).state.finished:
            raise RunFinished(run)
        snapshot = journal.snapshot(run)
        restored = snapshot is not None and isinstance(bench.cell, Restorable)
        if snapshot is not None and isinstance(bench.cell, Restorable):
            bench.cell.restore(snapshot)
        if bench.cell.observe().faults:
            bench.cell.recover()
        standing = replay(journal.events(run))
        journal.reopen(run)
        drive = _Drive(
            run, assembly, bench, options, journal, observers, kit, stop_wanted, attendant,
            place=standing.place_on, began_s=standing.began_s, held_s=standing.held_s,
        )  # fmt: skip
        found = {"found": check_hand(drive.board), "dry_run": dry_run, "bridge_log": bench.log}
        drive.recorder.run_event("resumed", {**found, **papers.as_json()})
        if not restored:
            drive.doubt()
        return drive.to_the_end()


class _Drive:
    """One run being driven: the tree, the cell and the loop that lets them take turns."""

    def __init__(
        self,
        run: int,
        assembly: Assembly,
        bench: Bench,
        options: RunOptions,
        journal: Journal,
        observers: Sequence[Observer],
        kit: Kit,
        stop_wanted: StopWanted,
        attendant: Attendant,
        *,
        place: Callable[[Board], None] = lambda board: None,
        began_s: float | None = None,
        held_s: float = 0.0,
    ) -> None:
        self.kit = kit
        self.run, self.assembly, self.bench, self.options = run, assembly, bench, options
        self.observers, self.stop_wanted, self.attendant = observers, stop_wanted, attendant
        self.faults: tuple[str, ...] = ()
        self.board = Board(assembly, kit.insertion_of)
        self.cell = self.board.cell = holdable(bench.cell, held_s)
        self.board.observation = self.cell.observe()
        self.began_s = self.board.seen().time_s if began_s is None else began_s
        place(self.board)
        self.flight = FlightRecorder(journal.runs_dir, run, self.board, self.cell)
        scored = bench.truth
        truth = None if scored is None else (lambda _, step: scored(bench.cell, step))
        self.recorder = Recorder(
            journal, run, self.board, options, versions=kit.versions, truth=truth, told=self._tell
        )
        self.root: Behaviour = TreeBuilder(self.board, kit, options, self.recorder).product()
        self.helm = Helm(self.board, self.cell, self.recorder)

    def doubt(self) -> None:
        """Have what was placed felt again before anything goes on."""
        self.board.doubtful = True
        felt = reachable(self.board)
        before = prepare(self.board) if felt else len(self.assembly.steps)
        if before < len(self.assembly.steps):
            self.root = TreeBuilder(self.board, self.kit, self.options, self.recorder).doubted(felt, before)

    def to_the_end(self) -> RunResult:
        """Tick until the tree is done, then close the run."""
        started = time.perf_counter()
        try:
            for observer in self.observers:
                observer.began(self.board, self.bench.cell)
            self.attendant.began(Watched(self.run, self.options, self.board, self.root, self.helm, self.kit))
            self._loop()
            result = self._close(time.perf_counter() - started)
            self.attendant.ended(str(result.state))
        finally:
            self.board.close()
        for observer in self.observers:
            observer.ended(result)
        return result

    def _loop(self) -> None:
        board, cell, helm = self.board, self.cell, self.helm
        try:
            while True:
                board.observation = cell.observe()
                self.flight.look()
                self.attendant.turn()
                board.stop_requested = helm.stop_wanted = self.stop_wanted() or helm.stop_wanted
                if not helm.steers():
                    self.root.tick_once()
                    if self.root.status is not Status.RUNNING:
                        return
                cell.advance()
                for observer in self.observers:
                    observer.ticked(board)
        except CellError as error:
            board.halt, board.cause, self.faults = Halt.FAULT, Cause.FAULT, (str(error),)
        except BaseException as error:
            cell.stop()
            self.flight.write(repr(error))
            raise

    def _close(self, wall_s: float) -> RunResult:
        board, cell = self.board, self.cell
        if board.halt is not None:
            cell.stop()
        if board.halt is Halt.FAULT:
            self.faults = self.faults or tuple(str(fault) for fault in board.seen().faults)
            Fail(board, self.recorder).update()
        result = result_of(self.run, board, self.recorder, self.options, self.kit, self.faults)
        result = replace(result, wall_s=wall_s, simulated_s=round(cell.observe().time_s - self.began_s, 6))
        self.recorder.ended(result.state, result.as_json(profiles=True))
        return result

    def _tell(self, event: Event) -> None:
        self.flight.happened(event)
        self.attendant.happened(event)
        for observer in self.observers:
            observer.happened(event)
