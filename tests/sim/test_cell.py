"""The simulated cell: what it knows, what it feels, and that it does the same thing twice."""

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from sequences.assembly import Assembly
from sequences.load import load
from sequences.solid import solid_of
from sim.cell import CONTROL_PERIOD_S, SimCell
from sim.noise import BENCH, EXACT
from skills.cell import CellError
from skills.insertion import Attempt
from skills.pick import Pick
from skills.routine import Progress, Routine
from skills.script import at_height, shifted
from skills.tasks import insertion_of


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    return load("bearing_block")


def run(cell: SimCell, routine: Routine) -> Progress:
    routine.start(cell)
    while (progress := routine.update(cell)) is Progress.RUNNING:
        cell.advance()
    return progress


def attempt_at(cell: SimCell, index: int) -> Attempt:
    step = cell.assembly.steps[index]
    return Attempt(insertion_of(cell.assembly, step), cell.locate_goal(step.part).pose_in_base)


def test_same_seed_same_world_bit_for_bit(assembly: Assembly) -> None:
    worlds = [SimCell(assembly, seed=5) for _ in range(2)]
    for cell in worlds:
        run(cell, Pick(attempt_at(cell, 1)))
    one, other = worlds
    assert np.array_equal(one.data.qpos, other.data.qpos)
    assert np.array_equal(one.observe().wrench, other.observe().wrench)


def test_another_seed_is_another_world(assembly: Assembly) -> None:
    one, other = SimCell(assembly, seed=5), SimCell(assembly, seed=6)
    assert not np.allclose(one.true_pose("bolt_left").translation, other.true_pose("bolt_left").translation)


def test_parts_lie_near_their_places_and_stand_still(assembly: Assembly) -> None:
    cell = SimCell(assembly, seed=1)
    before = {part: cell.true_pose(part) for part in assembly.tray.places}
    for part, pose in before.items():
        error = cell.locate(part).pose_in_base.inv() * pose
        assert np.all(np.abs(error.translation[:2]) <= BENCH.tray_position_m + 2e-4)
        assert error.rotation.magnitude() <= BENCH.tray_yaw_rad + 0.01
    for _ in range(20):
        cell.advance()
    for part, pose in before.items():
        assert np.linalg.norm((pose.inv() * cell.true_pose(part)).translation) < 1e-4


def test_goal_measurements_are_fresh_and_bounded(assembly: Assembly) -> None:
    cell = SimCell(assembly, seed=2)
    goal = assembly.goal_in_base(assembly.steps[0])
    errors = [goal.inv() * cell.locate_goal("bushing").pose_in_base for _ in range(200)]
    offsets = np.array([error.translation for error in errors])
    yaws = np.array([error.rotation.as_rotvec()[2] for error in errors])
    assert np.abs(offsets).max() <= BENCH.goal_position_m
    assert np.abs(yaws).max() <= BENCH.goal_yaw_rad
    assert np.all(np.ptp(offsets, axis=0) > 1.5 * BENCH.goal_position_m)
    assert np.unique(yaws).size == 200


def test_an_exact_cell_knows_the_goal(assembly: Assembly) -> None:
    cell = SimCell(assembly, seed=2, noise=EXACT)
    error = assembly.goal_in_base(assembly.steps[0]).inv() * cell.locate_goal("bushing").pose_in_base
    assert np.linalg.norm(error.translation) == 0.0


def test_pressing_on_the_tray_pushes_up(assembly: Assembly) -> None:
    cell = SimCell(assembly, seed=0, noise=EXACT)
    cell.grasp(0.0)
    cell.move(shifted(at_height(cell.observe().tcp_in_base, 0.06), np.array([0.0, 0.1, 0.0])))
    for _ in range(80):
        cell.advance()
    start = cell.observe().tcp_in_base
    for i in range(40):
        cell.servo(shifted(start, np.array([0.0, 0.0, -0.002 * i])))
        cell.advance()
    wrench = cell.observe().wrench
    assert 3.0 < wrench[2] < 12.0
    assert np.linalg.norm(wrench[:2]) < wrench[2]


def test_a_held_part_weighs_what_it_weighs(assembly: Assembly) -> None:
    cell = SimCell(assembly, seed=0, noise=EXACT)
    attempt = attempt_at(cell, 4)
    assert run(cell, Pick(attempt)) is Progress.SUCCEEDED
    assert abs(cell.observe().wrench[2]) < 0.15
    cell.release(0.06)
    for _ in range(6):
        cell.advance()
    weight = solid_of(assembly.parts[attempt.insertion.part]).mass_kg * 9.81
    assert cell.observe().wrench[2] == pytest.approx(weight, abs=0.15)


def test_a_snapshot_of_another_product_is_refused(assembly: Assembly) -> None:
    written = SimCell(assembly, seed=0).snapshot()
    with pytest.raises(CellError, match="of another world"):
        SimCell(load("motor"), seed=0).restore(written)
    with pytest.raises(CellError, match="cannot be read"):
        SimCell(assembly, seed=0).restore(written[:-40])


def test_place_is_for_tests(assembly: Assembly) -> None:
    cell = SimCell(assembly, seed=0)
    pose = RigidTransform.from_translation([0.4, 0.2, 0.3])
    cell.place("bushing", pose)
    assert np.allclose(cell.true_pose("bushing").translation, pose.translation)
    assert cell.control_period_s == CONTROL_PERIOD_S
