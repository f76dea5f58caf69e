"""The tables of the refinery benchmark: columns by step, and acquisitions beside uniform practice."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student

from calibration.terms import Acquisition
from executive.benchmarks.refinery import BASELINE, COLUMNS, FINE_TUNE
from skills.statistics import share_text

Row = dict[str, Any]


def columns_of(rows: Sequence[Row], acquisition: str) -> dict[str, dict[str, Row]]:
    """Step → column → summed score, of skills as they are and fine-tuned by ``acquisition``."""
    table: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if row["tuned"] and row["settings"]["acquisition"] != acquisition:
            continue
        for name, score in row["columns"].items():
            there = table[f"{row['product']}/{row['step']}"].setdefault(name, {"episodes": 0, "successes": 0})
            for key in there:
                there[key] += score[key]
    return dict(table)


def gains(rows: Sequence[Row], column: str = FINE_TUNE) -> dict[str, Row]:
    """Acquisition → its gain over uniform practice in ``column``, step by step and seed by seed.

    The mean over these pairs with its 95 % interval (Student's t).
    """
    shares: dict[str, dict[tuple[str, int], float]] = defaultdict(dict)
    for row in rows:
        score = row["columns"].get(column)
        if row["tuned"] and score is not None:
            key = (f"{row['product']}/{row['step']}", int(row["settings"]["seed"]))
            shares[row["settings"]["acquisition"]][key] = score["successes"] / score["episodes"]
    plain = shares.pop(str(Acquisition.UNIFORM), {})
    found = {}
    for name, by_pair in shares.items():
        apart = np.array([share - plain[key] for key, share in by_pair.items() if key in plain])
        if len(apart):
            found[name] = {"pairs": len(apart), **_interval(apart)}
    return found


def _interval(values: np.ndarray[Any, np.dtype[np.float64]]) -> Row:
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return {"mean": round(mean, 4), "low": None, "high": None, "surely": False}
    half = float(student.ppf(0.975, n - 1)) * float(values.std(ddof=1)) / float(np.sqrt(n))
    low, high = mean - half, mean + half
    return {
        "mean": round(mean, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "surely": low > 0 or high < 0,
    }


def refinery_markdown(rows: Sequence[Row], acquisition: str) -> str:
    """Success of each step in each column, then the means and the worst."""
    table = columns_of(rows, acquisition)
    present = [name for name in COLUMNS if any(name in scores for scores in table.values())]
    lines = [_line("step", *present), "|---" * (1 + len(present)) + "|"]
    for step, scores in table.items():
        cells = (scores.get(name) for name in present)
        lines.append(_line(step, *(_share(cell) for cell in cells)))
    shares = {
        name: [s[name]["successes"] / s[name]["episodes"] for s in table.values() if name in s]
        for name in present
    }
    lines.append(_line("**mean**", *(f"{100 * float(np.mean(shares[name])):.1f} %" for name in present)))
    lines.append(_line("**worst**", *(f"{100 * min(shares[name]):.1f} %" for name in present)))
    return "\n".join(lines)


def acquisitions_markdown(rows: Sequence[Row]) -> str:
    """Gain of each acquisition over uniform practice; empty when nothing can be compared."""
    found = gains(rows)
    if not found:
        return ""
    lines = ["| acquisition | gain over uniform practice | pairs |", "|---|---|---|"]
    for name, gain in sorted(found.items(), key=lambda item: -float(item[1]["mean"])):
        bounds = "" if gain["low"] is None else f" [{100 * gain['low']:+.1f}, {100 * gain['high']:+.1f}]"
        lines.append(f"| {name} | {100 * gain['mean']:+.1f} points{bounds} | {gain['pairs']} |")
    return "\n".join(lines)


def hardest(rows: Sequence[Row], n: int) -> list[str]:
    """The ``n`` steps with the lowest baseline."""
    played = [row for row in rows if BASELINE in row["columns"]]
    scores = {f"{row['product']}/{row['step']}": row["columns"][BASELINE] for row in played}
    shares = {step: score["successes"] / score["episodes"] for step, score in scores.items()}
    return sorted(shares, key=lambda step: shares[step])[:n]


def _share(score: Row | None) -> str:
    return "" if score is None else share_text(score["successes"], score["episodes"])


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
