"""Whether a journal holds all that it must after deaths around its run."""

from collections import Counter
from collections.abc import Iterator, Sequence

from executive.journal import Event, RunRow
from executive.operator.helper import Answered
from executive.records import RunState
from executive.replay import replay
from sequences.assembly import Assembly


def troubles(
    row: RunRow,
    events: Sequence[Event],
    held: Sequence[Sequence[Event]],
    answered: Sequence[Answered] = (),
    noted: Sequence[str] = (),
) -> list[str]:
    """What is wrong with the journal of a run; empty when all is well.

    ``held`` is what it held at each death, ``answered`` are the wishes that were answered, and ``noted`` the
    notes that may have come through.
    """
    found = [*_standing(row, events), *_lost(events, held), *_wishes(events, answered, noted)]
    counted = (row.result or {}).get("interventions")
    if counted is not None and counted != replay(list(events)).interventions:
        found.append(f"{counted} interventions in the result, {replay(list(events)).interventions} journaled")
    return found


def _standing(row: RunRow, events: Sequence[Event]) -> Iterator[str]:
    """The product stands, each step done once and never touched again, unless its part was displaced."""
    if row.state is not RunState.ASSEMBLED:
        yield f"it ended {row.state}"
    elif (row.result or {}).get("truth_assembled") is False:
        yield "the simulator says that it is not assembled"
    parts = [step.part for step in Assembly.model_validate_json(row.assembly).steps]
    times = Counter(event.step for event in events if event.kind == "step_done")
    times.subtract(event.step for event in events if event.kind == "displaced")
    for i, part in enumerate(parts):
        if times[i] != 1:
            yield f"{part} was done {times[i]} times"
            continue
        done = max(n for n, e in enumerate(events) if e.kind == "step_done" and e.step == i)
        if any(e.step == i and e.kind == "attempt_began" for e in events[done:]):
            yield f"{part} was tried again after it was done"


def _lost(events: Sequence[Event], held: Sequence[Sequence[Event]]) -> Iterator[str]:
    for number, before in enumerate(held, 1):
        if list(events[: len(before)]) != list(before):
            yield f"events were lost at death {number}"


def _wishes(events: Sequence[Event], answered: Sequence[Answered], noted: Sequence[str]) -> Iterator[str]:
    journaled = [e.data or {} for e in events if e.kind == "operator"]
    notes = Counter(str(data["note"]) for data in journaled if "note" in data)
    kinds = Counter(str(data["wish"]) for data in journaled)
    for wish in answered:
        if wish.text and notes[wish.text] != 1:
            yield f"the note '{wish.text}' is journaled {notes[wish.text]} times"
    for kind, count in Counter(wish.kind for wish in answered).items():
        if kinds[kind] < count:
            yield f"{count} wishes '{kind}' were answered, {kinds[kind]} are journaled"
    for text in noted:
        if notes[text] > 1:
            yield f"the note '{text}' is journaled {notes[text]} times"
