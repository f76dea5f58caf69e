"""One policy at one step, measured: a row of plain values."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from calibration.evaluation import Conditions, conditions_record, counts, evaluate, joined, summary
from executive.learning.contenders import Contender
from executive.steps import Task


def scored(
    task: Task,
    who: Contender,
    conditions: Conditions,
    seeds: Sequence[int],
    report: Callable[[int], None] | None = None,
    *,
    counted: bool = False,
) -> dict[str, Any]:
    """Episodes with each of ``seeds``, summed up; ``report`` is told how many more are over.

    ``counted`` adds what it takes to sum up several such rows.
    """
    assembly, step = task
    began = time.perf_counter()
    episodes = joined(
        [evaluate(assembly, step, who.crew, replace(conditions, seed=seed), report) for seed in seeds]
    )
    return {
        **identity(task, who, conditions, seeds),
        **summary(episodes),
        **(counts(episodes) if counted else {}),
        "wall_s": round(time.perf_counter() - began, 1),
    }


def identity(task: Task, who: Contender, conditions: Conditions, seeds: Sequence[int]) -> dict[str, Any]:
    """What was measured and how: two measurements with the same identity give the same numbers."""
    assembly, step = task
    how = {name: value for name, value in conditions_record(conditions).items() if name != "seed"}
    return {
        "product": assembly.name,
        "step": step.part,
        "skill": step.skill,
        "policy": who.name,
        "version": who.version,
        "revision": who.revision,
        "conditions": {**how, "seeds": list(seeds)},
    }
