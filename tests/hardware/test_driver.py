"""The driver against a simulated robot: franky and libfranka as on the real one."""

import time
from collections.abc import Callable, Iterator

import franky
import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from hardware.arm import Arm, ArmError, ArmState, CollisionLimits, Mode
from hardware.complaints import mode_of, named
from hardware.driver import FrankyArm
from hardware.simulated import SimulatedArm, simulated_arm
from hardware.springs import (
    COASTING_S,
    FURTHEST_M,
    FURTHEST_RAD,
    POSTURE,
    at_rest,
    clip_in_base,
    gains,
)
from sequences.load import load
from sim.noise import EXACT
from skills.cell import Compliance

pytestmark = pytest.mark.realtime

PRODUCT = load("bearing_block")
Until = Callable[[ArmState], bool]


@pytest.fixture(scope="module")
def robot() -> Iterator[SimulatedArm]:
    arm = simulated_arm(PRODUCT, noise=EXACT, realtime_factor=0.0)
    yield arm
    arm.close()


@pytest.fixture
def arm(robot: SimulatedArm) -> SimulatedArm:
    """The arm, well, at home, with open fingers and limits that nothing here reaches."""
    robot.robot.ask("clear")
    robot.robot.ask("pace", value=0.0)
    robot.recover()
    wait(robot, lambda state: state.mode == Mode.TRACKING)
    robot.limits(CollisionLimits(100.0, 50.0, (80.0,) * 4 + (12.0,) * 3))
    robot.compliance(Compliance())
    robot.move_joints(POSTURE, 0.5)
    wait(robot, lambda state: not state.moving)
    robot.release(0.08)
    wait(robot, lambda state: not state.moving)
    robot.zero_wrench()
    return robot


def wait(arm: Arm, until: Until, timeout_s: float = 10.0) -> ArmState:
    give_up = time.monotonic() + timeout_s
    while not until(state := arm.state()):
        assert time.monotonic() < give_up, state
        time.sleep(0.005)
    return state


def after(arm: Arm, seconds: float) -> ArmState:
    start = arm.state().time_s
    return wait(arm, lambda state: state.time_s > start + seconds)


def shifted(pose: RigidTransform, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> RigidTransform:
    return RigidTransform.from_translation([x, y, z]) * pose


def distance(a: RigidTransform, b: RigidTransform) -> float:
    return float(np.linalg.norm(a.translation - b.translation))


def test_it_is_an_arm(arm: SimulatedArm) -> None:
    assert isinstance(arm, Arm)
    state = arm.state()
    assert state.fault is None
    assert np.abs(state.joint_positions - POSTURE).max() < 0.002
    assert state.gripper_width_m == pytest.approx(0.08, abs=0.001)
    arm.track(state.tcp_in_base)
    after(arm, 0.1)
    found = arm.diagnose()
    assert found["address"] == arm.address
    assert found["robot_mode"] == "Move"
    assert float(str(found["control_command_success_rate"])) > 0.9


def test_a_motion_goes_straight_there_at_its_speed(arm: SimulatedArm) -> None:
    start = arm.state()
    turn = Rotation.from_rotvec([0.0, 0.0, 0.4])
    goal = RigidTransform.from_components(
        start.tcp_in_base.translation + np.array([0.06, -0.08, -0.05]), turn * start.tcp_in_base.rotation
    )
    arm.move(goal, 0.2)
    assert arm.state().moving
    speeds, off = [], []
    line = (goal.translation - start.tcp_in_base.translation) / distance(goal, start.tcp_in_base)
    while (state := arm.state()).moving:
        speeds.append(np.linalg.norm(state.tcp_velocity[:3]))
        way = state.tcp_in_base.translation - start.tcp_in_base.translation
        off.append(np.linalg.norm(way - (way @ line) * line))
        time.sleep(0.002)
    assert distance(state.tcp_in_base, goal) < 0.001
    assert (state.tcp_in_base.rotation * goal.rotation.inv()).magnitude() < 0.003
    assert 0.12 < max(speeds) < 0.21
    assert max(off) < 0.003
    assert state.mode == Mode.IDLE


def test_a_motion_across_the_axes_of_a_turned_tool_is_no_faster(arm: SimulatedArm) -> None:
    tcp = arm.state().tcp_in_base
    turned = RigidTransform.from_components(
        tcp.translation, Rotation.from_rotvec([0.0, 0.0, np.pi / 4]) * tcp.rotation
    )
    arm.move(turned, 0.2)
    wait(arm, lambda state: not state.moving)
    arm.move(shifted(turned, x=0.12), 0.2)
    speeds = []
    while (state := arm.state()).moving:
        speeds.append(np.linalg.norm(state.tcp_velocity[:3]))
        time.sleep(0.002)
    assert 0.17 < max(speeds) < 0.21


@pytest.mark.parametrize("yaw_deg", [178.0, -178.0])
def test_half_a_turn_goes_the_way_that_the_wrist_can(arm: SimulatedArm, yaw_deg: float) -> None:
    tcp = arm.state().tcp_in_base
    quarter = Rotation.from_euler("z", -np.sign(yaw_deg) * 89.0, degrees=True)
    for turn in (quarter, Rotation.from_euler("z", yaw_deg, degrees=True) * quarter, quarter):
        goal = RigidTransform.from_components(tcp.translation, turn * tcp.rotation)
        arm.move(goal, 0.2)
        state = wait(arm, lambda state: not state.moving)
        assert (state.fault, state.mode) == (None, Mode.IDLE)
        assert (state.tcp_in_base.rotation * goal.rotation.inv()).magnitude() < 0.003
        assert abs(state.joint_positions[6]) < 2.8


def test_the_damper_goes_with_a_target_that_moves(arm: SimulatedArm) -> None:
    start = arm.state().tcp_in_base
    arm.compliance(Compliance(stiffness=3000.0, rotational_clip_rad=0.014))
    turned = {}
    for led in (0.0, 1.0):
        speed = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.2])
        arm.track(start)
        began = after(arm, 0.5).time_s
        while (passed := (state := arm.state()).time_s - began) < 0.2:
            turn = Rotation.from_rotvec(passed * speed[3:])
            arm.track(RigidTransform.from_components(start.translation, turn * start.rotation), led * speed)
            time.sleep(0.002)
        turned[led] = float((state.tcp_in_base.rotation * start.rotation.inv()).as_rotvec()[2])
    assert turned[1.0] > 1.2 * turned[0.0]
    assert turned[1.0] > 0.7 * 0.2 * 1.2


def test_no_call_makes_its_caller_wait(arm: SimulatedArm) -> None:
    tcp = arm.state().tcp_in_base
    calls: list[Callable[[], object]] = [
        lambda: arm.track(shifted(tcp, x=0.002)),
        lambda: arm.compliance(Compliance(stiffness=1500.0)),
        lambda: arm.move(tcp, 0.1),
        lambda: arm.grasp(0.02, 30.0),
        lambda: arm.limits(CollisionLimits()),
        lambda: arm.release(0.08),
        arm.state,
        arm.hold,
        arm.zero_wrench,
        arm.stop,
        arm.recover,
    ]
    took = []
    for call in calls * 5:
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
        time.sleep(0.01)
        if arm.state().mode == Mode.STOPPED:
            arm.recover()
            wait(arm, lambda state: state.mode == Mode.TRACKING)
    assert np.median(took) < 0.002


def test_the_spring_follows_and_yields_at_its_clip(arm: SimulatedArm) -> None:
    start = arm.state().tcp_in_base
    arm.compliance(Compliance(stiffness=3000.0, clip_m=(0.004, 0.004, 0.004)))
    goal = shifted(start, x=0.01, z=-0.01)
    for share in np.linspace(0.0, 1.0, 20):
        arm.track(shifted(start, x=0.01 * share, z=-0.01 * share))
        after(arm, 0.02)
    assert distance(after(arm, 0.5).tcp_in_base, goal) < 0.002
    assert arm.state().mode == Mode.TRACKING


def test_a_push_against_the_table_is_felt_and_bounded(arm: SimulatedArm) -> None:
    turned = arm.state().tcp_in_base.rotation
    above = RigidTransform.from_components([0.55, -0.35, 0.045], turned)
    arm.grasp(0.0, 20.0)
    arm.move(above, 0.4)
    wait(arm, lambda state: not state.moving)
    arm.zero_wrench()
    assert np.abs(arm.state().joint_torques_external).max() < 0.1
    arm.compliance(Compliance(stiffness=2000.0, clip_m=(0.006, 0.006, 0.006)))
    for step in range(100):
        arm.track(shifted(above, z=-0.0006 * step))
        after(arm, 0.02)
    pressing = after(arm, 0.3)
    truth = np.array(arm.robot.ask("state")["wrench"])
    assert 6.0 < pressing.wrench[2] < 12.5
    assert np.abs(pressing.wrench - truth)[:3].max() < 0.03 * np.linalg.norm(truth[:3]) + 0.05
    assert np.abs(pressing.wrench - truth)[3:].max() < 0.02
    assert pressing.joint_torques_external == pytest.approx(arm.robot.ask("state")["external"], abs=0.2)
    assert pressing.joint_torques_external[1] < -3.0
    assert pressing.peak_force_n >= np.linalg.norm(pressing.wrench[:3]) - 1e-9
    arm.hold()
    assert after(arm, 0.3).wrench[2] < 0.5 * pressing.wrench[2]


def test_fingers_grasp_nothing_and_open_again(arm: SimulatedArm) -> None:
    arm.grasp(0.02, 40.0)
    assert arm.state().moving
    closed = wait(arm, lambda state: not state.moving)
    assert not closed.grasped
    assert closed.gripper_width_m < 0.002
    arm.release(0.05)
    assert wait(arm, lambda state: not state.moving).gripper_width_m == pytest.approx(0.05, abs=0.002)


def test_the_newest_finger_command_wins(arm: SimulatedArm) -> None:
    arm.grasp(0.0, 40.0)
    after(arm, 0.1)
    arm.release(0.06)
    assert wait(arm, lambda state: not state.moving).gripper_width_m == pytest.approx(0.06, abs=0.002)
    assert arm.state().fault is None


def test_stop_holds_until_recovered(arm: SimulatedArm) -> None:
    arm.robot.ask("pace", value=1.0)
    start = arm.state().tcp_in_base
    arm.move(shifted(start, y=0.2), 0.2)
    after(arm, 0.5)
    arm.stop()
    assert arm.state().mode == Mode.STOPPED
    stopped = after(arm, 0.3).tcp_in_base
    with pytest.raises(ArmError, match="stopped") as refused:
        arm.move(start, 0.1)
    assert refused.value.name == "stopped"
    with pytest.raises(ArmError, match="stopped"):
        arm.track(start)
    assert distance(after(arm, 0.5).tcp_in_base, stopped) < 0.001
    assert 0.02 < distance(stopped, start) < 0.18
    arm.recover()
    arm.move(start, 0.4)
    assert distance(wait(arm, lambda state: not state.moving).tcp_in_base, start) < 0.001


def test_an_arm_that_was_led_fast_is_not_drawn_back_when_it_is_held(arm: SimulatedArm) -> None:
    arm.robot.ask("pace", value=1.0)
    arm.compliance(Compliance(stiffness=2500.0))
    home, began, speed = (
        arm.state().tcp_in_base,
        arm.state().time_s,
        np.array([0.0, 0.0, -0.2, 0.0, 0.0, 0.0]),
    )
    while (since := arm.state().time_s - began) < 0.8:
        arm.track(RigidTransform.from_translation(speed[:3] * since) * home, speed)
        time.sleep(0.005)
    assert arm.state().tcp_velocity[2] < -0.1
    arm.hold()
    after(arm, 0.15)
    stood = arm.state().tcp_in_base.translation[2]
    assert after(arm, 0.5).tcp_in_base.translation[2] - stood < 0.0012


def test_where_a_moving_arm_comes_to_rest() -> None:
    tcp = RigidTransform.from_components([0.4, 0.1, 0.3], Rotation.from_rotvec([np.pi, 0.0, 0.0]))
    still = at_rest(tcp, np.zeros(6))
    assert still.as_matrix() == pytest.approx(tcp.as_matrix(), abs=1e-12)
    ahead = at_rest(tcp, np.array([0.1, 0.0, 0.0, 0.0, 0.0, 1.0]))
    assert ahead.translation - tcp.translation == pytest.approx([0.1 * COASTING_S, 0.0, 0.0])
    assert (ahead.rotation * tcp.rotation.inv()).as_rotvec() == pytest.approx([0.0, 0.0, COASTING_S])
    wild = at_rest(tcp, np.array([0.0, -9.0, 0.0, 99.0, 0.0, 0.0]))
    assert wild.translation - tcp.translation == pytest.approx([0.0, -FURTHEST_M, 0.0])
    assert (wild.rotation * tcp.rotation.inv()).magnitude() == pytest.approx(FURTHEST_RAD)


def test_collision_limits_reach_a_robot_that_is_being_tracked(arm: SimulatedArm) -> None:
    arm.track(arm.state().tcp_in_base)
    wait(arm, lambda state: state.mode == Mode.TRACKING)
    arm.limits(CollisionLimits(force_n=33.0))
    give_up = time.monotonic() + 5.0
    while arm.robot.ask("state")["collision_force_n"] != 33.0:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    assert wait(arm, lambda state: state.mode == Mode.TRACKING).fault is None


def test_nobody_there_is_an_error_with_a_name() -> None:
    with pytest.raises(ArmError) as refused:
        FrankyArm("127.0.0.1", realtime=False)
    assert refused.value.name == "connection_lost"


@pytest.mark.parametrize(
    ("error", "name", "mode"),
    [
        (
            franky.ControlException(
                'libfranka: Move command aborted: motion aborted by reflex! ["joint_reflex"]'
            ),
            "joint_reflex",
            Mode.REFLEX,
        ),
        (
            franky.ControlException("libfranka: Move command aborted: User Stop pressed!"),
            "user_stop",
            Mode.REFLEX,
        ),
        (
            franky.CommandException(
                'Move command rejected: command not possible in the current mode ("Guiding")!'
            ),
            "wrong_mode",
            Mode.REFLEX,
        ),
        (franky.NetworkException("libfranka: UDP receive: Timeout"), "connection_lost", Mode.LOST),
        (franky.IncompatibleVersionException("server version: 9"), "incompatible_version", Mode.LOST),
        (ValueError("a number"), "driver", Mode.REFLEX),
    ],
)
def test_every_complaint_has_a_name(error: Exception, name: str, mode: Mode) -> None:
    assert named(error)[0] == name
    assert mode_of(name) is mode


def test_a_clip_is_turned_into_the_base_frame() -> None:
    spring = Compliance(clip_m=(0.001, 0.002, 0.003))
    quarter = Rotation.from_rotvec([0.0, 0.0, np.pi / 2])
    assert clip_in_base(spring, quarter) == pytest.approx([0.002, 0.001, 0.003])


def test_a_tightly_clipped_spring_can_turn_against_its_damper() -> None:
    spring = Compliance(stiffness=3000.0, rotational_stiffness=150.0, rotational_clip_rad=0.014)
    damping = np.diag(gains(spring).damping)
    assert 150.0 * 0.014 / damping[5] > 1.0
    assert 3000.0 * 0.008 / damping[0] > 0.1
    assert np.diag(gains(spring).stiffness) == pytest.approx([3000.0] * 3 + [150.0] * 3)
