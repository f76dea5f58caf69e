"""How fast skills are learned, as a table and as a picture."""

import io
from collections.abc import Sequence
from typing import Any

from executive.benchmarks.learning import GOOD
from executive.benchmarks.rows import Row
from executive.learning.warm import NONE, SIMILAR

STYLES = {NONE: ("#b2541f", "-", "from nothing"), SIMILAR: ("#1f6f8b", "--", "from the most similar skill")}


def markdown(rows: Sequence[Row]) -> str:
    """A line for each step and way: what it began and ended with, and when it was good, seed by seed."""
    lines = [
        "| step | from | before | at the end | good from, minutes of processor time | environment steps |",
        "|---|---|---|---|---|---|",
    ]
    for step, warm in dict.fromkeys((row["step"], row["warm"]) for row in rows):
        group = [row for row in rows if (row["step"], row["warm"]) == (step, warm)]
        begun = group[0]["warm_from"] or "nothing"
        first, last = ([_percent(row["points"][at]) for row in group] for at in (0, -1))
        times = ["never" if r["reached_s"] is None else f"{r['reached_s'] / 60:.1f}" for r in group]
        steps = max(row["points"][-1]["environment_steps"] for row in group)
        cells = (step, begun, ", ".join(first), ", ".join(last), ", ".join(times), f"{steps / 1000:.0f} k")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _percent(point: Row) -> str:
    return f"{100 * point['successes'] / point['episodes']:.0f} %"


def picture(rows: Sequence[Row]) -> bytes:
    """The success of each training against environment steps and processor time, step by step, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    steps = list(dict.fromkeys(row["step"] for row in rows))
    figure = Figure(figsize=(4.0 * len(steps) + 0.6, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, len(steps), sharey=True, squeeze=False)
    across = (("environment_steps", 1000, "thousands of environment steps"), ("cpu_s", 60, "CPU minutes"))
    for column, step in enumerate(steps):
        for level, (name, unit, label) in enumerate(across):
            panel = panels[level][column]
            for row in (row for row in rows if row["step"] == step):
                _draw(panel, row, [point[name] / unit for point in row["points"]])
            panel.axhline(100 * GOOD, color="#999999", linewidth=0.8, linestyle=":")
            panel.set_ylim(0, 101)
            panel.set_xlim(left=0)
            panel.grid(alpha=0.25)
            panel.set_xlabel(label)
            if column == 0:
                panel.set_ylabel("seated [%]")
        panels[0][column].set_title(step)
    panels[0][0].legend(loc="lower right", frameon=False)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    return file.getvalue()


def _draw(panel: Any, row: Row, positions: Sequence[float]) -> None:
    colour, dash, words = STYLES[row["warm"]]
    label = words if row["seed"] == 0 else None
    share = [100 * point["successes"] / point["episodes"] for point in row["points"]]
    panel.plot(positions, share, dash, color=colour, marker="o", markersize=3, linewidth=1.3, label=label)
