"""A real process killed at any moment: nothing recorded is lost, nothing is done twice.

To make thirty deaths quick, one process imports everything once and forks a child for each run; the child
calls the entry point of the command. The last tests start the command as a user does.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("skills.policies")
pytest.importorskip("skills.seated")

from executive.journal import Event, Journal
from executive.main import app

DEATHS = 30
FORKING = """
import json, os, sys
import executive.benchmarks.assembly, executive.views.display, executive.interrupt, executive.kit
import executive.reports.pictures
import executive.reports.report, executive.views.runs, sequences.load
from executive.options import PolicyName
executive.kit.standard_kit(sequences.load.load(sys.argv[1]), PolicyName.LEARNED)
from executive.main import run
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        sys.argv = ["dovetail", *json.loads(line)]
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.dup2(1, 2)
        run()
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Runs:
    """Starts the command in processes that can be killed."""

    def __init__(self, product: Path, runs_dir: Path) -> None:
        self.product, self.runs_dir = product, runs_dir
        self._parent = subprocess.Popen(
            [sys.executable, "-c", FORKING, str(product)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline().strip()

    def start(self, *words: str) -> int:
        """Begin a run and return its process."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(json.dumps([*words, "--runs-dir", str(self.runs_dir)]) + "\n")
        self._parent.stdin.flush()
        return int(self._line())

    def ended(self) -> int:
        """Wait for the run to end; its wait status."""
        return int(self._line())

    def kill(self, process: int) -> None:
        """Kill a run, if it has not just ended by itself."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        self.ended()

    def close(self) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        assert self._parent.stdout is not None
        self._parent.stdout.close()
        self._parent.wait()


@pytest.fixture
def runs(product_file: Path, tmp_path: Path) -> Iterator[Runs]:
    runs = Runs(product_file, tmp_path / "runs")
    yield runs
    runs.close()


def arguments(runs: Runs, seed: int) -> tuple[str, ...]:
    return ("run", str(runs.product), "--cell", "fake", "--seed", str(seed), "--noise", "none", "--quiet")


def resumed(run: int, runs_dir: Path) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["resume", str(run), "--json", "--quiet", "--runs-dir", str(runs_dir)])
    assert result.exit_code == 0, result.output
    written: dict[str, Any] = json.loads(result.stdout)
    return written


def test_a_run_survives_being_killed_at_any_moment(runs: Runs) -> None:
    began = time.perf_counter()
    runs.start(*arguments(runs, 0))
    assert runs.ended() == 0
    takes = time.perf_counter() - began
    journal, random, phases = Journal(runs.runs_dir), Random(2), Counter[str]()
    for seed in range(DEATHS):
        known = {row.run for row in journal.rows()}
        process = runs.start(*arguments(runs, seed))
        time.sleep(random.uniform(0.0, 0.95 * takes))
        runs.kill(process)
        begun = [row.run for row in journal.rows() if row.run not in known]
        if not begun:
            phases["before the journal"] += 1
            continue
        before = journal.events(begun[0])
        phases[before[-1].kind if before else "run entered"] += 1
        if journal.row(begun[0]).state.finished:
            continue
        result = resumed(begun[0], runs.runs_dir)
        check(before, journal.events(begun[0]), result)
    assert sum(phases.values()) == DEATHS
    assert len(phases) >= 3, phases


def check(before: list[Event], after: list[Event], result: dict[str, Any]) -> None:
    """Nothing recorded is lost, every step is done once, and the product stands."""
    assert after[: len(before)] == before
    assert result["assembled"] is True
    assert [step["truth_seated"] for step in result["steps"]] == [True, True, True]
    assert Counter(e.step for e in after if e.kind == "step_done") == {0: 1, 1: 1, 2: 1}
    assert Counter(e.step for e in after if e.kind == "released") == {0: 1, 1: 1, 2: 1}
    for step in range(3):
        done = next(i for i, e in enumerate(after) if e.kind == "step_done" and e.step == step)
        assert all(e.step != step for e in after[done + 1 :] if e.kind != "displaced")


def test_a_run_survives_several_deaths(runs: Runs) -> None:
    process = runs.start(*arguments(runs, 3))
    journal = Journal(runs.runs_dir)
    before: list[Event] = []
    while len(before) < 15:
        before = wait_for_events(journal, len(before) + 4)
        runs.kill(process)
        before = journal.events(1)
        process = runs.start("resume", "1", "--quiet")
    assert runs.ended() == 0
    result = journal.row(1).result
    assert result is not None
    check(before, journal.events(1), result)


def wait_for_events(journal: Journal, count: int) -> list[Event]:
    """The events of the first run, once there are ``count`` of them."""
    deadline = time.monotonic() + 20.0
    while len(found := journal.events(1)) < count:
        assert time.monotonic() < deadline, f"only {len(found)} events"
        time.sleep(0.005)
    return found


def run_as_a_user(product: Path, runs_dir: Path, seed: int) -> subprocess.Popen[str]:
    words = ["run", str(product), "--cell", "fake", "--seed", str(seed), "--attempts", "6", "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "executive.main", *words, "--runs-dir", str(runs_dir)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    """Read standard error until a line says ``words``."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    pytest.fail(f"the run ended without saying '{words}'")


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_command_as_a_user_starts_it(product_file: Path, tmp_path: Path, death: signal.Signals) -> None:
    process = run_as_a_user(product_file, tmp_path, seed=1)
    wait_for(process, "right  attempt 1")
    process.send_signal(death)
    out, err = process.communicate(timeout=20)
    if death is signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130
        assert json.loads(out)["state"] == "interrupted"
        assert f"Go on with: dovetail resume 1 --runs-dir {tmp_path}" in err
        assert "Traceback" not in err
    before = Journal(tmp_path).events(1)
    result = resumed(1, tmp_path)
    check(before, Journal(tmp_path).events(1), result)


def test_many_runs_in_several_processes_can_be_stopped(product_file: Path, tmp_path: Path) -> None:
    words = [
        "run",
        str(product_file),
        "--cell",
        "fake",
        "--noise",
        "none",
        "--repeat",
        "50",
        "--jobs",
        "2",
        "--json",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "executive.main", *words, "--runs-dir", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(process, "bridge seed 1")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    states = [entry["state"] for entry in json.loads(out)["runs"]]
    assert 2 <= len(states) < 50
    assert set(states) <= {"assembled", "interrupted"}
    assert "Traceback" not in err
