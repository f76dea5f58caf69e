"""The bridge looked at from outside: what is well, what is not, and what to do about it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from executive.main import app
from hardware.benchmark import measure
from hardware.cell_file import Bridge, CellFile, Keys, simulated_cell
from hardware.check import Finding, Verdict, check
from hardware.keys import Role, load_secret
from hardware.messages import Stop
from sequences.assembly import Assembly

if TYPE_CHECKING:
    from conftest import Bridge as Running
    from conftest import Start


def cell_of(running: "Running") -> CellFile:
    door = running.server.door
    ports = [int(endpoint.rsplit(":", 1)[1]) for endpoint in (door.command_endpoint, door.state_endpoint)]
    return simulated_cell("scripted").model_copy(
        update={"bridge": Bridge(command_port=ports[0], state_port=ports[1])}
    )


def found(cell: CellFile) -> dict[str, Finding]:
    return {finding.what: finding for finding in check(cell)}


def test_a_bridge_that_is_well(start: "Start") -> None:
    findings = found(cell_of(start()))
    assert [f for f in findings.values() if f.verdict is Verdict.ILL] == []
    assert findings["robot"].found == "scripted"
    assert findings["faults"].found == "none; the arm is tracking, nobody is in control"
    assert {"keys", "bridge", "round trip", "states", "robot's clock"} <= findings.keys()


def test_a_latched_stop_is_found_and_its_remedy(start: "Start") -> None:
    bridge = start()
    bridge.link("alice").ask(Stop(latch=True))
    finding = found(cell_of(bridge))["faults"]
    assert finding.verdict is Verdict.ILL
    assert finding.found == "latched stop: alice asked for a stop"
    assert "dovetail bridge reset" in finding.remedy


def test_a_robot_whose_clock_stands_still_is_found(start: "Start") -> None:
    bridge = start()
    bridge.arm.frozen = True
    finding = found(cell_of(bridge))["robot's clock"]
    assert (finding.verdict, finding.found) == (Verdict.ILL, "runs at 0.000 of the bridge's")


def test_nobody_there(start: "Start") -> None:
    bridge = start()
    cell = cell_of(bridge)
    bridge.server.close()
    finding = found(cell)["bridge"]
    assert finding.verdict is Verdict.ILL
    assert "is 'dovetail bridge serve' running there" in finding.remedy


def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    keys = Keys(client=tmp_path / "me.key", server_public=tmp_path / "server.pub")
    (finding,) = check(simulated_cell().model_copy(update={"keys": keys}))
    assert finding.verdict is Verdict.ILL
    assert "dovetail bridge keygen" in finding.remedy


def test_keygen_writes_a_pair_and_authorizes_it(tmp_path: Path) -> None:
    folder, trusted = tmp_path / "keys", tmp_path / "authorized"
    arguments = ["bridge", "keygen", "desk", "--folder", folder, "--role", "operator", "--authorize", trusted]
    command = list(map(str, arguments))
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert load_secret(folder / "desk.key").role is Role.OPERATOR
    assert (trusted / "desk.pub").read_bytes() == (folder / "desk.pub").read_bytes()
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 2
    assert "is there already" in again.output


@pytest.mark.parametrize("name", ["Desk", "../desk", ""])
def test_keygen_refuses_a_name_that_is_none(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bridge", "keygen", name, "--folder", str(tmp_path)])
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.realtime
def test_the_benchmark_measures_what_it_says(assembly: Assembly) -> None:
    figures = measure(assembly, commands=200, listen_s=1.0)
    assert (figures.command.count, figures.echo.count) == (200, 200)
    assert 0.5 < figures.ratio_p50 < 10.0
    assert figures.ratio_p50 == pytest.approx(figures.command.p50_us / figures.echo.p50_us, abs=0.01)
    assert 50.0 < figures.states_hz < 210.0
    assert 0.0 < figures.state_age.p50_us <= figures.state_age.p99_us
    assert 0.0 < figures.cpu_share < 1.0
