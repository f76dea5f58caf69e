"""The leaves of the tree that turn an attempt's page: they begin, judge, note and decide, each at once."""

from collections.abc import Callable

import numpy as np
from py_trees.behaviour import Behaviour
from py_trees.common import Status

from executive.board import Board, Phase, StepProgress
from executive.orders import Decision, start_from
from executive.recorder import Recorder
from executive.records import AttemptRecord, Outcome, StepRecord
from skills.cell import Vector
from skills.feeling import CREPT_M
from skills.insertion import Attempt, Insertion
from skills.routine import Cause


class Begin(Behaviour):
    """Measures where the part belongs and begins the next attempt, unless one was resumed."""

    def __init__(self, index: int, board: Board, recorder: Recorder) -> None:
        super().__init__("begin")
        self.index, self.board, self.recorder = index, board, recorder

    def update(self) -> Status:
        """Turn the page; done at once."""
        board = self.board
        now = board.seen().time_s
        board.turn_to(self.index)
        if board.attempt is not None:
            self.feedback_message = f"attempt {board.progress.tried} goes on"
            return Status.SUCCESS
        insertion = board.insertion(self.index)
        board.attempt = board.new_attempt(insertion)
        board.cause, board.doubtful = None, False
        board.strayed.discard(self.index)
        board.progress.tried += 1
        board.progress.attempt_began_s = now
        board.progress.profile = []
        board.progress.helped = ""
        self._take_order(board.attempt)
        self.feedback_message = f"attempt {board.progress.tried}"
        self.recorder.attempt_began()
        return Status.SUCCESS

    def _take_order(self, attempt: Attempt) -> None:
        """Begin as the operator wished, if one did."""
        board = self.board
        order, board.order = board.order, None
        if order is not None and order.decision is Decision.HERE and board.phase is Phase.PICKED:
            start_from(order, attempt)
            board.progress.helped = f"led by {order.who}" if order.led else ""


class ChooseStart(Behaviour):
    """Chooses where the policy starts from: another place each attempt, unless the operator chose one."""

    def __init__(self, board: Board, starts: Callable[[Insertion, int], Vector]) -> None:
        super().__init__("choose start")
        self.board, self.starts = board, starts

    def update(self) -> Status:
        """Take the attempt's own place in the list of starts; done at once."""
        if self.board.phase >= Phase.CARRIED:
            return Status.SUCCESS
        attempt, tried = self.board.trying(), max(1, self.board.progress.tried)
        if not attempt.initialization.any():
            attempt.initialization = self.starts(attempt.insertion, tried)[tried - 1]
        x, y, z = 1000.0 * attempt.initialization[:3]
        self.feedback_message = f"from ({x:.1f}, {y:.1f}, {z:.1f}) mm"
        return Status.SUCCESS


def attempt_record(board: Board, recorder: Recorder, *, seated: bool) -> AttemptRecord:
    """The attempt in hand, closed with its verdict."""
    progress, attempt = board.progress, board.trying()
    chosen = attempt.initialization.tolist() if board.phase >= Phase.CARRIED else None
    truth = recorder.verdict(progress.index)
    return AttemptRecord(
        step=progress.index,
        part=attempt.insertion.part,
        number=progress.tried,
        seated=seated,
        judged=board.phase >= Phase.CARRIED and (seated or board.cause is not Cause.OPERATOR),
        helped=progress.helped,
        cause=None if seated else str(board.cause or Cause.TIMEOUT),
        message="" if seated else board.message,
        initialization=None if chosen is None else tuple(chosen),
        peak_force_n=float(attempt.peak_force_n),
        duration_s=board.seen().time_s - progress.attempt_began_s,
        truth_seated=None if truth is None else bool(truth.seated),
        position_error_m=None if truth is None else float(truth.position_error_m),
        force_profile=tuple(progress.profile),
        found_off_m=_found_off(board, attempt) if seated and not progress.helped else None,
        lay_high_m=None if progress.helped else _lay_high(attempt),
    )


def _found_off(board: Board, attempt: Attempt) -> tuple[float, float] | None:
    if attempt.released_tcp is None:
        return None
    stood = attempt.released_tcp * attempt.insertion.tcp_in_plug.inv()
    x, y = stood.translation[:2] - attempt.goal_in_base.translation[:2] + np.array(board.offset_m)
    return float(x), float(y)


def _lay_high(attempt: Attempt) -> float | None:
    felt = attempt.felt_height_m
    if felt is None or attempt.face_height_m is None or felt - attempt.seat_height_m > CREPT_M:
        return None
    return felt - attempt.seat_height_m + attempt.lying_m


def _turn_page(board: Board, record: AttemptRecord) -> None:
    progress = board.progress
    board.attempts.append(record)
    progress.peak_force_n = max(progress.peak_force_n, record.peak_force_n)
    progress.initialization = record.initialization or progress.initialization


def step_record(board: Board, outcome: Outcome, *, cause: Cause | None = None, note: str = "") -> StepRecord:
    """The step in hand, closed."""
    progress = board.progress
    step = board.assembly.steps[progress.index]
    now = board.seen().time_s
    return StepRecord(
        index=progress.index, part=step.part, skill=step.skill, outcome=outcome, attempts=progress.tried,
        cause=None if cause is None else str(cause), initialization=progress.initialization,
        peak_force_n=progress.peak_force_n, note=note,
        duration_s=now - (now if progress.began_s is None else progress.began_s),
    )  # fmt: skip


class Finish(Behaviour):
    """Closes a step whose part is in place."""

    def __init__(self, board: Board, recorder: Recorder) -> None:
        super().__init__("finish")
        self.board, self.recorder = board, recorder

    def update(self) -> Status:
        """Write the step down as done; done at once."""
        board, attempt = self.board, self.board.trying()
        record = attempt_record(board, self.recorder, seated=True)
        _turn_page(board, record)
        step = step_record(board, Outcome.PLACED, note=board.progress.helped)
        self.recorder.step_done(record, step)
        board.results[step.index], board.kept[step.index] = step, attempt
        board.attempt, board.order, board.phase = None, None, Phase.WAITING
        board.strayed.discard(step.index)
        self.feedback_message = f"in place after {step.attempts} attempt{'s' * (step.attempts != 1)}"
        return Status.SUCCESS


class Fail(Behaviour):
    """Closes a failed attempt: journal and refinement queue."""

    def __init__(self, board: Board, recorder: Recorder) -> None:
        super().__init__("note the failure")
        self.board, self.recorder = board, recorder

    def update(self) -> Status:
        """Write the attempt down and fail, so that the next one begins; done at once."""
        board = self.board
        if board.attempt is None:
            return Status.FAILURE
        _note_loss(board, board.attempt)
        record = attempt_record(board, self.recorder, seated=False)
        _turn_page(board, record)
        board.progress.spent += 1
        cause = board.cause or Cause.TIMEOUT
        board.recover_from = board.progress.last_cause = cause
        self.recorder.attempt_failed(record)
        self.feedback_message = board.message = f"attempt {record.number} failed: {cause}"
        return Status.FAILURE


def _note_loss(board: Board, attempt: Attempt) -> None:
    """A part that the hand has lost lies where it lost it: that is where to look for it.

    One that is not in the tray either may still be where an earlier attempt could not take it back from.
    """
    if attempt.released_tcp is not None or board.seen().grasped:
        return
    picked = board.phase >= Phase.PICKED
    attempt.released_tcp = board.seen().tcp_in_base if picked else board.progress.left_at


class Recovered(Behaviour):
    """Ends the recovery from a failed attempt: the next one starts from what the hand holds."""

    def __init__(self, board: Board, recorder: Recorder) -> None:
        super().__init__("ready again")
        self.board, self.recorder = board, recorder

    def update(self) -> Status:
        """Look at the hand; done at once."""
        board = self.board
        if board.recover_from is None:
            return Status.SUCCESS
        held, attempt = board.seen().grasped, board.attempt
        board.phase = Phase.PICKED if held else Phase.WAITING
        board.progress.left_at = None if held or attempt is None else attempt.released_tcp
        self.recorder.recovered()
        board.attempt = board.recover_from = None
        self.feedback_message = "part in hand" if board.phase is Phase.PICKED else "hand empty"
        return Status.SUCCESS


class AlreadyOver(Behaviour):
    """Succeeds for a step that is over already, as after a resume."""

    def __init__(self, index: int, board: Board) -> None:
        super().__init__("already over")
        self.index, self.board = index, board

    def update(self) -> Status:
        """Look the step up; done at once."""
        return Status.SUCCESS if self.index in self.board.results else Status.FAILURE


class MateMissing(Behaviour):
    """Skips a step whose guiding parts are not all in place."""

    def __init__(self, index: int, board: Board, recorder: Recorder) -> None:
        super().__init__("skip without its mates")
        self.index, self.board, self.recorder = index, board, recorder

    def update(self) -> Status:
        """Look the mates up; done at once."""
        board = self.board
        assembly = board.assembly
        placed = {assembly.base.part} | {r.part for r in board.results.values() if r.seated}
        missing = [mate for mate in assembly.steps[self.index].mates if mate not in placed]
        if not missing:
            return Status.FAILURE
        board.progress = StepProgress(self.index)
        record = step_record(board, Outcome.SKIPPED, note=f"not tried: {', '.join(missing)} not in place")
        self.recorder.step_given_up(record)
        board.results[self.index] = record
        self.feedback_message = record.note
        return Status.SUCCESS
