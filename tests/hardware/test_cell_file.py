"""The cell file: everything that is wrong is said with line, field, value and what would be right."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from hardware.cell_file import CellFileError, Frame, load_cell, parse_cell, simulated_cell, write_fixture
from hardware.keys import new_key, publish, save
from hardware.safety import SIMULATED, Limits
from sequences.errors import AssemblyError

SHORT = "format: dovetail-cell/1\nrobot: {address: 172.16.0.2}\n"
LONG = """\
# the bench by the window
format: dovetail-cell/1
name: window
robot:
  address: 172.16.0.2
  desk: {user: franka, password_file: secrets/desk}
bridge: {host: 192.168.3.4, command_port: 6001, state_port: 6002, state_hz: 100, log: log/bridge.jsonl}
keys: {server: keys/server.key, authorized: keys/authorized}
fixture:   # as touched last spring
  position_mm: [521.2, -1.5, 20.3]
  rotation_deg: [0.1, -0.2, 2.5]

tray:
  position_mm: [1, 2, 3]
known: {goal_mm: 0.5}
limits:
  speed_mm_s: 100
  soft_force_n: 30
  lease_ms: 80
"""


def problems(text: str) -> str:
    with pytest.raises(CellFileError) as caught:
        parse_cell(text.encode(), "cell.yaml")
    return str(caught.value)


def test_two_lines_are_enough_and_slow_and_soft() -> None:
    cell = parse_cell(SHORT.encode(), "cell.yaml")
    assert cell.robot.address == "172.16.0.2"
    mine, default = cell.model_copy(update={"limits": None}).safety, Limits()
    assert mine == default
    assert cell.addresses.host == "127.0.0.1"
    assert cell.server_keys() is None
    assert cell.link().key is None


def test_the_limits_of_an_empty_mapping_are_the_default_ones() -> None:
    mine, default = parse_cell((SHORT + "limits: {}\n").encode(), "cell.yaml").safety, Limits()
    for name in default.__slots__:
        assert getattr(mine, name) == pytest.approx(getattr(default, name), rel=0.06)


def test_a_robot_that_is_not_there_is_as_fast_as_routines_ask() -> None:
    assert simulated_cell().safety == SIMULATED
    cautious = parse_cell(b"format: dovetail-cell/1\nrobot: {address: simulated}\nlimits: {}\n", "c")
    assert cautious.safety.speed == 0.25


def test_everything_is_read_in_si_units_and_paths_are_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "cell.yaml"
    path.write_text(LONG)
    cell = load_cell(path)
    assert (cell.safety.speed, cell.safety.soft_force_n, cell.safety.lease_s) == (0.1, 30.0, 0.08)
    assert cell.known.bounds.goal_m == 0.0005
    assert cell.fixture is not None
    assert cell.fixture.transform.translation == pytest.approx([0.5212, -0.0015, 0.0203])
    assert cell.addresses.endpoint(cell.bridge.command_port) == "tcp://192.168.3.4:6001"
    assert cell.bridge.log == tmp_path / "log/bridge.jsonl"
    assert cell.keys.server == tmp_path / "keys/server.key"
    assert cell.robot.desk is not None
    assert cell.robot.desk.password_file == tmp_path / "secrets/desk"


def test_keys_are_loaded_from_where_the_file_says(tmp_path: Path) -> None:
    server, laptop = new_key("server"), new_key("laptop")
    for key in (server, laptop):
        save(key, tmp_path / "keys")
    publish(laptop, tmp_path / "keys" / "authorized")
    path = tmp_path / "cell.yaml"
    path.write_text(
        SHORT + "keys: {server: keys/server.key, authorized: keys/authorized, "
        "server_public: keys/server.pub, client: keys/laptop.key}\n"
    )
    cell = load_cell(path)
    trusted, link = cell.server_keys(), cell.link("me")
    assert trusted is not None
    assert trusted.own == server
    assert link.key == laptop
    assert link.server_key == server.open_half


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cell.yaml:1: the file is empty\n    → begin with 'format: dovetail-cell/1'"),
        ("- 1\n", "the file is not a mapping"),
        ("format: dovetail-cell/2\nrobot: {address: a}\n", "write 'dovetail-cell/1'"),
        ("format: dovetail-cell/1\n", "robot: is missing"),
        (SHORT + "limit: {}\n", "limit: is not a field here\n    → did you mean 'limits'?"),
        (SHORT + "limits:\n  speed_mm_s: 2500\n", "cell.yaml:4: limits.speed_mm_s = 2500: "),
        (SHORT + "limits: {speed_mm_s: fast}\n", "→ write a speed in mm/s, for instance 250.0"),
        (SHORT + "limits: {lease_ms: 500}\n", "less than or equal to 120"),
        (SHORT + "limits: {soft_force_n: 90}\n", "soft_force_n must be below hard_force_n"),
        (SHORT + "limits: {soft_force_n: .nan}\n", "limits.soft_force_n = .nan"),
        (SHORT + "limits: {workspace_max_mm: [700, 500, 20]}\n", "at least 50 mm above workspace_min_mm"),
        (SHORT + "fixture: {position_mm: [1, 2]}\n", "fixture.position_mm = [1, 2]: has too few entries"),
        (SHORT + "keys: {server: a.key}\n", "'server' and 'authorized' belong together"),
        (SHORT + "keys: {client: a.key}\n", "'server_public' and 'client' belong together"),
        (SHORT + "bridge: {command_port: 99999}\n", "bridge.command_port = 99999"),
        ("format: dovetail-cell/1\nrobot: {address: 'tcp://a b'}\n", "robot.address = "),
        (SHORT + "robot: {address: b}\n", "was given already on line 2"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    assert said in problems(text)


def test_a_cell_file_s_error_is_shown_like_an_assembly_s() -> None:
    with pytest.raises(AssemblyError, match="2 problems"):
        parse_cell(b"format: x\nrobot: {}\n", "cell.yaml")


def test_a_calibrated_fixture_replaces_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "cell.yaml"
    path.write_text(LONG)
    before = load_cell(path)
    turn = Rotation.from_euler("xyz", [0.2, -0.3, 3.0], degrees=True)
    found = RigidTransform.from_components([0.525, 0.004, 0.021], turn)
    after = write_fixture(path, found)
    assert after.fixture is not None
    error = after.fixture.transform.inv() * found
    assert np.linalg.norm(error.translation) < 1e-6
    assert error.rotation.magnitude() < 1e-5
    assert after == before.model_copy(update={"fixture": after.fixture})
    assert path.read_text().startswith("# the bench by the window\n")
    assert path.read_text().count("fixture:") == 1
    assert write_fixture(path, found) == after


def test_a_fixture_is_added_where_there_was_none(tmp_path: Path) -> None:
    path = tmp_path / "cell.yaml"
    path.write_text(SHORT.rstrip("\n"))
    assert write_fixture(path, RigidTransform.identity()).fixture == Frame(position_mm=(0.0, 0.0, 0.0))
