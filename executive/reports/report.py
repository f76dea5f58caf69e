"""A run's report: ``report.json`` and a ``report.html`` that needs nothing beside itself."""

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from executive.reports.flight_figure import flight_figure
from executive.reports.report_parts import (
    attempt_figure,
    causes_table,
    document,
    facts,
    help_table,
    picture,
    step_pictures,
    steps_table,
)
from executive.reports.story import Story
from executive.reports.timeline import timeline_svg
from sequences.files import write_whole


def write_report(
    directory: Path,
    result: dict[str, Any],
    pictures: Sequence[Path] = (),
    *,
    story: Story | None = None,
    steps: Mapping[str, bytes] | None = None,
) -> Path:
    """Write both files into ``directory`` and return the path of the HTML one.

    ``pictures`` are of the end; ``steps`` holds a JPEG for each part that was placed.
    """
    record = json.dumps(result, indent=2, allow_nan=False) + "\n"
    write_whole(directory / "report.json", record.encode())
    content = page(result, pictures, story or Story(), steps or {})
    return write_whole(directory / "report.html", content.encode())


def page(
    result: dict[str, Any], pictures: Sequence[Path], story: Story, step_shots: Mapping[str, bytes]
) -> str:
    """The report as one HTML page."""
    title = f"{result['product']}, run {result['run']}"
    state = f"<b class='{'good' if result['assembled'] else 'bad'}'>{html.escape(result['state'])}</b>"
    parts = [step["step"] for step in result["steps"]]
    body = [
        f"<h1>{html.escape(title)}: {state}</h1>",
        f"<p class='dim'>{html.escape(' · '.join(summary(result)))}</p>",
        *(f"<p>{html.escape(note)}</p>" for note in result.get("notes", ())),
        *(picture(path) for path in pictures),
        _part("Timeline", timeline_svg(story, parts)),
        _part("Steps", steps_table(result["steps"], result.get("skills", {}))),
        _part("Every step as it was done", step_pictures(step_shots) if step_shots else ""),
        _part("Why attempts failed", causes_table(result["attempts"])),
        _part("Interventions", help_table(story, parts)),
        _part("Flight recorder", "".join(map(flight_figure, story.flights))),
        _part("What it stood on", facts(story.facts)),
        _part("Contact force of every attempt", "".join(map(attempt_figure, result["attempts"]))),
    ]
    return document(title, "".join(body))


def _part(title: str, content: str) -> str:
    return f"<h2>{html.escape(title)}</h2>{content}" if content else ""


def summary(result: dict[str, Any]) -> list[str]:
    """A run in a few phrases."""
    phrases = [
        f"seed {result['seed']}, policy {result['policy']}, noise {result['noise']}",
        f"{result['simulated_s']:.1f} s of the cell's time in {result['wall_s']:.1f} s",
        f"{result['interventions']} intervention{'s' * (result['interventions'] != 1)}",
    ]
    agreement = result["verdict_agreement"]
    if agreement["judged"]:
        phrases.append(f"verdicts right in {agreement['agreed']} of {agreement['judged']} attempts")
    if result["faults"]:
        phrases.append("fault: " + ", ".join(result["faults"]))
    return phrases
