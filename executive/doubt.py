"""A run that is taken up on a robot: what the journal says was placed is felt again before anything goes on.

A simulated world comes back as it was written down; a real one may have been touched meanwhile. A part that
is still in the hand is put back first, as feeling wants closed fingers. One that had already been inserted is
checked by push and tug and let go of first; one that had been let go of is felt like the others. What stands
under other parts cannot be felt; they stand on it.
"""

from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status
from py_trees.decorators import Decorator

from executive.board import Board, Phase
from executive.options import OnFailure, RunOptions
from executive.recorder import Recorder
from executive.records import Outcome
from sequences.probe import open_at_the_end
from skills.routine import Cause


def placed(board: Board) -> tuple[int, ...]:
    """Steps whose parts are taken to be in place."""
    return tuple(i for i, record in sorted(board.results.items()) if record.seated)


def reachable(board: Board) -> tuple[int, ...]:
    """Those of them whose parts can be felt as things stand."""
    assembly, done = board.assembly, placed(board)
    standing = assembly.model_copy(update={"steps": tuple(assembly.steps[i] for i in done)})
    return tuple(
        i for i in done if board.kept.get(i) is not None and open_at_the_end(standing, assembly.steps[i])
    )


def prepare(board: Board) -> int:
    """Make ready for feeling around; before which of the product's steps that can be done.

    Looks at the hand, which must have been checked already.
    """
    index = board.progress.index
    if not board.seen().grasped or not 0 <= index < len(board.assembly.steps) or index in board.results:
        return 0
    if board.attempt is not None and board.recover_from is None and board.phase >= Phase.INSERTED:
        board.phase = Phase.INSERTED
        return index + 1
    if board.attempt is None:
        board.attempt = board.new_attempt(board.insertion(index))
    board.recover_from = board.recover_from or Cause.SLIP
    return 0


def to_feel_again(board: Board) -> bool:
    """The part had been let go of before the run was broken off."""
    return board.doubtful and board.phase is Phase.RELEASED and not board.seen().grasped


class Meanwhile(Decorator):
    """Does something else in the middle of a step, and takes the step up again where it was."""

    def __init__(self, name: str, child: Behaviour, board: Board) -> None:
        super().__init__(name, child)
        self.board = board
        self._before: tuple[Any, ...] | None = None

    def initialise(self) -> None:
        """Remember the step in hand."""
        board = self.board
        self._before = (board.progress, board.attempt, board.phase, board.recover_from, board.cause)

    def update(self) -> Status:
        """What came of it."""
        return Status(self.decorated.status)

    def terminate(self, new_status: Status) -> None:
        """Back to the step in hand, however it ended."""
        if self._before is not None:
            board = self.board
            board.progress, board.attempt, board.phase, board.recover_from, board.cause = self._before
            self._before = None


class FeltAgain(Behaviour):
    """Notes what was felt again and what could not be."""

    def __init__(self, felt: tuple[int, ...], board: Board, recorder: Recorder) -> None:
        super().__init__("note what was felt")
        self.felt, self.board, self.recorder = felt, board, recorder

    def update(self) -> Status:
        """Write it down; done at once."""
        steps = self.board.assembly.steps
        felt = {steps[i].part: str(self.board.results[i].outcome) for i in self.felt}
        hidden = [steps[i].part for i in placed(self.board) if i not in self.felt]
        words = [f"{part} {outcome}" for part, outcome in felt.items()]
        words += [f"{', '.join(hidden)} not to be felt"] if hidden else []
        found = "; ".join(words)
        self.recorder.run_event("felt_again", {"found": found, "felt": felt, "hidden": hidden})
        self.feedback_message = found
        return Status.SUCCESS


class Reopen(Behaviour):
    """Takes up the steps of displaced parts once more, where somebody can say where these are."""

    def __init__(self, felt: tuple[int, ...], board: Board, recorder: Recorder, options: RunOptions) -> None:
        super().__init__("open steps again")
        self.felt, self.board, self.recorder, self.options = felt, board, recorder, options

    def update(self) -> Status:
        """Write it down; done at once."""
        board = self.board
        over = [(i, board.results[i]) for i in self.felt if i in board.results]
        gone = [i for i, record in over if record.outcome is Outcome.DISPLACED]
        if not gone or not (board.attended or self.options.on_failure is OnFailure.ASK):
            return Status.SUCCESS
        for index in gone:
            board.turn_to(index)
            self.recorder.event("reopened", {"index": index})
            board.stands_otherwise(index)
            board.strayed.add(index)
            del board.results[index], board.kept[index]
        board.attempt, board.phase = None, Phase.WAITING
        self.feedback_message = ", ".join(board.assembly.steps[i].part for i in gone)
        return Status.SUCCESS
