"""What AutoMate's reward is made of, checked against examples worked by hand."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.load import load
from sequences.solid import solid_of
from sim.automate_reward import SCALE, AutomateReward
from sim.bank import Bank, step_scene
from sim.curriculum import FREE_M, Curriculum
from sim.disassembly import disassembly_paths
from sim.distance import LEAST_M, field_of, mean_distance, nearness, surface_points
from sim.imitation import WINDOW, Imitation, soft_dtw
from sim.physics import NOMINAL
from sim.truth import are_engaged
from skills.cell import Vector
from skills.tasks import insertion_of

PRODUCT = load("motor")
STEP = PRODUCT.steps[0]
INSERTION = insertion_of(PRODUCT, STEP)
SOLID = solid_of(PRODUCT.parts[STEP.part])


def lifted(*heights_m: float, tilt_rad: float = 0.0) -> RigidTransform:
    """Plugs over their goal."""
    n = len(heights_m)
    position, turn = np.zeros((n, 3)), np.zeros((n, 3))
    position[:, 2], turn[:, 0] = heights_m, tilt_rad
    return RigidTransform.from_components(position, Rotation.from_rotvec(turn))


def straight(length_m: float = 0.05, samples: int = 51) -> Vector:
    """One path (1, samples, 3), away along -z of the TCP's goal."""
    path = np.zeros((1, samples, 3))
    path[0, :, 2] = -np.linspace(0.0, length_m, samples)
    return path


# -- soft-DTW and imitation


def test_soft_dtw_of_two_points_each_is_the_soft_minimum_over_three_alignments() -> None:
    one, other = np.zeros((1, 2, 3)), np.zeros((1, 2, 3))
    one[0, :, 0], other[0, :, 0] = [0.0, 1.0], [0.5, 2.0]
    cost = (one[0, :, 0][:, None] - other[0, :, 0]) ** 2
    both = cost[0, 0] + cost[1, 1]
    ways = np.array([both, both + cost[0, 1], both + cost[1, 0]])
    wanted = -0.5 * np.log(np.exp(-ways / 0.5).sum())
    assert soft_dtw(one, other, np.array([2]), gamma=0.5) == pytest.approx(wanted)
    hard = soft_dtw(one, other, np.array([2]), gamma=1e-3)
    assert hard == pytest.approx(ways.min(), abs=1e-6)


def test_soft_dtw_counts_only_the_length_that_it_is_told() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(3, 4, 3)), rng.normal(size=(3, 7, 3))
    found = soft_dtw(one, other, np.array([7, 3, 1]))
    for row, length in enumerate((7, 3, 1)):
        alone = soft_dtw(one[[row]], other[[row], :length], np.array([length]))
        assert found[row] == pytest.approx(alone[0])


def test_imitation_grows_towards_the_goal() -> None:
    imitation = Imitation(straight(), 3)
    places = np.array([[0.0, 0.0, -0.04], [0.0, 0.0, -0.02], [0.0, 0.0, 0.0]])
    imitation.begin(np.arange(3), places)
    values = imitation(places)
    assert values[0] < values[1] < values[2]
    assert values == pytest.approx(1.03 * (1 - np.array([40, 20, 0]) / 51), abs=0.005)


def test_imitation_looks_at_the_oldest_of_its_window() -> None:
    imitation = Imitation(straight(), 1)
    imitation.begin(np.array([0]), np.array([[0.0, 0.0, -0.04]]))
    home = np.zeros((1, 3))
    early = [imitation(home)[0] for _ in range(WINDOW)]
    assert max(early[:-1]) < 0.3 < 1.0 < early[-1]


# -- distance


def test_the_field_is_the_distance_to_the_surface() -> None:
    field = field_of(SOLID)
    rng = np.random.default_rng(1)
    low, high = SOLID.bounds
    above = np.column_stack([rng.uniform(-0.001, 0.001, (20, 2)), rng.uniform(0.001, 0.03, 20)])
    above[:, 2] += high[2]
    assert field(above) == pytest.approx(above[:, 2] - high[2], abs=2e-5)
    assert field(SOLID.mesh.triangles_center) == pytest.approx(0.0, abs=2e-4)
    far = np.array([[high[0] + 0.1, 0.0, (low[2] + high[2]) / 2]])
    assert field(far)[0] == pytest.approx(0.1, abs=0.003)


def test_nearness_is_finite_at_the_goal_and_falls_with_height() -> None:
    field, points = field_of(SOLID), surface_points(SOLID, 200)
    apart = mean_distance(field, points, lifted(0.0, 0.002, 0.010, 0.030))
    assert apart[0] < LEAST_M
    assert np.all(np.diff(apart) > 0.0)
    near = nearness(apart)
    assert np.isfinite(near).all()
    assert np.all(np.diff(near) < 0.0)
    assert near[0] == pytest.approx(np.log(0.030 / LEAST_M))


# -- success and curriculum


def test_engaged_is_below_the_mouth_near_and_not_too_tilted() -> None:
    depth = INSERTION.depth_m
    assert np.array_equal(are_engaged(STEP, lifted(0.0, depth - 0.001, depth + 0.001)), [True, True, False])
    assert not are_engaged(STEP, lifted(-0.005)).any()
    assert are_engaged(STEP, lifted(0.001, tilt_rad=np.deg2rad(10.0))).all()
    assert not are_engaged(STEP, lifted(0.001, tilt_rad=np.deg2rad(25.0))).any()
    aside = RigidTransform.from_translation([[0.016, 0.0, 0.001]])
    assert not are_engaged(STEP, aside).any()


def curriculum(n: int = 4) -> Curriculum:
    starts = np.zeros((200, 6))
    starts[:, 2] = np.linspace(0.0, INSERTION.depth_m + FREE_M, 200)
    return Curriculum(Bank(np.zeros((200, 1)), starts), INSERTION, n)


def test_the_curriculum_rises_with_success_and_falls_by_half_a_stage() -> None:
    here = curriculum()
    stage = here.top_m / 10
    good, bad = np.ones(4, bool), np.zeros(4, bool)
    here.learn(good[:2])
    assert here.lowest_m == 0.0
    here.learn(good[:2])
    assert here.lowest_m == pytest.approx(stage)
    here.learn(bad)
    assert here.lowest_m == pytest.approx(stage / 2)
    here.learn(np.array([True, True, True, False]))
    assert here.lowest_m == pytest.approx(stage / 2)
    for _ in range(30):
        here.learn(good)
    assert here.lowest_m == here.top_m
    assert here.scale == 2.0
    for _ in range(60):
        here.learn(bad)
    assert here.lowest_m == 0.0
    assert here.scale == 1.0


def test_starts_are_never_lower_than_the_curriculum() -> None:
    here, rng = curriculum(), np.random.default_rng(0)
    for lowest in (0.0, here.top_m / 2, here.top_m):
        here.lowest_m = lowest
        heights = np.linspace(0.0, here.top_m, 200)[here.choose(500, rng)]
        assert heights.min() >= min(lowest, 0.9 * here.top_m) - 1e-12
        assert heights.max() > 0.95 * here.top_m


def test_the_reward_prefers_the_goal_and_its_last_step_tells_the_curriculum() -> None:
    here = curriculum(n=2)
    here.lowest_m = here.top_m / 2
    reward = AutomateReward(PRODUCT, STEP, INSERTION, straight(), 2, here)
    home = PRODUCT.goal_in_base(STEP) * INSERTION.tcp_in_plug
    tools = np.tile(np.concatenate([home.translation, home.rotation.as_quat(scalar_first=True)]), (2, 1))
    tools[1, 2] += 0.02
    reward.begin(np.arange(2), tools)
    going = reward(lifted(0.0, 0.02), tools, np.zeros(2, bool))
    assert going[0] > 2 * going[1] > 0.0
    assert going[0] == pytest.approx(SCALE * (np.log(150.0) + 1.03 + 1.0), rel=0.02)
    ended = reward(lifted(0.02, 0.02), tools, np.ones(2, bool))
    assert ended[1] == pytest.approx(1.5 * going[1])
    assert here.lowest_m == here.top_m / 2, "one of two ever succeeded"


# -- disassembly


def test_a_plug_is_pulled_out_of_its_goal_and_the_paths_are_kept(tmp_path: Path) -> None:
    model = step_scene(PRODUCT, STEP, NOMINAL)
    paths = disassembly_paths(PRODUCT, STEP, INSERTION, model, size=3, cache=tmp_path)
    assert paths.shape == (3, 128, 3)
    assert np.array_equal(paths[:, 0], np.zeros((3, 3)))
    assert np.abs(paths[:, :40, :2]).max() < 0.001, "straight up at first"
    assert np.all(-paths[:, 63, 2] > INSERTION.clear_height_m)
    assert np.ptp(paths[:, -1], axis=0).min() > 0.001, "each goes somewhere else"
    kept = sorted(tmp_path.iterdir())
    again = disassembly_paths(PRODUCT, STEP, INSERTION, model, size=3, cache=tmp_path)
    assert np.array_equal(again, paths)
    assert sorted(tmp_path.iterdir()) == kept
