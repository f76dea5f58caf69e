"""What a journal tells of one run beyond its result: when what happened, who stepped in, what it stood on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from executive.flight import Flight, flights_of
from executive.journal import Event, Journal

ENDS = {"step_done": True, "attempt_failed": False}
"""Events that end an attempt, and whether it came off."""
PHASES = ("picked", "carried", "inserted", "seated", "released")


@dataclass(frozen=True, slots=True)
class Stretch:
    """One attempt on the cell's clock, from the run's beginning [s]."""

    step: int
    number: int
    began_s: float
    ended_s: float
    seated: bool | None
    """None for one that was broken off."""
    cause: str = ""
    phases: tuple[tuple[str, float], ...] = ()
    """What was reached and when [s]."""


@dataclass(frozen=True, slots=True)
class Help:
    """One wish of an operator's."""

    time_s: float
    at: str
    """Time of day, UTC, as ISO 8601."""
    who: str
    wish: str
    step: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A run, told."""

    facts: dict[str, str] = field(default_factory=dict)
    """What it stood on, for people."""
    attempts: tuple[Stretch, ...] = ()
    help: tuple[Help, ...] = ()
    resumed_s: tuple[float, ...] = ()
    """When it was taken up again after it had been broken off [s]."""
    flights: tuple[Flight, ...] = ()
    """What the flight recorder has written."""


def told(journal: Journal, run: int) -> Story:
    """The story of a run. Raises UnknownRun."""
    row, events = journal.row(run), journal.events(run)
    facts = {"began": _when(row.started), "ended": _when(row.ended), "program": row.version}
    facts |= {"cell": str(row.options.cell), "attempts a step": str(row.options.attempts)}
    return replace(story_of(events, facts), flights=tuple(flights_of(journal.runs_dir, run)))


def story_of(events: Sequence[Event], facts: dict[str, str]) -> Story:
    """The story that these events tell."""
    began = next((e.sim_time_s or 0.0 for e in events if e.kind == "run_began"), 0.0)
    first = next((e.data or {} for e in events if e.kind == "run_began"), {})
    known = {
        "calibration": first.get("calibration"),
        "sequence": first.get("sequence"),
        "dry run": first.get("dry_run"),
        "bridge's log": first.get("bridge_log"),
    }
    return Story(
        facts={**facts, **{name: str(value) for name, value in known.items() if value}},
        attempts=tuple(_stretches(events, began)),
        help=tuple(_help(events, began)),
        resumed_s=tuple((e.sim_time_s or 0.0) - began for e in events if e.kind == "resumed"),
    )


def _stretches(events: Sequence[Event], began_s: float) -> Iterator[Stretch]:
    """Attempts; one that has no end was broken off at the last thing that happened to it."""
    current: Event | None = None
    phases: list[tuple[str, float]] = []
    last_s = 0.0
    for event in events:
        time_s = (event.sim_time_s or 0.0) - began_s
        if event.kind == "attempt_began":
            if current is not None:
                yield _stretch(current, began_s, last_s, None, "", phases)
            current, phases = event, []
        elif current is not None and event.kind in PHASES:
            phases.append((event.kind, time_s))
        elif current is not None and event.kind in ENDS:
            cause = ((event.data or {}).get("record") or {}).get("cause") or ""
            yield _stretch(current, began_s, time_s, ENDS[event.kind], cause, phases)
            current = None
        last_s = time_s
    if current is not None:
        yield _stretch(current, began_s, last_s, None, "", phases)


def _stretch(
    began: Event,
    origin_s: float,
    ended_s: float,
    seated: bool | None,
    cause: str,
    phases: list[tuple[str, float]],
) -> Stretch:
    step = -1 if began.step is None else began.step
    began_s = (began.sim_time_s or 0.0) - origin_s
    return Stretch(step, began.attempt or 1, began_s, ended_s, seated, cause, tuple(phases))


def _help(events: Sequence[Event], began_s: float) -> Iterator[Help]:
    for event in events:
        if event.kind == "operator":
            data: dict[str, Any] = event.data or {}
            time_s = (event.sim_time_s or 0.0) - began_s
            yield Help(
                time_s, str(data["at"]), str(data["who"]), str(data["wish"]), event.step, data.get("note", "")
            )


def _when(text: str | None) -> str:
    return "" if text is None else f"{text[:19].replace('T', ' ')} UTC"
