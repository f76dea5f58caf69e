"""A scripted operator takes one product through every request, failures provoked, by keys on the real screen.

Once with the screen in this process, once in a terminal of tmux's where that is installed. The screens on the
way are compared with golden files, but for numbers.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from executive.main import app
from executive.operator.walk import SIZE, masked, script, walk
from executive.operator.walked import Processes, summed_up, walked
from executive.options import CellName, PolicyName

Golden = Callable[[str, str], None]
PACE = 40.0
SHOTS = {
    "paused": "walk_paused.txt", "asking": "walk_asking.txt", "moved": "walk_moved.txt",
    "not_believed": "walk_not_believed.txt", "assembled": "walk_assembled.txt",
}  # fmt: skip
LASTING = {"asking": 5}
"""How many of the last events stand there every time, where it is not all."""
KEYS = {"space": "Space", "enter": "Enter", "pageup": "PPage", "pagedown": "NPage", "up": "Up",
        "down": "Down", "left": "Left", "right": "Right", "comma": ",", "full_stop": ".", "plus": "+",
        "colon": ":", "underscore": "_"}  # fmt: skip


class Tmux:
    """A terminal of tmux's, on a server of its own."""

    def __init__(self, *command: str) -> None:
        self.words = ("tmux", "-u", "-L", f"dovetail-{uuid4().hex[:8]}", "-f", "/dev/null")
        columns, rows = (str(n) for n in SIZE)
        as_large_as_it_is = ("env", "-u", "COLUMNS", "-u", "LINES")
        self._tell("new-session", "-d", "-x", columns, "-y", rows, *as_large_as_it_is, *command)

    def _tell(self, *words: str) -> str:
        done = subprocess.run([*self.words, *words], capture_output=True, text=True, check=True)
        return done.stdout

    async def press(self, *keys: str) -> None:
        self._tell("send-keys", *(KEYS.get(key, key) for key in keys))

    def text(self) -> str:
        return self._tell("capture-pane", "-p")

    def close(self) -> None:
        subprocess.run([*self.words, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def kept(golden: Golden) -> Callable[[str, str], None]:
    return lambda name, text: golden(SHOTS[name], masked(text, LASTING.get(name)))


def check(runs_dir: Path) -> None:
    """Every request was made, the product stands, and the report says who helped."""
    told = summed_up(runs_dir)
    assert told["state"] == "assembled"
    assert told["truth_assembled"] is True
    assert (told["resumed"], told["not_believed"], told["interventions"]) == (3, 1, 7)
    assert told["wishes"] == {
        "pause": 3, "resume": 3, "stop": 1, "retry from here": 1, "retry from another start": 1, "regrasp": 1,
        "jog": 9, "guide": 2, "done by hand": 2, "skip": 1, "abort": 1, "note": 11,
    }  # fmt: skip
    report = CliRunner().invoke(app, ["report", "--runs-dir", str(runs_dir), "--report", str(runs_dir / "r")])
    assert report.exit_code == 0
    page = (runs_dir / "r" / "report.html").read_text()
    assert "7 interventions" in page
    for wish in told["wishes"]:
        assert f"<td>{wish}" in page
    assert "put in by hand by walker (operator)" in page


def test_with_the_screen_in_this_process(tmp_path: Path, kept: Callable[[str, str], None]) -> None:
    walked(tmp_path, CellName.FAKE, PolicyName.SEARCH, PACE, kept)
    check(tmp_path)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    operate = (sys.executable, "-m", "executive.main", "operate", "--name", "walker")
    made = Tmux(*operate, "--runs-dir", str(tmp_path))
    yield made
    made.close()


def test_in_a_terminal(terminal: Tmux, tmp_path: Path, kept: Callable[[str, str], None]) -> None:
    first = ("--cell", "fake", "--policy", "search")
    processes = Processes(tmp_path, first, ("--hands", "--pace", f"{PACE:g}"))
    try:
        asyncio.run(walk(script(jams=True), terminal, processes.start, kept))
        processes.ended()
    finally:
        processes.kill()
    check(tmp_path)
