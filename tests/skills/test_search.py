"""The compliant search on paper: it finds a keyed hole wherever the estimate errs; walls hold what is in."""

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.load import load
from skills.fake import EXACT, FakeCell
from skills.fake_geometry import shifted
from skills.fake_socket import YAW_FIT_RAD, Socket
from skills.handling import Carry
from skills.insertion import Attempt
from skills.pick import Pick
from skills.routine import Progress
from skills.search import Search
from skills.tasks import insertion_of

PRODUCT = load("gearbox")
INSERTIONS = {step.part: insertion_of(PRODUCT, step) for step in PRODUCT.steps}


@pytest.mark.parametrize(
    ("x_mm", "y_mm", "yaw_deg"),
    [(0.0, 0.0, 10.0), (-0.3, -0.4, 8.0), (-0.3, -0.4, 10.0), (2.0, 0.0, -8.0), (-1.5, 1.5, -10.0)],
)
def test_a_keyed_hole_is_found_wherever_the_estimate_errs(x_mm: float, y_mm: float, yaw_deg: float) -> None:
    cell = FakeCell(PRODUCT, INSERTIONS, noise=EXACT)
    goal = cell.locate_goal("planet_b").pose_in_base
    turn = Rotation.from_euler("z", yaw_deg, degrees=True)
    wrong = goal * RigidTransform.from_components([x_mm / 1e3, y_mm / 1e3, 0.0], turn)
    attempt = Attempt(INSERTIONS["planet_b"], wrong)
    attempt.initialization = np.array([0.0, 0.0, attempt.insertion.clear_height_m + 0.005, 0.0, 0.0, 0.0])
    for routine in (Pick(attempt), Carry(attempt), Search(attempt)):
        routine.start(cell)
        while (progress := routine.update(cell)) is Progress.RUNNING:
            cell.advance()
        assert progress is Progress.SUCCEEDED, routine.message
    assert cell.true_pose("planet_b").translation == pytest.approx(goal.translation, abs=0.0006)


@pytest.mark.parametrize("yaw_deg", [-19.0, -8.5, -3.0, 0.0, 5.0, 12.0])
def test_a_plug_in_its_socket_turns_no_further_than_it_lets_it(yaw_deg: float) -> None:
    goal = shifted(np.eye(4), np.array([0.4, -0.1, 0.05]), 0.7)
    socket = Socket(goal, INSERTIONS["planet_b"])
    held = socket.straightened(shifted(goal, np.zeros(3), np.radians(yaw_deg)))
    most = np.degrees(YAW_FIT_RAD)
    assert np.degrees(socket.offset(held)[1]) == pytest.approx(np.clip(yaw_deg, -most, most))
    assert held[:3, 3] == pytest.approx(goal[:3, 3])
