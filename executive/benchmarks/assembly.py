"""The measured table: every product with every policy, many times."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from executive.benchmarks.rows import Row, completed
from executive.options import PolicyName, RunOptions
from executive.records import RunState
from executive.repeat import Order, carry_out, orders
from executive.run import StopWanted
from executive.workers import Tell
from sequences.assembly import Assembly
from skills.statistics import share_text, wilson


def plan(
    products: Sequence[Assembly],
    policies: Sequence[PolicyName],
    options: RunOptions,
    runs_dir: Path,
    repeat: int,
) -> list[Order]:
    """Every run of the benchmark."""
    return [
        order
        for assembly in products
        for policy in policies
        for order in orders(assembly, replace(options, policy=policy), runs_dir, repeat)
    ]


def measure(
    work: Sequence[Order],
    jobs: int,
    file: Path | None,
    done: Callable[[dict[str, Any]], None],
    stop_wanted: StopWanted,
) -> dict[str, Any]:
    """Make the runs, ``jobs`` at a time, and sum them up; those that ``file`` holds are not made again.

    Raises ResultsUnreadable.
    """
    identified = [(order, order.identity()) for order in work]
    return summed(completed(identified, _one, jobs, file, done, stop_wanted))


def _one(order: Order, tell: Tell, stop_wanted: StopWanted) -> Row | None:
    result = carry_out(order, stop_wanted=stop_wanted)
    return None if result.state is RunState.INTERRUPTED else {**order.identity(), **result.as_json()}


def summed(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Rows by product and policy, and the total of each policy, from the runs' JSON objects."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for result in results:
        groups.setdefault((result["product"], result["policy"]), []).append(result)
    rows = [_row(product, policy, group) for (product, policy), group in groups.items()]
    return {
        "rows": rows,
        "total": {p: _total([r for r in rows if r["policy"] == p]) for p in _policies(rows)},
    }


def _policies(rows: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["policy"] for row in rows))


def _row(product: str, policy: str, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One product with one policy."""
    steps = [step for result in results for step in result["steps"] if step["attempts"] > 0]
    peaks = sorted(attempt["peak_force_n"] for result in results for attempt in result["attempts"])
    agreement = {
        key: sum(result["verdict_agreement"][key] for result in results)
        for key in ("judged", "agreed", "false_seated", "missed_seated")
    }
    firsts = [a for result in results for a in result["attempts"] if a["number"] == 1]
    return {
        "product": product,
        "policy": policy,
        "runs": len(results),
        "assembled": sum(result["assembled"] for result in results),
        "assembled_in_truth": sum(result["truth_assembled"] is True for result in results),
        "assembled_at_first": sum(_at_first(result) for result in results),
        "steps_tried": len(steps),
        "steps_seated": sum(step["seated"] for step in steps),
        "first_attempts": len(firsts),
        "first_seated": sum(attempt["seated"] for attempt in firsts),
        "by_step": _by_step(results),
        "causes": _causes(results),
        "peak_force_n": {"median": _quantile(peaks, 0.5), "p95": _quantile(peaks, 0.95)},
        "verdict_agreement": agreement,
        "wall_s": round(sum(result["wall_s"] for result in results) / max(1, len(results)), 2),
        "pace": round(_ratio(results), 1),
    }


def _at_first(result: dict[str, Any]) -> bool:
    """Every step succeeded at its first attempt."""
    return bool(result["assembled"]) and all(step["attempts"] == 1 for step in result["steps"])


def _by_step(results: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for result in results:
        for step in result["steps"]:
            entry = table.setdefault(step["step"], {"tried": 0, "seated": 0})
            entry["tried"] += step["attempts"] > 0
            entry["seated"] += step["seated"]
    return table


def _causes(results: Sequence[dict[str, Any]]) -> dict[str, int]:
    causes: dict[str, int] = {}
    for result in results:
        for attempt in result["attempts"]:
            if attempt["cause"] is not None:
                causes[attempt["cause"]] = causes.get(attempt["cause"], 0) + 1
    return causes


def _quantile(ordered: Sequence[float], q: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(q * len(ordered)))], 1) if ordered else 0.0


def _ratio(results: Sequence[dict[str, Any]]) -> float:
    wall = sum(result["wall_s"] for result in results)
    return sum(result["simulated_s"] for result in results) / wall if wall else 0.0


def _total(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All products with one policy."""
    added = (
        "runs",
        "assembled",
        "assembled_at_first",
        "steps_tried",
        "steps_seated",
        "first_attempts",
        "first_seated",
    )
    total: dict[str, Any] = {key: sum(row[key] for row in rows) for key in added}
    total["mean_step_success"] = (
        round(total["steps_seated"] / total["steps_tried"], 4) if total["steps_tried"] else None
    )
    total["step_success_95"] = [round(x, 4) for x in wilson(total["steps_seated"], total["steps_tried"])]
    total["verdict_agreement"] = {
        key: sum(row["verdict_agreement"][key] for row in rows)
        for key in ("judged", "agreed", "false_seated", "missed_seated")
    }
    return total


def markdown(report: dict[str, Any]) -> str:
    """The table as markdown; shares with their 95 % Wilson intervals."""
    lines = [
        "| product | policy | step success | first attempt | assembled | at first attempts "
        "| peak force p50 / p95 | wall a run | pace | verdicts right |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows = [*map(_row_cells, report["rows"]), *(_total_cells(p, t) for p, t in report["total"].items())]
    return "\n".join([*lines, *("| " + " | ".join(cells) + " |" for cells in rows)])


def _row_cells(row: dict[str, Any]) -> tuple[str, ...]:
    peak, agreement = row["peak_force_n"], row["verdict_agreement"]
    return (
        row["product"],
        row["policy"],
        share_text(row["steps_seated"], row["steps_tried"]),
        share_text(row["first_seated"], row["first_attempts"]),
        share_text(row["assembled"], row["runs"]),
        share_text(row["assembled_at_first"], row["runs"]),
        f"{peak['median']:.0f} / {peak['p95']:.0f} N",
        f"{row['wall_s']:.1f} s",
        f"{row['pace']:.0f}×",
        share_text(agreement["agreed"], agreement["judged"]),
    )


def _total_cells(policy: str, total: dict[str, Any]) -> tuple[str, ...]:
    agreement, runs = total["verdict_agreement"], total["runs"]
    return (
        "**all**",
        policy,
        share_text(total["steps_seated"], total["steps_tried"]),
        share_text(total["first_seated"], total["first_attempts"]),
        share_text(total["assembled"], runs),
        share_text(total["assembled_at_first"], runs),
        "",
        "",
        "",
        share_text(agreement["agreed"], agreement["judged"]),
    )


def steps_markdown(report: dict[str, Any]) -> str:
    """Success of each step, one line a step, one column a policy."""
    policies = _policies(report["rows"])
    lines = ["| product | step | " + " | ".join(policies) + " |", "|---|---|" + "---|" * len(policies)]
    for product in dict.fromkeys(row["product"] for row in report["rows"]):
        rows = {row["policy"]: row for row in report["rows"] if row["product"] == product}
        parts = dict.fromkeys(part for row in rows.values() for part in row["by_step"])
        for part in parts:
            found = (rows[p]["by_step"].get(part) if p in rows else None for p in policies)
            cells = (share_text(entry["seated"], entry["tried"]) if entry else "" for entry in found)
            lines.append(f"| {product} | {part} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
