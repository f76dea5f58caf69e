"""Limits: no command gets past them, whatever it asks, and no state beyond them goes unseen."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from hardware.arm import ArmState
from hardware.glide import Glide, pose_of, transform_of
from hardware.messages import Pose, Spring
from hardware.safety import (
    JOINT_HIGHEST,
    JOINT_LOWEST,
    LimitBroken,
    Limits,
    Watch,
    allowed_grip,
    allowed_speed,
    angle_between,
    check_joints,
    check_step,
    check_target,
    outside_m,
    toned_down,
)
from skills.cell import Fault

LIMITS = Limits()
DOWN = (1.0, 0.0, 0.0, 0.0)
POSTURE = np.array([0.0, -0.3, 0.0, -2.2, 0.0, 1.9, 0.78])
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
inside = st.tuples(st.floats(0.2, 0.7), st.floats(-0.5, 0.5), st.floats(0.0, 0.6))
turns = st.tuples(*[st.floats(-1.0, 1.0)] * 3).map(lambda v: Rotation.from_rotvec(v))


def pose(x: float = 0.4, y: float = 0.0, z: float = 0.3) -> Pose:
    return Pose((x, y, z), DOWN)


def state(**changes: object) -> ArmState:
    well = ArmState(
        time_s=1.0,
        joint_positions=POSTURE,
        joint_velocities=np.zeros(7),
        tcp_in_base=transform_of(pose()),
        tcp_velocity=np.zeros(6),
        wrench=np.zeros(6),
        peak_force_n=0.0,
        joint_torques_external=np.zeros(7),
        gripper_width_m=0.08,
        grasped=False,
        moving=False,
        mode="idle",
        fault=None,
        fault_detail="",
    )
    return replace(well, **changes)  # type: ignore[arg-type]


def push(force_n: float, torque_nm: float = 0.0) -> np.ndarray:
    return np.array([0.0, force_n, 0.0, 0.0, torque_nm, 0.0])


@given(st.tuples(numbers, numbers, numbers))
def test_a_target_passes_exactly_when_it_is_in_the_box(position: tuple[float, float, float]) -> None:
    low, high = LIMITS.workspace_min_m, LIMITS.workspace_max_m
    within = all(a <= x <= b for a, x, b in zip(low, position, high, strict=True))
    assert (outside_m(LIMITS, position) <= 0.0) == within
    if within:
        check_target(LIMITS, Pose(position, DOWN))
    else:
        with pytest.raises(LimitBroken, match="outside the workspace"):
            check_target(LIMITS, Pose(position, DOWN))


def test_a_target_outside_says_where_and_by_how_much() -> None:
    with pytest.raises(LimitBroken) as caught:
        check_target(LIMITS, pose(z=-0.012))
    assert str(caught.value) == "target [400, 0, -12] mm is 12 mm outside the workspace"
    assert caught.value.fault is Fault.WORKSPACE


@given(inside, inside)
def test_a_servo_step_passes_exactly_when_it_is_small(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    first, second = Pose((a[0], a[1], a[2]), DOWN), Pose((b[0], b[1], b[2]), DOWN)
    if math.dist(a, b) <= LIMITS.servo_step_m:
        check_step(LIMITS, first, second)
    else:
        with pytest.raises(LimitBroken, match="servo step of"):
            check_step(LIMITS, first, second)


@settings(max_examples=30, deadline=None)
@given(turns, turns)
def test_a_servo_turn_is_measured_as_an_angle(a: Rotation, b: Rotation) -> None:
    here = [RigidTransform.from_components([0.4, 0.0, 0.3], turn) for turn in (a, b)]
    first, second = map(pose_of, here)
    assert angle_between(first, second) == pytest.approx((a * b.inv()).magnitude(), abs=1e-6)
    turned = transform_of(pose()).rotation * Rotation.from_rotvec([0.0, 0.0, 0.4])
    with pytest.raises(LimitBroken, match="servo turn of 23°"):
        check_step(LIMITS, pose_of(RigidTransform.from_components([0.4, 0, 0.3], turned)), pose())


@given(st.builds(Spring, numbers, numbers, st.tuples(numbers, numbers, numbers), numbers, numbers))
def test_no_spring_is_stronger_than_the_soft_limits(asked: Spring) -> None:
    spring = toned_down(LIMITS, asked)
    assert 0.0 < spring.stiffness <= LIMITS.stiffness
    assert 0.0 < spring.rotational_stiffness <= LIMITS.rotational_stiffness
    assert all(0.0 <= c * spring.stiffness <= LIMITS.soft_force_n * 1.000001 for c in spring.clip_m)
    assert 0.0 <= spring.rotational_clip_rad * spring.rotational_stiffness <= LIMITS.soft_torque_nm * 1.000001
    assert 0.1 <= spring.damping_ratio <= 2.0


@given(numbers)
def test_a_speed_is_at_most_the_limit(speed: float) -> None:
    if speed > 0.0:
        assert 0.0 < allowed_speed(LIMITS, speed) <= LIMITS.speed
    else:
        with pytest.raises(LimitBroken, match="is none"):
            allowed_speed(LIMITS, speed)


@given(numbers, numbers)
def test_a_grip_is_within_the_hand(width_m: float, force_n: float) -> None:
    width, force = allowed_grip(LIMITS, width_m, force_n)
    assert 0.0 <= width <= 0.08
    assert 0.0 < force <= LIMITS.gripper_force_n


@given(st.tuples(*[st.floats(-4.0, 5.0)] * 7))
def test_a_joint_target_keeps_its_margin(joints: tuple[float, ...]) -> None:
    margin = LIMITS.joint_margin_rad
    ends = zip(JOINT_LOWEST, joints, JOINT_HIGHEST, strict=True)
    if all(low + margin <= q <= high - margin for low, q, high in ends):
        check_joints(LIMITS, joints)
    else:
        with pytest.raises(LimitBroken, match="of its end"):
            check_joints(LIMITS, joints)


TOO_MUCH = {
    "force": {"wrench": push(50.0)},
    "peak": {"peak_force_n": 50.0},
    "torque": {"wrench": push(0.0, 9.0)},
    "speed": {"tcp_velocity": np.array([0.0, 0.33, 0, 0, 0, 0])},
    "turn": {"tcp_velocity": np.array([0.0, 0, 0, 0, 1.4, 0])},
    "workspace": {"tcp_in_base": transform_of(pose(y=0.51))},
    "joints": {"joint_positions": np.array([0.0, -0.3, 0.0, -2.2, 0.0, 0.58, 0.78])},
}
FAR_TOO_MUCH = {
    "force": {"wrench": push(81.0)},
    "peak": {"peak_force_n": 81.0},
    "torque": {"wrench": push(0.0, 17.0)},
    "speed": {"tcp_velocity": np.array([0.0, 0.51, 0, 0, 0, 0])},
    "turn": {"tcp_velocity": np.array([0.0, 0, 0, 0, 2.1, 0])},
    "workspace": {"tcp_in_base": transform_of(pose(y=0.54))},
    "joints": {"joint_positions": np.array([0.0, -0.3, 0.0, -2.2, 0.0, 0.55, 0.78])},
    "not a number": {"wrench": push(math.nan)},
    "endless": {"peak_force_n": math.inf},
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_a_state_beyond_a_soft_limit_is_seen(what: str) -> None:
    assert Watch(LIMITS).look(state()) == []
    (found,) = Watch(LIMITS).look(state(**TOO_MUCH[what]))
    assert not found.hard


@pytest.mark.parametrize("what", FAR_TOO_MUCH)
def test_a_state_beyond_a_hard_limit_is_hard(what: str) -> None:
    (found,) = Watch(LIMITS).look(state(**FAR_TOO_MUCH[what]))
    assert found.hard


@pytest.mark.parametrize("what", TOO_MUCH)
def test_what_was_too_much_at_recovery_may_stay_but_not_grow(what: str) -> None:
    watch, there = Watch(LIMITS), state(**TOO_MUCH[what])
    watch.forgive(there)
    assert watch.look(there) == []
    (worse,) = watch.look(state(**FAR_TOO_MUCH[what]))
    assert worse.hard
    assert watch.look(state()) == []
    assert len(watch.look(there)) == 1


def test_a_growing_force_trips_again_before_it_is_hard() -> None:
    watch = Watch(LIMITS)
    watch.forgive(state(wrench=push(50.0)))
    assert watch.look(state(wrench=push(55.0))) == []
    (found,) = watch.look(state(wrench=push(60.0)))
    assert not found.hard
    assert found.what == "contact force of 60 N"


goals = st.lists(st.tuples(inside, turns, st.integers(1, 20)), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None)
@given(goals)
def test_a_target_on_its_way_keeps_to_speed_acceleration_and_box(
    way: list[tuple[tuple[float, float, float], Rotation, int]],
) -> None:
    dt = 0.005
    glide = Glide(transform_of(pose()), LIMITS)
    before, velocity, turning = glide.here, np.zeros(3), np.zeros(3)
    for position, turn, ticks in way:
        glide.send(pose_of(RigidTransform.from_components(position, turn)), 0.06)
        for _ in range(ticks):
            now = glide.step(dt)
            assert outside_m(LIMITS, now.translation.tolist()) <= 1e-12
            speed = (now.translation - before.translation) / dt
            turned = (now.rotation * before.rotation.inv()).as_rotvec() / dt
            assert np.linalg.norm(speed) <= LIMITS.speed * 1.0001
            assert np.linalg.norm(turned) <= LIMITS.turn_speed * 1.0001
            edge = min(-outside_m(LIMITS, now.translation.tolist()), 1.0)
            if edge > 1e-9:
                assert np.linalg.norm(speed - velocity) <= LIMITS.acceleration * dt * 1.01 + 1e-9
            assert np.linalg.norm(turned - turning) <= LIMITS.turn_acceleration * dt * 1.01 + 1e-6
            before, velocity, turning = now, speed, turned


@settings(max_examples=10, deadline=None)
@given(inside, turns)
def test_a_target_arrives_and_stays(position: tuple[float, float, float], turn: Rotation) -> None:
    glide = Glide(transform_of(pose()), LIMITS)
    goal = RigidTransform.from_components(position, turn)
    glide.send(pose_of(goal), 0.06)
    for _ in range(6000):
        glide.step(0.005)
        if glide.over:
            break
    assert glide.over
    assert np.linalg.norm(glide.here.translation - goal.translation) < 1e-5
    assert (glide.here.rotation * goal.rotation.inv()).magnitude() < 1e-4


def test_a_small_step_takes_a_control_period() -> None:
    glide = Glide(transform_of(pose()), LIMITS)
    glide.send(pose(y=0.001), 0.06)
    way = [float(glide.step(0.005).translation[1]) for _ in range(12)]
    assert way[-1] == pytest.approx(0.001, abs=2e-5)
    assert 0.0003 < way[5] < 0.0007
