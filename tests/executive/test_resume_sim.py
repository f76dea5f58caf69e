"""A run in physics, killed as a process and taken up from its journal."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from executive.journal import Journal

LIMIT_S = 240


def dovetail(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "executive.main", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_killed_run_in_physics_goes_on(tmp_path: Path) -> None:
    runs = ("--runs-dir", str(tmp_path))
    process = dovetail("run", "valve_manifold", "--seed", "1", "--attempts", "5", "--quiet", *runs)
    journal, deadline = Journal(tmp_path), time.monotonic() + LIMIT_S
    while not (journal.rows() and sum(e.kind == "step_done" for e in journal.events(1)) >= 2):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = journal.events(1)
    resumed = dovetail("resume", "1", "--quiet", *runs)
    said, _ = resumed.communicate(timeout=LIMIT_S)
    assert resumed.returncode == 0, said
    after = journal.events(1)
    assert after[: len(before)] == before
    done = [event.step for event in after if event.kind == "step_done"]
    assert sorted(done) == list(range(6))
