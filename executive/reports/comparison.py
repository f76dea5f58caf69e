"""Two runs side by side: what was another about them, and what came of it."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from executive.reports.report import summary
from executive.reports.report_parts import document, table
from executive.reports.story import Story
from executive.reports.timeline import timeline_svg
from sequences.files import write_whole


@dataclass(frozen=True, slots=True)
class Told:
    """A run with its story."""

    result: dict[str, Any]
    story: Story


def setting_rows(a: Told, b: Told) -> list[tuple[str, str, str]]:
    """Name and both values of everything that is not the same."""
    rows = []
    for name in ("product", "seed", "policy", "noise"):
        rows.append((name, str(a.result[name]), str(b.result[name])))
    for name in dict.fromkeys((*a.story.facts, *b.story.facts)):
        rows.append((name, a.story.facts.get(name, ""), b.story.facts.get(name, "")))
    skills_a, skills_b = a.result.get("skills", {}), b.result.get("skills", {})
    for part in dict.fromkeys((*skills_a, *skills_b)):
        rows.append((f"skill of {part}", skills_a.get(part, ""), skills_b.get(part, "")))
    return [row for row in rows if row[1] != row[2]]


OUTCOMES: dict[str, Callable[[dict[str, Any]], str]] = {
    "state": lambda r: str(r["state"]),
    "interventions": lambda r: str(r["interventions"]),
    "attempts": lambda r: str(len(r["attempts"])),
    "first attempts that seated": lambda r: str(sum(a["seated"] and a["number"] == 1 for a in r["attempts"])),
    "highest force": lambda r: f"{max((a['peak_force_n'] for a in r['attempts']), default=0.0):.0f} N",
    "cell's time": lambda r: f"{r['simulated_s']:.1f} s",
}


def outcome_rows(a: Told, b: Told) -> list[tuple[str, str, str]]:
    """Name and both values of what came of the runs, the same or not."""
    return [(name, read(a.result), read(b.result)) for name, read in OUTCOMES.items()]


def step_rows(a: Told, b: Told) -> list[tuple[str, str, str]]:
    """Step by step: attempts, time and cause in both."""
    steps_a = {step["step"]: step for step in a.result["steps"]}
    steps_b = {step["step"]: step for step in b.result["steps"]}
    parts = dict.fromkeys((*steps_a, *steps_b))
    return [(part, _step(steps_a.get(part)), _step(steps_b.get(part))) for part in parts]


def _step(step: dict[str, Any] | None) -> str:
    if step is None:
        return ""
    words = f"{'✓' if step['seated'] else '✗'} {step['attempts']} attempts, {step['duration_s']:.1f} s"
    reason = step["cause"] or step["note"]
    return f"{words}, {step['peak_force_n']:.0f} N" + (f"; {reason}" if reason else "")


def write_comparison(directory: Path, a: Told, b: Told) -> Path:
    """Write ``comparison.html`` into ``directory`` and return its path."""
    names = [f"run {told.result['run']}" for told in (a, b)]
    body = [
        f"<h1>{html.escape(names[0])} beside {html.escape(names[1])}</h1>",
        *(
            f"<p class='dim'>{name}: {html.escape(' · '.join(summary(told.result)))}</p>"
            for name, told in zip(names, (a, b), strict=True)
        ),
        "<h2>What came of them</h2>",
        _table(names, outcome_rows(a, b)),
        "<h2>What was another</h2>",
        _table(names, setting_rows(a, b)),
        "<h2>Step by step</h2>",
        _table(names, step_rows(a, b)),
        *(
            f"<h2>Timeline of {name}</h2>"
            + timeline_svg(told.story, [step["step"] for step in told.result["steps"]])
            for name, told in zip(names, (a, b), strict=True)
        ),
    ]
    content = document(" and ".join(names), "".join(body))
    return write_whole(directory / "comparison.html", content.encode())


def _table(names: Sequence[str], rows: Sequence[tuple[str, str, str]]) -> str:
    if not rows:
        return "<p class='dim'>Nothing.</p>"
    cells = [tuple(html.escape(cell) for cell in row) for row in rows]
    return table(("", *names), cells)
