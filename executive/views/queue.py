"""What waits for refinement and what is being refined, as rich renderables."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from executive.refinery.store import Hold
from executive.views.runs import new_table


def queue_view(rows: Sequence[Any], held: Sequence[Hold] = ()) -> RenderableType:
    """One line a skill, its causes counted; what a refinement holds below."""
    if not rows and not held:
        return Text("Nothing waits: no attempt has failed.")
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        counts.setdefault((row["skill"], row["skill_version"]), Counter())[row["cause"]] += 1
    table = new_table("skill", "version", "failures", "causes", right=("failures",))
    for (skill, version), causes in sorted(counts.items()):
        table.add_row(skill, version, str(causes.total()), _counted(causes))
    parts: list[RenderableType] = [table] if counts else [Text("Nothing waits.")]
    if held:
        parts += [Text("In hand", style="bold"), _holds(held)]
    return Group(*parts)


def failures_view(rows: Sequence[Any], held: Sequence[Hold] = ()) -> RenderableType:
    """One line a failure; those that a refinement holds first, with who holds them."""
    if not rows and not any(hold.failures for hold in held):
        return Text("Nothing waits for this skill.") if not held else _holds(held)
    right = ("failure", "run", "attempt", "seed")
    head = ("failure", "run", "part", "attempt", "seed", "cause", "initialization")
    table = new_table(*head, *(["held by"] if held else []), right=right)
    for row, by in (
        *((row, hold.by) for hold in held for row in hold.failures),
        *((row, "") for row in rows),
    ):
        table.add_row(*_cells(row), *([by] if held else []))
    return table


def _holds(held: Iterable[Hold]) -> RenderableType:
    table = new_table("skill", "failures", "causes", "since", "held by", right=("failures",))
    for hold in held:
        causes = Counter(str(row["cause"]) for row in hold.failures)
        since = f"{hold.since[:16].replace('T', ' ')} UTC"
        words = _counted(causes) or "asked for"
        by = Text(hold.by, style="" if hold.process else "yellow")
        table.add_row(hold.skill, str(causes.total()), words, since, by)
    return table


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    start = row["initialization"]
    shown = "" if start is None else " ".join(f"{1e3 * value:.1f}" for value in start[:3]) + " mm"
    numbers = (str(row[key]) for key in ("failure", "run", "part", "attempt", "seed"))
    return (*numbers, row["cause"], shown)


def _counted(causes: Counter[str]) -> str:
    return ", ".join(f"{cause} {n}" for cause, n in causes.most_common())
