"""Episodes in a batch: resets, errors of the estimate, rewards, the end of an attempt."""

from dataclasses import replace

import numpy as np
import pytest

from sequences.load import load
from sim.bank import poses_of
from sim.control import CONTROL_PERIOD_S
from sim.insertions import Insertions
from sim.throughput import pace
from sim.variation import Variation, drawn
from skills.pilot import GuidedPilot
from skills.tasks import insertion_of

PRODUCT = load("bearing_block")
STEP = PRODUCT.step_of("bolt_left")
INSERTION = insertion_of(PRODUCT, STEP)

pytestmark = pytest.mark.usefixtures("banks")


def worlds_of(n: int, *, seed: int = 3, variation: Variation | None = None) -> tuple[Insertions, GuidedPilot]:
    worlds = Insertions(PRODUCT, STEP, INSERTION, n, seed=seed, variation=variation, bank_size=16)
    pilot = GuidedPilot(INSERTION, n, CONTROL_PERIOD_S)
    worlds.reset(np.arange(n), pilot)
    return worlds, pilot


def flown(worlds: Insertions, pilot: GuidedPilot, periods: int) -> list[float]:
    """Fly with a zero action; the rewards of world 0."""
    rewards = []
    for _ in range(periods):
        pilot.observe(worlds.sensed)
        outcome = worlds.advance(pilot, np.zeros((worlds.n, pilot.action.size)))
        rewards.append(float(outcome.reward[0]))
    return rewards


def test_the_estimate_is_wrong_within_its_bounds_and_stays_so() -> None:
    worlds, pilot = worlds_of(4)
    first = [worlds.estimate(row) for row in range(4)]
    for estimate in first:
        error = worlds.goal.inv() * estimate
        assert np.abs(error.translation).max() <= 0.002
        assert abs(error.rotation.as_rotvec()[2]) <= np.deg2rad(10.0)
        assert error.rotation.as_rotvec()[:2] == pytest.approx([0.0, 0.0], abs=1e-12)
    flown(worlds, pilot, 2)
    for row in range(4):
        assert worlds.estimate(row).as_matrix() == pytest.approx(first[row].as_matrix())


def test_a_resampled_estimate_changes_each_period() -> None:
    worlds, pilot = worlds_of(2, variation=Variation(resampled=True))
    before = worlds.estimate(0).translation.copy()
    flown(worlds, pilot, 1)
    assert not np.allclose(worlds.estimate(0).translation, before)


def test_a_reset_leaves_the_other_worlds_alone() -> None:
    worlds, pilot = worlds_of(3)
    flown(worlds, pilot, 3)
    states, errors = worlds.worlds.states.copy(), worlds.draws.goal_error.copy()
    worlds.reset(np.array([1]), pilot)
    assert np.array_equal(worlds.worlds.states[[0, 2]], states[[0, 2]])
    assert np.array_equal(worlds.draws.goal_error[[0, 2]], errors[[0, 2]])
    assert not np.array_equal(worlds.draws.goal_error[1], errors[1])
    assert worlds.sensed.time_s.tolist()[1] == 0.0
    assert worlds.peak_n[1] == 0.0


def test_the_same_seed_is_the_same_episode() -> None:
    one, other, another = worlds_of(2), worlds_of(2), worlds_of(2, seed=4)
    for worlds, pilot in (one, other, another):
        flown(worlds, pilot, 5)
    assert np.array_equal(one[0].worlds.states, other[0].worlds.states)
    assert not np.array_equal(one[0].draws.goal_error, another[0].draws.goal_error)


def test_readings_carry_noise_and_bias() -> None:
    exact = Variation(force_std_n=0.0, torque_std_nm=0.0, force_bias_n=0.0, torque_bias_nm=0.0)
    worlds, pilot = worlds_of(2, variation=exact)
    flown(worlds, pilot, 3)
    assert np.array_equal(worlds.wrench, worlds.worlds.felt.wrench)
    biased, pilot = worlds_of(2, variation=replace(exact, force_bias_n=1.0))
    flown(biased, pilot, 3)
    assert biased.wrench - biased.worlds.felt.wrench == pytest.approx(biased.draws.bias)
    assert 0.0 < np.abs(biased.draws.bias[:, :3]).max() <= 1.0


def test_nothing_is_earned_before_the_plug_has_touched_down() -> None:
    worlds, pilot = worlds_of(2)
    rewards = flown(worlds, pilot, 6)
    assert not pilot.working(worlds.sensed).any()
    assert rewards == [0.0] * 6


def test_draws_stay_in_their_bounds() -> None:
    bounds = Variation()
    draws = drawn(bounds, 400, np.random.default_rng(0))
    assert bounds.friction[0] <= draws.friction.min() < 0.25
    assert 0.85 < draws.friction.max() <= bounds.friction[1]
    assert np.abs(draws.gains - 1.0).max() <= bounds.gains
    assert np.abs(draws.tolerance_m).max() <= bounds.tolerance_m
    assert np.abs(draws.goal_error[:, :3]).max() <= bounds.goal_position_m
    assert np.abs(draws.bias[:, 3:]).max() <= bounds.torque_bias_nm


def test_the_batch_and_the_bare_engine_do_the_same_work() -> None:
    pilot = GuidedPilot(INSERTION, 2, CONTROL_PERIOD_S)
    timed = pace(PRODUCT, STEP, INSERTION, pilot, 2, threads=1, periods=3, seed=0, starts=16)
    assert timed.apart_m == 0.0
    assert timed.ratio > 0.0
    assert timed.cost_s == pytest.approx(timed.ours_s / 2)


def test_a_plug_is_aligned_when_it_is_aligned_with_a_mate_that_has_turned() -> None:
    step = PRODUCT.step_of("collar")
    collar = Insertions(PRODUCT, step, insertion_of(PRODUCT, step), 4, seed=3, bank_size=16)
    collar.reset(np.arange(4), GuidedPilot(collar.insertion, 4, CONTROL_PERIOD_S))
    goal = PRODUCT.goal_in_base(PRODUCT.step_of("shaft"))
    shafts = (goal.inv() * poses_of(collar.worlds.part("shaft"))).rotation
    aligned = (collar._mates_turned().inv() * shafts).magnitude()
    assert np.rad2deg(shafts.magnitude()).max() > 2.0
    assert np.rad2deg(aligned).max() < 1.5
    bolt, _ = worlds_of(2)
    assert bolt._mates_turned().magnitude() == pytest.approx([0.0, 0.0])
