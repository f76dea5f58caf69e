"""Where a hole may still be: a plug that goes where the belief sends it comes by every place there is."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sequences.load import load
from skills.belief import Belief
from skills.cell import Vector
from skills.lead import Lead
from skills.tasks import insertion_of

PRODUCT = load("bearing_block")
INSERTION = replace(
    insertion_of(PRODUCT, PRODUCT.step_of("bolt_left")), clearance_m=0.0005, yaw_play_rad=np.deg2rad(3.0)
)
REACH_M, YAW_REACH_RAD = 0.003, float(np.deg2rad(13.0))
SPEED, RATE, PERIOD_S = 0.010, 0.4, 0.06
ROW = np.arange(1)
ERROR, YAW_ERROR = st.floats(-0.002, 0.002), st.floats(-np.deg2rad(10.0), np.deg2rad(10.0))


def made(n: int = 1, yaw_reach_rad: float = YAW_REACH_RAD, swung_rad: float = 0.0) -> Belief:
    return Belief(INSERTION, n, REACH_M, yaw_reach_rad, swung_rad)


def sent(belief: Belief, seconds: float, off: Vector) -> Iterator[Vector]:
    """Where a plug is, period by period, that goes exactly where it is led but for ``off``."""
    led, aim = np.zeros((1, 3)), np.zeros((1, 3))
    for _ in range(round(seconds / PERIOD_S)):
        belief.looked(ROW, led + off)
        if np.allclose(led, aim):
            belief.led(ROW, aim)
            aim = belief.best(ROW, led, SPEED, RATE)
        way = aim - led
        length = max(float(np.linalg.norm(way[0, :2])), 1e-12)
        led = led + way * [*[min(1.0, SPEED * PERIOD_S / length)] * 2, 0.0]
        led[:, 2] += np.clip(way[:, 2], -RATE * PERIOD_S, RATE * PERIOD_S)
        yield (led + off)[0]


@settings(max_examples=40, deadline=None)
@given(ERROR, ERROR, YAW_ERROR)
@example(0.002, 0.002, float(np.deg2rad(10.0)))
@example(-0.002, 0.002, float(np.deg2rad(-10.0)))
def test_every_pose_that_a_hole_may_have_is_come_by_in_time(x: float, y: float, yaw: float) -> None:
    assert any(
        np.hypot(here[0] - x, here[1] - y) < INSERTION.clearance_m
        and abs(here[2] - yaw) < INSERTION.yaw_play_rad
        for here in sent(made(), Lead().work_s - Lead().spiral_s, np.zeros(3))
    )


@settings(max_examples=20, deadline=None)
@given(ERROR, ERROR)
@example(0.002, -0.002)
def test_where_the_plug_is_counts_and_not_where_it_is_led(x: float, y: float) -> None:
    """One that is always a millimetre off comes by every place all the same."""
    off = np.array([0.001, 0.0, 0.0])
    visits = sent(made(yaw_reach_rad=0.0), 20.0, off)
    assert any(np.hypot(here[0] - x, here[1] - y) < INSERTION.clearance_m for here in visits)


def test_the_nearest_place_comes_first_and_what_was_looked_at_last() -> None:
    belief, led = made(), np.zeros((1, 3))
    assert np.allclose(belief.best(ROW, led, SPEED, RATE), 0.0)
    for _ in range(5):
        belief.looked(ROW, led)
    then = belief.best(ROW, led, SPEED, RATE)[0]
    assert not np.allclose(then, 0.0)
    assert np.linalg.norm(then[:2]) < 0.0015
    assert abs(then[2]) < np.deg2rad(8.0)


def test_a_place_that_cannot_be_reached_is_left_in_the_end() -> None:
    belief, led = made(), np.zeros((1, 3))
    for _ in range(12):
        belief.led(ROW, led)
    assert not np.allclose(belief.best(ROW, led, SPEED, RATE), 0.0)


def test_attempts_do_not_share_what_they_know_and_one_that_begins_anew_knows_nothing() -> None:
    belief, led = made(n=2), np.zeros((2, 3))
    for _ in range(5):
        belief.looked(ROW, led[:1])
    first, second = belief.best(np.arange(2), led, SPEED, RATE)
    assert not np.allclose(first, 0.0)
    assert np.allclose(second, 0.0)
    belief.begin(ROW)
    assert np.allclose(belief.best(np.arange(2), led, SPEED, RATE), 0.0)


def test_one_look_says_less_where_the_yaw_swings() -> None:
    """The yaw may just then have been another."""
    still, swinging = made(yaw_reach_rad=0.0), made(yaw_reach_rad=0.0, swung_rad=np.deg2rad(18.0))
    led = np.zeros((1, 3))
    for belief in (still, swinging):
        belief.looked(ROW, led)
    assert not np.allclose(still.best(ROW, led, SPEED, RATE), 0.0)
    assert np.allclose(swinging.best(ROW, led, SPEED, RATE), 0.0)


def test_nobody_asks_for_nothing() -> None:
    assert made().best(np.zeros(0, int), np.zeros((0, 3)), SPEED, RATE).shape == (0, 3)
