"""``dovetail refine``, ``map`` and ``skills rollback`` with small numbers and real physics behind them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from calibration.gate import compared
from calibration.refinement import Refinement, settled
from executive.journal import Event, Failure, Journal
from executive.main import app
from executive.options import RunOptions
from executive.refinery.store import Refinery
from executive.steps import tasks_named
from skills.artifact import load
from skills.library import SHIPPED, Found, latest, own_folder, publish, versions

Invoke = Callable[..., Any]
STEP, SKILL = "valve_manifold/outlet", "valve-manifold/fitting-hex"
SMALL = ("--rounds", 1, "--steps", 128, "--rollouts", 6, "--trial", 3, "--episodes", 6, "--worlds", 4)

pytestmark = pytest.mark.usefixtures("banks")


@pytest.fixture
def dovetail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs the command in this process, with a library, a journal and a state of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DOVETAIL_HOME", str(tmp_path / "runs"))
    monkeypatch.setenv("DOVETAIL_SKILLS", str(tmp_path / "skills"))
    monkeypatch.setattr("skills.library.SHIPPED", tmp_path / "shipped")
    for name, value in {"COLUMNS": "140", "NO_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def hurried(dovetail: Invoke) -> Found:
    """The shipped skill in the own library, with attempts that end too soon for most."""
    found = Found(*load(versions(SKILL, SHIPPED)[max(versions(SKILL, SHIPPED))]), Path(SKILL))
    settings = {**found.skill.settings, "lead": {**found.skill.settings["lead"], "work_s": 3.0}}
    skill = msgspec.structs.replace(found.skill, version=1, settings=settings, record={})
    publish(skill, found.weights, own_folder())
    return found


def enqueue(folder: Path, failures: int) -> None:
    (assembly, _), *_ = tasks_named(STEP)
    journal = Journal(folder)
    run = journal.begin(assembly.name, assembly.model_dump_json(), RunOptions(), "0")
    start = (0.002, 0.0, 0.025, 0.0, 0.05, 0.0)
    for seed in range(failures):
        failed = Failure(2, 1, assembly.name, "outlet", SKILL, "dovetail-1-x", seed, "timeout", start, b"t")
        journal.record(run, Event("attempt_failed"), failure=failed)
    journal.close()


def state_of(folder: Path) -> list[str]:
    return [row["state"] for row in Refinery(folder).history()]


def test_failures_become_a_report_and_the_old_version_stays(
    dovetail: Invoke, hurried: Found, tmp_path: Path
) -> None:
    enqueue(tmp_path / "runs", 2)
    result = dovetail("refine", "--all", *SMALL, "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["refinements"]
    assert (row["skill"], row["failures"], row["parent"]) == (SKILL, 2, 1)
    assert row["reproduced"]["failures"] == 2
    assert 0 <= row["reproduced"]["again"] <= 2
    assert len(row["rounds"]) == 2
    assert row["rounds"][1]["practice"]["outlet"]["starts"] > 200
    assert (row["state"], row["version"]) == ("kept", None)
    assert "no better" in row["why"]
    assert json.loads(dovetail("queue", "--json").stdout)["failures"] == []
    assert state_of(tmp_path / "runs") == [row["state"]]
    assert not list((tmp_path / "state" / "dovetail" / "refinements").iterdir())
    assert "nothing waits in the queue" in dovetail("refine", "--all").stderr


def test_a_better_candidate_is_published_with_its_lineage_and_can_be_undone(
    dovetail: Invoke, hurried: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    always = compared(np.zeros(8, bool), np.ones(8, bool))
    monkeypatch.setattr("executive.refinery.refining.compared", lambda old, new: always)
    monkeypatch.setattr(Refinement, "best", property(lambda self: self.rounds[-1]))
    result = dovetail("refine", STEP, *SMALL)
    assert result.exit_code == 0, result.output
    assert "published 2" in result.stdout
    assert f"{SKILL}: trying" in result.stderr
    found = latest(SKILL)
    assert found is not None
    assert (found.skill.version, found.skill.record["parent"]) == (2, 1)
    assert "is better" in found.skill.record["why"]
    assert found.skill.evaluation["steps"][STEP]["episodes"] == 6
    assert {path.name for path in found.path.iterdir()} >= {"report.json", "map-outlet.png", "skill.json"}
    (first, second) = json.loads(dovetail("skills", "--json").stdout)["skills"]
    assert (first["parent"], second["parent"]) == (None, 1)
    assert "2 from 1" in dovetail("skills").stdout
    back = dovetail("skills", "rollback", SKILL)
    assert back.exit_code == 0, back.output
    assert f"{SKILL} 3 is version 1 again" in back.stdout
    third = latest(SKILL)
    assert third is not None
    assert (third.skill.version, third.skill.record["again"]) == (3, 1)
    assert third.skill.weights == versions_of(1)
    assert "'valve-manifold/fitting-hex' has no version 9" in dovetail("skills", "rollback", SKILL, 9).stderr


def versions_of(number: int) -> str | None:
    path = versions(SKILL, own_folder())[number]
    return str(json.loads((path / "skill.json").read_text())["weights"])


def test_a_refiner_that_is_killed_leaves_nothing_half_done(
    dovetail: Invoke, hurried: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(tmp_path / "runs", 1)
    words = [sys.executable, "-m", "executive.main", "refine", "--all", *map(str, SMALL)]
    refiner = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert refiner.stderr is not None
    for line in refiner.stderr:
        if "from starts anywhere" in line:
            break
    os.kill(refiner.pid, signal.SIGKILL)
    refiner.wait()
    refiner.stderr.close()
    assert state_of(tmp_path / "runs") == ["open"]
    assert list(versions(SKILL, own_folder())) == [1]
    assert Refinery(tmp_path / "runs").waiting() == {SKILL: 1}
    result = dovetail("refine", "--all", *SMALL, "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["refinements"]
    assert row["taken_over"]
    assert row["failures"] == 1
    assert "reproducing" not in result.stderr  # that stage was done
    assert state_of(tmp_path / "runs") == [row["state"]]


def test_a_map_is_one_object_and_a_picture(dovetail: Invoke, tmp_path: Path) -> None:
    words = ("map", STEP, "--policy", "push", "--rollouts", 20)
    result = dovetail(*words, "--png", tmp_path / "png", "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["maps"]
    assert (row["step"], row["rollouts"], row["policy"]) == ("outlet", 20, "push")
    assert row["map"]["worthwhile"] is False
    assert set(row["explained"]) == {"start", "error", "both"}
    assert (tmp_path / "png" / "valve_manifold-outlet-map.png").read_bytes()[:4] == b"\x89PNG"


def test_a_skill_that_nobody_trained_is_said_so(dovetail: Invoke) -> None:
    result = dovetail("refine", STEP, *SMALL, "--json")
    (row,) = json.loads(result.stdout)["refinements"]
    assert (row["state"], row["version"]) == ("kept", None)
    assert "dovetail train valve-manifold/fitting-hex" in row["why"]
    assert dovetail("refine").exit_code == 2


def test_the_gate_by_hand() -> None:
    old, new = np.array([1, 1, 0, 0, 0, 0, 0, 0], bool), np.array([1, 0, 1, 1, 1, 1, 1, 1], bool)
    found = compared(old, new)
    assert (found.old, found.new, found.gained, found.lost) == (2, 7, 6, 1)
    assert found.p_value == pytest.approx(8 / 128)  # P(at least 6 of 7) = (7 + 1) / 2^7
    assert not found.better
    assert compared(np.zeros(5, bool), np.ones(5, bool)).better  # 1 / 2^5 = 0.031
    assert compared(old, old).p_value == 1.0
    with pytest.raises(ValueError, match="no pairs"):
        compared(old, new[:3])


def test_enough_is_when_success_no_longer_varies() -> None:
    assert not settled([0.9, 0.91, 0.9, 0.92], 5, 0.05)
    assert settled([0.2, 0.9, 0.91, 0.9, 0.92, 0.94], 5, 0.05)
    assert not settled([0.9, 0.91, 0.9, 0.92, 0.96], 5, 0.05)
