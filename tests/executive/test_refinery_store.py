"""Failures are claimed by one refiner: whoever is killed, nothing is lost and nothing is done twice."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from executive.journal import Event, Failure, Journal
from executive.lock import Held
from executive.main import app
from executive.options import RunOptions
from executive.refinery.store import Ending, Refinery
from executive.schema import failures
from skills.artifact import Skill
from skills.library import next_version, publish, refined_in, versions

SKILLS = ("bench/peg", "bench/pin", "bench/plate")
OPERATIONS, PROCESSES = 500, 8


def enqueue(journal: Journal, run: int, skill: str, seed: int) -> None:
    failure = Failure(0, 1, "motor", "rotor", skill, "dovetail-1-x", seed, "jam", (0.0,) * 6, b"trace")
    journal.record(run, Event("attempt_failed"), failure=failure)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


@pytest.fixture
def run(journal: Journal) -> int:
    return journal.begin("motor", "{}", RunOptions(), "0")


def test_what_waits_is_claimed_whole_and_once(journal: Journal, run: int, tmp_path: Path) -> None:
    refinery = Refinery(tmp_path)
    assert refinery.claim("motor/rotor") is None
    for seed in range(3):
        enqueue(journal, run, "motor/rotor", seed)
    enqueue(journal, run, "motor/brush", 9)
    assert refinery.waiting() == {"motor/rotor": 3, "motor/brush": 1}
    with refinery.lock("motor/rotor"):
        claim = refinery.claim("motor/rotor")
        assert claim is not None
        assert [row["seed"] for row in claim.failures] == [0, 1, 2]
        assert claim.failures[0]["initialization"] == [0.0] * 6
        assert not claim.taken_over
        assert [row["skill"] for row in journal.queue()] == ["motor/brush"]
        enqueue(journal, run, "motor/rotor", 7)
        refinery.finish(claim, Ending.KEPT, {"why": "no better"})
    assert [row["seed"] for row in journal.queue("motor/rotor")] == [7]
    with pytest.raises(ValueError, match="'motor/rotor' has ended already"):
        refinery.finish(claim, Ending.KEPT, {})
    (row,) = refinery.history("motor/rotor")
    assert (row["state"], row["report"]) == ("kept", {"why": "no better"})


def test_a_refinement_that_was_left_is_taken_over(journal: Journal, run: int, tmp_path: Path) -> None:
    enqueue(journal, run, "motor/rotor", 0)
    left = Refinery(tmp_path).claim("motor/rotor")
    enqueue(journal, run, "motor/rotor", 1)
    found = Refinery(tmp_path).claim("motor/rotor")
    assert left is not None
    assert found is not None
    assert found.taken_over
    assert (found.refinement, found.failures) == (left.refinement, left.failures)
    assert Refinery(tmp_path).waiting() == {"motor/rotor": 2}


def test_a_skill_is_refined_by_one_process(tmp_path: Path) -> None:
    refinery = Refinery(tmp_path)
    held_by_me = pytest.raises(Held, match=f"held by process {os.getpid()}")
    with refinery.lock("motor/rotor"), refinery.lock("motor/brush"), held_by_me:
        refinery.lock("motor/rotor").__enter__()
    with refinery.lock("motor/rotor"):
        pass


def test_a_refinement_can_be_asked_for(tmp_path: Path) -> None:
    refinery = Refinery(tmp_path)
    claim = refinery.claim("motor/rotor", asked_for=True)
    assert claim is not None
    assert claim.failures == ()
    refinery.finish(claim, Ending.PUBLISHED, {}, version=4)
    assert refinery.history()[0]["version"] == 4


# -- many at once, some killed ------------------------------------------------------------------------


def work(folder: Path, library: Path, run: int, seed: int, done: int) -> None:
    """Enqueue, claim, publish, in any order, until killed or ``done`` operations are over."""
    rng, journal, refinery = random.Random(seed), Journal(folder), Refinery(folder)
    for count in range(done):
        skill = rng.choice(SKILLS)
        if rng.random() < 0.6:
            enqueue(journal, run, skill, 1000 * seed + count)
            continue
        try:
            with refinery.lock(skill):
                refine(refinery, library, skill, rng)
        except Held:
            time.sleep(0.001)


def refine(refinery: Refinery, library: Path, skill: str, rng: random.Random) -> None:
    claim = refinery.claim(skill)
    if claim is None:
        return
    if (path := refined_in(skill, library, claim.refinement)) is None:
        time.sleep(0.002 * rng.random())
        record = {"refinement": claim.refinement, "failures": [row["failure"] for row in claim.failures]}
        number = next_version(skill, library)
        made = Skill(name=skill, version=number, policy="dovetail", geometries=("g",), record=record)
        path = publish(made, {"w": np.zeros(1000, np.float32)}, library)
    refinery.finish(claim, Ending.PUBLISHED, {}, version=int(path.name))


def test_nothing_is_lost_and_nothing_done_twice(journal: Journal, run: int, tmp_path: Path) -> None:
    library, rng = tmp_path / "library", random.Random(0)
    context = multiprocessing.get_context("fork")
    share = OPERATIONS // PROCESSES + 1
    crowd = [
        context.Process(target=work, args=(tmp_path, library, run, seed, share)) for seed in range(PROCESSES)
    ]
    for process in crowd:
        process.start()
    for process in crowd[:4]:
        time.sleep(0.25 * rng.random())
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    for process in crowd:
        process.join(timeout=120)
    assert [process.exitcode for process in crowd[4:]] == [0] * 4
    assert -signal.SIGKILL in [process.exitcode for process in crowd[:4]]
    refinery = Refinery(tmp_path)
    for skill in SKILLS:
        for _ in range(2):  # one that was left, then what came meanwhile
            with refinery.lock(skill):
                refine(refinery, library, skill, rng)
    with sa.create_engine(f"sqlite:///{tmp_path / 'journal.sqlite'}").connect() as connection:
        rows = connection.execute(sa.select(failures.c.failure, failures.c.state))
        states = {row.failure: row.state for row in rows}
    assert len(states) > 50
    assert set(states.values()) == {"refined"}
    published = [path for skill in SKILLS for path in versions(skill, library).values()]
    records = [msgspec.json.decode((path / "skill.json").read_bytes())["record"] for path in published]
    seen = Counter(failure for record in records for failure in record["failures"])
    assert seen == dict.fromkeys(states, 1)
    assert len({record["refinement"] for record in records}) == len(records) == len(refinery.history())
    for skill in SKILLS:
        assert sorted(versions(skill, library)) == list(range(1, len(versions(skill, library)) + 1))


def test_what_a_refinement_holds_is_shown_with_who_holds_it(
    journal: Journal, run: int, tmp_path: Path
) -> None:
    refinery = Refinery(tmp_path)
    assert refinery.held() == []
    for seed in (1, 2):
        enqueue(journal, run, "motor/rotor", seed)
    with refinery.lock("motor/rotor"):
        assert refinery.claim("motor/rotor") is not None
        enqueue(journal, run, "motor/rotor", 3)
        (hold,) = refinery.held()
        assert (hold.skill, hold.process, hold.by) == (
            "motor/rotor",
            str(os.getpid()),
            f"process {os.getpid()}",
        )
        assert [row["seed"] for row in hold.failures] == [1, 2]
        assert "trace" not in hold.failures[0]
        shown = _queue(tmp_path)
        assert f"process {os.getpid()}" in shown
        told = json.loads(_queue(tmp_path, "motor/rotor", "--json"))
        assert [row["seed"] for row in told["failures"]] == [3]
        assert told["held"][0]["process"] == str(os.getpid())
    (left,) = refinery.held("motor/rotor")
    assert left.by == "nobody: its refiner died"
    assert "nobody" in _queue(tmp_path)
    assert refinery.held("motor/brush") == []
    claim = refinery.claim("motor/rotor")
    assert claim is not None
    refinery.finish(claim, Ending.KEPT, {"why": "no better"})
    assert refinery.held() == []


def _queue(runs_dir: Path, *words: str) -> str:
    done = CliRunner().invoke(app, ["queue", *words, "--runs-dir", str(runs_dir)])
    assert done.exit_code == 0
    return str(done.stdout)
