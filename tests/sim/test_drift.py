"""A cell that has drifted: what is said of it is parsed strictly, and it is off by what was said."""

import numpy as np
import pytest

from sequences.load import load
from sim.cell import SimCell
from sim.drift import BOUNDS, Drift, DriftError, drift_from
from sim.noise import EXACT
from sim.physics import NOMINAL

PRODUCT = load("valve_manifold")


def test_nothing_said_is_no_drift() -> None:
    assert drift_from("") == Drift()
    assert Drift().noise(EXACT) == EXACT
    assert Drift().physics(NOMINAL) == NOMINAL


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fixture=1", "there is no such thing"),
        ("grasp_mm=deep", "is not a number"),
        ("grasp_mm=", "is not a number"),
        ("joint_friction=9", "is not within 0 to 3"),
        ("fixture_x_mm=nan", "is not within"),
    ],
)
def test_nonsense_is_refused_with_what_would_be_right(text: str, said: str) -> None:
    with pytest.raises(DriftError, match=said):
        drift_from(text)


def test_every_name_can_be_given() -> None:
    text = ", ".join(f"{name}={high}" for name, (_, high) in BOUNDS.items())
    drift = drift_from(text)
    assert all(getattr(drift, name) == high for name, (_, high) in BOUNDS.items())


def test_goals_are_measured_beside_where_they_are_and_parts_taken_hold_of_lower() -> None:
    drift = drift_from("fixture_x_mm=1.5,fixture_y_mm=-0.5,grasp_mm=1")
    cell = SimCell(PRODUCT, noise=drift.noise(EXACT), physics=drift.physics(NOMINAL))
    step = PRODUCT.steps[0]
    off = PRODUCT.goal_in_base(step).translation - cell.locate_goal(step.part).pose_in_base.translation
    assert off == pytest.approx([0.0015, -0.0005, 0.0])
    lower = cell.true_pose(step.part).translation - cell.locate(step.part).pose_in_base.translation
    assert lower[2] == pytest.approx(0.0011, abs=0.0002)


def test_friction_is_that_of_the_model_times_what_was_said() -> None:
    worn = drift_from("joint_friction=2,part_friction=1.5")
    usual, drifted = SimCell(PRODUCT), SimCell(PRODUCT, physics=worn.physics(NOMINAL))
    parts = [g for g in range(usual.model.ngeom) if usual.model.geom(g).name.startswith("part/")]
    assert drifted.model.geom_friction[parts, 0] == pytest.approx(1.5 * usual.model.geom_friction[parts, 0])
    joints = np.flatnonzero(usual.model.dof_frictionloss)
    assert drifted.model.dof_frictionloss[joints] == pytest.approx(2 * usual.model.dof_frictionloss[joints])
