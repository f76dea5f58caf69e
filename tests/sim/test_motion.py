"""Minimum-jerk motion: where it starts, where it ends, how fast it is."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from sim.motion import ANGULAR_SPEED_RAD_S, Motion, way_round

metres = st.floats(-0.4, 0.4)
poses = st.builds(
    lambda x, y, z, a, b, c: RigidTransform.from_components([x, y, z], Rotation.from_rotvec([a, b, c])),
    metres, metres, metres, st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1),
)  # fmt: skip


@given(poses, poses, st.floats(0.02, 0.5))
def test_it_goes_from_start_to_goal_at_bounded_speed(
    start: RigidTransform, goal: RigidTransform, speed: float
) -> None:
    motion = Motion(start, goal, speed, lag_s=0.0)
    assert np.allclose(motion.at(0.0).as_matrix(), start.as_matrix())
    assert np.allclose(motion.at(motion.duration_s + 1.0).as_matrix(), goal.as_matrix(), atol=1e-9)
    times = np.linspace(0.0, motion.duration_s, 40)
    path = [motion.at(float(time)) for time in times]
    step = times[1] - times[0]
    for one, other in pairwise(path):
        error = one.inv() * other
        assert np.linalg.norm(error.translation) <= speed * step * 1.001
        assert error.rotation.magnitude() <= ANGULAR_SPEED_RAD_S * step * 1.001 + 1e-7


def test_it_is_over_when_the_tool_is_there() -> None:
    goal = RigidTransform.from_translation([0.1, 0.0, 0.0])
    motion = Motion(RigidTransform.identity(), goal, 0.25, lag_s=0.0)
    assert not motion.over(goal)
    motion.elapsed_s = motion.duration_s + 0.01
    assert motion.over(goal)
    assert not motion.over(RigidTransform.from_translation([0.09, 0.0, 0.0]))
    motion.elapsed_s += 5.0
    assert motion.over(RigidTransform.from_translation([0.09, 0.0, 0.0]))


def test_the_pull_is_bounded() -> None:
    goal = RigidTransform.from_translation([0.1, 0.0, 0.0])
    motion = Motion(RigidTransform.identity(), goal, 0.25, lag_s=0.0)
    for _ in range(200):
        target = motion.step(0.06, RigidTransform.identity())
    assert target.translation[0] == pytest.approx(0.106)


def test_only_a_wide_turn_is_made_the_other_way_round() -> None:
    wide, narrow = np.array([0.0, 0.1, 3.0]), np.array([0.0, 0.0, 2.0])
    assert way_round(narrow, 2.0) is narrow
    assert way_round(wide, -1.5) is wide
    other = way_round(wide, 1.5)
    assert other[2] < 0.0
    assert Rotation.from_rotvec(other).approx_equal(Rotation.from_rotvec(wide), 1e-9)


def test_a_motion_turns_the_way_it_is_told() -> None:
    goal = RigidTransform.from_rotation(Rotation.from_rotvec([0.0, 0.0, 3.0]))
    other = way_round(np.array([0.0, 0.0, 3.0]), 1.5)
    motion = Motion(RigidTransform.identity(), goal, 0.25, lag_s=0.0, turn=other)
    assert motion.at(motion.duration_s / 2).rotation.as_rotvec()[2] == pytest.approx(other[2] / 2)
    assert motion.at(motion.duration_s).rotation.approx_equal(goal.rotation, 1e-9)
