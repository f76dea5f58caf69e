"""What a fault campaign does when, and what is made of its rows."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from executive.benchmarks.fault_journal import is_told
from executive.benchmarks.fault_tables import faults_markdown, faults_summed
from executive.benchmarks.faults import schedule
from executive.journal import Event
from hardware.proving_ground import KILLED_CLIENT, KILLED_SERVER, KINDS, Blow, rest_in

STOPPED = {
    "kind": "user_stop", "stopped": True, "rest_ms": 40, "overslept_ms": 0, "behind_ms": 0, "went_on": False,
    "resumed": True, "journaled": True, "during": "picked",
}  # fmt: skip
SLOW = {"rest_ms": 170, "overslept_ms": 12, "behind_ms": 18}
LATE = STOPPED | SLOW | {"kind": "client_killed", "resumed": False}
PASSED = STOPPED | {
    "kind": "gripper_miss",
    "stopped": False,
    "rest_ms": None,
    "went_on": True,
    "resumed": False,
}
PASSED |= {"during": "step_done"}
PRODUCT = {"state": "assembled", "commands": 900, "refused": 12, "wrong": []}
GOLDEN = """\
| fault | injected | arm stopped | at rest after, p50 / max | went on | resumed | in the journals |
|---|---|---|---|---|---|---|
| client_killed | 1 | 1 | 170 / 170 ms | 0 | 0 | 1 |
| gripper_miss | 1 | 0 |  | 1 | 0 | 1 |
| user_stop | 1 | 1 | 40 / 40 ms | 0 | 1 | 1 |

3 injections: 2 stopped the arm, 1 of these later than 150 ms (worst 170 ms), 0 not counting time that \
server and robot were kept from running; 1 could not be taken up again; 3 are in the journals.
What the run had told last: picked (2), step_done (1).
1 of 1 products were assembled in the end. 900 commands were acted on, 0 of them wrongly."""


def line(kind: str, **facts: Any) -> dict[str, Any]:
    return {"kind": kind, "monotonic_s": 1.0, **facts}


def test_every_fault_has_its_turn_before_any_has_a_second() -> None:
    kinds = schedule(2 * len(KINDS) + 3, 7)
    assert set(Counter(kinds[: len(KINDS)]).values()) == {1}
    assert set(kinds[: len(KINDS)]) == set(map(str, KINDS))
    assert max(Counter(kinds).values()) == 3
    assert kinds == schedule(2 * len(KINDS) + 3, 7)
    assert kinds[: len(KINDS)] != schedule(len(KINDS), 8)


def test_the_table_of_a_campaign() -> None:
    assert faults_markdown(faults_summed([STOPPED, LATE, PASSED], [PRODUCT])) == GOLDEN


def test_rest_is_the_last_time_that_the_arm_moved_and_a_late_robot_is_found_out() -> None:
    at = np.arange(0.0, 1.0, 0.005)
    x = np.where(at < 0.4, 0.1 * at, 0.04)
    trail = np.column_stack([at, at, x, 0.0 * at, 0.0 * at])
    rest = rest_in(trail, 0.3, 0.9)
    assert rest.after_s == pytest.approx(0.1, abs=0.006)
    assert rest.behind_s == pytest.approx(0.0, abs=1e-9)
    assert rest_in(trail, 0.5, 0.9) == (0.0, 0.0)
    late = trail.copy()
    late[at >= 0.35, 0] += 0.08
    rest = rest_in(late, 0.3, 0.9)
    assert rest.after_s == pytest.approx(0.18, abs=0.006)
    assert rest.behind_s == pytest.approx(0.08, abs=0.006)


def test_a_stop_is_told_when_both_journals_say_so() -> None:
    broke_off = [Event("fault", data={"faults": ["reflex"]})]
    blow = Blow("joint_reflex", 1.0, 3.0)
    assert is_told(blow, [line("fault", what="joint_reflex: libfranka: ...")], broke_off)
    assert not is_told(blow, [line("fault", what="cartesian_reflex: ...")], broke_off)
    assert not is_told(blow, [line("fault", what="joint_reflex: ...")], [Event("picked")])
    assert is_told(Blow(KILLED_CLIENT, 1.0, 0.0), [line("lease lost")], [Event("resumed")])
    assert is_told(Blow("gripper_miss", 1.0, 60.0), [line("lease lost")], [Event("resumed")])
    assert not is_told(Blow("gripper_miss", 1.0, 60.0), [line("hold")], [Event("resumed")])
    assert is_told(Blow(KILLED_SERVER, 1.0, 0.0), [], broke_off)
    assert not is_told(Blow("messages_dropped", 1.0, 0.3), [line("servo", seq=4)], broke_off)
