"""How many steps of physics a second each step of a product gets on one core."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from executive.benchmarks.rows import Row
from executive.steps import Task
from executive.workers import StopWanted
from sim.bank import NoStart
from sim.control import CONTROL_PERIOD_S
from sim.throughput import Pace, pace
from skills.presets import DOVETAIL
from skills.tasks import insertion_of

WORLDS = 16
"""Worlds that are stepped in turn on the one core; every one has an arm, a hand and the parts of its step."""


def physics_rows(
    tasks: Sequence[Task], periods: int, seed: int, told: Callable[[Row], None], stop_wanted: StopWanted
) -> Iterator[Row]:
    """A row for each of ``tasks`` until a stop is wanted; one that no hand can start says so."""
    for task in tasks:
        if stop_wanted():
            return
        row = _row(task, periods, seed)
        told(row)
        yield row


def _row(task: Task, periods: int, seed: int) -> Row:
    assembly, step = task
    insertion = insertion_of(assembly, step)
    pilot = DOVETAIL.fly(insertion, WORLDS, CONTROL_PERIOD_S, DOVETAIL.settings)
    known = {"product": assembly.name, "step": step.part, "periods": periods, "seed": seed}
    try:
        timed = pace(
            assembly, step, insertion, pilot, WORLDS, threads=1, periods=periods, seed=seed, starts=WORLDS
        )
    except NoStart as none:
        return {**known, "failed": str(none)}
    return {**known, **_figures(timed)}


def _figures(timed: Pace) -> dict[str, Any]:
    steps = timed.worlds * timed.substeps
    return {
        "steps_per_s": round(steps / timed.bare_s),
        "batch_steps_per_s": round(steps / timed.ours_s),
    }


def said(row: Row) -> str:
    """One line about a row that was measured."""
    what = row.get("failed") or f"{row['steps_per_s']} steps/s"
    return f"{row['product']}/{row['step']}: {what}"


def physics_markdown(rows: Sequence[Row]) -> str:
    """The table, and which step is the slowest."""
    lines = ["| step | physics | with sensing, control and judging |", "|---|---|---|"]
    for row in rows:
        name = f"{row['product']}/{row['step']}"
        if "failed" in row:
            lines.append(f"| {name} | {row['failed']} | |")
        else:
            figures = f"{row['steps_per_s']:,} steps/s | {row['batch_steps_per_s']:,} steps/s"
            lines.append(f"| {name} | {figures} |")
    if timed := [row for row in rows if "failed" not in row]:
        slowest = min(timed, key=lambda row: int(row["steps_per_s"]))
        name = f"{slowest['product']}/{slowest['step']}"
        lines += ["", f"Slowest: {name}, {slowest['steps_per_s']:,} steps/s."]
    return "\n".join(lines)
