"""The tables of the skill and throughput benchmarks as markdown."""

from collections.abc import Sequence
from typing import Any

from executive.benchmarks.rows import Row
from executive.benchmarks.skills import FULL_FRICTION, POLICIES, column_of, totals
from executive.views.skills import causes_text
from skills.statistics import share_text

MAIN = "dovetail"
"""The policy whose forces, times and failures are shown."""
DETAILS = ("peak force p50 / p95", "time p50 / p95", "causes of failure")


def skills_markdown(rows: Sequence[Row]) -> str:
    """Success of each step with each policy, then the totals; shares with 95 % Wilson intervals."""
    present = {column_of(row) for row in rows}
    columns = [column for column in (*POLICIES, FULL_FRICTION) if column in present]
    extra = (
        [f"{MAIN}: peak force p50 / p95", f"{MAIN}: time p50 / p95", f"{MAIN}: causes"]
        if MAIN in columns
        else []
    )
    lines = [_line("product", "step", *columns, *extra), "|---" * (2 + len(columns) + len(extra)) + "|"]
    for product, step in dict.fromkeys((row["product"], row["step"]) for row in rows):
        found = {column_of(row): row for row in rows if (row["product"], row["step"]) == (product, step)}
        shares = (_share(found.get(column)) for column in columns)
        lines.append(_line(product, step, *shares, *(_details(found.get(MAIN)) if extra else ())))
    blank = [""] * len(extra)
    of = totals(rows)
    lines.append(_line("**mean**", "", *(f"{100 * of[c]['mean_success']:.1f} %" for c in columns), *blank))
    worst = (f"{100 * of[c]['worst_success']:.1f} %, {of[c]['worst_step']}" for c in columns)
    lines.append(_line("**worst**", "", *worst, *blank))
    return "\n".join(lines)


def throughput_markdown(report: dict[str, Any]) -> str:
    """Cost of a control period at each size beside the bare engine's, then where training time goes."""
    lines = [
        _line("worlds", "ours", "bare engine", "share of bare", "cost of a world's period"),
        "|---|---|---|---|---|",
    ]
    for row in report["sizes"]:
        lines.append(
            _line(
                str(row["worlds"]), f"{row['periods_per_s']:.0f}/s", f"{row['bare_periods_per_s']:.0f}/s",
                f"{100 * row['ratio']:.1f} %", f"{1e6 * row['cost_s']:.0f} µs",
            )
        )  # fmt: skip
    if (profile := report.get("training")) is not None:
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in profile["shares"].items())
        lines += ["", f"A training iteration with {profile['worlds']} worlds: {shares}."]
        lines += [f"Peak memory of the process: {report['peak_memory_gb']:.2f} GB."]
    return "\n".join(lines)


def _share(row: Row | None) -> str:
    return "" if row is None else share_text(row["successes"], row["episodes"])


def _details(row: Row | None) -> tuple[str, str, str]:
    if row is None:
        return "", "", ""
    peak, time = row["peak_force_n"], row["time_to_success_s"]
    times = f"{time['p50']:.1f} / {time['p95']:.1f} s" if time else ""
    return f"{peak['p50']:.0f} / {peak['p95']:.0f} N", times, causes_text(row["causes"])


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
