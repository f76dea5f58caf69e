"""The pilot of AutoMate: what it sees, how far it pushes, and that only time ends an attempt."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.load import load
from skills.artifact import Skill
from skills.automate import AutomatePilot
from skills.cell import Vector
from skills.learner import Learner
from skills.library import latest, publish
from skills.network import Network
from skills.presets import AUTOMATE, DOVETAIL, as_record, from_record, preset
from skills.sensed import Sensed
from skills.tasks import insertion_of

PRODUCT = load("motor")
INSERTION = insertion_of(PRODUCT, PRODUCT.steps[0])
PERIOD_S = 0.06
ROWS = np.arange(2)


def rows(poses: RigidTransform) -> Vector:
    return np.hstack([poses.translation, poses.rotation.as_quat(scalar_first=True)])


def sensed(height_m: float = 0.02, *, goal_yaw: float = 0.3, time_s: float = 0.0) -> Sensed:
    """Two attempts whose goal is turned; the second's plug is tilted and aside."""
    goal = RigidTransform.from_components(
        np.array([[0.5, 0.1, 0.05]] * 2), Rotation.from_rotvec([[0.0, 0.0, goal_yaw]] * 2)
    )
    position = np.array([[0.0, 0.0, height_m], [0.006, -0.003, height_m]])
    rotation = np.array([[0.0, 0.0, 0.0], [0.1, -0.05, 0.08]])
    plug = goal * RigidTransform.from_components(position, Rotation.from_rotvec(rotation))
    return Sensed(
        time_s=np.full(2, time_s),
        position=position,
        rotation=rotation,
        wrench=np.full((2, 6), 7.0),
        joints=np.arange(14.0).reshape(2, 7) / 10.0,
        tcp=rows(plug * INSERTION.tcp_in_plug),
        tcp_goal=rows(goal * INSERTION.tcp_in_plug),
    )


def tool_target(pilot: AutomatePilot, seen: Sensed, action: Vector) -> RigidTransform:
    """Where the pilot sends the TCPs, in the base frame."""
    position, turn = pilot.command(seen, action)
    tool_goal = RigidTransform.from_components(
        seen.tcp_goal[:, :3], Rotation.from_quat(seen.tcp_goal[:, 3:], scalar_first=True)
    )
    goal = tool_goal * INSERTION.tcp_in_plug.inv()
    return goal * RigidTransform.from_components(position, Rotation.from_rotvec(turn)) * INSERTION.tcp_in_plug


def begun(seen: Sensed) -> AutomatePilot:
    pilot = AutomatePilot(INSERTION, 2, PERIOD_S)
    pilot.begin(ROWS, seen)
    return pilot


def test_it_sees_24_numbers_and_no_force() -> None:
    seen = sensed()
    pilot = begun(seen)
    found = pilot.observe(seen)
    assert found.shape == (2, 24)
    assert (pilot.observation.size, pilot.action.size) == (24, 6)
    scales = np.concatenate([np.full(block.size, block.scale) for block in pilot.observation.blocks])
    found = found * scales
    assert found[:, :7] == pytest.approx(seen.joints)
    assert found[:, 7:10] == pytest.approx(seen.tcp[:, :3])
    assert found[:, 21:] == pytest.approx(seen.tcp_goal[:, :3] - seen.tcp[:, :3])
    calm = replace(seen, wrench=np.zeros((2, 6)))
    assert np.array_equal(pilot.observe(calm), pilot.observe(seen))


@pytest.mark.parametrize("goal_yaw", [-0.3, 0.0, 0.3])
def test_a_pose_looks_the_same_whatever_the_sign_of_its_quaternion(goal_yaw: float) -> None:
    seen = sensed(goal_yaw=goal_yaw)
    flip = np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0])
    other = replace(seen, tcp=seen.tcp * flip, tcp_goal=seen.tcp_goal * flip)
    pilot = begun(seen)
    assert np.allclose(pilot.observe(seen), pilot.observe(other))
    near = pilot.observe(sensed(goal_yaw=goal_yaw + 0.01))
    assert np.abs(near - pilot.observe(seen)).max() < 0.3


def test_an_increment_starts_at_the_tool_and_is_smoothed() -> None:
    seen = sensed()
    pilot = begun(seen)
    action = np.tile([1.0, 0.0, -0.5, 1.0, 1.0, 0.0], (2, 1))
    for share in (0.2, 0.36):
        away = tool_target(pilot, seen, action).translation - seen.tcp[:, :3]
        assert away == pytest.approx(np.tile([0.1 * share, 0.0, -0.05 * share], (2, 1)), abs=1e-6)
    pilot.begin(np.array([0]), seen)
    away = tool_target(pilot, seen, np.zeros((2, 6))).translation - seen.tcp[:, :3]
    assert np.allclose(away[0], 0.0, atol=1e-9)
    assert away[1, 0] > 0.02


def test_the_tool_is_held_upright_and_turns_from_where_it_is() -> None:
    seen = sensed()
    pilot = begun(seen)
    action = np.zeros((2, 6))
    action[:, 3:] = 1.0
    turn = tool_target(pilot, seen, action).rotation
    assert turn.apply([0.0, 0.0, 1.0]) == pytest.approx(np.tile([0.0, 0.0, -1.0], (2, 1)), abs=1e-9)
    _, plugs = pilot.command(seen, action)
    yaw = Rotation.from_rotvec(seen.rotation).as_euler("ZYX")[:, 0]
    assert plugs[:, 2] == pytest.approx(yaw + 0.02 * 0.36)
    assert np.array_equal(plugs[:, :2], np.zeros((2, 2)))


def test_the_target_stays_near_the_mouth() -> None:
    pilot = begun(sensed())
    high = sensed(height_m=0.15)
    for _ in range(40):
        target = tool_target(pilot, high, np.ones((2, 6)))
    upright = RigidTransform.from_translation([0.0, 0.0, INSERTION.depth_m]) * INSERTION.tcp_in_plug
    mouth = 0.05 + upright.translation[2]
    assert target.translation[:, 2] == pytest.approx(mouth + 0.1)


@pytest.mark.parametrize(("height_m", "home"), [(0.001, True), (0.02, False)])
def test_only_time_ends_an_attempt(height_m: float, home: bool) -> None:
    pilot = begun(sensed(height_m))
    assert pilot.working(sensed(height_m)).all()
    for time_s in (0.0, 7.94):
        early = sensed(height_m, time_s=time_s)
        assert not pilot.finished(early).any()
        assert not pilot.given_up(early).any()
    late = sensed(height_m, time_s=8.0)
    assert np.array_equal(pilot.finished(late), [home, home])
    assert np.array_equal(pilot.given_up(late), [not home, not home])


def test_the_preset_is_recurrent_and_is_read_back_from_a_record() -> None:
    assert preset("automate") is AUTOMATE
    assert AUTOMATE.learner.recurrent
    assert (AUTOMATE.reward, AUTOMATE.curriculum) == ("automate", True)
    assert (DOVETAIL.reward, DOVETAIL.curriculum) == ("dovetail", False)
    settings = replace(AUTOMATE.settings, time_s=5.0)
    assert from_record(AUTOMATE, as_record(settings)) == settings


def test_its_network_remembers_without_torch_as_with_it() -> None:
    learner = Learner(2, 24, 3, 6, AUTOMATE.learner, seed=1)
    rng = np.random.default_rng(2)
    tensors = learner.policy()
    last = max(name for name in tensors if name.startswith("mlp.") and name.endswith(".weight"))
    tensors[last] = tensors[last] * 100.0
    learner.load_policy(tensors, std=1e-6)
    network = Network(tensors, 2)
    for _ in range(4):
        frame = rng.normal(size=(2, 24))
        remembered = network(frame)
        assert remembered == pytest.approx(learner.act(frame, np.zeros((2, 3))), abs=1e-4)
    assert np.abs(remembered - Network(tensors, 2)(frame)).max() > 1e-3


def test_its_skills_are_found_beside_those_of_another_preset(tmp_path: Path) -> None:
    weights = {"x": np.zeros(1)}
    for name, policy in (("motor/rotor", "dovetail"), ("automate/motor/rotor", "automate")):
        skill = Skill(name=name, version=1, policy=policy, geometries=())
        publish(skill, weights, tmp_path)
    found = latest("motor/rotor", tmp_path, "automate")
    assert found is not None
    assert found.path == tmp_path / "automate/motor/rotor/1"
    other = latest("motor/rotor", tmp_path)
    assert other is not None
    assert other.skill.policy == "dovetail"
    assert latest("motor/brush", tmp_path, "automate") is None
