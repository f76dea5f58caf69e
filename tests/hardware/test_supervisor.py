"""The supervisor: what stands between a command and the arm, on an arm and a clock that the test moves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from hardware.arm import Mode
from hardware.glide import pose_of
from hardware.logbook import Logbook
from hardware.messages import (
    Body,
    Grasp,
    Hold,
    Move,
    MoveJoints,
    Pose,
    Refusal,
    Refused,
    Release,
    Servo,
    Spring,
    Take,
    ZeroWrench,
)
from hardware.safety import SIMULATED, Limits
from hardware.scripted_arm import ScriptedArm
from hardware.supervisor import RECOVERY_S, Supervisor
from sequences.assembly import Assembly
from sequences.load import load
from skills.cell import Fault
from skills.fake import EXACT, FakeCell
from skills.insertion import Insertion
from skills.tasks import insertion_of

PERIOD_S = 0.005


@cache
def world() -> tuple[Assembly, dict[str, Insertion]]:
    assembly = load("bearing_block")
    return assembly, {step.part: insertion_of(assembly, step) for step in assembly.steps}


@dataclass
class Bench:
    """An arm under supervision, whose time passes when the test says so."""

    log: Path
    limits: Limits = field(default_factory=lambda: SIMULATED)

    def __post_init__(self) -> None:
        self.now = 100.0
        self.arm = ScriptedArm(FakeCell(*world(), noise=EXACT), clock=lambda: self.now)
        self.logbook = Logbook(self.log)
        self.supervisor = Supervisor(self.arm, self.limits, self.logbook, clock=lambda: self.now)
        self.pass_time(0.1)

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / PERIOD_S)):
            self.now += PERIOD_S
            self.supervisor.tick()

    def here(self, *offset: float) -> Pose:
        assert self.supervisor.state is not None
        tcp = self.supervisor.state.tcp_in_base
        return pose_of(RigidTransform.from_translation(np.array(offset or (0.0, 0.0, 0.0))) * tcp)

    def do(self, body: Body) -> str:
        return self.supervisor.execute(body, "tester")

    def refused(self, body: Body) -> Refused:
        with pytest.raises(Refused) as caught:
            self.do(body)
        return caught.value

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(self.supervisor.faults)

    def lines(self, kind: str) -> list[dict[str, str]]:
        self.logbook.flush()
        read = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in read if line["kind"] == kind]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "bridge.jsonl")
    yield bench
    bench.logbook.close()


@pytest.fixture
def soft(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "bridge.jsonl", Limits())
    yield bench
    bench.logbook.close()


def test_a_servo_target_is_reached_within_the_period(bench: Bench) -> None:
    goal = bench.here(0.0, 0.004, 0.0)
    bench.do(Servo(goal))
    bench.pass_time(0.2)
    assert bench.here().position_m == pytest.approx(goal.position_m, abs=1e-4)
    assert bench.arm.calls.count("track") >= 10


def test_a_servo_without_new_targets_becomes_a_hold(bench: Bench) -> None:
    bench.do(Servo(bench.here(0.0, 0.004, 0.0)))
    bench.pass_time(bench.limits.servo_timeout_s - 0.05)
    assert "hold" not in bench.arm.calls
    bench.pass_time(0.1)
    assert bench.arm.calls[-1] == "hold"
    assert bench.faults == ()
    assert "no new target" in bench.lines("hold")[0]["why"]


@pytest.mark.parametrize("kind", [Servo, lambda pose: Move(pose, 0.1)], ids=["servo", "move"])
def test_a_target_outside_the_workspace_is_held_against(bench: Bench, kind: type[Servo]) -> None:
    refused = bench.refused(kind(Pose((0.4, 0.0, -0.05), bench.here().quaternion)))
    assert refused.refusal is Refusal.LIMIT
    assert bench.faults == (Fault.WORKSPACE,)
    assert bench.arm.calls[-1] == "hold"
    assert bench.refused(Move(bench.here(), 0.1)).refusal is Refusal.FAULTED
    assert "move" not in bench.arm.calls


def test_a_leap_of_the_servo_target_is_held_against(bench: Bench) -> None:
    assert "servo step of 120 mm" in bench.refused(Servo(bench.here(0.0, 0.12, 0.0))).detail
    assert bench.faults == (Fault.CONTROL,)
    assert "track" not in bench.arm.calls


def test_small_steps_cannot_outrun_the_arm(soft: Bench) -> None:
    start = np.array(soft.here().position_m)
    for step in range(1, 8):
        there = (float(start[0]), float(start[1]) + 0.04 * step, float(start[2]))
        soft.do(Servo(Pose(there, soft.here().quaternion)))
        soft.pass_time(0.06)
    moved = np.linalg.norm(np.array(soft.here().position_m) - start)
    assert moved <= soft.limits.speed * 0.06 * 7 * 1.05


def test_speed_and_grip_are_toned_down_and_it_is_said(soft: Bench) -> None:
    assert soft.do(Move(soft.here(0.0, 0.1, 0.0), 0.4)) == "speed 0.40 → 0.25 m/s"
    assert soft.do(Move(soft.here(), 0.1)) == ""
    assert soft.do(Grasp(0.02, 200.0)) == "force 200 → 60 N"
    assert soft.do(Release(5.0)) == ""
    soft.do(Spring(9e9, 9e9, (1.0, 1.0, 1.0), 3.0, 1.0))
    soft.do(ZeroWrench())
    soft.do(Hold())


def test_joints_near_their_end_are_held_against(bench: Bench) -> None:
    refused = bench.refused(MoveJoints((0.0, 0.0, 0.0, -3.0, 0.0, 0.5, 0.0), 1.0))
    assert refused.refusal is Refusal.LIMIT
    assert "joint 6" in refused.detail


def test_what_is_no_command_is_not_one(bench: Bench) -> None:
    assert bench.refused(Take()).refusal is Refusal.ARM


def test_a_soft_force_limit_holds_until_recovery(bench: Bench) -> None:
    bench.arm.wrench_bias[2] = 160.0
    bench.pass_time(PERIOD_S)
    assert bench.faults == (Fault.REFLEX,)
    assert bench.arm.calls[-1] == "hold"
    bench.supervisor.recover("tester")
    bench.pass_time(0.05)
    assert bench.faults == ()
    bench.arm.wrench_bias[2] = 200.0
    bench.pass_time(PERIOD_S)
    assert bench.faults == (Fault.REFLEX,)


def test_a_hard_force_limit_needs_an_operator(bench: Bench) -> None:
    bench.arm.wrench_bias[2] = 450.0
    bench.pass_time(PERIOD_S)
    assert bench.faults == (Fault.STOPPED,)
    assert "stop" in bench.arm.calls
    bench.arm.wrench_bias[2] = 0.0
    with pytest.raises(Refused, match="'dovetail bridge reset' clears it"):
        bench.supervisor.recover("tester")
    assert bench.refused(Move(bench.here(), 0.1)).refusal is Refusal.LATCHED
    bench.supervisor.reset("operator")
    bench.pass_time(0.05)
    assert bench.faults == ()
    assert bench.supervisor.latched == ""
    bench.do(Move(bench.here(), 0.1))
    assert bench.lines("latched")[0]["why"] == "contact force of 450 N, a hard limit"
    assert bench.lines("reset")[0]["who"] == "operator"


def test_a_hard_limit_that_is_still_broken_latches_again(bench: Bench) -> None:
    bench.arm.wrench_bias[2] = 450.0
    bench.pass_time(PERIOD_S)
    bench.supervisor.reset("operator")
    bench.pass_time(0.05)
    assert bench.supervisor.latched
    assert bench.faults


@pytest.mark.parametrize(
    ("mode", "fault"),
    [(Mode.REFLEX, Fault.REFLEX), (Mode.STOPPED, Fault.STOPPED), (Mode.LOST, Fault.CONNECTION)],
)
def test_the_arm_s_own_faults_are_named_and_recovered_from(bench: Bench, mode: Mode, fault: Fault) -> None:
    bench.do(Servo(bench.here(0.0, 0.01, 0.0)))
    bench.arm.trip("joint_velocity_violation", mode)
    bench.pass_time(PERIOD_S)
    assert bench.faults == (fault,)
    assert bench.supervisor.faults[fault] == "joint_velocity_violation: as ordered"
    bench.supervisor.recover("tester")
    bench.pass_time(0.1)
    assert bench.faults == ()
    bench.do(Servo(bench.here(0.0, 0.01, 0.0)))


def test_a_recovery_that_does_not_come_leaves_the_fault(bench: Bench) -> None:
    bench.arm.trip()
    bench.arm.frozen = True
    bench.pass_time(bench.limits.state_timeout_s + 0.02)
    assert bench.faults == (Fault.REFLEX, Fault.CONNECTION)
    bench.supervisor.recover("tester")
    bench.pass_time(RECOVERY_S + 0.1)
    assert bench.faults != ()
    assert bench.lines("not recovered")
    bench.arm.frozen = False
    bench.pass_time(0.1)
    bench.supervisor.recover("tester")
    bench.pass_time(0.1)
    assert bench.faults == ()


@pytest.mark.parametrize("name", ["move", "grasp", "release", "compliance", "zero_wrench"])
def test_an_arm_that_refuses_is_held_and_goes_on(bench: Bench, name: str) -> None:
    asked: dict[str, Body] = {
        "move": Move(bench.here(), 0.1),
        "grasp": Grasp(0.02, 40.0),
        "release": Release(0.08),
        "compliance": Spring(1000.0, 50.0, (0.01, 0.01, 0.01), 0.1, 1.0),
        "zero_wrench": ZeroWrench(),
    }
    bench.arm.refusing = {name}
    refused = bench.refused(asked[name])
    assert refused.refusal is Refusal.ARM
    assert bench.faults == (Fault.CONTROL,)
    assert bench.arm.calls[-1] == "hold"
    assert bench.lines("exception")[0]["name"] == "refused"
    bench.arm.refusing = set()
    bench.supervisor.recover("tester")
    bench.pass_time(0.1)
    assert bench.faults == ()
    bench.do(asked[name])


def test_a_tracker_that_fails_on_its_way_is_held(bench: Bench) -> None:
    bench.do(Servo(bench.here(0.0, 0.01, 0.0)))
    bench.arm.refusing = {"track"}
    bench.pass_time(0.05)
    assert bench.faults == (Fault.CONTROL,)
    assert bench.arm.calls.count("hold") == 1


def test_an_exception_of_another_kind_is_named_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by the driver")

    monkeypatch.setattr(bench.arm, "move", broken)
    assert bench.refused(Move(bench.here(), 0.1)).refusal is Refusal.ARM
    assert bench.lines("exception")[0]["name"] == "ZeroDivisionError"


def test_a_robot_that_does_not_answer_is_lost(bench: Bench) -> None:
    bench.arm.refusing = {"state"}
    bench.pass_time(0.05)
    assert bench.faults == (Fault.CONNECTION,)
    assert bench.arm.calls.count("hold") == 1


def test_a_robot_whose_clock_stands_still_is_lost(bench: Bench) -> None:
    bench.arm.frozen = True
    bench.pass_time(bench.limits.state_timeout_s + 0.02)
    assert bench.faults == (Fault.CONNECTION,)
    assert "stood still" in bench.supervisor.faults[Fault.CONNECTION]


def test_a_stop_is_always_accepted(bench: Bench) -> None:
    bench.arm.trip()
    bench.pass_time(PERIOD_S)
    bench.supervisor.stop("the operator said so", latch=True)
    assert bench.arm.calls[-1] == "stop"
    assert bench.supervisor.latched == "the operator said so"
