"""What choosing a start, fitting a map and proposing practice cost."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import ndtr

from calibration.acquisition import proposed
from calibration.map_check import checked
from calibration.mixture import initialization_of
from calibration.success_map import fit
from calibration.terms import Acquisition
from executive.kit import insertions_of
from executive.refinery.mapping import space_of
from executive.starts import Starts
from executive.steps import Task, name_of

ATTEMPTS = 3
"""Choices that are timed: for a first attempt and for those after it."""


def calibration_report(task: Task, rollouts: int, batch: int, seed: int) -> dict[str, Any]:
    """Times of each piece of work over ``rollouts`` invented outcomes at one step, wall and processor [s]."""
    assembly, step = task
    space, rng = space_of(task), np.random.default_rng(seed)
    points = space.drawn(rollouts, rng)
    tilt = np.hypot(*space.scaled(points)[:, 3:5].T)
    success = rng.random(rollouts) < ndtr(1.8 - 2.5 * tilt)
    fit(space, points[:50], success[:50], rng, 2)  # what is loaded at its first use
    found, fitting = _timed(lambda: fit(space, points, success, rng))
    check, checking = _timed(lambda: checked(space, points, success, rng))
    _, proposing = _timed(lambda: proposed(found, Acquisition.FAILURE_UCB, batch, rng))
    known, refitting = _timed(lambda: initialization_of(space, points, success, found, check, rng))
    starts, preparing = _timed(lambda: Starts(assembly, {step.part: known}, insertions_of(assembly), seed))
    insertion = insertions_of(assembly)[step.part]
    choices = [_timed(lambda n=n: starts(insertion, n))[1] for n in range(1, ATTEMPTS + 1)]  # type: ignore[misc]
    slowest = max(choices, key=lambda one: one["wall_s"])
    return {
        "step": name_of(task),
        "rollouts": rollouts,
        "batch": batch,
        "seed": seed,
        "times": {
            "choose an initialization": slowest,
            "fit a map": fitting,
            "check it on what is held out": checking,
            f"propose {batch} starts": proposing,
            "fit the mixture": refitting,
            "prepare a run's choices": preparing,
        },
    }


def _timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    spent = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    return result, {name: round(value, 5) for name, value in spent.items()}


def calibration_markdown(report: dict[str, Any]) -> str:
    """The times as a table."""
    lines = [f"| {report['step']}, {report['rollouts']} rollouts | wall | processor |", "|---|---|---|"]
    for name, spent in report["times"].items():
        lines.append(f"| {name} | {1e3 * spent['wall_s']:.1f} ms | {1e3 * spent['cpu_s']:.1f} ms |")
    return "\n".join(lines)
