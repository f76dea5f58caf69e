"""The one way from the tree to the journal: an event, the world as it is then, and who wants to know."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from executive.board import Board, Phase
from executive.codec import attempt_to_json, trace_to_bytes
from executive.journal import Demonstration, Event, Failure, Journal
from executive.options import RunOptions
from executive.records import AttemptRecord, Outcome, RunState, StepRecord
from sequences.assembly import Step
from skills.cell import Cell, Restorable
from skills.routine import Cause

RECORDED_PHASES = {
    Phase.PICKED: "picked",
    Phase.CARRIED: "carried",
    Phase.INSERTED: "inserted",
    Phase.SEATED: "seated",
    Phase.RELEASED: "released",
}


class TruthVerdict(Protocol):
    """What a simulator knows about one part."""

    @property
    def seated(self) -> bool:
        """The part stands where it belongs."""
        ...

    @property
    def position_error_m(self) -> float:
        """Its distance from there [m]."""
        ...


Truth = Callable[[Cell, Step], TruthVerdict]
"""Scores a step with what only a simulator knows. Read for reports, never by a decision."""


class Recorder:
    """Writes what happens in one run, each event durable when the call returns.

    Without a journal it writes nothing, for trees that are only looked at.
    """

    def __init__(
        self,
        journal: Journal | None,
        run: int,
        board: Board,
        options: RunOptions,
        *,
        versions: Mapping[str, str] | None = None,
        truth: Truth | None = None,
        told: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self.run = run
        self._journal, self._board, self._options = journal, board, options
        self._versions, self._truth, self._told = versions or {}, truth, told

    def event(
        self,
        kind: str,
        data: dict[str, Any] | None = None,
        *,
        world: bool = True,
        failure: Failure | None = None,
        step: int | None = None,
    ) -> None:
        """Write an event about the step in hand or another, with the cell's world where it can be kept."""
        cell, progress = self._board.robot(), self._board.progress
        in_hand = progress.index if progress.index >= 0 else None
        entry = Event(
            kind,
            step=in_hand if step is None else step,
            attempt=progress.tried or None,
            sim_time_s=self._board.seen().time_s,
            data=data,
        )
        snapshot = cell.snapshot() if world and isinstance(cell, Restorable) else None
        self._write(entry, snapshot, failure)

    def run_event(self, kind: str, data: dict[str, Any] | None = None) -> None:
        """Write an event about the run as a whole."""
        self._write(Event(kind, sim_time_s=self._board.seen().time_s, data=data))

    def _write(self, entry: Event, snapshot: bytes | None = None, failure: Failure | None = None) -> None:
        if self._journal is not None:
            self._journal.record(self.run, entry, snapshot=snapshot, failure=failure)
        self._told(entry)

    def attempt_began(self) -> None:
        """The goal has been measured and an attempt begins."""
        progress = self._board.progress
        data = {"step_began_s": progress.began_s, "helped": progress.helped, **self._state()}
        self.event("attempt_began", data)

    def reached(self, phase: Phase) -> None:
        """The attempt has come to ``phase``."""
        self.event(RECORDED_PHASES[phase], self._state())

    def asked(self) -> None:
        """The run waits for an operator."""
        self.event("asked", {"note": self._board.message})

    def recovered(self) -> None:
        """The cell is ready for the next attempt."""
        self.event("recovered", self._state())

    def attempt_failed(self, record: AttemptRecord) -> None:
        """An attempt has failed: an event and a row of the refinement queue, together."""
        self.event(
            "attempt_failed", {"record": record.as_json(), **self._state()}, failure=self._lesson(record)
        )

    def _lesson(self, record: AttemptRecord) -> Failure:
        """An attempt that failed, or that came off only with help, as its skill's refinement needs it."""
        step = self._board.assembly.steps[record.step]
        attempt = self._board.trying()
        return Failure(
            step=record.step,
            attempt=record.number,
            product=self._board.assembly.name,
            part=step.part,
            skill=step.skill,
            skill_version=self._versions.get(step.part, str(self._options.policy)),
            seed=self._options.seed,
            cause=record.cause or str(Cause.OPERATOR),
            initialization=record.initialization,
            trace=trace_to_bytes(attempt.trace),
        )

    def demonstrated(self, demonstration: Demonstration) -> None:
        """A person has moved the tool."""
        if self._journal is not None:
            self._journal.demonstrated(self.run, demonstration)

    def step_done(self, attempt: AttemptRecord, step: StepRecord) -> None:
        """The part is in place and let go; one that got there with help is a lesson for its skill."""
        data = {"record": attempt.as_json(), "step": step.as_json(), **self._state()}
        self.event("step_done", data, failure=self._lesson(attempt) if attempt.helped else None)

    def step_given_up(self, step: StepRecord) -> None:
        """The step was left undone."""
        kind = "step_skipped" if step.outcome is Outcome.SKIPPED else "step_failed"
        self.event(kind, {"step": step.as_json(), "interventions": self._board.interventions})

    def displaced(self, index: int, step: StepRecord) -> None:
        """A part that had been placed no longer stands where it belongs."""
        self.event("displaced", {"index": index, "step": step.as_json()}, step=index)

    def ended(self, state: RunState, result: dict[str, Any]) -> None:
        """The run is over, or broken off."""
        self.run_event(str(state), {"faults": result["faults"]})
        if self._journal is not None:
            self._journal.finish(self.run, state, result)

    def verdict(self, index: int) -> TruthVerdict | None:
        """The simulator's word on a step; None where there is no simulator."""
        if self._truth is None:
            return None
        return self._truth(self._board.robot(), self._board.assembly.steps[index])

    def _state(self) -> dict[str, Any]:
        return {"phase": int(self._board.phase), "attempt": attempt_to_json(self._board.trying())}
