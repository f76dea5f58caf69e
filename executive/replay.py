"""From a run's events back to where it stood: what is over, what was in hand, what was learned."""

from dataclasses import dataclass, field
from typing import Any

from executive.board import Board, Phase, StepProgress
from executive.codec import attempt_from_json
from executive.journal import Event
from executive.orders import Order
from executive.records import AttemptRecord, Outcome, StepRecord
from skills.routine import Cause


@dataclass(slots=True)
class Standing:
    """Where a run stands, in plain values."""

    results: dict[int, StepRecord] = field(default_factory=dict)
    kept: dict[int, dict[str, Any]] = field(default_factory=dict)
    attempts: list[AttemptRecord] = field(default_factory=list)
    interventions: int = 0
    began_s: float | None = None
    """When the run began, on the cell's clock [s]."""
    progress: StepProgress = field(default_factory=lambda: StepProgress(-1))
    phase: Phase = Phase.WAITING
    attempt: dict[str, Any] | None = None
    recover_from: Cause | None = None
    order: Order | None = None
    """What an operator decided and nobody has carried out."""
    offset_m: tuple[float, float] = (0.0, 0.0)
    """How far the product was taken to stand from where goals are measured, base axes x, y [m]."""
    lying_m: float = 0.0
    """How much higher than located parts were taken to lie in the tray [m]."""
    held_s: float = 0.0
    """How long the arm was held in all [s]."""
    strayed: set[int] = field(default_factory=set)
    """Steps whose parts were displaced and of which nobody has said where they are."""
    reopened: set[int] = field(default_factory=set)
    """Steps that were taken up once more because of that."""

    def apply(self, event: Event) -> None:
        """Take one event into account; kinds that change nothing are passed over."""
        data = event.data or {}
        if event.kind == "run_began":
            self.began_s = event.sim_time_s
            x, y = data.get("offset_m", (0.0, 0.0))
            self.offset_m = (x, y)
            self.lying_m = data.get("lying_m", 0.0)
        elif event.kind == "attempt_began":
            self._began(event, data)
        elif event.kind in ("picked", "carried", "inserted", "seated", "released"):
            self.attempt, self.phase = data["attempt"], Phase(data["phase"])
        elif event.kind == "attempt_failed":
            self._failed(data)
        elif event.kind == "recovered":
            self.attempt, self.recover_from, self.phase = None, None, Phase(data["phase"])
        elif event.kind == "step_done":
            self.attempts.append(AttemptRecord.from_json(data["record"]))
            self._over(StepRecord.from_json(data["step"]))
            self.kept[data["step"]["index"]] = data["attempt"]
        elif event.kind in ("step_skipped", "step_failed"):
            self.interventions = data["interventions"]
            self._given_up(event, data)
        elif event.kind == "displaced":
            self.results[data["index"]] = StepRecord.from_json(data["step"])
        elif event.kind == "reopened":
            self._reopened(data["index"])
            self.strayed.add(data["index"])
        elif event.kind == "operator":
            self._helped(data)
        elif event.kind == "not_believed":
            self.order = None
        elif event.kind == "failed":
            self._open_again()

    def _began(self, event: Event, data: dict[str, Any]) -> None:
        index = -1 if event.step is None else event.step
        if self.progress.index != index:
            self.progress = StepProgress(index, began_s=data["step_began_s"])
        self.progress.tried = event.attempt or 1
        self.progress.attempt_began_s = event.sim_time_s or 0.0
        self.progress.helped = data.get("helped", "")
        if self.order is not None and self.order.decision.again:
            self.progress.spent = 0
        self.attempt, self.phase, self.recover_from = data["attempt"], Phase(data["phase"]), None
        self.order = None
        self.strayed.discard(index)

    def _failed(self, data: dict[str, Any]) -> None:
        record = AttemptRecord.from_json(data["record"])
        self.attempts.append(record)
        self.attempt, self.phase = data["attempt"], Phase(data["phase"])
        self.progress.spent += 1
        self.progress.peak_force_n = max(self.progress.peak_force_n, record.peak_force_n)
        self.progress.initialization = record.initialization or self.progress.initialization
        self.recover_from = self.progress.last_cause = Cause(data["record"]["cause"])

    def _over(self, step: StepRecord) -> None:
        self.results[step.index] = step
        self.strayed.discard(step.index)
        self.attempt, self.recover_from, self.phase, self.order = None, None, Phase.WAITING, None

    def _helped(self, data: dict[str, Any]) -> None:
        """Somebody stepped in."""
        self.interventions = data["interventions"]
        self.held_s = data.get("held_s", self.held_s)
        self.progress.helped = data.get("helped", self.progress.helped)
        if data.get("order"):
            self.order = Order.from_json(data["order"])

    def _given_up(self, event: Event, data: dict[str, Any]) -> None:
        """A skipped step is over; a failed one waits for the operator, who has come when it is resumed."""
        if event.kind == "step_skipped":
            self._over(StepRecord.from_json(data["step"]))
        else:
            self.progress.spent, self.order = 0, None

    def _reopened(self, index: int) -> None:
        del self.results[index]
        self.kept.pop(index, None)
        self.reopened.add(index)

    def _open_again(self) -> None:
        """Who takes up a run that has come to its end wants what is missing, unless parts stand on it."""
        for index, record in sorted(self.results.items()):
            if record.outcome is Outcome.DISPLACED:
                self._reopened(index)
        for index in sorted(self.results, reverse=True):
            if self.results[index].outcome is not Outcome.SKIPPED:
                return
            del self.results[index]
            self.progress.spent = 0

    def place_on(self, board: Board) -> None:
        """Put everything on a board."""
        board.results, board.attempts = dict(self.results), list(self.attempts)
        board.strayed = set(self.strayed)
        for index in self.reopened - set(self.results):
            board.stands_otherwise(index)
            if board.obstructions(index):
                board.strayed.add(index)
        board.kept = {i: attempt_from_json(a, board.insertion(i)) for i, a in self.kept.items()}
        board.offset_m, board.lying_m = self.offset_m, self.lying_m
        board.interventions, board.progress = self.interventions, self.progress
        board.phase, board.recover_from, board.order = self.phase, self.recover_from, self.order
        if self.attempt is not None:
            board.attempt = attempt_from_json(self.attempt, board.insertion(self.progress.index))


def replay(events: list[Event]) -> Standing:
    """Where the run stood after its last event."""
    standing = Standing()
    for event in events:
        standing.apply(event)
    return standing


def check_hand(board: Board) -> str:
    """Believe the hand rather than the journal; says what was found.

    A part that should be in the hand and is not has slipped: the attempt goes back to the tray. A hand that
    holds something in an attempt that had not picked yet has picked.
    """
    if board.attempt is None or board.recover_from is not None:
        return "between attempts"
    expected = Phase.PICKED <= board.phase < Phase.RELEASED
    grasped = board.seen().grasped
    if expected and not grasped:
        board.phase, board.recover_from, board.progress.last_cause = Phase.WAITING, Cause.SLIP, Cause.SLIP
        return "the part is no longer in the hand"
    if grasped and board.phase is Phase.WAITING:
        board.recover_from = Cause.SLIP
        return "the hand closed on something; it is put back and grasped anew"
    return "in hand" if grasped else "hand empty"
