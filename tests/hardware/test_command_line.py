"""From the command line to a served robot: calibrate, be refused, run, and go on after a fault."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from executive.main import app
from sequences.assembly import Assembly
from sequences.load import load

CELL = """\
format: dovetail-cell/1
name: served
robot: {{address: simulated}}
bridge: {{command_port: {commands}, state_port: {states}, log: {log}}}
fixture: {{position_mm: [{x}, {y}, {z}], rotation_deg: [0, 0, 2]}}
limits:
  {{speed_mm_s: 450, acceleration_mm_s2: 6000, turn_speed_deg_s: 143, turn_acceleration_deg_s2: 1700,
   servo_step_mm: 100, soft_force_n: 149, hard_force_n: 400, soft_torque_nm: 25, hard_torque_nm: 60}}
"""
ASTRAY_MM = (2.0, -3.0, 1.0)
"""How wrong the cell file is about the fixture, which is also turned by 2 degrees [mm]."""
TRIES = 6
"""How often a run is taken up: a busy machine is late now and then."""


def only(product: str, part: str) -> Assembly:
    """The product's base and one of its parts."""
    content = load(product).model_dump(mode="json")
    keep = {content["base"]["part"], part}
    content["parts"] = {name: value for name, value in content["parts"].items() if name in keep}
    places = content["tray"]["places"]
    content["tray"]["places"] = {name: value for name, value in places.items() if name in keep}
    content["steps"] = [step for step in content["steps"] if step["part"] == part]
    return Assembly.model_validate(content)


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@pytest.fixture
def product(tmp_path: Path) -> Path:
    path = tmp_path / "panel.yaml"
    path.write_text(only("connector_panel", "circular").model_dump_json())
    return path


@pytest.fixture
def cell(tmp_path: Path, product: Path) -> Iterator[Path]:
    """The file of a cell whose bridge ``dovetail bridge serve`` serves."""
    x, y, z = np.add(load(str(product)).base.pose.position_mm, ASTRAY_MM)
    path = tmp_path / "cell.yaml"
    log = tmp_path / "bridge.jsonl"
    path.write_text(CELL.format(commands=free_port(), states=free_port(), log=log, x=x, y=y, z=z))
    serve = [sys.executable, "-m", "executive.main", "bridge", "serve", "--cell", str(path)]
    process = subprocess.Popen([*serve, "--product", str(product)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "serving simulated" in process.stderr.readline()
    yield path
    process.terminate()
    assert process.wait(20.0) == 0
    process.stderr.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_served_robot_is_calibrated_guarded_and_assembles(
    cell: Path, product: Path, tmp_path: Path
) -> None:
    words = ["calibrate", "fixture", "--cell-file", str(cell), "--product", str(product), "--yes", "--json"]
    for _ in range(TRIES):
        touched = CliRunner().invoke(app, words)
        if touched.exit_code == 0:
            break
    assert touched.exit_code == 0, touched.output
    found = json.loads(touched.stdout)
    true = load(str(product)).base.pose
    assert np.abs(np.subtract(found["position_mm"], true.position_mm)).max() < 0.3
    assert np.abs(np.subtract(found["rotation_deg"], [0.0, 0.0, true.yaw_deg])).max() < 0.3
    assert found["written"] == str(cell)

    runs = ["--runs-dir", str(tmp_path / "runs"), "--json"]
    run = ["run", str(product), "--cell", "fr3", "--cell-file", str(cell), "--policy", "search", *runs]
    refused = CliRunner().invoke(app, run)
    assert refused.exit_code == 2
    assert "--cell simulated-fr3" in refused.stderr

    done = CliRunner().invoke(app, [*run, "--attempts", "8", "--without-dry-run"])
    for _ in range(TRIES):
        if done.exit_code != 3:
            break
        done = CliRunner().invoke(app, ["resume", *runs])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["state"] == "assembled"
