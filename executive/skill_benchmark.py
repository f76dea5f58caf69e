"""The measured table of skills: every step with every policy, many episodes each."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from calibration.evaluation import Conditions
from executive.contenders import contender
from executive.errors import NoSkill, ResultsUnreadable
from executive.scoring import identity, scored
from executive.steps import Task
from executive.workers import Stopped, StopWanted, Tell, carried_out
from sequences.assembly import Assembly
from sequences.files import write_whole

POLICIES = ("push", "search", "automate", "dovetail")
FULL_FRICTION = "dovetail, full joint friction"
"""The column of the dovetail preset at the full joint friction of the FR3 model."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ScoreOrder:
    """One row to be measured; plain enough to be sent to another process."""

    assembly: str
    """The product as JSON."""
    part: str
    policy: str
    conditions: Conditions
    seed: int

    def task(self) -> Task:
        """The step."""
        assembly = Assembly.model_validate_json(self.assembly)
        return assembly, assembly.step_of(self.part)

    def identity(self) -> Row:
        """What a row that was measured like this has in common with it. Raises NoSkill, SkillError."""
        task = self.task()
        return identity(task, contender(self.policy, task), self.conditions, [self.seed])


def plan(
    products: Sequence[Assembly], policies: Sequence[str], conditions: Conditions, seed: int
) -> list[tuple[ScoreOrder, Row]]:
    """Every row of the benchmark with its identity; none where no skill is there. Raises SkillError."""
    work: list[tuple[ScoreOrder, Row]] = []
    for assembly in products:
        text = assembly.model_dump_json()
        for step in assembly.steps:
            for policy in policies:
                ways = [conditions]
                if policy == "dovetail" and conditions.joint_friction is None:
                    ways.append(replace(conditions, joint_friction=1.0))
                orders = [ScoreOrder(text, step.part, policy, way, seed) for way in ways]
                try:
                    work += [(order, order.identity()) for order in orders]
                except NoSkill:
                    continue
    return work


def measured(
    work: Sequence[tuple[ScoreOrder, Row]],
    jobs: int,
    file: Path | None,
    told: Callable[[Row], None],
    stop_wanted: StopWanted,
) -> list[Row]:
    """The rows, in the order of ``work``, as far as they were measured before a stop was wanted.

    Rows that ``file`` holds already are not measured again, and each new one is in it before the next.
    Raises ResultsUnreadable, SkillError.
    """
    kept = [] if file is None else rows_in(file)
    open_work = [order for order, wanted in work if _found(wanted, kept) is None]
    for _, wanted in work:
        if (row := _found(wanted, kept)) is not None:
            told(row)
    for _, row in carried_out(open_work, _measure, jobs, stop_wanted):
        kept.append(row)
        if file is not None:
            write_whole(file, (json.dumps({"rows": kept}, indent=1) + "\n").encode())
        told(row)
    return [row for _, wanted in work if (row := _found(wanted, kept)) is not None]


def rows_in(file: Path) -> list[Row]:
    """The rows that a results file holds; none when there is no file. Raises ResultsUnreadable."""
    if not file.exists():
        return []
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
        return [dict(row) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise ResultsUnreadable(file, str(error)) from None


def _measure(order: ScoreOrder, tell: Tell, stop_wanted: StopWanted) -> Row | None:
    def report(more: int) -> None:
        if stop_wanted():
            raise Stopped

    task = order.task()
    try:
        return scored(task, contender(order.policy, task), order.conditions, [order.seed], report)
    except Stopped:
        return None


def _found(wanted: Row, rows: Sequence[Row]) -> Row | None:
    return next((row for row in rows if all(row.get(key) == value for key, value in wanted.items())), None)


def column_of(row: Row) -> str:
    """The column of the table that a row belongs to."""
    return FULL_FRICTION if _fuller(row) else str(row["policy"])


def _fuller(row: Row) -> bool:
    return bool(row["policy"] == "dovetail" and row["conditions"]["joint_friction"] == 1.0)


def totals(rows: Sequence[Row]) -> dict[str, Row]:
    """Of each column: mean and worst success over its steps, and the worst 95th percentile of peak force."""
    return {
        column: _total([row for row in rows if column_of(row) == column])
        for column in dict.fromkeys(column_of(row) for row in rows)
    }


def _total(rows: Sequence[Row]) -> Row:
    worst = min(rows, key=lambda row: float(row["success"]))
    return {
        "steps": len(rows),
        "mean_success": round(sum(row["success"] for row in rows) / len(rows), 4),
        "worst_success": worst["success"],
        "worst_step": f"{worst['product']}/{worst['step']}",
        "worst_peak_p95_n": max(row["peak_force_n"]["p95"] for row in rows),
    }
