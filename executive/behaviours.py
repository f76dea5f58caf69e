"""The leaves of the tree that make the arm do something.

Contract: ``initialise`` is called once when a leaf is entered, ``update`` once a control period until it
stops returning ``RUNNING``, and none of them waits. A leaf that is broken off (``terminate(INVALID)`` while
it runs) leaves the arm holding still where it is.
"""

from collections.abc import Callable

import numpy as np
from py_trees.behaviour import Behaviour
from py_trees.common import Status

from executive.board import Board, Phase, StepProgress
from executive.kit import Make
from executive.recorder import Recorder
from executive.records import Outcome, StepRecord
from skills.cell import Cell
from skills.routine import Cause, Progress, Routine

LETTING_GO_M = 0.005
"""Nearer than this to where it lets go a hand may not have let go yet [m]."""
Need = Callable[[Board], bool]
"""Says whether something is to be done at all, asked when its leaf is entered."""


def hold(cell: Cell) -> None:
    """Let the arm stand where it is, on its spring."""
    cell.servo(cell.observe().tcp_in_base)


def always(board: Board) -> bool:
    """The need of a leaf that always has something to do."""
    return True


def in_hand(board: Board) -> bool:
    """There is something to recover from, and something in the hand."""
    return board.recover_from is not None and board.seen().grasped


def to_put_back(board: Board) -> bool:
    """There is something in the hand that nobody wants to go on with."""
    return in_hand(board) and not (board.order is not None and board.order.decision.keeps_hold)


def to_fetch_again(board: Board) -> bool:
    """The part had been let go, or was just being let go, when the attempt failed.

    Where it was let go nothing counts as held: the fingers may have just begun to open, or hold it no more
    firmly than to feel whether it is there.
    """
    attempt = board.attempt
    if board.recover_from is None or attempt is None or attempt.released_tcp is None:
        return False
    seen = board.seen()
    away = np.linalg.norm(seen.tcp_in_base.translation - attempt.released_tcp.translation)
    return not seen.grasped or bool(away < LETTING_GO_M)


class Run(Behaviour):
    """Runs a routine of the skills floor."""

    def __init__(
        self,
        name: str,
        board: Board,
        make: Make,
        *,
        limit_s: float,
        recorder: Recorder,
        reaches: Phase | None = None,
        needed: Need = always,
    ) -> None:
        super().__init__(name)
        self.board, self.make, self.limit_s = board, make, limit_s
        self.recorder, self.reaches, self.needed = recorder, reaches, needed
        self._routine: Routine | None = None
        self._began_s = 0.0

    def initialise(self) -> None:
        """Begin the routine, unless the attempt has come past it already."""
        done = self.reaches is not None and self.board.phase >= self.reaches
        self._routine = None
        if done or not self.needed(self.board):
            return
        self._began_s = self.board.seen().time_s
        self._routine = self.make(self.board.trying())
        self._routine.start(self.board.robot())

    def update(self) -> Status:
        """One control period of the routine."""
        if self._routine is None:
            self.feedback_message = "nothing to do"
            return Status.SUCCESS
        progress = self._routine.update(self.board.robot())
        self._say(self._routine.message)
        if progress is Progress.FAILED:
            return self._fail(self._routine.cause or Cause.TIMEOUT)
        if progress is Progress.SUCCEEDED:
            self._reached()
            return Status.SUCCESS
        if self.board.seen().time_s - self._began_s > self.limit_s:
            self._say(f"not done after {self.limit_s:.0f} s")
            return self._fail(Cause.TIMEOUT)
        return Status.RUNNING

    def terminate(self, new_status: Status) -> None:
        """Hold still when broken off or failed."""
        if self._routine is None:
            return
        if (new_status is Status.INVALID and self.status is Status.RUNNING) or new_status is Status.FAILURE:
            hold(self.board.robot())
        self._routine = None

    def _say(self, message: str) -> None:
        self.feedback_message = message
        self.board.message = message

    def _fail(self, cause: Cause) -> Status:
        self.board.cause = cause
        return Status.FAILURE

    def _reached(self) -> None:
        if self.reaches is not None:
            self.board.phase, self.board.doubtful = self.reaches, False
            self.recorder.reached(self.reaches)


class Look(Run):
    """Inspects a part placed earlier, if it was placed in this run."""

    def __init__(self, index: int, board: Board, make: Make, recorder: Recorder, *, limit_s: float) -> None:
        part = board.assembly.steps[index].part
        super().__init__(
            f"look at {part}", board, make, limit_s=limit_s, recorder=recorder,
            needed=lambda b: b.results[index].seated,
        )  # fmt: skip
        self.index = index

    def initialise(self) -> None:
        """Begin with what the attempt that placed the part knows."""
        self.board.attempt = self.board.kept.get(self.index)
        self.board.cause = None
        self.board.progress = StepProgress(-1)
        if self.board.attempt is not None:
            super().initialise()

    def _fail(self, cause: Cause) -> Status:
        board, old = self.board, self.board.results[self.index]
        record = StepRecord(
            index=old.index, part=old.part, skill=old.skill, outcome=Outcome.DISPLACED,
            attempts=old.attempts, cause=str(Cause.PART_DISPLACED), initialization=old.initialization,
            peak_force_n=old.peak_force_n, duration_s=old.duration_s, note=self.feedback_message,
        )  # fmt: skip
        self.recorder.displaced(self.index, record)
        board.results[self.index] = record
        return super()._fail(Cause.PART_DISPLACED)
