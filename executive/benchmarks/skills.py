"""The measured table of skills: every step with every policy, many episodes each.

They are measured in parts, of every step and policy one before the next, so that a table of fewer episodes is
whole long before the last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from calibration.evaluation import CHUNK, Conditions, gathered
from executive.benchmarks.rows import Row, completed
from executive.errors import NoSkill
from executive.learning.contenders import contender
from executive.learning.scoring import identity, scored
from executive.steps import Task
from executive.workers import Stopped, StopWanted, Tell
from sequences.assembly import Assembly

POLICIES = ("push", "search", "automate", "dovetail")
FULL_FRICTION = "dovetail, full joint friction"
"""The column of the dovetail preset at the full joint friction of the FR3 model."""


@dataclass(frozen=True, slots=True)
class ScoreOrder:
    """One part of a row to be measured; plain enough to be sent to another process."""

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
    """Every part of the benchmark with its identity; none where no skill is there. Raises SkillError.

    Parts have at most ``CHUNK`` episodes, and seeds from ``seed`` on.
    """
    begins = range(0, conditions.episodes, CHUNK)
    sizes = [min(CHUNK, conditions.episodes - begin) for begin in begins]
    work: list[tuple[ScoreOrder, Row]] = []
    for place, size in enumerate(sizes):
        part = replace(conditions, episodes=size)
        for assembly in products:
            work += _part(assembly, policies, part, seed + place)
    return work


def _part(
    assembly: Assembly, policies: Sequence[str], conditions: Conditions, seed: int
) -> list[tuple[ScoreOrder, Row]]:
    work: list[tuple[ScoreOrder, Row]] = []
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


def summed_up(parts: Sequence[Row]) -> list[Row]:
    """One row for each step and column, in the order of the first of its parts."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for part in parts:
        groups.setdefault((part["product"], part["step"], column_of(part)), []).append(part)
    return [_summed_up(group) for group in groups.values()]


def _summed_up(parts: Sequence[Row]) -> Row:
    said_once = ("product", "step", "skill", "policy", "version")
    seeds = [seed for part in parts for seed in part["conditions"]["seeds"]]
    gathering = gathered(parts)
    return {
        **{name: parts[0][name] for name in said_once},
        "conditions": {**parts[0]["conditions"], "episodes": gathering["episodes"], "seeds": seeds},
        **gathering,
        "wall_s": round(sum(part["wall_s"] for part in parts), 1),
    }


def measured(
    work: Sequence[tuple[ScoreOrder, Row]],
    jobs: int,
    file: Path | None,
    told: Callable[[Row], None],
    stop_wanted: StopWanted,
) -> list[Row]:
    """The parts of ``work``, as :func:`executive.benchmarks.rows.completed` has them.

    Raises ResultsUnreadable, SkillError.
    """
    return completed(work, _measure, jobs, file, told, stop_wanted)


def _measure(order: ScoreOrder, tell: Tell, stop_wanted: StopWanted) -> Row | None:
    def report(more: int) -> None:
        if stop_wanted():
            raise Stopped

    task = order.task()
    try:
        who = contender(order.policy, task)
        return scored(task, who, order.conditions, [order.seed], report, counted=True)
    except Stopped:
        return None


def said(row: Row) -> str:
    """One part in a few words."""
    return f"{row['product']}/{row['step']} {column_of(row)}: {100 * row['success']:.1f} %"


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
