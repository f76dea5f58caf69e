"""What came of a fault campaign, summed up by fault."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

SAFE_HOLD_MS = 150
"""The arm must be at rest so soon after a fault began to tell [ms]."""

Row = dict[str, Any]


def faults_summed(blows: Sequence[Row], products: Sequence[Row]) -> Row:
    """The whole campaign in numbers; ``by_kind`` has a row for each fault."""
    stops = [row for row in blows if row["stopped"]]
    rests = sorted(row["rest_ms"] for row in stops)
    return {
        "injections": len(blows),
        "stopped": len(stops),
        "went_on": sum(row["went_on"] for row in blows),
        "rest_p50_ms": rests[len(rests) // 2] if rests else None,
        "rest_max_ms": max(rests, default=None),
        "rest_late": sum(rest > SAFE_HOLD_MS for rest in rests),
        "rest_late_while_awake": sum(
            row["rest_ms"] - row["overslept_ms"] - row["behind_ms"] > SAFE_HOLD_MS for row in stops
        ),
        "resumed": sum(row["resumed"] for row in blows),
        "stuck": sum(not row["resumed"] and not row["went_on"] for row in blows),
        "journaled": sum(row["journaled"] for row in blows),
        "after": dict(Counter(row["during"] for row in blows).most_common()),
        "products": len(products),
        "assembled": sum(row["state"] == "assembled" for row in products),
        "commands": sum(row["commands"] for row in products),
        "refused": sum(row["refused"] for row in products),
        "wrongly_executed": sum(len(row["wrong"]) for row in products),
        "by_kind": [_kind(kind, blows) for kind in dict.fromkeys(sorted(row["kind"] for row in blows))],
    }


def faults_markdown(summed: Row) -> str:
    """The campaign as a table and a few lines."""
    lines = [
        "| fault | injected | arm stopped | at rest after, p50 / max | went on | resumed | in the journals |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in summed["by_kind"]:
        rest = "" if row["rest_max_ms"] is None else f"{row['rest_p50_ms']} / {row['rest_max_ms']} ms"
        lines.append(
            f"| {row['kind']} | {row['injections']} | {row['stopped']} | {rest} | {row['went_on']} | "
            f"{row['resumed']} | {row['journaled']} |"
        )
    lines.append("")
    lines.append(
        f"{summed['injections']} injections: {summed['stopped']} stopped the arm, "
        f"{summed['rest_late']} of these later than {SAFE_HOLD_MS} ms (worst {summed['rest_max_ms']} ms), "
        f"{summed['rest_late_while_awake']} not counting time that server and robot were kept from running; "
        f"{summed['stuck']} could not be taken up again; {summed['journaled']} are in the journals."
    )
    lines.append(
        "What the run had told last: "
        + ", ".join(f"{kind} ({count})" for kind, count in summed["after"].items())
        + "."
    )
    lines.append(
        f"{summed['assembled']} of {summed['products']} products were assembled in the end. "
        f"{summed['commands']} commands were acted on, {summed['wrongly_executed']} of them wrongly."
    )
    return "\n".join(lines)


def _kind(kind: str, blows: Sequence[Row]) -> Row:
    rows = [row for row in blows if row["kind"] == kind]
    rests = sorted(row["rest_ms"] for row in rows if row["stopped"])
    return {
        "kind": kind,
        "injections": len(rows),
        "stopped": len(rests),
        "rest_p50_ms": rests[len(rests) // 2] if rests else None,
        "rest_max_ms": max(rests, default=None),
        "went_on": sum(row["went_on"] for row in rows),
        "resumed": sum(row["resumed"] for row in rows),
        "journaled": sum(row["journaled"] for row in rows),
    }
