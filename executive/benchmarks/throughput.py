"""What a control period costs, and where the time of a training goes."""

import resource
from collections.abc import Sequence
from typing import Any

from calibration.training import Plan, Training
from executive.steps import Task, name_of
from sim.control import CONTROL_PERIOD_S
from sim.throughput import Pace, pace
from skills.presets import DOVETAIL
from skills.tasks import insertion_of

ITERATIONS = 2
"""Iterations of the training that is profiled."""
SHARES = ("physics", "policy", "learning", "bookkeeping")


def throughput_report(
    task: Task, sizes: Sequence[int], threads: int, periods: int, seed: int
) -> dict[str, Any]:
    """The profile of a training, then each size of the batch beside the bare engine, as plain values."""
    training = _profile(task, seed)
    assembly, step = task
    insertion = insertion_of(assembly, step)
    rows = []
    for n in sizes:
        pilot = DOVETAIL.fly(insertion, n, CONTROL_PERIOD_S, DOVETAIL.settings)
        rows.append(pace(assembly, step, insertion, pilot, n, threads=threads, periods=periods, seed=seed))
    return {
        "step": name_of(task),
        "threads": threads,
        "periods": periods,
        "seed": seed,
        "sizes": [_row(row) for row in rows],
        "training": training,
        "peak_memory_gb": _peak_memory_gb(),
    }


def _profile(task: Task, seed: int) -> dict[str, Any]:
    plan = Plan(task[1].skill, (task,), DOVETAIL, seed=seed)
    training = Training(plan)
    for _ in range(ITERATIONS):
        point = training.iterate()
    return {
        "worlds": plan.worlds,
        "iterations": ITERATIONS,
        "shares": dict(zip(SHARES, point.shares, strict=True)),
        "environment_steps_per_cpu_s": round(point.environment_steps / point.cpu_s),
        "peak_memory_gb": _peak_memory_gb(),
    }


def _row(row: Pace) -> dict[str, Any]:
    return {
        "worlds": row.worlds,
        "periods_per_s": round(row.worlds / row.ours_s, 1),
        "bare_periods_per_s": round(row.worlds / row.bare_s, 1),
        "ratio": round(row.ratio, 4),
        "cost_s": round(row.cost_s, 8),
        "apart_m": row.apart_m,
    }


def _peak_memory_gb() -> float:
    """The most memory that this process has had [GB]."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 3)
