"""The loop, closed: a cell drifts, runs fail and fill the queue, refining wins back what can be won.

Three measurements on the same fresh seeds: as the cell was set up, drifted, and drifted after refining. What
is refined from are other runs of the drifted cell, as somebody's production would have made them.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from calibration.refinement import FineTuning
from executive.benchmarks.assembly import measure, plan
from executive.benchmarks.rows import Row
from executive.errors import NothingToRefine
from executive.journal import Journal
from executive.options import OnFailure, PolicyName, RunOptions
from executive.refinery.offsets import learn
from executive.refinery.orders import orders_for
from executive.refinery.refining import refined
from executive.run import StopWanted
from executive.workers import carried_out
from sequences.assembly import Assembly

PRACTICE_SEED = 10_000
"""Runs that are refined from begin here, far from those that are measured."""
AS_SET_UP, DRIFTED, REFINED = "as set up", "drifted", "drifted, after refining"


@dataclass(frozen=True, slots=True)
class DriftPlan:
    """What is to be done."""

    assembly: Assembly
    drift: str
    repeat: int
    """Runs of each measurement, and of what is refined from."""
    seed: int
    settings: FineTuning
    trial: int
    episodes: int
    jobs: int


def closed_loop(
    plan_: DriftPlan, folder: Path, done: Callable[[Row], None], said: Callable[[str], None], stop: StopWanted
) -> Row | None:
    """Drift, fail, refine, measure again; everything is kept under ``folder``. None when it was stopped.

    Skills are published into ``folder``, and only the cell in it knows of them. Raises SkillError.
    """
    os.environ["DOVETAIL_SKILLS"] = str(folder / "skills")
    cell, measured = folder / "cell", folder / "measured"
    seed = plan_.seed
    stages: Row = {}
    for name, drift, runs, first in (
        (AS_SET_UP, "", measured, seed),
        (DRIFTED, plan_.drift, measured, seed),
        ("practice", plan_.drift, cell, seed + PRACTICE_SEED),
    ):
        stages[name] = _runs(plan_, drift, runs, first, done, stop)
        if stop():
            return None
    refining = _refined(plan_, cell, said, stop)
    if stop():
        return None
    stages[REFINED] = _runs(plan_, plan_.drift, cell, seed, done, stop)
    if stop():
        return None
    del stages["practice"]
    return {
        "product": plan_.assembly.name,
        "drift": plan_.drift,
        "stages": stages,
        "lost_won_back": won_back(stages),
        **refining,
    }


def won_back(stages: Row) -> float | None:
    """Share of the lost step success that was won back; None where nothing was lost."""
    before, lost, after = (_rate(stages[name]) for name in (AS_SET_UP, DRIFTED, REFINED))
    return None if before <= lost else round((after - lost) / (before - lost), 3)


def _rate(row: Row) -> float:
    return float(row["first_seated"]) / max(1, int(row["first_attempts"]))


def _runs(
    plan_: DriftPlan, drift: str, runs_dir: Path, seed: int, done: Callable[[Row], None], stop: StopWanted
) -> Row:
    options = RunOptions(seed=seed, attempts=1, on_failure=OnFailure.SKIP, drift=drift)
    work = plan([plan_.assembly], [PolicyName.LEARNED], options, runs_dir, plan_.repeat)
    rows = measure(work, plan_.jobs, None, done, stop)["rows"]
    return dict(rows[0]) if rows else {}


def _refined(plan_: DriftPlan, runs_dir: Path, said: Callable[[str], None], stop: StopWanted) -> Row:
    """What ``dovetail refine --all`` does, with the processor time that it took."""
    began = time.process_time()
    journal = Journal(runs_dir)
    offsets = learn(journal)
    journal.close()
    for offset in offsets:
        said(offset.words())
    try:
        orders = orders_for(
            [], True, runs_dir, None, plan_.settings, trial=plan_.trial, episodes=plan_.episodes
        )
    except NothingToRefine:
        orders = []
    rows = []
    for _, row in carried_out(orders, refined, plan_.jobs, stop, lambda _, news: said(news["said"])):
        rows.append(row)
    spent = time.process_time() - began if plan_.jobs == 1 else sum(row.get("cpu_s", 0.0) for row in rows)
    kept = ("skill", "state", "version", "why", "failures", "causes", "cpu_s")
    return {
        "offsets": [offset.as_json() for offset in offsets],
        "refinements": [{key: row.get(key) for key in kept} for row in rows],
        "refining_cpu_s": round(spent, 1),
    }


def markdown(rows: Sequence[Row]) -> str:
    """A line for each product and stage."""
    lines = ["| product | cell | first attempts seated | assembled | |", "|---|---|---|---|---|"]
    for row in rows:
        for name, stage in row["stages"].items():
            share = f"{stage['first_seated']}/{stage['first_attempts']} = {100 * _rate(stage):.0f} %"
            said = _note(row) if name == REFINED else ""
            product = row["product"] if name == AS_SET_UP else ""
            lines.append(f"| {product} | {name} | {share} | {stage['assembled']}/{stage['runs']} | {said} |")
    return "\n".join(lines)


def _note(row: Row) -> str:
    published = [r for r in row["refinements"] if r["state"] == "published"]
    offsets = ", ".join(map(_offset, row["offsets"])) or "none"
    share = row["lost_won_back"]
    won = "nothing was lost" if share is None else f"{100 * share:.0f} % of the loss won back"
    return (
        f"{won}; offsets found: {offsets}; {len(published)} of {len(row['refinements'])} skills published; "
        f"{row['refining_cpu_s'] / 60:.1f} CPU minutes"
    )


def _offset(found: Row) -> str:
    return f"fixture {found['x_mm']:+.1f}, {found['y_mm']:+.1f} mm, tray {found['lying_mm']:+.1f} mm"
