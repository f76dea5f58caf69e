"""Routines in physics: real insertions, and a check that knows a plug on the face from one that is home."""

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from sequences.load import load
from sim.cell import SimCell
from sim.noise import BENCH, EXACT, Noise
from sim.truth import seated
from skills.feeling import Inspect, LetGo
from skills.handling import Carry, LiftClear, PutBack
from skills.insertion import Attempt
from skills.pick import Pick
from skills.policies import UnknownPolicy, policy
from skills.push import StraightPush
from skills.routine import Cause, Progress, Routine
from skills.search import Search
from skills.seated import CheckSeated
from skills.tasks import insertion_of

PRODUCT = load("bearing_block")
BUSHING, BOLT = PRODUCT.steps[0], PRODUCT.steps[1]


def run(cell: SimCell, routine: Routine) -> Progress:
    routine.start(cell)
    while (progress := routine.update(cell)) is Progress.RUNNING:
        cell.advance()
    return progress


def carried(cell: SimCell, part: str) -> Attempt:
    """A part in the hand, above its goal's estimate."""
    step = PRODUCT.step_of(part)
    attempt = Attempt(insertion_of(PRODUCT, step), cell.locate_goal(part).pose_in_base)
    attempt.initialization = np.array([0.0, 0.0, attempt.insertion.clear_height_m + 0.005, 0.0, 0.0, 0.0])
    for routine in (Pick(attempt), Carry(attempt)):
        assert run(cell, routine) is Progress.SUCCEEDED, routine.message
    return attempt


@pytest.mark.parametrize("part", ["bushing", "bolt_left"])
def test_search_finds_a_hole_that_is_not_where_it_should_be(part: str) -> None:
    cell = SimCell(PRODUCT, seed=2, noise=BENCH)
    attempt = carried(cell, part)
    for routine in (Search(attempt), CheckSeated(attempt), LetGo(attempt)):
        assert run(cell, routine) is Progress.SUCCEEDED, routine.message
    verdict = seated(cell, PRODUCT.step_of(part))
    assert verdict.seated
    assert attempt.felt_height_m == pytest.approx(cell.true_pose(part).translation[2], abs=0.0008)
    assert 5.0 < attempt.peak_force_n < 80.0
    assert len(attempt.trace) > 50
    assert run(cell, Inspect(attempt)) is Progress.SUCCEEDED


def test_a_part_that_crept_up_in_the_grasp_before_it_touched_is_pressed_and_believed() -> None:
    cell = SimCell(PRODUCT, seed=2, noise=EXACT)
    attempt = carried(cell, "bushing")
    for routine in (Search(attempt), CheckSeated(attempt)):
        assert run(cell, routine) is Progress.SUCCEEDED, routine.message
    assert attempt.face_height_m is not None
    attempt.face_height_m -= 0.0015
    let_go = LetGo(attempt)
    assert run(cell, let_go) is Progress.SUCCEEDED, let_go.message
    assert attempt.felt_height_m == pytest.approx(attempt.seat_height_m + 0.0015, abs=0.0008)
    attempt.face_height_m -= 0.0015
    assert run(cell, LetGo(attempt)) is Progress.FAILED


def test_an_inspection_misses_what_was_taken_away() -> None:
    cell = SimCell(PRODUCT, seed=2, noise=EXACT)
    attempt = carried(cell, "bushing")
    for routine in (Search(attempt), CheckSeated(attempt), LetGo(attempt)):
        assert run(cell, routine) is Progress.SUCCEEDED, routine.message
    cell.place("bushing", RigidTransform.from_translation([0.3, 0.3, 0.02]))
    inspection = Inspect(attempt)
    assert run(cell, inspection) is Progress.FAILED
    assert inspection.cause is Cause.PART_DISPLACED
    assert "nothing stands" in inspection.message


def test_a_part_that_lies_far_from_its_place_is_looked_for_with_wide_fingers() -> None:
    cell = SimCell(PRODUCT, seed=2, noise=EXACT)
    astray = RigidTransform.from_translation([0.002, 0.013, 0.0])
    cell.place("bushing", astray * cell.true_pose("bushing"))
    attempt = Attempt(insertion_of(PRODUCT, BUSHING), cell.locate_goal("bushing").pose_in_base)
    assert run(cell, Pick(attempt)) is Progress.SUCCEEDED
    held = cell.observe().tcp_in_base.inv() * cell.true_pose("bushing")
    wrong = attempt.insertion.tcp_in_plug * held
    assert np.linalg.norm(wrong.translation[:2]) < 0.002


def test_a_part_that_came_down_in_another_place_than_its_own_is_not_seated() -> None:
    cell = SimCell(PRODUCT, seed=2, noise=EXACT)
    attempt = carried(cell, "bushing")
    assert run(cell, Search(attempt)) is Progress.SUCCEEDED
    attempt.goal_in_base = RigidTransform.from_translation([0.0, 0.006, 0.0]) * attempt.goal_in_base
    check = CheckSeated(attempt)
    assert run(cell, check) is Progress.FAILED
    assert check.cause is Cause.NOT_SEATED
    assert "beside where it belongs" in check.message


def test_straight_push_works_when_the_goal_is_known_and_fails_when_it_is_not() -> None:
    sure = SimCell(PRODUCT, seed=2, noise=EXACT)
    assert run(sure, StraightPush(carried(sure, "bushing"))) is Progress.SUCCEEDED
    assert seated(sure, BUSHING).seated
    wrong = SimCell(PRODUCT, seed=2, noise=Noise(goal_position_m=0.0, goal_yaw_rad=0.0))
    attempt = carried(wrong, "bushing")
    attempt.goal_in_base = RigidTransform.from_translation([0.0025, 0.0, 0.0]) * attempt.goal_in_base
    push = StraightPush(attempt)
    assert run(wrong, push) is Progress.FAILED
    assert push.cause is Cause.JAM


def test_a_plug_on_the_face_is_not_seated() -> None:
    cell = SimCell(PRODUCT, seed=4, noise=EXACT)
    attempt = carried(cell, "bolt_left")
    touch = attempt.insertion.touch
    assert touch is not None
    beside = RigidTransform.from_translation([*touch.offset_m, 0.0])
    attempt.goal_in_base = beside * attempt.goal_in_base
    run(cell, StraightPush(attempt))
    for face_known in (False, True):
        if face_known:
            attempt.face_height_m = float(attempt.goal_in_base.translation[2]) + touch.height_m
        check = CheckSeated(attempt)
        assert run(cell, check) is Progress.FAILED
        assert check.cause is Cause.NOT_SEATED


def test_a_part_can_be_put_back_and_fetched_again() -> None:
    cell = SimCell(PRODUCT, seed=3, noise=BENCH)
    attempt = carried(cell, "bolt_left")
    for routine in (LiftClear(attempt), PutBack(attempt)):
        assert run(cell, routine) is Progress.SUCCEEDED, routine.message
    place = cell.locate("bolt_left").pose_in_base
    assert np.linalg.norm((cell.true_pose("bolt_left").translation - place.translation)[:2]) < 0.004
    assert run(cell, Pick(attempt)) is Progress.SUCCEEDED


def test_an_empty_place_is_a_missed_grasp() -> None:
    cell = SimCell(PRODUCT, seed=3)
    cell.place("bolt_left", RigidTransform.from_translation([0.3, 0.3, 0.02]))
    pick = Pick(Attempt(insertion_of(PRODUCT, BOLT), cell.locate_goal("bolt_left").pose_in_base))
    assert run(cell, pick) is Progress.FAILED
    assert pick.cause is Cause.GRASP_MISSED


def test_policies_have_names() -> None:
    cell = SimCell(PRODUCT, seed=0)
    attempt = Attempt(insertion_of(PRODUCT, BOLT), cell.locate_goal("bolt_left").pose_in_base)
    assert isinstance(policy("search", attempt), Search)
    with pytest.raises(UnknownPolicy, match="there is no policy 'luck'; there are search, push"):
        policy("luck", attempt)
