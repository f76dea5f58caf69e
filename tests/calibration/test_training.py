"""Training: it goes on from its checkpoint whatever ended it, and refuses what is not its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from calibration.crews import LearnedCrew
from calibration.curves import CURVE, PICTURE, curve_files
from calibration.training import CheckpointError, Plan, Training, plan_id, skills_of, tasks_of
from sequences.load import load
from skills.learned import crew
from skills.library import Found, latest, publish
from skills.presets import DOVETAIL
from skills.tasks import insertion_of

PRODUCT = load("bearing_block")
TASKS = tasks_of(PRODUCT, "bearing-block/bolt")
SMALL = replace(
    DOVETAIL,
    learner=replace(DOVETAIL.learner, hidden=(8,), critic_hidden=(8,), periods=4, epochs=1, batches=2),
)
A_ROLLOUT = 4 * 4

pytestmark = pytest.mark.usefixtures("banks")


def plan(**changes: object) -> Plan:
    facts = {"budget": 6 * A_ROLLOUT, "worlds": 4, "starts": 8, "checkpoint_every": 2, **changes}
    return Plan("bearing-block/bolt", TASKS, SMALL, **facts)  # type: ignore[arg-type]


def test_steps_that_share_a_skill_train_together() -> None:
    assert [step.part for _, step in TASKS] == ["bolt_left", "bolt_right"]
    assert skills_of(PRODUCT)[:3] == ("bearing-block/bushing", "bearing-block/bolt", "bearing-block/oil-cup")
    assert plan_id(plan())["steps"] == ["bearing_block/bolt_left", "bearing_block/bolt_right"]


def test_a_training_spends_its_budget_and_becomes_a_skill(tmp_path: Path) -> None:
    told: list[int] = []
    training = Training(plan(), tmp_path / "a.safetensors")
    training.run(lambda point: told.append(point.environment_steps))
    assert told == [A_ROLLOUT * k for k in range(1, 7)]
    assert training.over
    point = training.curve[-1]
    assert sum(point.shares) == pytest.approx(1.0, abs=0.01)
    assert point.cpu_s > 0.0
    skill = training.skill(3, {"steps": {}}, {"extra": 1})
    path = publish(skill, training.learner.policy(), tmp_path, curve_files(training.curve, "a training"))
    found = latest(skill.name, tmp_path)
    assert found is not None
    assert found.skill.record["environment_steps"] == 6 * A_ROLLOUT
    assert found.skill.record["extra"] == 1
    assert len(found.skill.geometries) == 2
    crew(found, insertion_of(*TASKS[1]), 1, 0.06)
    LearnedCrew(Found(skill, training.learner.policy(), path), insertion_of(*TASKS[0]))
    assert len(json.loads((path / CURVE).read_text())["points"]) == 6
    assert (path / PICTURE).read_bytes().startswith(b"\x89PNG")


def test_a_stopped_training_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    first = Training(plan(), file)
    assert not first.resume()
    first.run(stop=lambda: first.iteration == 3)
    assert (first.iteration, first.over) == (3, False)
    again = Training(plan(), file)
    assert again.resume()
    assert (again.iteration, again.environment_steps) == (3, 3 * A_ROLLOUT)
    assert [point.iteration for point in again.curve] == [1, 2, 3]
    assert again.cpu_s >= first.cpu_s > 0.0
    kept, restored = first.learner.policy(), again.learner.policy()
    assert all(np.array_equal(kept[name], restored[name]) for name in kept)
    again.run()
    assert [point.iteration for point in again.curve] == list(range(1, 7))


KILLED = """
import os, sys
from dataclasses import replace
from pathlib import Path
from calibration.training import Plan, Training, tasks_of
from sequences.load import load
from skills.presets import DOVETAIL

learner = replace(DOVETAIL.learner, hidden=(8,), critic_hidden=(8,), periods=4, epochs=1, batches=2)
preset = replace(DOVETAIL, learner=learner)
tasks = tasks_of(load("bearing_block"), "bearing-block/bolt")
plan = Plan("bearing-block/bolt", tasks, preset, budget=10**6, worlds=4, starts=8, checkpoint_every=1)
training = Training(plan, Path(sys.argv[1]))
training.run(lambda point: print(point.iteration, flush=True))
"""


def test_a_killed_training_goes_on_from_its_last_checkpoint(tmp_path: Path, banks: Path) -> None:
    file = tmp_path / "trainings" / "a.safetensors"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(file)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        begun = [int(process.stdout.readline()) for _ in range(4)]
        process.send_signal(signal.SIGKILL)
        begun += [int(line) for line in process.stdout.read().split()]
    assert process.returncode == -signal.SIGKILL
    training = Training(plan(budget=(begun[-1] + 3) * A_ROLLOUT), file)
    assert training.resume()
    assert begun[-1] - 1 <= training.iteration <= begun[-1]
    training.run()
    assert training.over
    assert [point.iteration for point in training.curve] == list(range(1, begun[-1] + 4))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    training = Training(plan(), tmp_path / "a.safetensors")
    training.run(stop=lambda: training.iteration == 1)
    return tmp_path / "a.safetensors"


def test_a_damaged_or_foreign_checkpoint_is_named(checkpoint: Path) -> None:
    whole = checkpoint.read_bytes()
    training = Training(plan(), checkpoint)
    harms: list[tuple[Callable[[], object], str]] = [
        (lambda: checkpoint.write_bytes(b""), "is not a checkpoint"),
        (lambda: checkpoint.write_bytes(b"nonsense" * 40), "is not a checkpoint"),
        (lambda: checkpoint.write_bytes(whole[: len(whole) - 200]), "is not a checkpoint"),
        (lambda: save_file({"layer": np.zeros(3)}, checkpoint), "is not a checkpoint"),
        (lambda: save_file({"layer": np.zeros(3)}, checkpoint, {"training": "{}"}), "is not a checkpoint"),
    ]
    for harm, said in harms:
        harm()
        with pytest.raises(CheckpointError, match=said) as caught:
            training.resume()
        assert str(checkpoint) in str(caught.value)
    checkpoint.write_bytes(whole)
    facts = {"training": json.dumps({"plan": json.loads(json.dumps(plan_id(plan())))})}
    tensors = load_file(checkpoint)
    del tensors["learning_rate"]
    save_file(tensors, checkpoint, facts)
    with pytest.raises(CheckpointError, match="holds another learner's tensors"):
        training.resume()


def test_a_checkpoint_of_another_training_says_in_what_it_differs(checkpoint: Path) -> None:
    for changes, said in (
        ({"seed": 5}, "seed"),
        ({"worlds": 8}, "worlds"),
        ({"warm_from": "x"}, "warm_from"),
    ):
        with pytest.raises(CheckpointError, match=rf"of another training \(it differs in: {said}\)"):
            Training(plan(**changes), checkpoint).resume()
    assert Training(plan(budget=99 * A_ROLLOUT), checkpoint).resume()


def test_a_warm_training_starts_from_anothers_policy(tmp_path: Path) -> None:
    first = Training(plan())
    first.run()
    tensors = first.learner.policy()
    warm = Training(plan(seed=2, warm=tensors, warm_from="bolt 1")).learner.policy()
    cold = Training(plan(seed=2)).learner.policy()
    assert np.array_equal(warm["mlp.0.weight"], tensors["mlp.0.weight"])
    assert not np.array_equal(cold["mlp.0.weight"], tensors["mlp.0.weight"])
