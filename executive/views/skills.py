"""What people see of skills and of how good they are, as rich renderables made of plain rows."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from executive.views.runs import new_table
from skills.statistics import share_text


def evaluations_view(rows: Sequence[dict[str, Any]]) -> Group:
    """Evaluations, as ``scored`` returns them: a line each, then bands and causes."""
    right = ("peak p50", "p95", "time p50", "p95 ")
    main = new_table("step", "policy", "success", *right, right=right)
    more = new_table("step", "success by sideways error of the goal", "causes of failure")
    for column in (main.columns[0], main.columns[2], more.columns[0]):
        column.no_wrap = True
    for row in rows:
        peak, time = row["peak_force_n"], row["time_to_success_s"]
        times = [f"{time[q]:.1f} s" for q in ("p50", "p95")] if time else ["", ""]
        success = share_text(row["successes"], row["episodes"])
        step = f"{row['product']}/{row['step']}"
        main.add_row(
            step, row["version"].rpartition("-")[0], success, f"{peak['p50']:.0f} N", f"{peak['p95']:.0f} N",
            *times,
        )  # fmt: skip
        more.add_row(step, bands_text(row["by_error"]), causes_text(row["causes"]))
    return Group(main, more)


def bands_text(bands: dict[str, list[int]]) -> str:
    """``0-1 mm 98 %``, one a band that any episode fell into."""
    return ", ".join(f"{name} {100 * good / n:.0f} % of {n}" for name, (good, n) in bands.items() if n)


def causes_text(causes: dict[str, int]) -> str:
    """``jam 3, timeout 1``."""
    return ", ".join(f"{cause} {n}" for cause, n in causes.items()) or "none"


def skills_view(rows: Sequence[dict[str, Any]]) -> RenderableType:
    """The library, one line a version."""
    if not rows:
        return Text("No trained skills yet. Begin with: dovetail train STEP")
    right = ("version", "trained on")
    view = new_table("skill", "version", "preset", "for", "success", "trained on", "where", right=right)
    for row in rows:
        parent = row.get("parent")
        version = str(row["version"]) if parent is None else f"{row['version']} from {parent}"
        view.add_row(
            row["skill"], version, row["preset"], ", ".join(row["steps"]), success_text(row),
            _steps_text(row["environment_steps"]), row["where"],
        )  # fmt: skip
    return view


def trainings_view(rows: Sequence[dict[str, Any]]) -> RenderableType:
    """Trainings that have ended, one line each."""
    right = ("version", "trained on", "CPU")
    view = new_table("skill", "version", "preset", "success", "trained on", "CPU", "where", right=right)
    for row in rows:
        view.add_row(
            row["skill"], str(row["version"]), row["preset"], success_text(row),
            _steps_text(row["environment_steps"]), f"{row['cpu_s'] / 60:.1f} min", row["path"],
        )  # fmt: skip
    return view


def success_text(row: dict[str, Any]) -> str:
    """Success of each step in a skill's evaluation."""
    found: dict[str, dict[str, Any]] = row["evaluation"].get("steps", {})
    if not found:
        return "not evaluated"
    return "\n".join(
        (f"{name.split('/')[-1]} " if len(found) > 1 else "") + share_text(one["successes"], one["episodes"])
        for name, one in found.items()
    )


def _steps_text(steps: int | None) -> str:
    return "" if steps is None else f"{steps / 1000:.0f} k steps"
