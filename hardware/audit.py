"""Whether a bridge did only what it should: its logbook against what its clients really sent.

A command should have been acted on if a client sent exactly it, in time, and it was not acted on before; if
that client was in control; and, when it moves something, if nothing was wrong with the arm.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from hardware.interference import Sent

SLACK_S = 0.002
"""How much later than its deadline a command may seem to have been acted on [s]."""
EARLY_S = 0.001
MOTIONS = frozenset({"servo", "move", "movejoints", "grasp", "release", "zerowrench"})
"""Commands that move something, or need it to be well."""
CONTROLLED = MOTIONS | {"spring", "recover"}
FREE = frozenset({"take", "give", "stop", "reset", "diagnose", "hold"})


@dataclass(frozen=True, slots=True)
class Wrong:
    """A command that was acted on and should not have been."""

    at_s: float
    kind: str
    seq: int
    why: str


@dataclass(slots=True)
class Audit:
    """What came of reading a logbook."""

    commands: int = 0
    """Commands that were acted on."""
    refused: int = 0
    """Messages that were refused, as far as the logbook has a line for each."""
    wrong: list[Wrong] = field(default_factory=list)


def read_logbook(path: Path) -> list[dict[str, Any]]:
    """The lines of a logbook; one that a killed server left half written is passed over."""
    lines = []
    for line in path.read_bytes().splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines


def audit(lines: Iterable[dict[str, Any]], sent: Sequence[Sent]) -> Audit:
    """Judge every command in ``lines`` by what was ``sent``."""
    found, book = Audit(), _Book(sent)
    ill = held = False
    for line in lines:
        kind, now = str(line["kind"]), float(line["monotonic_s"])
        if "seq" not in line:
            ill = kind == "fault" or (ill and kind not in ("well again", "serving"))
            held = held and kind not in ("lease lost", "serving")
            found.refused += kind == "refused"
            continue
        found.commands += 1
        if kind == "take":
            held = True
        why = book.objection(line, now)
        if not why and kind in CONTROLLED and not held:
            why = "nobody was in control"
        if not why and kind in MOTIONS and ill:
            why = "something was wrong with the arm"
        if not why and kind not in CONTROLLED | FREE:
            why = "there is no such command"
        if why:
            found.wrong.append(Wrong(now, kind, int(line["seq"]), why))
        if kind == "give":
            held = False
    return found


class _Book:
    """What was sent, to be ticked off."""

    def __init__(self, sent: Sequence[Sent]) -> None:
        self._by_seq: dict[int, list[Sent]] = {}
        for one in sent:
            self._by_seq.setdefault(one.request.seq, []).append(one)
        self._done: set[tuple[bytes, int]] = set()

    def objection(self, line: dict[str, Any], now: float) -> str:
        """Why the command of ``line`` should not have been acted on as far as what was sent tells."""
        alike = [one for one in self._by_seq.get(int(line["seq"]), []) if _said(one) == line.get("body")]
        if not alike:
            return "nobody sent it"
        in_time = [
            one for one in alike if one.at_s <= now + EARLY_S and now <= one.request.deadline_s + SLACK_S
        ]
        if not in_time:
            return "it was stale"
        for one in in_time:
            key = (one.request.session, one.request.again or one.request.seq)
            if key not in self._done:
                self._done.add(key)
                return ""
        return "it was done before"


def _said(one: Sent) -> Any:
    """A message's body as a logbook has it; it does not write a reset's secret."""
    if type(one.request.body).__name__ == "Reset":
        return None
    return json.loads(msgspec.json.encode(one.request.body))
