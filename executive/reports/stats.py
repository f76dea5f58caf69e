"""A fleet of runs summed up: yield, interventions, why attempts fail, how skills come along."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from executive.journal import RunRow
from skills.statistics import wilson

Row = dict[str, Any]


def statistics(rows: Sequence[RunRow]) -> dict[str, Any]:
    """The sums over all runs that came to an end, as plain JSON values."""
    ended = [row for row in rows if row.result is not None and str(row.state) != "running"]
    results = [row.result for row in reversed(ended) if row.result is not None]
    products = dict.fromkeys(result["product"] for result in results)
    return {
        "runs": len(results),
        "products": [product_row(p, [r for r in results if r["product"] == p]) for p in products],
        "causes": pareto(results),
        "skills": trend(results),
    }


def product_row(product: str, results: Sequence[Row]) -> Row:
    """One product's runs.

    First-pass yield counts runs assembled with each step at its first attempt and nobody stepping in.
    """
    runs = len(results)
    assembled = sum(r["assembled"] for r in results)
    alone = sum(r["assembled"] and r["interventions"] == 0 for r in results)
    first = sum(first_pass(r) for r in results)
    interventions = sum(r["interventions"] for r in results)
    return {
        "product": product,
        "runs": runs,
        "assembled": assembled,
        "assembled_95": _bounds(assembled, runs),
        "assembled_alone": alone,
        "first_pass": first,
        "first_pass_95": _bounds(first, runs),
        "interventions": interventions,
        "assemblies_between_interventions": round(assembled / interventions, 2) if interventions else None,
    }


def first_pass(result: Row) -> bool:
    """Assembled, every step at its first attempt, by the robot alone."""
    at_first = all(step["attempts"] == 1 for step in result["steps"])
    return bool(result["assembled"]) and result["interventions"] == 0 and at_first


def pareto(results: Sequence[Row]) -> list[Row]:
    """Causes of failed attempts, the most frequent first, each with the share of all up to it."""
    counts = Counter(a["cause"] for r in results for a in r["attempts"] if a["cause"])
    total, before, table = sum(counts.values()), 0, []
    for cause, count in counts.most_common():
        before += count
        steps = Counter(
            f"{r['product']}/{a['part']}" for r in results for a in r["attempts"] if a["cause"] == cause
        )
        table.append(
            {"cause": cause, "attempts": count, "cumulative": round(before / total, 4),
             "mostly": [step for step, _ in steps.most_common(2)]}
        )  # fmt: skip
    return table


def trend(results: Sequence[Row]) -> list[Row]:
    """First attempts by step and skill version, in the order in which the versions appeared."""
    table: dict[tuple[str, str, str], Row] = {}
    for result in results:
        for attempt in result["attempts"]:
            if attempt["number"] != 1 or not attempt["judged"]:
                continue
            version = result.get("skills", {}).get(attempt["part"], result["policy"])
            key = (result["product"], attempt["part"], version)
            row = table.setdefault(key, {"tried": 0, "seated": 0})
            row["tried"] += 1
            row["seated"] += bool(attempt["seated"])
    order = {step: i for i, step in enumerate(dict.fromkeys(key[:2] for key in table))}
    ordered = sorted(table.items(), key=lambda item: order[item[0][:2]])
    return [
        {"product": product, "step": part, "version": version, **row,
         "seated_95": _bounds(row["seated"], row["tried"])}
        for (product, part, version), row in ordered
    ]  # fmt: skip


def _bounds(k: int, n: int) -> list[float]:
    return [round(x, 4) for x in wilson(k, n)]
