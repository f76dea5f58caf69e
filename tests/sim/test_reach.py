"""What the arm can reach."""

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.load import load
from sim.reach import Reach
from skills.tasks import insertion_of


@pytest.fixture(scope="module")
def reach() -> Reach:
    return Reach()


def test_starts_over_every_goal_can_be_reached(reach: Reach) -> None:
    product = load("gearbox")
    offsets = np.random.default_rng(0).uniform(-1, 1, (20, 6)) * [0.01, 0.01, 0.01, 0.17, 0.17, 0.17]
    offsets[:, 2] += 0.04
    plugs = RigidTransform.from_components(offsets[:, :3], Rotation.from_rotvec(offsets[:, 3:]))
    for step in product.steps:
        home = product.goal_in_base(step)
        grasp = insertion_of(product, step).tcp_in_plug
        nearby = reach.joints_at(home * RigidTransform.from_translation([0, 0, 0.04]) * grasp)
        assert reach.allows(home * plugs * grasp, nearby).all(), step.part


def test_what_is_too_far_or_turned_too_far_is_refused(reach: Reach) -> None:
    down = Rotation.from_rotvec([np.pi, 0, 0])
    here = RigidTransform.from_components([0.5, 0.0, 0.2], down)
    nearby = reach.joints_at(here)
    tcps = RigidTransform.from_components(
        [[0.5, 0.0, 0.2], [0.95, 0.0, 0.2], [0.5, 0.0, 0.2]],
        Rotation.concatenate([down, down, down * Rotation.from_rotvec([0, 0, 2.6])]),
    )
    assert reach.allows(tcps, nearby).tolist() == [True, False, False]
