"""A recorded run as a feed: the screen shows what its journal tells, at any speed, and keys move in time."""

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from executive.journal import Event, RunRow
from executive.operator.feed import Unheard, View
from executive.operator.protocol import (
    FORCES,
    AnyWish,
    Happening,
    Jog,
    Line,
    Mode,
    Pause,
    Question,
    Resume,
    State,
    StepState,
)
from executive.records import Outcome
from executive.replay import Standing
from executive.reports.story import PHASES
from executive.views.runs import event_detail
from sequences.assembly import Assembly

SEEK_S = 10.0
"""How far an arrow key goes [s]."""
FORCE_PERIOD_S = 0.2
EVENTS = 40


class Recording:
    """Implements :class:`executive.operator.feed.Feed` from a journal."""

    def __init__(
        self,
        row: RunRow,
        events: Sequence[Event],
        speed: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.row, self.speed, self._clock = row, speed, clock
        self.assembly = Assembly.model_validate_json(row.assembly)
        began = next((e.sim_time_s or 0.0 for e in events if e.kind == "run_began"), 0.0)
        self._events, self._times, last = list(events), [], 0.0
        for event in events:
            last = max(last, (event.sim_time_s or 0.0) - began)
            self._times.append(last)
        self.end_s = last
        self._began_s = began
        self._at_s, self._since = 0.0, clock()
        self._playing = True

    @property
    def at_s(self) -> float:
        """Where the recording is, from the run's beginning [s]."""
        gone = (self._clock() - self._since) * self.speed if self._playing else 0.0
        return min(self.end_s, self._at_s + gone)

    def view(self) -> View:
        """See :class:`executive.operator.feed.Feed`."""
        return View(self.state(self.at_s), 0.0, "", controlling=True)

    def send(self, wish: AnyWish) -> str:
        """Pause, go on, or move in time with the arrows; a recording does nothing else. Raises Unheard."""
        at = self.at_s
        match wish:
            case Pause():
                self._go_to(at, playing=False)
                return f"stopped at {at:.1f} s"
            case Resume():
                self._go_to(at, playing=True)
                return "playing"
            case Jog() if wish.y_m or wish.x_m:
                back = wish.y_m > 0.0 or wish.x_m < 0.0
                self._go_to(at - SEEK_S if back else at + SEEK_S, playing=self._playing)
                return f"at {self._at_s:.1f} of {self.end_s:.1f} s"
        raise Unheard("this is a recording: space stops it, arrows move in time")

    def take(self) -> str:
        """See :class:`executive.operator.feed.Feed`."""
        raise Unheard("this is a recording")

    def close(self) -> None:
        """See :class:`executive.operator.feed.Feed`."""

    def _go_to(self, at_s: float, *, playing: bool) -> None:
        self._at_s, self._since = min(self.end_s, max(0.0, at_s)), self._clock()
        self._playing = playing

    # -- states --------------------------------------------------------------------------------------

    def state(self, at_s: float) -> State:
        """The run as it stood then, as far as its journal tells."""
        seen = self._events[: bisect_right(self._times, at_s)]
        standing = Standing()
        for event in seen:
            standing.apply(event)
        index = standing.progress.index
        over = at_s >= self.end_s and self.row.ended is not None
        asked = _newest(seen, ("asked",), ("operator", "attempt_began", "step_skipped", "step_failed"))
        question = self._question(standing, asked) if asked is not None and index >= 0 else None
        mode = Mode.ASKING if question is not None else Mode.RUNNING
        if not self._playing or _newest(seen, ("pause",), ("resume",), key=_wish) is not None:
            mode = Mode.PAUSED
        return State(
            run=self.row.run, product=self.row.product, title=self.assembly.title,
            seed=self.row.options.seed, mode=Mode.OVER if over else mode, doing="", time_s=round(at_s, 2),
            tree=tuple(self._tree(standing, seen)), steps=tuple(self._steps(standing)), step=index,
            attempt=standing.progress.tried, forces_n=self._forces(at_s), period_s=FORCE_PERIOD_S,
            limit_n=self.row.options.force_limit_n, plug=None, starts=(),
            events=tuple(self._happenings(len(seen))), question=question if not over else None,
            operator="", interventions=standing.interventions, held="recorded",
            outcome=str(self.row.state) if over else "",
        )  # fmt: skip

    def _steps(self, standing: Standing) -> list[StepState]:
        lines = []
        for i, step in enumerate(self.assembly.steps):
            result = standing.results.get(i)
            if result is not None:
                note = result.note or result.cause or ""
                lines.append(StepState(step.part, str(result.outcome), result.attempts, note))
            else:
                tried = standing.progress.tried if i == standing.progress.index else 0
                lines.append(StepState(step.part, str(Outcome.OPEN), tried, ""))
        return lines

    def _tree(self, standing: Standing, seen: Sequence[Event]) -> list[Line]:
        """The steps, and what the attempt in hand has come to."""
        lines = []
        for i, step in enumerate(self.assembly.steps):
            result, now = standing.results.get(i), i == standing.progress.index
            done = "" if result is None else "success" if result.seated else "failure"
            lines.append(Line(0, f"{i + 1} {step.part}", done or ("running" if now else "invalid"), ""))
            if now and result is None:
                lines.append(Line(1, f"attempt {standing.progress.tried}", "running", ""))
                lines += [Line(2, name, "success", "") for name in _phases(seen)]
        return lines

    def _forces(self, at_s: float) -> tuple[float, ...]:
        """Contact forces of the attempts up to then, as the run's result keeps them."""
        result: dict[str, Any] = self.row.result or {}
        began = [
            (e.step, e.attempt, t)
            for e, t in zip(self._events, self._times, strict=True)
            if e.kind == "attempt_began"
        ]
        profiles = {(a["step"], a["number"]): a.get("force_profile", ()) for a in result.get("attempts", ())}
        forces = [0.0] * FORCES
        first_s = at_s - FORCES * FORCE_PERIOD_S
        for step, attempt, began_s in began:
            for after_s, force in profiles.get((step, attempt), ()):
                place = int((began_s + after_s - first_s) / FORCE_PERIOD_S)
                if 0 <= place < FORCES and began_s + after_s <= at_s:
                    forces[place] = max(forces[place], float(force))
        return tuple(forces)

    def _happenings(self, count: int) -> list[Happening]:
        lines = []
        for n in range(max(0, count - EVENTS), count):
            event = self._events[n]
            part = "" if event.step is None else self.assembly.steps[event.step].part
            detail = event_detail(event)
            lines.append(Happening(n + 1, self._times[n], event.kind, part, event.attempt or 0, detail))
        return lines

    def _question(self, standing: Standing, asked: Event) -> Question:
        part = self.assembly.steps[standing.progress.index].part
        cause = standing.progress.last_cause
        said = str((asked.data or {}).get("note", ""))
        return Question(part, standing.progress.tried, str(cause or ""), said, "this was asked then")


def _wish(event: Event) -> str:
    return str((event.data or {}).get("wish", "")) if event.kind == "operator" else ""


def _kind(event: Event) -> str:
    return event.kind


def _newest(
    events: Sequence[Event],
    begins: tuple[str, ...],
    ends: tuple[str, ...],
    key: Callable[[Event], str] = _kind,
) -> Event | None:
    """The last event that begins something which no later one has ended."""
    for event in reversed(events):
        if key(event) in begins:
            return event
        if key(event) in ends:
            return None
    return None


def _phases(seen: Sequence[Event]) -> list[str]:
    """What the newest attempt has reached."""
    names: list[str] = []
    for event in reversed(seen):
        if event.kind == "attempt_began":
            return names[::-1]
        if event.kind in PHASES:
            names.append(event.kind)
    return []
