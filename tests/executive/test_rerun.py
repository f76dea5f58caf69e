"""A run as a Rerun recording; what needs the package is tested where it is installed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from executive.main import app
from executive.operator.attendant import Nobody
from executive.options import RunOptions
from executive.reports.rerun_file import RerunFile

Make = Callable[..., Any]


def test_without_the_package_it_is_said_how_to_get_it(
    product_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    words = ["run", str(product_file), "--cell", "fake", "--policy", "search", "--record", "x.rrd"]
    done = CliRunner().invoke(app, [*words, "--runs-dir", str(tmp_path), "--quiet"])
    assert done.exit_code == 2
    assert "pip install 'dovetail[rerun]'" in done.output


def rerun(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "rerun", *words], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_recording_holds_scene_poses_forces_tree_and_events(make_world: Make, tmp_path: Path) -> None:
    pytest.importorskip("rerun")
    world = make_world(("jam", "left"))
    recording = RerunFile(tmp_path / "run.rrd", Nobody())
    result = world.run(RunOptions(attempts=2), attendant=recording)
    recording.close()
    rerun("rrd", "verify", str(tmp_path / "run.rrd"))
    said = rerun("rrd", "print", "-v", str(tmp_path / "run.rrd"))
    parts = [f"/world/parts/{part}" for part in ("plate", "left", "right", "top")]
    parts += [f"/world/{name}" for name in ("hand", "command", "force")]
    paths = [
        *parts,
        "/wrench/fz",
        "/force/peak",
        "/joints/7",
        "/gripper/width_mm",
        "/tree",
        "/events",
        "/doing",
    ]
    assert [path for path in paths if path not in said] == []
    assert "Mesh3D" in said
    assert result.assembled
    assert [path.name for path in tmp_path.glob(".*.part")] == []


def test_a_run_that_is_broken_off_leaves_its_recording(make_world: Make, tmp_path: Path) -> None:
    pytest.importorskip("rerun")
    world = make_world(("reflex", "left"))
    recording = RerunFile(tmp_path / "run.rrd", Nobody())
    world.run(attendant=recording)
    recording.close()
    assert "/events" in rerun("rrd", "print", "-v", str(tmp_path / "run.rrd"))
