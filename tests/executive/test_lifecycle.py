"""The contract of every leaf: it never waits, and broken off it leaves the arm holding still."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from py_trees.behaviour import Behaviour
from py_trees.common import Status

from executive.board import Board, Phase, StepProgress
from executive.options import OnFailure, RunOptions
from executive.recorder import Recorder
from executive.records import Outcome, StepRecord
from executive.tree import TreeBuilder
from skills.insertion import Attempt
from skills.routine import Cause

OPTIONS = RunOptions(on_failure=OnFailure.SKIP)
MOVING = (
    "pick",
    "carry",
    "policy learned",
    "check seated",
    "let go",
    "feel again",
    "lift clear",
    "put back",
    "grasp again",
    "look at left",
    "stand back",
    "check placed",
)


def placed(index: int) -> StepRecord:
    return StepRecord(index, "left", "insert-left", Outcome.PLACED, 1, None, None, 0.0, 1.0)


@pytest.fixture
def builder(make_world: Callable[..., Any]) -> Iterator[TreeBuilder]:
    """A tree in the middle of an attempt, with everything on the board that any leaf may want."""
    world = make_world(loose=True)
    board = Board(world.assembly, world.kit.insertion_of)
    board.cell = world.cell
    board.progress = StepProgress(1, tried=1, began_s=0.0)
    goal = world.cell.locate_goal("right").pose_in_base
    board.attempt = Attempt(board.insertion(1), goal, initialization=np.array([0, 0, 0.03, 0, 0, 0]))
    board.attempt.released_tcp = world.cell.observe().tcp_in_base
    board.results, board.kept = {0: placed(0)}, {0: board.attempt}
    yield TreeBuilder(board, world.kit, OPTIONS, Recorder(None, 1, board, OPTIONS))
    board.close()


def leaves(root: Behaviour) -> dict[str, Behaviour]:
    return {b.name: b for b in root.iterate() if not b.children}


def leaf_of(builder: TreeBuilder, name: str) -> Behaviour:
    leaf = leaves(builder.doubted((0,), 1))[name]
    if name in ("lift clear", "put back"):
        cell = builder.board.robot()
        cell.parts["right"] = cell.observe().tcp_in_base.as_matrix() @ np.linalg.inv(  # type: ignore[attr-defined]
            builder.board.insertion(1).tcp_in_plug.as_matrix()
        )
        cell.grasp(0.012)
        builder.board.recover_from = Cause.SLIP
    if name == "feel again":
        builder.board.doubtful, builder.board.phase = True, Phase.RELEASED
    if name == "grasp again":
        builder.board.recover_from = Cause.PART_DISPLACED
    return leaf


LEAVES = (
    *MOVING, "no fault", "no stop", "force limit", "watch", "begin", "choose start", "finish",
    "note the failure", "ready again", "already over", "skip without its mates", "ask the operator",
    "operator's word", "tries left", "take it to be in", "not believed", "leave it undone", "try again",
    "is it: done by hand?", "is it: skip?", "is it: abort?",
    "note what was felt", "open steps again",
)  # fmt: skip


def test_every_leaf_is_tested_here(builder: TreeBuilder) -> None:
    looks = {"look at right"}
    assert set(leaves(builder.doubted((0,), 1))) - looks == set(LEAVES)


@pytest.mark.parametrize("name", LEAVES)
def test_a_leaf_broken_off_leaves_the_arm_holding_still(builder: TreeBuilder, name: str) -> None:
    leaf, cell = leaf_of(builder, name), builder.board.robot()
    for _ in range(4):
        leaf.tick_once()
        if leaf.status is not Status.RUNNING:
            break
        cell.advance()
    leaf.stop(Status.INVALID)
    assert leaf.status is Status.INVALID
    before = cell.observe()
    for _ in range(20):
        cell.advance()
    after = cell.observe()
    assert not after.moving
    assert np.allclose(before.tcp_in_base.as_matrix(), after.tcp_in_base.as_matrix(), atol=1e-6)


@pytest.mark.parametrize("name", MOVING)
def test_a_moving_leaf_runs_before_it_ends(builder: TreeBuilder, name: str) -> None:
    leaf = leaf_of(builder, name)
    leaf.tick_once()
    assert leaf.status is Status.RUNNING or name == "check seated"


@pytest.mark.parametrize("name", LEAVES)
def test_no_leaf_lets_time_pass(builder: TreeBuilder, name: str) -> None:
    leaf, cell = leaf_of(builder, name), builder.board.robot()
    before = cell.observe().time_s
    leaf.tick_once()
    leaf.stop(Status.INVALID)
    assert cell.observe().time_s == before


@pytest.mark.parametrize("name", LEAVES)
def test_a_leaf_may_be_stopped_before_it_began(builder: TreeBuilder, name: str) -> None:
    leaf = leaf_of(builder, name)
    leaf.stop(Status.INVALID)
    assert leaf.status is Status.INVALID


@pytest.mark.parametrize("name", ["pick", "carry", "policy learned", "check seated", "let go"])
def test_a_leaf_that_the_attempt_has_passed_does_nothing(builder: TreeBuilder, name: str) -> None:
    builder.board.phase = Phase.RELEASED
    leaf = leaf_of(builder, name)
    leaf.tick_once()
    assert leaf.status is Status.SUCCESS
    assert not builder.board.robot().observe().moving


def test_a_leaf_gives_up_when_its_time_is_over(builder: TreeBuilder) -> None:
    leaf = leaf_of(builder, "carry")
    leaf.limit_s = 0.1  # type: ignore[attr-defined]
    for _ in range(4):
        leaf.tick_once()
        builder.board.robot().advance()
        if leaf.status is Status.FAILURE:
            break
    assert leaf.status is Status.FAILURE
    assert builder.board.cause is Cause.TIMEOUT
    assert leaf.feedback_message == "not done after 0 s"
