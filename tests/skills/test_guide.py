"""The scripted lead, on a face that is made of a formula: it touches down and finds out how high that is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequences.load import load
from skills.cell import Vector
from skills.guide import Guide, Phase
from skills.insertion import Insertion
from skills.lead import Lead
from skills.pilot import GuidedPilot
from skills.sensed import Sensed
from skills.tasks import insertion_of

PRODUCT = load("bearing_block")
INSERTION = insertion_of(PRODUCT, PRODUCT.step_of("bolt_left"))
COLLAR = insertion_of(PRODUCT, PRODUCT.step_of("collar"))
PERIOD_S = 0.06
STIFFNESS = 3000.0
FOLLOWED = 0.7
"""Share of its way to the target that the plug goes in one control period."""


class Table:
    """Attempts over a flat face at ``height_m`` with, if wanted, a hole that lies around the true goal."""

    dry_n: float
    """Part of the spring's force that dry joints keep."""

    def __init__(
        self, insertion: Insertion, start: Vector, height_m: Vector, hole_m: Vector | None = None
    ) -> None:
        n = len(start)
        self.guide = Guide(insertion, n, PERIOD_S)
        self.position, self.height_m, self.hole_m = start.copy(), height_m, hole_m
        self.dry_n = 0.0
        self.force, self.periods = np.zeros(n), 0
        self.guide.begin(np.arange(n), self.sensed())

    def sensed(self) -> Sensed:
        n = len(self.position)
        wrench = np.zeros((n, 6))
        wrench[:, 2] = self.force
        pose = np.zeros((n, 7))
        return Sensed(
            time_s=np.full(n, self.periods * PERIOD_S), position=self.position.copy(),
            rotation=np.zeros((n, 3)), wrench=wrench, joints=np.zeros((n, 7)), tcp=pose, tcp_goal=pose,
        )  # fmt: skip

    def period(self, action: Vector | None = None) -> None:
        n = len(self.position)
        sensed = self.sensed()
        self.guide.scripted(sensed)
        target, _ = self.guide.command(sensed, np.zeros((n, 6)) if action is None else action)
        floor = self.height_m.copy()
        if self.hole_m is not None:
            within = np.linalg.norm(self.position[:, :2] - self.hole_m, axis=1) < INSERTION.clearance_m
            floor[within | (self.position[:, 2] < self.height_m - 1e-4)] -= INSERTION.depth_m
        moved = self.position + FOLLOWED * (target - self.position)
        in_hole = self.position[:, 2] < self.height_m - 1e-4
        moved[in_hole, :2] = self.position[in_hole, :2]
        moved[:, 2] = np.maximum(moved[:, 2], floor)
        rests = moved[:, 2] <= floor + 1e-9
        pressed = STIFFNESS * np.clip(moved[:, 2] - target[:, 2], 0.0, 0.007) - self.dry_n
        self.force = np.where(rests, np.maximum(0.0, pressed), 0.0)
        self.position = moved
        self.periods += 1


ASIDE = st.floats(-0.010, 0.010)
STARTS = st.tuples(ASIDE, ASIDE, st.floats(0.005, 0.020), st.floats(-0.002, 0.002))


@settings(max_examples=25, deadline=None)
@given(st.lists(STARTS, min_size=1, max_size=4))
def test_it_touches_down_and_reports_the_face(starts: list[tuple[float, float, float, float]]) -> None:
    assert INSERTION.touch is not None
    x, y, above, error = np.array(starts).T
    face = INSERTION.touch.height_m + error
    table = Table(INSERTION, np.column_stack([x, y, INSERTION.depth_m + above]), face)
    while not table.guide.working.all():
        assert table.periods < 200, table.guide.phase
        assert not table.guide.lost(table.sensed()).any()
        before = table.guide.working
        table.period()
        aside = np.linalg.norm(table.position[:, :2] - np.array(INSERTION.touch.offset_m), axis=1)
        assert np.all(aside[table.guide.working & ~before] < 0.003)
    assert table.guide.face_m == pytest.approx(face, abs=2e-4)
    assert table.guide.depth(table.sensed()) == pytest.approx(np.zeros(len(starts)), abs=1e-3)


def table_with_a_hole(error_m: tuple[float, float]) -> Table:
    assert INSERTION.touch is not None
    start = np.array([[0.0, 0.0, INSERTION.depth_m + 0.01]])
    height = np.array([INSERTION.touch.height_m])
    return Table(INSERTION, start, height, np.array([error_m]))


@pytest.mark.parametrize("error_m", [(0.0, 0.0), (0.0012, -0.0008), (-0.0016, 0.0011)])
def test_the_script_alone_finds_a_hole_and_knows_when_it_is_home(error_m: tuple[float, float]) -> None:
    table = table_with_a_hole(error_m)
    while not table.guide.home(table.sensed())[0]:
        assert not table.guide.late(table.sensed())[0]
        assert table.periods < 1500
        table.period()
    assert table.guide.dropped(table.sensed())[0]
    assert table.position[0, :2] == pytest.approx(error_m, abs=2 * INSERTION.clearance_m)


def test_without_a_face_it_is_lost() -> None:
    table = Table(INSERTION, np.array([[0.0, 0.0, INSERTION.depth_m + 0.01]]), np.array([-1.0]))
    while not table.guide.lost(table.sensed())[0]:
        assert table.periods < 200
        table.period()
    assert table.guide.phase[0] == Phase.DESCEND


def test_a_face_4_mm_too_low_is_felt_through_dry_joints() -> None:
    """2 mm by the goal's estimate and 2 mm by the grasp."""
    assert INSERTION.touch is not None
    face = np.array([INSERTION.touch.height_m - 0.004])
    table = Table(INSERTION, np.array([[0.0, 0.0, INSERTION.depth_m + 0.01]]), face)
    table.dry_n = 6.0
    while not table.guide.working[0]:
        assert table.periods < 300
        assert not table.guide.lost(table.sensed())[0]
        table.period()
    assert table.guide.face_m == pytest.approx(face, abs=2e-4)


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_the_swing_turns_back_where_the_plug_is_held(share: float) -> None:
    """Held at a quarter of the swing, whichever way it comes."""
    table = Table(INSERTION, np.array([[0.0, 0.0, INSERTION.depth_m + 0.01]]), np.array([0.5]))
    guide, held = table.guide, 0.25 * Lead().yaw_reach_rad
    guide.phase[:] = Phase.WORK
    swung = []
    for _ in range(400):
        sensed = table.sensed()
        yaw = guide.led[0, 2]
        sensed.wrench[0, 5] = -np.sign(yaw) * share * guide.lead.turned_back_nm if abs(yaw) > held else 0.0
        guide.scripted(sensed)
        swung.append(float(guide.led[0, 2]))
    reach = held if share > 1.0 else guide.lead.yaw_reach_rad
    step = guide.lead.swing_rate * PERIOD_S
    assert max(swung) == pytest.approx(reach, abs=1.01 * step)
    assert min(swung) == pytest.approx(-reach, abs=1.01 * step)


def test_an_action_counts_only_after_touch_down() -> None:
    push = np.array([[1.0, 1.0, 1.0, 1.0, 1.0, 1.0]])
    led, pushed = table_with_a_hole((0.002, 0.002)), table_with_a_hole((0.002, 0.002))
    for _ in range(200):
        led.period()
        pushed.period(push)
        if led.guide.working[0]:
            break
        assert np.array_equal(led.position, pushed.position)
    aside = pushed.guide.target[0, :2] - led.guide.target[0, :2]
    assert np.all(aside > 0.5 * led.guide.lead.offset_m)
    assert pushed.guide.target[0, 2] < led.guide.target[0, 2]
    assert pushed.guide.turn[0, :2] == pytest.approx([led.guide.lead.tilt_rad] * 2)


def test_attempts_do_not_know_of_each_other() -> None:
    assert INSERTION.touch is not None
    starts = np.array([[0.0, 0.0, 0.02], [0.008, -0.004, 0.025], [-0.006, 0.009, 0.018]])
    heights = INSERTION.touch.height_m + np.array([0.0, 0.001, -0.0015])
    together = Table(INSERTION, starts, heights)
    alone = [Table(INSERTION, starts[k : k + 1], heights[k : k + 1]) for k in range(3)]
    for _ in range(120):
        together.period()
        for table in alone:
            table.period()
    assert together.position == pytest.approx(np.concatenate([t.position for t in alone]), abs=1e-12)


def test_an_attempt_begins_anew() -> None:
    assert INSERTION.touch is not None
    start = np.array([[0.0, 0.0, 0.02], [0.004, 0.0, 0.02]])
    table = Table(INSERTION, start, np.full(2, INSERTION.touch.height_m))
    for _ in range(120):
        table.period()
    assert table.guide.working.all()
    table.position[1], table.force[1] = start[1], 0.0
    table.guide.begin(np.array([1]), table.sensed())
    assert table.guide.working.tolist() == [True, False]
    assert table.guide.phase[1] == Phase.RISE
    assert np.isinf(table.guide.work_began_s[1])
    assert table.guide.target[1] == pytest.approx(start[1])


def test_the_yaw_swings_slowly_and_fast_and_farther_only_where_the_goal_turns_along() -> None:
    lead = Lead()
    slow = (INSERTION, lead.swing_rate, lead.yaw_reach_rad)
    fast = (COLLAR, lead.fast_swing_rate, lead.dragging_reach_rad)
    for insertion, rate, reach in (slow, fast):
        table = Table(insertion, np.array([[0.0, 0.0, insertion.depth_m + 0.01]]), np.array([0.5]))
        table.guide.phase[:] = Phase.WORK
        swung = []
        for _ in range(600):
            table.guide.scripted(table.sensed())
            swung.append(float(table.guide.led[0, 2]))
        assert max(swung) == pytest.approx(reach, abs=0.6 * rate * PERIOD_S)
        assert min(swung) == pytest.approx(-reach, abs=0.6 * rate * PERIOD_S)
        assert np.abs(np.diff(swung)).max() == pytest.approx(rate * PERIOD_S)


def test_a_plug_comes_down_on_its_seat_more_slowly_than_through_its_hole() -> None:
    table = Table(INSERTION, np.array([[0.0, 0.0, INSERTION.depth_m]]), np.array([INSERTION.depth_m]))
    guide = table.guide
    guide.phase[:] = Phase.WORK
    guide.face_m[:] = INSERTION.depth_m

    def sinking_at(height_m: float) -> float:
        table.position[:, 2] = guide.target[:, 2] = height_m
        guide.command(table.sensed(), np.zeros((1, 6)))
        return (height_m - float(guide.target[0, 2])) / PERIOD_S

    assert sinking_at(0.5 * INSERTION.depth_m) == pytest.approx(0.012, abs=1e-6)
    assert sinking_at(0.0015) == pytest.approx(0.005, abs=1e-6)


def test_a_plug_with_little_play_in_yaw_is_led_finely() -> None:
    motor = load("motor")
    bell = insertion_of(motor, motor.step_of("end_bell"))
    usual, fine = Guide(INSERTION, 1, PERIOD_S).lead, Guide(bell, 1, PERIOD_S).lead
    assert usual == Lead()
    assert fine == Lead().finely()
    assert fine.path_speed < usual.path_speed
    assert fine.searching_n > usual.searching_n
    pilot = GuidedPilot(bell, 1, PERIOD_S)
    offsets = {block.name: block.scale for block in pilot.action.blocks}
    assert (offsets["target_offset"], offsets["yaw_offset"]) == (fine.offset_m, fine.yaw_rad)


def on_its_face(insertion: Insertion) -> Table:
    """A plug that has touched down, on a face without a hole."""
    table = Table(insertion, np.array([[0.0, 0.0, insertion.depth_m + 0.01]]), np.array([insertion.depth_m]))
    while not table.guide.working[0]:
        table.period()
    return table


def test_the_path_does_not_wait_for_a_plug_that_the_policy_put_off_from_it() -> None:
    """The policy may lead a plug 4 mm aside of the path: the plug is then where it is asked to be."""
    aside = np.array([[-1.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    gone = []
    for action in (np.zeros((1, 6)), aside):
        table = on_its_face(INSERTION)
        for _ in range(60):
            table.period(action)
        gone.append(table.guide._seeking._gone[0] + table.guide.lead.path_speed * PERIOD_S)
    assert gone[1] > 0.9 * gone[0]


def test_a_hole_that_the_first_spiral_did_not_find_is_found_soon() -> None:
    """At the corners of what the estimate may err by, where a spiral of 3 mm comes by once in a while."""
    for corner in ((0.002, 0.002), (-0.002, 0.002), (0.002, -0.002), (-0.002, -0.002)):
        table = table_with_a_hole(corner)
        while not table.guide.dropped(table.sensed())[0]:
            assert table.periods * PERIOD_S < 25.0
            table.period()


def test_a_plug_is_lifted_before_it_is_turned_upright() -> None:
    """What stands beside it may be nearer than its corners are when they turn."""
    table = Table(INSERTION, np.array([[0.0, 0.0, INSERTION.depth_m + 0.005]]), np.array([0.009]))
    askew = np.array([[0.1, -0.05, 0.0]])
    table.guide.turn[:] = askew
    while table.guide.phase[0] == Phase.RISE:
        assert np.array_equal(table.guide.turn, askew)
        table.period()
    table.period()
    assert np.linalg.norm(table.guide.turn) < np.linalg.norm(askew)


def test_a_plug_at_its_depth_is_held_untilted_for_a_while_before_it_is_home() -> None:
    """A plug that is let go while it is tilted in its hole stays askew there."""
    table = table_with_a_hole((0.0, 0.0))
    guide, tilting = table.guide, np.array([[0.0, 0.0, 0.0, 1.0, -1.0, 0.0]])
    while table.position[0, 2] > 0.5 * INSERTION.depth_m:
        assert table.periods < 1500
        table.period(tilting)
    assert np.all(np.abs(guide.turn[0, :2]) > 0.9 * guide.lead.tilt_rad)
    untilted_s = 0.0
    while not guide.home(table.sensed())[0]:
        assert table.periods < 1500
        table.period(tilting)
        untilted_s = untilted_s + PERIOD_S if np.all(guide.turn[0, :2] == 0.0) else 0.0
    assert untilted_s > 0.3


def test_a_plug_is_free_until_it_touches() -> None:
    table = Table(INSERTION, np.array([[0.0, 0.0, INSERTION.depth_m + 0.01]]), np.array([INSERTION.depth_m]))
    while table.force[0] == 0.0:
        assert table.guide.free[0]
        table.period()
    while not table.guide.working[0]:
        table.period()
    assert not table.guide.free[0]


@pytest.mark.parametrize("farther_m", [0.0, 0.002])
def test_the_plug_is_led_as_far_as_the_goal_may_lean_and_the_plug_sit_off(farther_m: float) -> None:
    """A spiral at first, then to every corner of what the spiral does not reach."""
    insertion = replace(INSERTION, sway_m=0.6 * farther_m, uncentred_m=0.8 * farther_m)
    table = Table(insertion, np.array([[0.0, 0.0, INSERTION.clear_height_m + 0.01]]), np.array([0.009]))
    reach, farthest = Lead().reach_m + farther_m, {True: 0.0, False: 0.0}
    for _ in range(1200):
        table.period()
        if table.guide._seeking.angle[0] > 0.0:
            spiral = table.periods * PERIOD_S - table.guide.work_began_s[0] <= Lead().spiral_s
            led = table.guide.led[0, :2]
            farthest[spiral] = max(
                farthest[spiral], float(np.linalg.norm(led) if spiral else np.abs(led).max())
            )
    assert 0.0005 < farthest[True] < reach + 0.0004
    assert farthest[False] == pytest.approx(reach, abs=0.0004)


def test_a_plug_that_swings_fast_is_not_tilted() -> None:
    table = on_its_face(COLLAR)
    table.period(np.array([[0.0, 0.0, 0.0, 1.0, -1.0, 0.0]]))
    assert np.all(np.abs(table.guide.turn[0, :2]) < np.deg2rad(0.3))
    bolt = on_its_face(INSERTION)
    bolt.period(np.array([[0.0, 0.0, 0.0, 1.0, -1.0, 0.0]]))
    assert np.all(np.abs(bolt.guide.turn[0, :2]) > np.deg2rad(3.0))
