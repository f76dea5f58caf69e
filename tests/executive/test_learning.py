"""``dovetail train``, ``evaluate``, ``skills`` and ``benchmark skills``, with small numbers behind them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from calibration.evaluation import Conditions, Episodes
from executive.benchmarks import physics
from executive.benchmarks.physics import physics_markdown, physics_rows
from executive.benchmarks.skill_tables import throughput_markdown
from executive.commands.common import complete_step, step_names
from executive.errors import UnknownStep
from executive.learning.training import TrainingOrder, checkpoint_of
from executive.main import app
from executive.steps import name_of, skills_named, tasks_named
from executive.workers import carried_out
from sequences.load import load
from sim.bank import NoStart
from sim.throughput import Pace
from skills.library import Found, latest, own_folder, publish
from skills.presets import DOVETAIL, PRESETS

Invoke = Callable[..., Any]


@pytest.fixture
def dovetail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs the command in this process, where measuring an episode takes no time."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name, value in {"COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("executive.learning.scoring.evaluate", measured)
    monkeypatch.setattr("skills.library.SHIPPED", tmp_path / "shipped")
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


asked: list[tuple[str, Conditions]] = []


def measured(assembly: Any, step: Any, crew: Any, conditions: Conditions, report: Any = None) -> Episodes:
    """Every other episode fails."""
    n = conditions.episodes
    asked.append((f"{assembly.name}/{step.part}", conditions))
    if report is not None:
        report(n)
    good = np.arange(n) % 2 == 0
    return Episodes(
        success=good, cause=np.where(good, "", "jam").astype(object), peak_n=np.full(n, 20.0),
        duration_s=np.full(n, 4.0), sideways_m=np.full(n, 0.0005), start=np.zeros((n, 6)),
        seen_start=np.zeros((n, 6)), goal_error=np.zeros((n, 4)),
    )  # fmt: skip


def test_steps_have_names() -> None:
    assert [name_of(task) for task in tasks_named("gearbox/planet_b")] == ["gearbox/planet_b"]
    assert [name_of(task) for task in tasks_named("gearbox/planet")] == [
        "gearbox/planet_a", "gearbox/planet_b", "gearbox/planet_c",
    ]  # fmt: skip
    assert name_of(tasks_named("bearing-block/bolt")[0]) == "bearing_block/bolt_left"
    skills = skills_named(["bearing_block/bolt_right"], [])
    assert {skill: [step.part for _, step in tasks] for skill, tasks in skills.items()} == {
        "bearing-block/bolt": ["bolt_left", "bolt_right"]
    }
    assert len(skills_named([], ["motor"])) == 5


def test_steps_of_a_file_have_names(product_file: Path) -> None:
    assert [name_of(task) for task in tasks_named(f"{product_file}/left")] == ["bridge/left"]
    assert [name_of(task) for task in tasks_named(f"{product_file}/insert-top")] == ["bridge/top"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gearbox/sunn", "did you mean 'sun'"),
        ("gearbocks/sun", "did you mean 'gearbox/sun'"),
        ("sun", "there is"),
    ],
)
def test_an_unknown_step_gets_a_hint(name: str, said: str) -> None:
    with pytest.raises(UnknownStep, match=said):
        tasks_named(name)


def test_steps_and_skills_are_completed() -> None:
    assert complete_step("gearbox/planet") == [
        "gearbox/planet", "gearbox/planet_a", "gearbox/planet_b", "gearbox/planet_c",
    ]  # fmt: skip
    assert {"bearing_block/bushing", "bearing-block/bolt"} <= set(step_names())


def test_an_evaluation_is_one_object(dovetail: Invoke) -> None:
    asked.clear()
    words = ("evaluate", "bearing-block/bolt", "--policy", "push", "--episodes", 10, "--seeds", "3,4")
    result = dovetail(
        *words, "--noise", "none", "--start", "wide", "--criterion", "engaged", "--joint-friction", 1.0,
        "--physics", "verify", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["evaluations"]
    assert [(row["product"], row["step"]) for row in rows] == [
        ("bearing_block", "bolt_left"), ("bearing_block", "bolt_right"),
    ]  # fmt: skip
    assert (rows[0]["episodes"], rows[0]["successes"], rows[0]["causes"]) == (20, 10, {"jam": 10})
    assert rows[0]["version"].startswith("push-1-")
    assert rows[0]["revision"] is None
    conditions = rows[0]["conditions"]
    assert conditions["seeds"] == [3, 4]
    assert (conditions["noise"], conditions["start"], conditions["criterion"]) == ("none", "wide", "engaged")
    assert (conditions["joint_friction"], conditions["verify"]) == (1.0, True)
    assert [made.seed for _, made in asked] == [3, 4, 3, 4]
    table = dovetail(*words).stdout
    assert "10/20 = 50 % [30, 70]" in table
    assert "jam 10" in table


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gearbox/sunn",), "did you mean 'sun'"),
        (("gearbox/sun", "--policy", "luck"), "there are learned, general, dovetail, automate, search, push"),
        (("gearbox/sun", "--seeds", "one"), "no list of numbers"),
        (("gearbox/sun", "--policy", "/no/such/skill"), "/no/such/skill/skill.json: cannot be read"),
    ],
)
def test_an_evaluation_that_cannot_be_made(dovetail: Invoke, words: tuple[str, ...], said: str) -> None:
    result = dovetail("evaluate", *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", "").split())
    assert result.stdout == ""


def test_a_skill_flies_another_step_only_when_forced(
    dovetail: Invoke, make_found: Callable[..., Found]
) -> None:
    ((assembly, step),) = tasks_named("bearing_block/bushing")
    found = make_found(assembly, step)
    path = publish(found.skill, found.weights, own_folder())
    words = ("evaluate", "bearing_block/oil_cup", "--policy", path, "--episodes", 4)
    refused = dovetail(*words)
    assert refused.exit_code == 2
    assert "was made for geometry" in refused.stderr
    forced = dovetail(*words, "--force-geometry", "--json")
    assert forced.exit_code == 0
    assert json.loads(forced.stdout)["evaluations"][0]["successes"] == 2


def test_the_library_is_listed(dovetail: Invoke, make_found: Callable[..., Found]) -> None:
    assert "No trained skills yet" in dovetail("skills").stdout
    ((assembly, step),) = tasks_named("bearing_block/bushing")
    evaluation = {"steps": {"bearing_block/bushing": {"successes": 9, "episodes": 10}}}
    found = make_found(assembly, step, evaluation=evaluation)
    publish(found.skill, found.weights, own_folder())
    assert "9/10 = 90 %" in " ".join(dovetail("skills").stdout.split())
    (row,) = json.loads(dovetail("skills", "--json").stdout)["skills"]
    assert (row["skill"], row["version"], row["preset"]) == ("bearing-block/bushing", 1, "dovetail")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, banks: Path) -> None:
    """Trainings from a handful of starts."""
    from calibration.training import Plan

    monkeypatch.setattr("executive.learning.training.Plan", partial(Plan, starts=8))


@pytest.mark.usefixtures("small")
def test_a_training_ends_as_a_skill_in_the_library(dovetail: Invoke) -> None:
    words = ("train", "bearing_block/bushing", "--budget", 256, "--worlds", 4, "--episodes", 6)
    result = dovetail(*words, "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["trainings"]
    path = Path(row["path"])
    assert path == own_folder() / "bearing-block" / "bushing" / "1"
    assert sorted(entry.name for entry in path.iterdir()) == [
        "curve.json", "curve.png", "skill.json", "weights.safetensors",
    ]  # fmt: skip
    found = latest("bearing-block/bushing")
    assert found is not None
    assert found.skill.evaluation["steps"]["bearing_block/bushing"]["successes"] == 3
    assert found.skill.record["budget"] == 256
    assert not list(Path(os.environ["XDG_STATE_HOME"]).rglob("*.safetensors"))
    warm = dovetail(*words, "--warm", path, "--seed", 1, "--out", own_folder().parent / "other", "--quiet")
    assert warm.exit_code == 0, warm.output
    second = latest("bearing-block/bushing", own_folder().parent / "other")
    assert second is not None
    assert second.skill.record["warm_from"] == "bearing-block/bushing dovetail-1"


@pytest.mark.usefixtures("small")
def test_steps_of_several_products_are_trained_together(dovetail: Invoke) -> None:
    steps = ("bearing_block/bushing", "connector_panel/coax")
    words = ("train", *steps, "--together", "general/round", "--budget", 256, "--episodes", 6, "--json")
    result = dovetail(*words, "--worlds", 4)
    assert result.exit_code == 0, result.output
    found = latest("general/round")
    assert found is not None
    assert set(found.skill.evaluation["steps"]) == set(steps)
    assert len(found.skill.geometries) == 2
    refused = dovetail(*words, "--worlds", 4, "--all", "bearing_block")
    assert refused.exit_code == 2
    assert "7 steps are trained together" in " ".join(refused.stderr.replace("│", "").split())
    assert dovetail("train", *steps, "--together", "../general").exit_code == 2


@pytest.mark.usefixtures("small")
def test_a_foreign_checkpoint_is_named_and_can_be_left(dovetail: Invoke) -> None:
    order = TrainingOrder((), "bearing-block/bushing", "dovetail", 1, 0, 4, "none", False, 1, Path())
    file = checkpoint_of(order)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"nonsense")
    words = ("train", "bearing_block/bushing", "--budget", 128, "--worlds", 4, "--episodes", 2, "--quiet")
    refused = dovetail(*words)
    assert refused.exit_code == 2
    assert f"{file}: is not a checkpoint of a training" in refused.stderr
    assert dovetail(*words, "--fresh").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say which steps"),
        (("gearbox/sun", "--preset", "luck"), "there is no preset 'luck'"),
        (("gearbox/sun", "--warm", "gearbox/moon"), "no skill or policy 'gearbox/moon'"),
        (("gearbox/sun", "--seed", "1000"), "to 999"),
    ],
)
def test_a_training_that_cannot_begin(dovetail: Invoke, words: tuple[str, ...], said: str) -> None:
    result = dovetail("train", *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", "").split())


def test_a_benchmark_goes_on_from_its_file(
    dovetail: Invoke, make_found: Callable[..., Found], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((assembly, step),) = tasks_named("bearing_block/bushing")
    found = make_found(assembly, step)
    publish(found.skill, found.weights, own_folder())
    measure = ("benchmark", "skills", "--product", "bearing_block", "--episodes", 4)
    words = (*measure, "--out", tmp_path / "r.json")
    asked.clear()
    first = dovetail(*words, "--policy", "push", "--json")
    assert first.exit_code == 0, first.output
    assert len(asked) == len(assembly.steps)
    asked.clear()
    whole = json.loads(dovetail(*words, "--policy", "push", "--policy", "dovetail", "--json", "-q").stdout)
    assert [(name, made.joint_friction) for name, made in asked] == [
        ("bearing_block/bushing", None), ("bearing_block/bushing", 1.0),
    ]  # fmt: skip
    assert len(whole["rows"]) == len(assembly.steps) + 2
    assert whole["total"]["dovetail"]["steps"] == 1
    asked.clear()
    table = dovetail(*words, "--policy", "push", "--policy", "dovetail", "-q").stdout
    assert asked == []
    assert "| bearing_block | bushing | 2/4 = 50 % [15, 85] | 2/4 = 50 % [15, 85] |" in table
    assert "| **mean** |  | 50.0 % | 50.0 % | 50.0 % |" in table
    publish(make_found(assembly, step, version=2).skill, found.weights, own_folder())
    dovetail(*words, "--policy", "dovetail", "-q")
    assert len(asked) == 2
    monkeypatch.setitem(PRESETS, "dovetail", replace(DOVETAIL, revision=DOVETAIL.revision + 1))
    dovetail(*words, "--policy", "dovetail", "-q")
    assert len(asked) == 4
    (tmp_path / "r.json").write_text("[]")
    refused = dovetail(*words, "--policy", "push")
    assert refused.exit_code == 2
    assert "is not a file of results" in refused.stderr


def test_a_benchmark_is_measured_in_parts_and_summed_up(dovetail: Invoke) -> None:
    words = ("benchmark", "skills", "--product", "motor", "--policy", "push", "--seed", 7, "--json", "-q")
    asked.clear()
    rows = json.loads(dovetail(*words, "--episodes", 600).stdout)["rows"]
    names = [name_of((load("motor"), step)) for step in load("motor").steps]
    assert [(name, made.episodes) for name, made in asked] == [
        *((name, 250) for name in names), *((name, 250) for name in names), *((name, 100) for name in names),
    ]  # fmt: skip
    assert [f"{row['product']}/{row['step']}" for row in rows] == names
    for row in rows:
        assert (row["episodes"], row["successes"]) == (600, 300)
        assert row["conditions"]["seeds"] == [7, 8, 9]
        assert row["causes"] == {"jam": 300}
        assert row["peak_force_n"] == {"p50": 20.0, "p95": 20.0}


def test_throughput_is_a_table(golden: Callable[[str, str], None]) -> None:
    size = {
        "worlds": 32,
        "periods_per_s": 800.2,
        "bare_periods_per_s": 900.0,
        "ratio": 0.889,
        "cost_s": 0.00125,
    }
    shares = {"physics": 0.9, "policy": 0.04, "learning": 0.04, "bookkeeping": 0.02}
    report = {"sizes": [size], "training": {"worlds": 128, "shares": shares}, "peak_memory_gb": 0.61}
    golden("throughput.md", throughput_markdown(report))


def test_the_speed_of_the_physics_is_a_table(golden: Callable[[str, str], None]) -> None:
    known = {"product": "pump", "periods": 60, "seed": 0}
    rows = [
        {**known, "step": "lid", "steps_per_s": 20545, "batch_steps_per_s": 15498},
        {**known, "step": "bolt", "steps_per_s": 7023, "batch_steps_per_s": 6263},
        {**known, "step": "ring", "failed": "'ring': no start in the region leaves its surroundings alone"},
    ]
    golden("physics.md", physics_markdown(rows))


def test_a_step_that_no_hand_can_start_is_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def pace(*args: Any, **kwargs: Any) -> Pace:
        if args[1].part == "brush_left":
            raise NoStart("none")
        return Pace(worlds=2, periods=3, substeps=15, ours_s=0.02, bare_s=0.01, apart_m=0.0)

    monkeypatch.setattr(physics, "pace", pace)
    assembly = load("motor")
    told: list[Any] = []
    rows = list(physics_rows([(assembly, step) for step in assembly.steps], 3, 0, told.append, lambda: False))
    assert rows == told
    assert {row["step"] for row in rows} == {step.part for step in assembly.steps}
    assert [row["failed"] for row in rows if row["step"] == "brush_left"] == ["none"]
    speeds = {(row["steps_per_s"], row["batch_steps_per_s"]) for row in rows if row["step"] != "brush_left"}
    assert speeds == {(3000, 1500)}
    assert not list(physics_rows([(assembly, assembly.steps[0])], 3, 0, told.append, lambda: True))


WORK = """
import os, sys, time
from executive.workers import carried_out
from sequences.load import load

def do(order, tell, stop_wanted):
    if order == "fail":
        raise OSError(2, "no such thing", "a file")
    if order == "long":
        tell("begun")
        while not stop_wanted():
            time.sleep(0.01)
        return None
    tell(os.environ["OMP_NUM_THREADS"])
    return order.upper(), os.getpid()

if __name__ == "__main__":
    told, work = [], sys.argv[1].split(",")
    stop = lambda: "stop" in sys.argv and any(news == "begun" for _, news in told)
    try:
        found = dict(carried_out(work, do, 2, stop, lambda index, news: told.append((index, news))))
    except OSError as error:
        print("error", error.filename)
    else:
        texts = sorted((index, text) for index, (text, _) in found.items())
        print(texts, any(pid == os.getpid() for _, pid in found.values()))
        print(sorted(told), "OMP_NUM_THREADS" in os.environ)
"""


def test_work_in_processes(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(WORK)
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}

    def said(*words: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, str(script), *words], capture_output=True, text=True, check=True, env=environment
        )
        return done.stdout.splitlines()

    assert said("a,b,c") == ["[(0, 'A'), (1, 'B'), (2, 'C')] False", "[(0, '1'), (1, '1'), (2, '1')] False"]
    assert said("long,long", "stop")[0] == "[] False"
    assert said("long,fail") == ["error a file"]


def test_work_in_this_process_stops_between_pieces() -> None:
    done: list[str] = []

    def do(order: str, tell: Callable[[Any], None], stop_wanted: Callable[[], bool]) -> str:
        tell("begun")
        done.append(order)
        return order.upper()

    told: list[tuple[int, Any]] = []
    results = carried_out(["a", "b", "c"], do, 1, lambda: len(done) == 2, lambda *news: told.append(news))
    assert list(results) == [(0, "A"), (1, "B")]
    assert told == [(0, "begun"), (1, "begun")]
