"""What an episode is worth: each function against numbers worked by hand."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sim.rewards import (
    DROPPED_M,
    FORCE_LIMIT_N,
    GENTLE_N,
    HARSH_N,
    HARSHNESS,
    broken,
    closeness,
    entered,
    force_cost,
    misalignment,
)

UPRIGHT = np.eye(3)[None]


def test_misalignment_is_the_distance_aside() -> None:
    position = np.array([[0.003, 0.004, 0.05]])
    assert misalignment(position, UPRIGHT) == pytest.approx([0.005])


def test_misalignment_leaves_height_out() -> None:
    position = np.array([[0.001, 0.0, -0.02], [0.001, 0.0, 0.03]])
    low, high = misalignment(position, np.repeat(UPRIGHT, 2, axis=0))
    assert low == pytest.approx(high)


def test_misalignment_counts_turns() -> None:
    yaw = Rotation.from_rotvec([[0.0, 0.0, 0.1]]).as_matrix()
    assert misalignment(np.zeros((1, 3)), yaw) == pytest.approx([0.015 * 2.0 * np.sin(0.05)])
    tilt = Rotation.from_rotvec([[0.1, 0.0, 0.0]]).as_matrix()
    assert misalignment(np.zeros((1, 3)), tilt) == pytest.approx([0.015 * np.sin(0.05)])


def test_closeness_is_one_when_aligned_and_falls() -> None:
    values = closeness(np.array([0.0, 0.001, 0.003, 0.02]))
    assert values[0] == 1.0
    assert np.all(np.diff(values) < 0.0)
    assert values[2] == pytest.approx(np.exp(-1.0))
    assert values[3] > 0.0


def test_entered_goes_from_the_mouth_to_the_seat() -> None:
    heights = np.array([0.03, 0.01, 0.005, 0.0, -0.001])
    assert entered(heights, 0.01) == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0])


def test_gentle_forces_cost_nothing() -> None:
    forces = np.array([0.0, GENTLE_N, GENTLE_N + 7.0, HARSH_N + 5.0])
    harsh = HARSH_N + 5.0 - GENTLE_N + HARSHNESS * 5.0
    assert force_cost(forces) == pytest.approx([0.0, 0.0, 7.0, harsh])


def test_too_much_force_or_a_slip_ends_an_episode() -> None:
    peak = np.array([0.0, FORCE_LIMIT_N + 1.0, 0.0, 0.0, FORCE_LIMIT_N])
    width = 0.012 + np.array([0.0, 0.0, 1.1, -1.1, 0.9]) * DROPPED_M
    assert broken(peak, width, 0.012).tolist() == [False, True, True, True, False]
