"""The simulated robot's world, and an insertion through franky and libfranka in it."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from hardware.arm import ArmError, CollisionLimits
from hardware.arm_cell import ArmCell
from hardware.places import Places
from hardware.simulated import SimulatedArm, SimulatedRobot, simulated_arm
from sequences.load import load
from sim.cell import SimCell
from sim.live import TICK_S, LiveWorld
from sim.noise import BENCH, EXACT, Noise
from sim.robot import HOME
from skills.cell import Cell, Compliance, UnknownPart
from skills.feeling import LetGo
from skills.handling import Carry
from skills.insertion import Attempt
from skills.pick import Pick
from skills.push import StraightPush
from skills.routine import Progress, Routine
from skills.seated import CheckSeated
from skills.tasks import insertion_of

pytestmark = pytest.mark.realtime

PRODUCT = load("bearing_block")
BUSHING = PRODUCT.steps[0]
SENSING = Noise(0.0, 0.0, 0.0, 0.0)
"""Everything is where it should be; only the wrench is noisy and biased."""


@pytest.fixture
def arm() -> Iterator[SimulatedArm]:
    arm = simulated_arm(PRODUCT, seed=1, noise=SENSING, realtime_factor=0.0)
    arm.limits(CollisionLimits(100.0, 40.0, (80.0,) * 4 + (30.0,) * 3))
    yield arm
    arm.close()


def run(cell: Cell, routine: Routine) -> Progress:
    routine.start(cell)
    while (progress := routine.update(cell)) is Progress.RUNNING:
        cell.advance()
    return progress


def test_an_insertion_goes_through_libfranka_to_a_seated_part(arm: SimulatedArm) -> None:
    cell = ArmCell(arm, Places(PRODUCT))
    attempt = Attempt(insertion_of(PRODUCT, BUSHING), cell.locate_goal(BUSHING.part).pose_in_base)
    attempt.initialization = np.array([0.0, 0.0, attempt.insertion.clear_height_m + 0.005, 0.0, 0.0, 0.0])
    for routine in (
        Pick(attempt),
        Carry(attempt),
        StraightPush(attempt),
        CheckSeated(attempt),
        LetGo(attempt),
    ):
        assert run(cell, routine) is Progress.SUCCEEDED, f"{routine.message} {arm.state()}"
    error = PRODUCT.goal_in_base(BUSHING).inv() * arm.robot.true_pose(BUSHING.part)
    assert abs(error.translation[2]) < BUSHING.seated_tolerance_mm / 1000.0
    assert 3.0 < attempt.peak_force_n < 80.0


def test_noise_and_bias_are_felt_until_they_are_zeroed(arm: SimulatedArm) -> None:
    cell = ArmCell(arm, Places(PRODUCT))
    assert np.abs(arm.state().wrench[:3]).max() > 0.3
    for _ in range(3):
        cell.advance()
    cell.zero_wrench()
    readings = []
    for _ in range(40):
        cell.advance()
        readings.append(cell.observe().wrench)
    assert np.abs(np.mean(readings, axis=0)[:3]).max() < 0.4
    assert 0.05 < np.std(readings, axis=0)[:3].mean() < 2.0 * SENSING.force_std_n


def test_a_cell_on_an_arm_is_a_cell(arm: SimulatedArm) -> None:
    cell = ArmCell(arm, Places(PRODUCT, error=lambda: RigidTransform.from_translation([0.001, 0.0, 0.0])))
    assert isinstance(cell, Cell)
    start = cell.observe()
    for periods in range(1, 4):
        cell.advance()
        assert cell.observe().time_s == pytest.approx(start.time_s + periods * cell.control_period_s)
    cell.compliance(Compliance(stiffness=3000.0))
    goal = RigidTransform.from_translation([0.01, -0.01, 0.01]) * start.tcp_in_base
    cell.servo(goal)
    for _ in range(25):
        cell.advance()
    assert np.linalg.norm(cell.observe().tcp_in_base.translation - goal.translation) < 0.003
    offset = cell.locate_goal("bushing").pose_in_base.translation - PRODUCT.goal_in_base(BUSHING).translation
    assert np.linalg.norm(offset) == pytest.approx(0.001, abs=1e-9)
    with pytest.raises(UnknownPart):
        cell.locate("sprocket")


def test_the_truth_is_told_of_parts_that_there_are(arm: SimulatedArm) -> None:
    place = Places(PRODUCT).locate(BUSHING.part).pose_in_base
    assert np.linalg.norm(arm.robot.true_pose(BUSHING.part).translation - place.translation) < 0.001
    with pytest.raises(ArmError, match="sprocket"):
        arm.robot.true_pose("sprocket")


def test_two_robots_stand_beside_each_other_and_keep_time() -> None:
    with SimulatedRobot(PRODUCT, noise=EXACT) as one, SimulatedRobot(PRODUCT, noise=EXACT) as other:
        assert one.address != other.address
        before, wall = float(one.ask("state")["time_s"]), time.monotonic()
        time.sleep(0.5)
        passed = float(one.ask("state")["time_s"]) - before
        assert 0.3 < passed / (time.monotonic() - wall) < 1.05


def test_the_world_is_the_one_of_the_simulated_cell() -> None:
    live, cell = LiveWorld(PRODUCT, seed=5, noise=BENCH), SimCell(PRODUCT, seed=5, noise=BENCH)
    for part in PRODUCT.tray.places:
        if part != PRODUCT.base.part:
            apart = live.true_pose(part).translation - cell.true_pose(part).translation
            assert np.linalg.norm(apart) < 0.0005
    assert np.abs(live.q - HOME).max() < 0.001


def test_the_world_stands_still_without_torques_and_goes_where_it_is_led() -> None:
    world = LiveWorld(PRODUCT, noise=EXACT)
    start = world.q
    for _ in range(200):
        world.push(np.zeros(7))
        world.step()
    assert np.abs(world.q - start).max() < 1e-4
    pose, led = world.tcp, world.q
    for _ in range(400):
        pose[0, 3] += 0.1 * TICK_S
        after = world.reach(led, pose)
        world.follow(after, (after - led) / TICK_S)
        world.step()
        led = after
    assert np.linalg.norm(world.tcp[:3, 3] - pose[:3, 3]) < 0.001
