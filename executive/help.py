"""The leaves of the tree that ask an operator, and the ones that carry out what was decided."""

from py_trees.behaviour import Behaviour
from py_trees.common import Status
from py_trees.decorators import Decorator

from executive.board import Board, Phase
from executive.guards import Guard
from executive.options import OnFailure, RunOptions
from executive.orders import Decision, Order
from executive.pages import step_record
from executive.recorder import Recorder
from executive.records import Outcome
from skills.routine import Cause


class Obey(Guard):
    """No decision of the operator's waits to be carried out; one that does breaks the attempt off."""

    def trouble(self) -> str | None:
        """The decision, if any."""
        order = self.board.order
        if order is None:
            return None
        self.board.cause = Cause.OPERATOR
        self.board.message = f"{order.by}: {order.decision}"
        return self.board.message


class TriesLeft(Behaviour):
    """Succeeds while the step has attempts left and nobody has decided against another."""

    def __init__(self, index: int, board: Board, attempts: int) -> None:
        super().__init__("tries left")
        self.index, self.board, self.attempts = index, board, attempts

    def update(self) -> Status:
        """Count; done at once."""
        order = self.board.order
        if order is not None and not order.decision.again:
            self.feedback_message = f"{order.by}: {order.decision}"
            return Status.FAILURE
        if self.index in self.board.strayed and order is None:
            self.board.turn_to(self.index)
            self.board.progress.last_cause = Cause.PART_DISPLACED
            self.feedback_message = self.board.message = "nobody knows where the part is"
            return Status.FAILURE
        spent = self.board.progress.spent if self.board.progress.index == self.index else 0
        self.feedback_message = f"{max(0, self.attempts - spent)} of {self.attempts}"
        return Status.SUCCESS if spent < self.attempts else Status.FAILURE


class Retry(Decorator):
    """Begins its child again when it fails, until the attempts are spent or somebody decides otherwise."""

    def __init__(self, name: str, child: Behaviour, board: Board, attempts: int) -> None:
        super().__init__(name, child)
        self.board, self.attempts = board, attempts

    def update(self) -> Status:
        """Look at what came of the child."""
        board, status = self.board, self.decorated.status
        if status is not Status.FAILURE:
            return Status(status)
        if board.order is not None:
            if board.order.decision.again:
                board.progress.spent = 0
                return Status.RUNNING
            return Status.FAILURE
        return Status.RUNNING if board.progress.spent < self.attempts else Status.FAILURE


class GoRound(Decorator):
    """Begins its child again as long as the operator wants another attempt."""

    def __init__(self, name: str, child: Behaviour, board: Board) -> None:
        super().__init__(name, child)
        self.board = board

    def update(self) -> Status:
        """Look at what came of the child: it fails without a step record where the step is still open."""
        if self.decorated.status is not Status.FAILURE:
            return Status(self.decorated.status)
        open_still = self.board.progress.index not in self.board.results
        return Status.RUNNING if open_still and self.board.halt is None else Status.FAILURE


class AskOperator(Behaviour):
    """Waits for a decision about a step whose attempts have all failed; without an operator, by the rule."""

    def __init__(self, board: Board, recorder: Recorder, options: RunOptions) -> None:
        super().__init__("ask the operator")
        self.board, self.recorder, self.options = board, recorder, options

    def update(self) -> Status:
        """Succeed as soon as there is a decision."""
        board = self.board
        if board.order is not None:
            return self._decided(board.order)
        if self.options.on_failure is OnFailure.ASK or board.attended:
            if not board.asking:
                self.recorder.asked()
            board.asking = True
            self.feedback_message = board.message
            return Status.RUNNING
        board.interventions += 1
        rule = Decision.SKIP if self.options.on_failure is OnFailure.SKIP else Decision.ABORT
        board.order = Order(rule, "")
        return self._decided(board.order)

    def terminate(self, new_status: Status) -> None:
        """Nobody is asked any more."""
        self.board.asking = False

    def _decided(self, order: Order) -> Status:
        self.feedback_message = f"{order.by}: {order.decision}"
        return Status.SUCCESS


class Decided(Behaviour):
    """Succeeds when the decision is this one."""

    def __init__(self, decision: Decision, board: Board) -> None:
        super().__init__(f"is it: {decision}?")
        self.decision, self.board = decision, board

    def update(self) -> Status:
        """Compare; done at once."""
        order = self.board.order
        return Status.SUCCESS if order is not None and order.decision is self.decision else Status.FAILURE


class Believe(Behaviour):
    """Takes a part to be where a person says to have put it, for the routines that check it."""

    def __init__(self, index: int, board: Board) -> None:
        super().__init__("take it to be in")
        self.index, self.board = index, board

    def update(self) -> Status:
        """Begin an attempt that has been let go of already; done at once.

        Nothing is journaled before the check: a run that is killed meanwhile has not believed anything.
        """
        board, now = self.board, self.board.seen().time_s
        board.turn_to(self.index)
        before, insertion = board.attempt, board.insertion(self.index)
        attempt = board.new_attempt(insertion)
        if before is not None and before.insertion.part == insertion.part:
            attempt.face_height_m = before.face_height_m
        attempt.released_tcp = attempt.goal_in_base * insertion.tcp_in_plug
        board.attempt, board.phase, board.cause, board.recover_from = attempt, Phase.RELEASED, None, None
        order = board.order
        board.progress.tried += 1
        board.progress.attempt_began_s, board.progress.profile = now, []
        board.progress.helped = f"put in by hand by {order.by if order else 'somebody'}"
        return Status.SUCCESS


class NotBelieved(Behaviour):
    """Notes that a part was not found where a person said to have put it."""

    def __init__(self, board: Board, recorder: Recorder) -> None:
        super().__init__("not believed")
        self.board, self.recorder = board, recorder

    def update(self) -> Status:
        """Write it down and fail; done at once."""
        board = self.board
        found = board.message
        self.recorder.event("not_believed", {"note": found, "cause": str(board.cause)})
        board.attempt, board.order, board.phase = None, None, Phase.WAITING
        board.progress.helped = ""
        board.message = f"not found in place: {found}"
        return Status.FAILURE


class LeaveUndone(Behaviour):
    """Closes a step that is left out or given up."""

    def __init__(self, board: Board, recorder: Recorder) -> None:
        super().__init__("leave it undone")
        self.board, self.recorder = board, recorder

    def update(self) -> Status:
        """Write it down: a step that is left out lets the run go on; done at once."""
        board, order = self.board, self.board.order
        skipped = order is not None and order.decision is Decision.SKIP
        note = f"given up after {board.progress.tried} attempts"
        if order is not None and order.who:
            note = f"{'left out' if skipped else 'given up'} by {order.who}"
        outcome = Outcome.SKIPPED if skipped else Outcome.FAILED
        board.strayed.discard(board.progress.index)
        record = step_record(board, outcome, cause=board.progress.last_cause, note=note)
        self.recorder.step_given_up(record)
        board.results[record.index] = record
        board.attempt = board.recover_from = board.order = None
        board.phase = Phase.WAITING
        self.feedback_message = board.message = f"{record.part}: {note}"
        return Status.SUCCESS if skipped else Status.FAILURE


class TryAgain(Behaviour):
    """Ends the asking: another attempt if one was ordered; else the operator is asked anew."""

    def __init__(self, board: Board, attempts: int) -> None:
        super().__init__("try again")
        self.board, self.attempts = board, attempts

    def update(self) -> Status:
        """Fail, so that the round begins anew; done at once."""
        board, order = self.board, self.board.order
        if order is not None and order.decision.again:
            board.progress.spent = 0
        else:
            board.order = None
            board.progress.spent = max(board.progress.spent, self.attempts)
        return Status.FAILURE
