"""The tables of the refinery benchmark, worked by hand, and its rows, measured once."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from calibration import refinement
from calibration.practice import practice_for
from calibration.refinement import FineTuning
from calibration.rollouts import rolled_out
from calibration.terms import Acquisition
from executive.benchmarks import refinery as refinery_benchmark
from executive.benchmarks.calibration import calibration_markdown, calibration_report
from executive.benchmarks.refinery import as_they_are, fine_tuned, measured
from executive.benchmarks.refinery_tables import (
    acquisitions_markdown,
    columns_of,
    gains,
    hardest,
    refinery_markdown,
)
from executive.steps import tasks_named
from skills.presets import preset


def row(step: str, acquisition: str, seed: int, **columns: int) -> dict[str, Any]:
    return {
        "product": "motor", "step": step, "tuned": acquisition != "",
        "settings": {"acquisition": acquisition, "seed": seed},
        "columns": {
            name.replace("_", "-"): {"episodes": 100, "successes": good} for name, good in columns.items()
        },
    }  # fmt: skip


ROWS = [
    row("rotor", "", 0, baseline=80, deployment=84),
    row("terminal", "", 0, baseline=60, deployment=58),
    *(row("rotor", "failure-ucb", seed, fine_tune=90 + seed, refinery=92) for seed in (0, 1)),
    *(row("rotor", "uniform", seed, fine_tune=86, refinery=88) for seed in (0, 1)),
    row("terminal", "failure-ucb", 0, fine_tune=70, refinery=71),
    row("terminal", "uniform", 0, fine_tune=67, refinery=60),
]


def test_columns_are_summed_over_seeds_and_only_of_one_acquisition() -> None:
    table = columns_of(ROWS, "failure-ucb")
    assert table["motor/rotor"]["fine-tune"] == {"episodes": 200, "successes": 181}
    assert table["motor/terminal"]["refinery"] == {"episodes": 100, "successes": 71}
    text = refinery_markdown(ROWS, "failure-ucb").splitlines()
    assert text[0] == "| step | baseline | deployment | fine-tune | refinery |"
    assert text[-2:] == [
        "| **mean** | 70.0 % | 71.0 % | 80.2 % | 81.5 % |",
        "| **worst** | 60.0 % | 58.0 % | 70.0 % | 71.0 % |",
    ]
    assert "80/100 = 80 % [71, 87]" in text[2]


def test_a_gain_is_paired_by_step_and_seed() -> None:
    (gain,) = gains(ROWS).values()
    assert gain["pairs"] == 3
    assert gain["mean"] == pytest.approx(0.04)  # 4, 5 and 3 points
    assert (gain["low"], gain["high"]) == (pytest.approx(0.0152, abs=1e-4), pytest.approx(0.0648, abs=1e-4))
    assert gain["surely"]
    assert "| failure-ucb | +4.0 points [+1.5, +6.5] | 3 |" in acquisitions_markdown(ROWS)
    assert acquisitions_markdown(ROWS[:2]) == ""
    assert gains(ROWS[2:5])["failure-ucb"]["low"] is None


def test_the_hardest_steps_are_those_with_the_lowest_baseline() -> None:
    assert hardest(ROWS, 1) == ["motor/terminal"]
    assert hardest(ROWS, 9) == ["motor/terminal", "motor/rotor"]


def test_what_things_cost_is_measured_piece_by_piece() -> None:
    report = calibration_report(tasks_named("motor/rotor")[0], 60, 8, 0)
    assert len(report["times"]) == 6
    assert all(spent["wall_s"] > 0.0 for spent in report["times"].values())
    text = calibration_markdown(report)
    assert text.startswith("| motor/rotor, 60 rollouts | wall | processor |")
    assert "| propose 8 starts | " in text


def test_rows_are_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def measure(order: Any, tell: Any, stop: Any) -> dict[str, Any]:
        done.append(order.settings.acquisition)
        return {**order.identity(), "tuned": order.settings.rounds > 0, "rounds": [], "columns": {}}

    monkeypatch.setattr(refinery_benchmark, "_measure", measure)
    tasks, file = tasks_named("motor/rotor"), tmp_path / "rows.json"
    ways = (Acquisition.STRADDLE, Acquisition.UNIFORM)
    work = as_they_are(tasks, FineTuning(), [0], 10) + fine_tuned(tasks, ways, FineTuning(), [0, 1], 10)
    assert len(measured(work, 1, file, lambda row: None, lambda: False)) == 5
    again = measured(work, 1, file, lambda row: None, lambda: False)
    assert done == ["uniform", "straddle", "uniform", "straddle", "uniform"]
    assert [one["settings"]["seed"] for one in again] == [0, 0, 0, 1, 1]
    assert [one["seed"] for one in again] == [0, 0, 0, 1, 1]
    assert len(json.loads(file.read_text())["rows"]) == 5


def test_ways_to_practise_begin_with_the_same_first_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    evaluated: list[int] = []

    def counted(*args: Any, **more: Any) -> Any:
        evaluated.append(args[3])
        return rolled_out(*args, **more)

    monkeypatch.setattr(refinement, "rolled_out", counted)
    monkeypatch.setattr(refinement, "practice_for", partial(practice_for, n=4))
    monkeypatch.setattr(refinery_benchmark, "_columns", lambda *args: {})
    tasks, tiny = tasks_named("motor/rotor"), FineTuning(rounds=1, steps=128, rollouts=4, worlds=4)
    ways = (Acquisition.FAILURE_UCB, Acquisition.UNIFORM)
    work = as_they_are(tasks, tiny, [0], 2) + fine_tuned(tasks, ways, tiny, [0], 2)
    rows = measured(work, 1, None, lambda row: None, lambda: False)
    assert len(evaluated) == 1 + 2
    assert [one["tuned"] for one in rows] == [False, True, True]
    assert [len(one["rounds"]) for one in rows] == [1, 2, 2]
    assert {one["rounds"][0] for one in rows} == {rows[0]["rounds"][0]}
    assert all(one["revision"] == preset("dovetail").revision for one in rows)
