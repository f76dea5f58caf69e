"""Fetching from the tray: parts that lie turned, so that the pads catch them by their corners."""

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.load import load
from sim.cell import SimCell
from sim.noise import EXACT, Noise
from skills.cell import Observation
from skills.insertion import Attempt
from skills.pick import PAD_REACH_M, Pick
from skills.routine import Progress
from skills.tasks import insertion_of

MANIFOLD = load("valve_manifold")
SOLENOID = insertion_of(MANIFOLD, MANIFOLD.step_of("solenoid"))


def seen(cell: SimCell, width_m: float, *, grasped: bool = True) -> Observation:
    return Observation(
        time_s=0.0, joint_positions=np.zeros(7), tcp_in_base=cell.observe().tcp_in_base, wrench=np.zeros(6),
        peak_force_n=0.0, gripper_width_m=width_m, grasped=grasped, moving=False, faults=(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def cell() -> SimCell:
    return SimCell(MANIFOLD, seed=15, noise=EXACT)


@pytest.mark.parametrize("yaw_deg", [2.0, 8.0, 15.0, 24.0])
def test_the_width_between_corners_tells_how_far_a_part_is_turned(cell: SimCell, yaw_deg: float) -> None:
    yaw = np.radians(yaw_deg)
    width = SOLENOID.grip_width_m * np.cos(yaw) + PAD_REACH_M * np.sin(yaw)
    pick = Pick(Attempt(SOLENOID, cell.locate_goal("solenoid").pose_in_base))
    assert pick.caught_rad(seen(cell, float(width))) == pytest.approx(yaw)
    assert pick.caught_rad(seen(cell, float(width), grasped=False)) == 0.0
    assert pick.caught_rad(seen(cell, SOLENOID.grip_width_m - 0.001)) == 0.0


@pytest.mark.parametrize("yaw_deg", [-22.0, 22.0])
def test_a_part_caught_by_its_corners_is_grasped_as_it_lies(yaw_deg: float) -> None:
    cell = SimCell(MANIFOLD, seed=15, noise=EXACT)
    turn = RigidTransform.from_rotation(Rotation.from_euler("z", yaw_deg, degrees=True))
    cell.place("solenoid", cell.true_pose("solenoid") * turn)
    attempt = Attempt(SOLENOID, cell.locate_goal("solenoid").pose_in_base)
    pick, looked = Pick(attempt), False
    while (progress := pick.update(cell)) is Progress.RUNNING:
        looked = looked or pick.message.startswith("looking around")
        cell.advance()
    assert progress is Progress.SUCCEEDED, pick.message
    assert looked
    held = SOLENOID.tcp_in_plug * cell.observe().tcp_in_base.inv() * cell.true_pose("solenoid")
    assert np.degrees(held.rotation.magnitude()) < 3.0


@pytest.mark.parametrize("seed", [5, 21, 48])
def test_fingers_that_close_on_corners_do_not_throw_the_part(seed: int) -> None:
    """Terminal blocks that lie 12 to 14 degrees off: they may jam or snap straight, not spin away."""
    motor = load("motor")
    terminal = insertion_of(motor, motor.step_of("terminal"))
    cell = SimCell(motor, seed=seed, noise=Noise(tray_yaw_rad=np.radians(14.0)), parts=["terminal"])
    pick = Pick(Attempt(terminal, cell.locate_goal("terminal").pose_in_base))
    lies = cell.locate("terminal").pose_in_base
    furthest = 0.0
    while (progress := pick.update(cell)) is Progress.RUNNING:
        furthest = max(furthest, (lies.inv() * cell.true_pose("terminal")).rotation.magnitude())
        cell.advance()
    assert progress is Progress.SUCCEEDED, pick.message
    assert np.degrees(furthest) < 15.0
