"""Evaluation: what is counted, and that nothing of the training gets into it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration import evaluation
from calibration.crews import crew_of
from calibration.evaluation import (
    BANK_SEED,
    SEED_BASE,
    Conditions,
    Criterion,
    Episodes,
    Noise,
    Start,
    conditions_record,
    counts,
    evaluate,
    gathered,
    joined,
    summary,
)
from calibration.rehearsal import Rehearsal
from sequences.load import load
from sim.bank import bank, step_scene
from sim.insertions import Insertions
from sim.physics import NOMINAL
from skills.library import Found
from skills.presets import DOVETAIL
from skills.tasks import insertion_of

PRODUCT = load("bearing_block")
STEP = PRODUCT.step_of("bolt_left")
INSERTION = insertion_of(PRODUCT, STEP)

pytestmark = pytest.mark.usefixtures("banks")


def pushed(conditions: Conditions) -> Episodes:
    return evaluate(PRODUCT, STEP, lambda insertion: crew_of(insertion, "push"), conditions)


def alike(one: Episodes, other: Episodes) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Episodes.__slots__)


def test_the_same_seed_gives_the_same_episodes_and_another_gives_others() -> None:
    told: list[int] = []
    conditions = Conditions(episodes=6, starts=16, noise=Noise.NONE)
    crew = lambda insertion: crew_of(insertion, "push")  # noqa: E731
    one = evaluate(PRODUCT, STEP, crew, conditions, told.append)
    assert sum(told) == 6
    assert alike(one, pushed(conditions))
    other = pushed(Conditions(episodes=6, starts=16, noise=Noise.NONE, seed=1))
    assert not np.array_equal(one.start, other.start)
    assert np.all(one.sideways_m == 0.0)
    assert np.all((one.cause == "") == one.success)
    assert one.success.any()
    assert np.all(one.peak_n > 3.0)


def test_engaged_is_the_looser_rule() -> None:
    seated = pushed(Conditions(episodes=8, starts=16))
    engaged = pushed(Conditions(episodes=8, starts=16, criterion=Criterion.ENGAGED))
    assert np.array_equal(seated.start, engaged.start)
    assert np.all(engaged.success >= seated.success)
    assert np.all(seated.sideways_m > 0.0)


def test_a_start_at_the_initialization_is_straight_above() -> None:
    found = pushed(Conditions(episodes=3, starts=8, start=Start.INITIALIZATION, noise=Noise.NONE))
    assert np.abs(found.start[:, :2]).max() < 0.0013
    assert np.ptp(found.start[:, 2]) < 0.0025


def test_a_skill_is_measured_in_the_way_it_is_shipped(make_found: Callable[..., Found]) -> None:
    found = make_found(PRODUCT, STEP, scale=0.0)
    hurried = {**found.skill.settings, "lead": {**found.skill.settings["lead"], "work_s": 1.0}}
    found = make_found(PRODUCT, STEP, scale=0.0, settings=hurried)
    crew = lambda insertion: crew_of(insertion, "", found.skill, found.weights, found.path)  # noqa: E731
    one, other = (evaluate(PRODUCT, STEP, crew, Conditions(episodes=4, starts=16)) for _ in range(2))
    assert alike(one, other)
    assert one.duration_s.max() < 14.0
    assert set(one.cause[~one.success]) <= {
        "timeout",
        "jam",
        "not seated",
        "force limit",
        "slip in the grasp",
    }


def test_joint_friction_can_be_fixed() -> None:
    drawn = Conditions().variation()
    fixed = Conditions(joint_friction=1.0).variation()
    assert drawn.joint_friction == (0.0, 1.0)
    assert fixed.joint_friction == (1.0, 1.0)


def test_training_and_evaluation_share_neither_seeds_nor_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    real = Insertions.__init__

    def noted(self: Insertions, *args: Any, **more: Any) -> None:
        asked.append(more)
        real(self, *args, **more)

    monkeypatch.setattr(Insertions, "__init__", noted)
    pushed(Conditions(episodes=1, starts=4))
    Rehearsal([(PRODUCT, STEP)], DOVETAIL, 2, seed=1_000_003, starts=4)
    measured, practised = asked
    assert measured["seed"] == SEED_BASE
    assert measured["bank_seed"] == BANK_SEED != practised.get("bank_seed", 0)
    largest_training_seed = 1_000_003 * (999 + 1) + 7919 * 100
    assert largest_training_seed < SEED_BASE
    model = step_scene(PRODUCT, STEP, NOMINAL)
    mine, theirs = (
        bank(PRODUCT, STEP, INSERTION, model, size=16, seed=seed).starts for seed in (0, BANK_SEED)
    )
    apart = np.linalg.norm(mine[:, None, :3] - theirs[None, :, :3], axis=2)
    assert apart.min() > 1e-6


def test_a_summary_counts_by_hand() -> None:
    episodes = Episodes(
        success=np.array([True, True, False, False]),
        cause=np.array(["", "", "jam", "jam"], dtype=object),
        peak_n=np.array([10.0, 20.0, 30.0, 40.0]),
        duration_s=np.array([3.0, 5.0, 9.0, 9.0]),
        sideways_m=np.array([0.0005, 0.0015, 0.0016, 0.0025]),
        start=np.zeros((4, 6)),
        seen_start=np.zeros((4, 6)),
        goal_error=np.zeros((4, 4)),
    )
    found = summary(episodes)
    assert (found["episodes"], found["successes"], found["success"]) == (4, 2, 0.5)
    assert found["wilson_95"] == pytest.approx([0.15, 0.85], abs=0.001)
    assert found["peak_force_n"]["p50"] == 25.0
    assert found["time_to_success_s"]["p50"] == 4.0
    assert list(found["by_error"].values()) == [[1, 1], [1, 2], [0, 1]]
    assert found["causes"] == {"jam": 2}
    assert summary(joined([episodes, episodes]))["episodes"] == 8


def test_conditions_become_plain_values() -> None:
    record = conditions_record(Conditions(noise=Noise.NONE))
    assert record["noise"] == "none"
    assert (record["criterion"], record["joint_friction"]) == ("seated", None)
    assert type(record["noise"]) is str
    assert evaluation.LONGEST_S > 60.0


EPISODE = st.tuples(
    st.sampled_from(["", "jam", "timeout"]),
    st.floats(0.0, 120.0),
    st.floats(0.0, 80.0),
    st.floats(0.0, 0.0028),
)


@given(st.lists(st.lists(EPISODE, min_size=1, max_size=20), min_size=1, max_size=4))
def test_parts_add_up_to_the_whole(parts: list[list[tuple[str, float, float, float]]]) -> None:
    def episodes(rows: list[tuple[str, float, float, float]]) -> Episodes:
        cause, peak, time, aside = (np.array(column) for column in zip(*rows, strict=True))
        none = np.zeros((len(rows), 6))
        return Episodes(cause == "", cause.astype(object), peak, time, aside, none, none, none[:, :4])

    whole = summary(episodes([row for rows in parts for row in rows]))
    added = gathered([{**summary(part), **counts(part)} for part in map(episodes, parts)])
    for rounded, step in (("peak_force_n", 1.0), ("time_to_success_s", 0.5)):
        there, here = whole.pop(rounded), added.pop(rounded)
        assert there.keys() == here.keys()
        assert all(-0.1 <= here[name] - there[name] <= step + 0.1 for name in there)
    assert added == whole
