"""The contract of a cell, kept by every implementation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly
from sequences.load import load
from skills.cell import Cell, CellError, Compliance, Fault, Observation, Restorable, UnknownPart
from skills.tasks import insertion_of

PRODUCT = "bearing_block"
Open = Callable[[], Cell]
PACE = 5.0
"""How many times faster than a robot the arm behind the bridge lives."""


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    return load(PRODUCT)


def maker(kind: str, assembly: Assembly) -> Open:
    """What makes cells of one kind, all of the same world."""
    if kind == "sim":
        sim = pytest.importorskip("sim.cell")
        return lambda: sim.SimCell(assembly, seed=3)
    from skills.fake import FakeCell

    tasks = {step.part: insertion_of(assembly, step) for step in assembly.steps}
    return lambda: FakeCell(assembly, tasks, seed=3)


@pytest.fixture(scope="module", params=["fake", "sim"])
def open_cell(request: pytest.FixtureRequest, assembly: Assembly) -> Open:
    """A maker of cells whose whole world is in this process."""
    return maker(request.param, assembly)


@contextmanager
def bridged(assembly: Assembly) -> Iterator[Cell]:
    """A cell behind a bridge: real sockets, and an arm whose clock goes on by itself, five times as fast."""
    from hardware.bridge_cell import BridgeCell
    from hardware.client import Link, LinkSettings
    from hardware.doorkeeper import Addresses
    from hardware.logbook import Logbook
    from hardware.places import Places
    from hardware.safety import SIMULATED
    from hardware.scripted_arm import scripted_arm
    from hardware.server import BridgeServer, ServerSettings
    from sim.noise import BENCH

    limits = replace(SIMULATED, speed=3.0, acceleration=100.0, lease_s=1.0)
    settings = ServerSettings(Addresses(command_port=0, state_port=0), limits, control_period_s=0.06 / PACE)
    server = BridgeServer(scripted_arm(assembly, seed=3, pace=PACE), settings, Logbook())
    server.start()
    rng = np.random.default_rng(3)
    places = Places(assembly, error=lambda: BENCH.goal_error(rng))
    link = LinkSettings(server.door.command_endpoint, server.door.state_endpoint, answer_s=2.0)
    cell = BridgeCell(Link(link), places)
    yield cell
    cell.close()
    server.close()


def simulated_fr3(assembly: Assembly, folder: Path) -> Cell:
    """The same with franky, libfranka's protocol and a simulated robot at its end."""
    from hardware.simulated_cell import SimulatedFr3

    return SimulatedFr3(assembly, folder / "bridge.jsonl", seed=3)


@pytest.fixture(params=["fake", "sim", "bridge", pytest.param("simulated-fr3", marks=pytest.mark.slow)])
def cell(request: pytest.FixtureRequest, assembly: Assembly, tmp_path: Path) -> Iterator[Cell]:
    if request.param == "bridge":
        with bridged(assembly) as cell:
            yield cell
        return
    if request.param == "simulated-fr3":
        cell = simulated_fr3(assembly, tmp_path)
    else:
        cell = maker(request.param, assembly)()
    yield cell
    cell.close()


def advance(cell: Cell, seconds: float) -> Observation:
    for _ in range(round(seconds / cell.control_period_s)):
        cell.advance()
    return cell.observe()


def shifted(pose: RigidTransform, *offset: float) -> RigidTransform:
    return RigidTransform.from_translation(np.array(offset)) * pose


def distance(a: RigidTransform, b: RigidTransform) -> float:
    return float(np.linalg.norm(a.translation - b.translation))


def test_it_is_a_cell(cell: Cell) -> None:
    assert isinstance(cell, Cell)
    assert 0.04 <= cell.control_period_s <= 0.1


def test_an_observation_is_complete_and_stays_as_it_was(cell: Cell) -> None:
    seen = cell.observe()
    before = seen.tcp_in_base.as_matrix().copy()
    assert seen.joint_positions.shape == (7,)
    assert seen.wrench.shape == (6,)
    assert np.isfinite(seen.tcp_in_base.rotation.inv().apply(seen.wrench[:3])).all()
    assert np.isfinite(seen.wrench).all()
    assert 0.0 <= seen.gripper_width_m <= 0.081
    assert seen.faults == ()
    cell.servo(shifted(seen.tcp_in_base, 0.0, 0.0, -0.02))
    advance(cell, 0.3)
    assert np.array_equal(seen.tcp_in_base.as_matrix(), before)
    with pytest.raises(FrozenInstanceError):
        seen.grasped = True  # type: ignore[misc]


def test_time_passes_in_advance_and_only_there(cell: Cell) -> None:
    start = cell.observe().time_s
    cell.servo(cell.observe().tcp_in_base)
    cell.release()
    cell.zero_wrench()
    assert cell.observe().time_s == start
    for i in range(1, 4):
        cell.advance()
        passed = cell.observe().time_s - start
        assert passed > (i - 0.001) * cell.control_period_s
        if isinstance(cell, Restorable):
            assert passed == pytest.approx(i * cell.control_period_s)


def test_servo_goes_where_it_is_told(cell: Cell) -> None:
    target = shifted(cell.observe().tcp_in_base, 0.01, -0.01, 0.01)
    cell.compliance(Compliance(stiffness=3000.0))
    cell.servo(target)
    assert distance(advance(cell, 1.5).tcp_in_base, target) < 0.003
    assert not cell.observe().moving


def test_move_says_when_it_is_over(cell: Cell) -> None:
    start = cell.observe().tcp_in_base
    turn = Rotation.from_rotvec([0.0, 0.0, 0.3])
    target = RigidTransform.from_components(
        start.translation + np.array([0.05, 0.08, 0.02]), turn * start.rotation
    )
    cell.move(target, speed=0.2)
    cell.advance()
    assert cell.observe().moving
    periods = 0
    while cell.observe().moving:
        cell.advance()
        periods += 1
        assert periods < 100
    assert distance(cell.observe().tcp_in_base, target) < 0.003
    error = (cell.observe().tcp_in_base.rotation * target.rotation.inv()).magnitude()
    assert error < 0.03
    assert periods * cell.control_period_s > 0.09 / 0.2 - 0.15


def test_servo_takes_over_from_move(cell: Cell) -> None:
    cell.move(shifted(cell.observe().tcp_in_base, 0.0, 0.2, 0.0), speed=0.2)
    held = advance(cell, 0.3).tcp_in_base
    cell.servo(held)
    after = advance(cell, 1.0)
    assert not after.moving
    assert distance(after.tcp_in_base, held) < 0.01


def test_after_stop_nothing_moves_until_recovered(cell: Cell) -> None:
    start = cell.observe().tcp_in_base
    cell.move(shifted(start, 0.0, 0.15, 0.0))
    advance(cell, 0.25)
    cell.stop()
    cell.advance()
    assert cell.observe().faults == (Fault.STOPPED,)
    held = advance(cell, 0.6).tcp_in_base
    cell.move(shifted(start, 0.0, -0.15, 0.0))
    cell.servo(shifted(start, 0.0, -0.15, 0.0))
    assert distance(advance(cell, 0.6).tcp_in_base, held) < 0.002
    assert not cell.observe().moving
    cell.stop()
    cell.recover()
    assert cell.observe().faults == ()
    assert distance(advance(cell, 0.6).tcp_in_base, held) < 0.005
    cell.move(start)
    cell.advance()
    assert cell.observe().moving


def test_fingers_close_on_nothing(cell: Cell) -> None:
    cell.release(0.05)
    assert advance(cell, 1.5).gripper_width_m == pytest.approx(0.05, abs=0.002)
    cell.grasp(0.02)
    cell.advance()
    assert cell.observe().moving
    closed = advance(cell, 2.0)
    assert not closed.grasped
    assert not closed.moving
    assert closed.gripper_width_m < 0.003
    cell.release()
    assert advance(cell, 2.0).gripper_width_m == pytest.approx(0.08, abs=0.003)


def test_zeroing_takes_the_present_reading_as_zero(cell: Cell) -> None:
    advance(cell, 0.6)
    cell.zero_wrench()
    readings = []
    for _ in range(10):
        cell.advance()
        readings.append(cell.observe().wrench)
    assert np.linalg.norm(np.mean(readings, axis=0)[:3]) < 1.0


def test_an_unknown_part_is_named(cell: Cell, assembly: Assembly) -> None:
    for ask in (cell.locate, cell.locate_goal):
        with pytest.raises(UnknownPart, match="no part 'sprocket'; it has ") as caught:
            ask("sprocket")
        assert caught.value.part == "sprocket"
        assert assembly.steps[0].part in caught.value.known


def test_parts_are_located_near_their_places(cell: Cell, assembly: Assembly) -> None:
    for step in assembly.steps:
        estimate = cell.locate(step.part)
        place = np.asarray(assembly.tray.places[step.part].position_mm) / 1000.0
        assert np.abs(estimate.pose_in_base.translation[:2] - place).max() < 0.01
        assert 0.0 <= estimate.position_bound_m <= 0.01


def test_each_measurement_of_a_goal_is_wrong_anew_within_its_bounds(cell: Cell, assembly: Assembly) -> None:
    step = assembly.steps[0]
    goal = assembly.goal_in_base(step)
    estimates = [cell.locate_goal(step.part) for _ in range(20)]
    offsets = np.array([e.pose_in_base.translation - goal.translation for e in estimates])
    assert np.abs(offsets).max() <= estimates[0].position_bound_m + 1e-3
    assert len(np.unique(offsets[:, 0])) == 20


def wander(cell: Cell) -> list[np.ndarray]:
    seen = []
    cell.move(shifted(cell.observe().tcp_in_base, 0.03, 0.02, -0.02))
    cell.release(0.04)
    for _ in range(15):
        cell.advance()
        now = cell.observe()
        numbers = [now.time_s, now.gripper_width_m, now.peak_force_n, float(now.moving)]
        seen.append(np.concatenate([now.tcp_in_base.as_matrix().ravel(), now.wrench, numbers]))
    seen.append(cell.locate_goal("bushing").pose_in_base.as_matrix().ravel())
    return seen


def test_a_restored_world_goes_on_bit_for_bit(open_cell: Open) -> None:
    cell = open_cell()
    assert isinstance(cell, Restorable)
    cell.move(shifted(cell.observe().tcp_in_base, 0.0, 0.05, 0.0))
    advance(cell, 0.3)
    written = cell.snapshot()
    expected = wander(cell)
    other = open_cell()
    assert isinstance(other, Restorable)
    other.restore(written)
    assert all(np.array_equal(a, b) for a, b in zip(expected, wander(other), strict=True))
    cell.restore(written)
    assert all(np.array_equal(a, b) for a, b in zip(expected, wander(cell), strict=True))
    other.close()


def test_the_same_seed_gives_the_same_world(open_cell: Open) -> None:
    first, second = open_cell(), open_cell()
    assert all(np.array_equal(a, b) for a, b in zip(wander(first), wander(second), strict=True))


@pytest.mark.parametrize("junk", [b"", b"not a snapshot", b"\x00" * 64])
def test_junk_is_not_restored(open_cell: Open, junk: bytes) -> None:
    cell = open_cell()
    assert isinstance(cell, Restorable)
    before = cell.snapshot()
    with pytest.raises(CellError, match="snapshot"):
        cell.restore(junk)
    assert cell.snapshot() == before
