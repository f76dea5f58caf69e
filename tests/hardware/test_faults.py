"""Each fault by its name, from the robot through libfranka to the driver, and back to well."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from hardware.arm import ArmError, ArmState, CollisionLimits, Mode
from hardware.driver import FrankyArm
from hardware.faults import FAULTS, Faults, UnknownFault
from hardware.proving_ground import rest_in
from hardware.reflexes import ERROR_NAMES
from hardware.simulated import SimulatedArm, SimulatedRobot, simulated_arm
from sequences.load import load
from sim.noise import EXACT
from skills.cell import Compliance

pytestmark = pytest.mark.realtime

PRODUCT = load("bearing_block")
Until = Callable[[ArmState], bool]
SAFE_HOLD_S = 0.15
"""An arm must stand still by then [s]."""


@pytest.fixture(scope="module")
def robot() -> Iterator[SimulatedArm]:
    arm = simulated_arm(PRODUCT, noise=EXACT)
    yield arm
    arm.close()


@pytest.fixture
def arm(robot: SimulatedArm) -> SimulatedArm:
    """The arm, well and on its spring."""
    robot.robot.ask("clear")
    give_up = time.monotonic() + 10.0
    while robot.state().mode not in (Mode.TRACKING, Mode.IDLE):
        robot.recover()
        time.sleep(0.1)
        assert time.monotonic() < give_up, robot.state()
    robot.limits(CollisionLimits(100.0, 50.0, (80.0,) * 4 + (12.0,) * 3))
    robot.hold()
    wait(robot, lambda state: state.mode == Mode.TRACKING)
    return robot


def wait(arm: FrankyArm, until: Until, timeout_s: float = 5.0) -> ArmState:
    give_up = time.monotonic() + timeout_s
    while not until(state := arm.state()):
        assert time.monotonic() < give_up, state
        time.sleep(0.002)
    return state


def shifted(pose: RigidTransform, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> RigidTransform:
    return RigidTransform.from_translation([x, y, z]) * pose


def still_since(robot: SimulatedRobot, after_s: float) -> float:
    """How long after ``after_s`` (monotonic) the TCP stood [s], without what its simulation was late."""
    rest = rest_in(robot.trail(), after_s, time.monotonic())
    return rest.after_s - rest.behind_s


def struck(robot: SimulatedRobot, fault: str) -> float:
    """Begin a fault; when it began by the robot's own record (monotonic) [s]: this process may be stalled."""
    robot.inject(fault, {"commands_dropped": 200, "connection_lost": 400}.get(fault, 100))
    return max(wall for wall, _, what in robot.events() if what == f"injected: {fault}")


def moving_arm(arm: SimulatedArm) -> None:
    """Well on its way through free space."""
    y = float(arm.state().tcp_in_base.translation[1])
    arm.move(shifted(arm.state().tcp_in_base, y=-0.15 if y > 0.0 else 0.15), 0.2)
    wait(arm, lambda state: bool(np.linalg.norm(state.tcp_velocity[:3]) > 0.1))


@pytest.mark.parametrize("name", ERROR_NAMES)
def test_every_error_of_the_robot_stops_the_arm_by_its_name(arm: SimulatedArm, name: str) -> None:
    arm.robot.inject(name)
    state = wait(arm, lambda state: state.fault is not None)
    assert (state.mode, state.fault) == (Mode.REFLEX, name)
    assert name in state.fault_detail
    with pytest.raises(ArmError) as refused:
        arm.track(state.tcp_in_base)
    assert refused.value.name == name
    arm.recover()
    assert wait(arm, lambda state: state.mode == Mode.TRACKING).fault is None


def test_a_reflex_in_motion_leaves_the_arm_still(arm: SimulatedArm) -> None:
    moving_arm(arm)
    began = struck(arm.robot, "joint_reflex")
    wait(arm, lambda state: state.fault == "joint_reflex")
    time.sleep(0.3)
    assert still_since(arm.robot, began) < SAFE_HOLD_S
    assert arm.robot.ask("state")["mode"] == "reflex"


def test_a_hold_brakes_a_fast_motion_and_does_not_go_back(arm: SimulatedArm) -> None:
    y = float(arm.state().tcp_in_base.translation[1])
    way = np.array([0.0, -0.25 if y > 0.0 else 0.25, 0.0])
    arm.move(RigidTransform.from_translation(way) * arm.state().tcp_in_base, 0.4)
    wait(arm, lambda state: bool(np.linalg.norm(state.tcp_velocity[:3]) > 0.38))
    braked = time.monotonic()
    arm.hold()
    wait(arm, lambda state: state.mode == Mode.TRACKING)
    time.sleep(0.2)
    trail = arm.robot.trail()
    along = trail[trail[:, 0] > braked][:, 3] * np.sign(way[1])
    assert along.max() - along[-1] < 0.003
    assert along[-1] - along[0] < 0.03


def test_an_arm_that_lost_its_robot_in_motion_connects_anew(arm: SimulatedArm) -> None:
    moving_arm(arm)
    limit_n = arm.robot.ask("state")["collision_force_n"]
    arm.robot.inject("states_dropped", 700)
    assert wait(arm, lambda state: state.fault is not None).mode == Mode.LOST
    time.sleep(0.5)
    arm.recover()
    assert wait(arm, lambda state: state.mode == Mode.TRACKING).fault is None
    assert arm.robot.ask("state")["collision_force_n"] == limit_n


def test_contact_beyond_the_limit_is_a_cartesian_reflex(arm: SimulatedArm) -> None:
    rotation = arm.state().tcp_in_base.rotation
    above = RigidTransform.from_components([0.55, -0.35, 0.02], rotation)
    arm.move(above, 0.4)
    wait(arm, lambda state: not state.moving)
    arm.limits(CollisionLimits(force_n=8.0))
    arm.compliance(Compliance(stiffness=3000.0))
    for step in range(40):
        try:
            arm.track(shifted(above, z=-0.001 * step))
        except ArmError:
            break
        time.sleep(0.03)
    assert wait(arm, lambda state: state.fault is not None).fault == "cartesian_reflex"
    arm.limits(CollisionLimits(100.0, 50.0, (80.0,) * 4 + (12.0,) * 3))
    arm.recover()
    wait(arm, lambda state: state.mode == Mode.TRACKING)
    arm.move(shifted(above, z=0.2), 0.4)
    assert wait(arm, lambda state: not state.moving).fault is None


def test_lost_packets_stop_the_arm_and_a_few_do_not(arm: SimulatedArm) -> None:
    arm.robot.inject("commands_dropped", 10)
    time.sleep(0.2)
    assert arm.state().fault is None
    moving_arm(arm)
    began = struck(arm.robot, "commands_dropped")
    assert wait(arm, lambda state: state.fault is not None).fault == "communication_constraints_violation"
    time.sleep(0.3)
    assert still_since(arm.robot, began) < SAFE_HOLD_S


def test_packets_that_come_late_do_not_shake_the_arm(arm: SimulatedArm) -> None:
    start = arm.state().tcp_in_base
    arm.robot.inject("commands_delayed", 300)
    time.sleep(0.5)
    state = arm.state()
    assert state.fault is None
    assert np.linalg.norm(state.tcp_in_base.translation - start.translation) < 0.002


def test_a_motion_ends_and_another_begins_while_packets_come_late(arm: SimulatedArm) -> None:
    arm.robot.inject("commands_delayed", 2000)
    for _ in range(3):
        arm.move(shifted(arm.state().tcp_in_base, z=0.002), 0.05)
        assert wait(arm, lambda state: not state.moving).fault is None
        arm.hold()
        assert wait(arm, lambda state: state.mode == Mode.TRACKING).fault is None


def test_a_lost_connection_is_seen_survived_and_mended(arm: SimulatedArm) -> None:
    moving_arm(arm)
    before = arm.state().time_s
    began = struck(arm.robot, "connection_lost")
    state = wait(arm, lambda state: state.mode == Mode.LOST)
    assert state.fault == "connection_lost"
    assert still_since(arm.robot, began) < SAFE_HOLD_S
    time.sleep(0.3)
    arm.recover()
    state = wait(arm, lambda state: state.mode == Mode.TRACKING)
    assert state.time_s >= before
    tcp = state.tcp_in_base
    arm.move(shifted(tcp, z=0.02), 0.2)
    arm.grasp(0.0, 20.0)
    after = wait(arm, lambda state: not state.moving)
    assert after.fault is None
    assert after.tcp_in_base.translation[2] - tcp.translation[2] == pytest.approx(0.02, abs=0.002)
    arm.release(0.08)
    wait(arm, lambda state: not state.moving)


def test_a_user_stop_holds_as_long_as_it_is_pressed(arm: SimulatedArm) -> None:
    arm.robot.inject("user_stop", 600)
    assert wait(arm, lambda state: state.fault is not None).fault == "user_stop"
    arm.recover()
    time.sleep(0.2)
    assert arm.state().fault == "user_stop"
    time.sleep(0.6)
    arm.recover()
    assert wait(arm, lambda state: state.mode == Mode.TRACKING).fault is None


def test_a_user_stop_is_seen_by_an_arm_at_rest(arm: SimulatedArm) -> None:
    arm.move(shifted(arm.state().tcp_in_base, z=0.001), 0.1)
    wait(arm, lambda state: state.mode == Mode.IDLE)
    arm.robot.inject("user_stop", 100)
    assert wait(arm, lambda state: state.fault is not None).fault == "user_stop"


def test_a_hand_that_misses_holds_nothing(arm: SimulatedArm) -> None:
    arm.robot.inject("gripper_miss", 2000)
    arm.grasp(0.02, 30.0)
    missed = wait(arm, lambda state: not state.moving)
    assert missed.gripper_width_m == pytest.approx(0.08, abs=0.002)
    arm.grasp(0.02, 30.0)
    assert wait(arm, lambda state: not state.moving).gripper_width_m < 0.002
    arm.release(0.08)
    wait(arm, lambda state: not state.moving)


KILLED = """
import sys, time
import numpy as np
from scipy.spatial.transform import RigidTransform
from hardware.driver import FrankyArm

arm = FrankyArm(sys.argv[1], realtime=False)
arm.move(RigidTransform.from_translation([0.0, 0.2, 0.0]) * arm.state().tcp_in_base, 0.2)
give_up = time.monotonic() + 20.0
while np.linalg.norm(arm.state().tcp_velocity[:3]) < 0.1:
    assert time.monotonic() < give_up, arm.state()
    time.sleep(0.002)
print("moving", flush=True)
time.sleep(10.0)
"""


def test_a_driver_that_is_killed_leaves_the_arm_still_and_the_next_one_takes_over() -> None:
    with SimulatedRobot(PRODUCT, noise=EXACT) as robot:
        driver = subprocess.Popen([sys.executable, "-c", KILLED, robot.address], stdout=subprocess.PIPE)
        assert driver.stdout is not None
        assert driver.stdout.readline() == b"moving\n"
        killed = time.monotonic()
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        driver.stdout.close()
        time.sleep(0.4)
        assert still_since(robot, killed) < SAFE_HOLD_S
        assert robot.ask("state")["mode"] == "reflex"
        heir = FrankyArm(robot.address, realtime=False)
        try:
            found = wait(heir, lambda state: state.fault is not None)
            assert found.fault == "communication_constraints_violation"
            heir.recover()
            assert wait(heir, lambda state: state.mode == Mode.TRACKING).fault is None
        finally:
            heir.close()


def test_a_fault_nobody_knows_is_refused(arm: SimulatedArm) -> None:
    with pytest.raises(UnknownFault, match="no fault 'gremlins'; there are gripper_miss"):
        Faults().inject("gremlins")
    with pytest.raises(ArmError, match="no fault 'gremlins'"):
        arm.robot.inject("gremlins")


def test_faults_run_out() -> None:
    faults = Faults()
    for name in FAULTS:
        faults.inject(name, 2)
    for _ in range(2):
        faults.tick()
        assert all(faults.active(name) for name in FAULTS)
    faults.tick()
    assert not any(faults.active(name) for name in FAULTS)
