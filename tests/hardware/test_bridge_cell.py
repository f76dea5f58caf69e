"""A cell behind a bridge, when things go wrong; the contract of a cell is in tests/skills."""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from hardware.bridge_cell import BridgeCell
from hardware.bridge_process import BridgeProcess
from hardware.cell_file import SCRIPTED, Bridge, simulated_cell
from hardware.client import Link, LinkSettings
from hardware.messages import Stop
from hardware.places import Places
from hardware.safety import Limits
from sequences.assembly import Assembly
from skills.cell import CellError, Fault

if TYPE_CHECKING:
    from conftest import Start


def shifted(pose: RigidTransform, *offset: float) -> RigidTransform:
    return RigidTransform.from_translation(np.array(offset)) * pose


def faults_soon(cell: BridgeCell) -> tuple[Fault, ...]:
    """The cell's faults, as soon as there are any: what the server publishes is on its way for a moment."""
    for _ in range(100):
        cell.advance()
        if faults := cell.observe().faults:
            return faults
    return ()


@pytest.fixture
def places(assembly: Assembly) -> Places:
    return Places(assembly)


def test_a_cell_that_somebody_else_drives_is_not_to_be_had(start: "Start", places: Places) -> None:
    bridge = start()
    bridge.link("alice").take()
    with pytest.raises(CellError, match="does not give control: alice is in control"):
        BridgeCell(bridge.link("bob"), places)


def test_a_target_outside_the_workspace_is_a_fault_of_the_workspace(start: "Start", places: Places) -> None:
    cell = BridgeCell(start(pace=5.0).link(), places)
    start_tcp = cell.observe().tcp_in_base
    cell.move(shifted(start_tcp, 0.0, 0.0, -0.5))
    assert faults_soon(cell) == (Fault.WORKSPACE,)
    assert "150 mm outside the workspace" in cell.why
    cell.recover()
    assert cell.observe().faults == ()
    cell.move(shifted(start_tcp, 0.0, 0.0, -0.05))
    cell.advance()
    assert cell.observe().moving


def test_a_latched_stop_outlasts_recovery(start: "Start", places: Places) -> None:
    bridge = start(pace=5.0)
    cell = BridgeCell(bridge.link(), places)
    bridge.link("operator").ask(Stop(latch=True))
    assert faults_soon(cell) == (Fault.STOPPED,)
    cell.recover()
    assert cell.observe().faults == (Fault.STOPPED,)


def test_a_stop_that_an_earlier_client_left_is_cleared_at_the_start(start: "Start", places: Places) -> None:
    bridge = start(pace=5.0)
    bridge.link("earlier").ask(Stop())
    assert BridgeCell(bridge.link(), places).observe().faults == ()


def test_a_push_shorter_than_a_control_period_is_seen(start: "Start", places: Places) -> None:
    bridge = start()
    cell = BridgeCell(bridge.link(), places)
    cell.advance()
    assert cell.observe().peak_force_n == 0.0
    felt = bridge.server.publisher.n
    bridge.arm.wrench_bias[0] = 30.0
    while bridge.server.publisher.n < felt + 2:
        pass
    bridge.arm.wrench_bias[0] = 0.0
    cell.advance()
    assert cell.observe().peak_force_n == 30.0
    cell.advance()
    cell.advance()
    assert cell.observe().peak_force_n == 0.0


def test_an_arm_that_trips_is_a_fault_until_recovered(start: "Start", places: Places) -> None:
    bridge = start(pace=5.0)
    cell = BridgeCell(bridge.link(), places)
    bridge.arm.trip("cartesian_reflex")
    assert faults_soon(cell) == (Fault.REFLEX,)
    assert cell.why == "cartesian_reflex: as ordered"
    cell.recover()
    assert cell.observe().faults == ()


def test_who_thinks_for_long_keeps_control_and_goes_on_from_a_hold(start: "Start", places: Places) -> None:
    bridge = start(limits=Limits(servo_timeout_s=0.1, lease_s=1.0), pace=5.0)
    cell = BridgeCell(bridge.link(), places)
    target = shifted(cell.observe().tcp_in_base, 0.0, 0.01, 0.0)
    cell.servo(target)
    assert bridge.lines("hold")[0]["why"].startswith("no new target")
    cell.servo(target)
    for _ in range(10):
        cell.advance()
    assert cell.observe().faults == ()
    assert np.linalg.norm(cell.observe().tcp_in_base.translation - target.translation) < 0.002


def test_a_server_that_dies_is_a_lost_connection_until_another_is_there(
    tmp_path: Path, assembly: Assembly, places: Places
) -> None:
    described = simulated_cell(SCRIPTED).model_copy(
        update={"bridge": Bridge(command_port=0, state_port=0, log=tmp_path / "bridge.jsonl")}
    )
    with BridgeProcess(described, assembly) as first:
        at = first.ready
        link = Link(LinkSettings(at.commands, at.states, answer_s=0.3))
        cell = BridgeCell(link, places)
        cell.move(shifted(cell.observe().tcp_in_base, 0.0, 0.1, 0.0), speed=0.05)
        os.kill(first.process.pid, signal.SIGKILL)
        for _ in range(6):
            cell.advance()
        assert cell.observe().faults == (Fault.CONNECTION,)
        assert not cell.observe().moving
        cell.stop()
        cell.recover()
        assert Fault.CONNECTION in cell.observe().faults
    ports = [int(endpoint.rsplit(":", 1)[1]) for endpoint in (at.commands, at.states)]
    same = Bridge(command_port=ports[0], state_port=ports[1], log=tmp_path / "bridge.jsonl")
    with BridgeProcess(described.model_copy(update={"bridge": same}), assembly):
        cell.recover()
        assert cell.observe().faults == ()
        cell.move(shifted(cell.observe().tcp_in_base, 0.0, 0.05, 0.0))
        cell.advance()
        assert cell.observe().moving
        cell.close()


def test_a_calibrated_fixture_moves_the_goals_and_not_the_tray(assembly: Assembly) -> None:
    moved = RigidTransform.from_translation([0.005, 0.0, 0.0]) * assembly.base.pose.transform
    nominal, calibrated = Places(assembly), Places(assembly, base_in_base=moved)
    part = assembly.steps[0].part
    goals = [p.locate_goal(part).pose_in_base.translation for p in (nominal, calibrated)]
    trays = [p.locate(part).pose_in_base.translation for p in (nominal, calibrated)]
    assert goals[1] - goals[0] == pytest.approx([0.005, 0.0, 0.0])
    assert trays[1] == pytest.approx(trays[0])
    assert goals[0] == pytest.approx(assembly.goal_in_base(assembly.steps[0]).translation)
