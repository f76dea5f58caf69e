"""The state of a run as its watchers are told it, read off the board and the tree."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from py_trees.behaviour import Behaviour
from py_trees.common import Status

from executive.journal import Event
from executive.operator.attendant import Watched
from executive.operator.protocol import (
    FORCES,
    Around,
    Happening,
    Line,
    Mode,
    Plug,
    Question,
    Start,
    State,
    StepState,
)
from executive.records import AttemptRecord, Outcome
from executive.refinery.around import Slice, around
from executive.views.runs import event_detail
from skills.cell import Vector
from skills.routine import Cause

EVENTS, LINES = 40, 40
"""How many of the newest events and of the tree's lines are told."""
PASSED_OVER = ("already over", "skip without its mates", "in any case", "tries left")
"""Behaviours that say nothing to a person."""
ADVICE = {
    Cause.GRASP_MISSED: "Is the part in its place in the tray? Put it there, then regrasp.",
    Cause.SLIP: "Put the part back into the tray, then regrasp; or put it in by hand.",
    Cause.JAM: "Lead the tool above the hole by small steps, then retry from here.",
    Cause.FORCE_LIMIT: "Look what touches what; regrasp, or lead the tool and retry from here.",
    Cause.TIMEOUT: "Lead the tool above the hole by small steps, then retry from here.",
    Cause.NOT_SEATED: "Lead the tool above the hole and retry from here, or put it in by hand.",
    Cause.PART_DISPLACED: "Put the part back into the tray, then regrasp; or where it belongs, by hand.",
    Cause.FAULT: "Clear the fault, then retry.",
    Cause.OPERATOR: "Decide how it goes on.",
}


class Teller:
    """Makes states of one run."""

    def __init__(self, watched: Watched, runs_dir: Path | None = None) -> None:
        """``runs_dir`` is where success maps are kept, if they are to be told."""
        self.watched, self.runs_dir = watched, runs_dir
        self._slices: dict[str, Slice | None] = {}
        self._began_s = watched.board.seen().time_s
        self._forces: deque[float] = deque(maxlen=FORCES)
        self._events: deque[Happening] = deque(maxlen=EVENTS)
        self._n = 0

    def look(self) -> None:
        """Take in one control period."""
        self._forces.append(round(self.watched.board.seen().peak_force_n, 1))

    def happened(self, event: Event) -> None:
        """Take in one event."""
        self._n += 1
        steps = self.watched.board.assembly.steps
        part = "" if event.step is None else steps[event.step].part
        time_s = (event.sim_time_s or 0.0) - self._began_s
        happening = Happening(
            self._n, round(time_s, 2), event.kind, part, event.attempt or 0, event_detail(event)
        )
        last = self._events[-1] if self._events else happening
        if _alike(last, happening):
            self._events.pop()
            happening = replace(happening, times=last.times + 1)
        self._events.append(happening)

    def state(self, operator: str, outcome: str = "") -> State:
        """What there is to be told now."""
        board, options, helm = self.watched.board, self.watched.options, self.watched.helm
        return State(
            run=self.watched.run,
            product=board.assembly.name,
            title=board.assembly.title,
            seed=options.seed,
            mode=Mode.OVER if outcome else helm.mode,
            doing=board.message,
            time_s=round(board.seen().time_s - self._began_s, 2),
            tree=tuple(self.lines()),
            steps=tuple(self._step(i) for i in range(len(board.assembly.steps))),
            step=board.progress.index,
            attempt=board.progress.tried,
            forces_n=tuple(self._forces),
            period_s=helm.cell.control_period_s,
            limit_n=options.force_limit_n,
            plug=self._plug(),
            starts=tuple(self._starts()),
            events=tuple(self._events),
            question=self._question() if helm.mode is Mode.ASKING else None,
            operator=operator,
            interventions=board.interventions,
            held=helm.held,
            outcome=outcome,
            around=self._around(),
        )

    def lines(self) -> Iterator[Line]:
        """The tree: the step in hand with all that it is at, the others in one line each."""
        current = self.watched.board.progress.index
        for i, child in enumerate(self.watched.root.children):
            if i == current or (child.status is Status.RUNNING and current < 0):
                yield from list(_under(child, 0))[:LINES]
            else:
                yield Line(0, child.name, self._status(i, child), "")

    def _status(self, index: int, child: Behaviour) -> str:
        result = self.watched.board.results.get(index)
        if result is None:
            return str(child.status.value).lower()
        return "success" if result.seated else "failure"

    def _step(self, index: int) -> StepState:
        board = self.watched.board
        part, result = board.assembly.steps[index].part, board.results.get(index)
        if result is not None:
            return StepState(part, str(result.outcome), result.attempts, result.note or result.cause or "")
        tried = board.progress.tried if index == board.progress.index else 0
        cause = board.progress.last_cause if index == board.progress.index else None
        return StepState(part, str(Outcome.OPEN), tried, "" if cause is None else f"last: {cause}")

    def _plug(self) -> Plug | None:
        attempt = self.watched.board.attempt
        if attempt is None or not self.watched.board.seen().grasped:
            return None
        insertion = attempt.insertion
        tcp = self.watched.helm.cell.inner.observe().tcp_in_base
        plug, goal = tcp * insertion.tcp_in_plug.inv(), attempt.goal_in_base
        x, y, z = (round(float(v), 5) for v in plug.translation - goal.translation)
        yaw = float((goal.rotation.inv() * plug.rotation).as_euler("ZYX")[0])
        if insertion.symmetry:
            turn = 2.0 * np.pi / insertion.symmetry
            yaw = (yaw + turn / 2.0) % turn - turn / 2.0
        return Plug(x, y, z, round(yaw, 4), insertion.depth_m, insertion.clearance_m)

    def _starts(self) -> Iterator[Start]:
        board = self.watched.board
        if board.attempt is None:
            return
        part, turn = board.attempt.insertion.part, board.attempt.goal_in_base.rotation
        for record in board.attempts:
            if record.part == part and record.initialization is not None:
                yield _start(turn.apply(record.initialization[:3]), record.seated)
        if board.attempt.initialization.any():
            yield _start(turn.apply(board.attempt.initialization[:3]), None)

    def _around(self) -> Around | None:
        board = self.watched.board
        if board.attempt is None:
            return None
        part = board.attempt.insertion.part
        if part not in self._slices:
            self._slices[part] = around(self.runs_dir, self.watched.kit, part)
        known = self._slices[part]
        if known is None:
            return None
        yaw = float(board.attempt.goal_in_base.rotation.as_euler("ZYX")[0])
        percent = bytes(known.percent)
        return Around(known.kind, known.half_m, known.side, percent, round(yaw, 4), known.worthwhile)

    def _question(self) -> Question | None:
        board = self.watched.board
        if not 0 <= board.progress.index < len(board.assembly.steps):
            return None
        part = board.assembly.steps[board.progress.index].part
        cause = board.progress.last_cause or Cause.OPERATOR
        tried = [record for record in board.attempts if record.part == part]
        noted = bool(tried) and tried[-1].number == board.progress.tried and not tried[-1].seated
        evidence = _evidence(tried[-1]) if noted else board.message
        return Question(part, board.progress.tried, str(cause), evidence, ADVICE[cause])


def _alike(a: Happening, b: Happening) -> bool:
    """The same happened once more."""
    return a is not b and (a.kind, a.part, a.attempt, a.detail) == (b.kind, b.part, b.attempt, b.detail)


def _start(position: Vector, seated: bool | None) -> Start:
    return Start(round(float(position[0]), 5), round(float(position[1]), 5), seated)


def _evidence(record: AttemptRecord) -> str:
    """What the last attempt leaves behind, in words."""
    said = f"{record.message}; " if record.message else ""
    return f"{said}peak {record.peak_force_n:.0f} N, {record.duration_s:.0f} s"


def _under(behaviour: Behaviour, depth: int) -> Iterator[Line]:
    """Everything below that has a status, without what says nothing to a person."""
    if behaviour.status is Status.INVALID and depth > 0:
        return
    shown = behaviour.name not in PASSED_OVER
    if shown:
        said = "" if behaviour.children else behaviour.feedback_message
        yield Line(depth, behaviour.name, str(behaviour.status.value).lower(), said[:120])
    for child in behaviour.children:
        yield from _under(child, depth + shown)
