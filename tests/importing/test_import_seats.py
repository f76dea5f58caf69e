"""Contacts that are left out between parts that stand, which stay as free as they were."""

import manifold3d
import mujoco
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sequences.assembly import Assembly
from sequences.importing.product import Wishes, found_in
from sequences.importing.writing import write
from sim.bank import loose_mates, step_scene
from sim.physics import NOMINAL
from sim.scene import body_name, build
from sim.seats import LOST_M, needed
from sim.worlds import Worlds
from tests.importing.conftest import mesh_of

FELT_M = 0.00002
PLATE, PIN = "plate", "pin"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """A plate that lies on a ring, with a round foot in its bore, and a pin that goes into the plate."""
    folder = tmp_path_factory.mktemp("plate")

    def cylinder(diameter: float, height: float, z: float) -> manifold3d.Manifold:
        return manifold3d.Manifold.cylinder(height, diameter / 2, circular_segments=24).translate((0, 0, z))

    bodies = {
        "ring": cylinder(60, 20, 0) - cylinder(20, 15, 5),
        PLATE: cylinder(34, 30, 20) + cylinder(19.4, 12, 8) - cylinder(10, 20, 30),
        PIN: cylinder(9.3, 60, 30),
    }
    for name, body in bodies.items():
        mesh_of(body).export(folder / f"{name}.stl")
    _, assembly = write(found_in(folder, Wishes(units="mm", base="ring")), "plate", folder / "out")
    return assembly


@pytest.fixture(scope="module")
def thin(product: Assembly) -> mujoco.MjModel:
    return step_scene(product, product.step_of(PIN), NOMINAL)


@pytest.fixture(scope="module")
def whole(product: Assembly) -> mujoco.MjModel:
    return build(product, NOMINAL, parts=[PLATE, PIN]).compile()


def meets(model: mujoco.MjModel, product: Assembly, offset: np.ndarray, turn: Rotation) -> tuple[int, float]:
    """How many contacts the plate has ``offset`` from its goal [m] and turned, and how deep they are [m]."""
    data = mujoco.MjData(model)
    goal = product.goal_in_base(product.step_of(PLATE))
    turned = (turn * goal.rotation).as_quat(scalar_first=True)
    data.joint(body_name(PLATE)).qpos = [*(goal.translation + offset), *turned]
    data.joint(body_name(PIN)).qpos[:3] = 5.0
    mujoco.mj_kinematics(model, data)
    mujoco.mj_collision(model, data)
    mine = model.body(body_name(PLATE)).id
    depths = [-contact.dist for contact in data.contact if mine in model.geom_bodyid[contact.geom]]
    return len(depths), max(depths, default=0.0)


def play_m(model: mujoco.MjModel, product: Assembly, way_rad: float) -> float:
    """How far the plate can be moved aside in its bore [m]."""
    for far in np.arange(0.0, 0.001, 0.00001):
        offset = np.array([far * np.cos(way_rad), far * np.sin(way_rad), 0.0001])
        if meets(model, product, offset, Rotation.identity())[1] > FELT_M:
            return float(far)
    return 0.001


def test_the_plate_is_what_stands_loose(product: Assembly) -> None:
    assert [step.part for step in product.steps] == [PLATE, PIN]
    assert loose_mates(product, product.step_of(PIN)) == [PLATE]


def test_a_plate_on_its_seat_touches_at_fewer_points(
    product: Assembly, thin: mujoco.MjModel, whole: mujoco.MjModel
) -> None:
    sunk = np.array([0.0, 0.0, -0.00005])
    few, _ = meets(thin, product, sunk, Rotation.identity())
    many, _ = meets(whole, product, sunk, Rotation.identity())
    assert 3 <= few < many / 2


def test_it_can_be_moved_aside_as_far_as_before(
    product: Assembly, thin: mujoco.MjModel, whole: mujoco.MjModel
) -> None:
    for way in np.linspace(0.0, 2.0 * np.pi, 9):
        assert play_m(whole, product, way) == pytest.approx(0.0003, abs=0.0001)
        assert play_m(thin, product, way) == pytest.approx(play_m(whole, product, way), abs=1.1 * LOST_M)


def test_it_stands_as_level_as_before(product: Assembly, thin: mujoco.MjModel, whole: mujoco.MjModel) -> None:
    for way in np.linspace(0.0, 2.0 * np.pi, 9):
        lean = Rotation.from_rotvec(np.deg2rad(0.5) * np.array([np.cos(way), np.sin(way), 0.0]))
        _, there = meets(whole, product, np.zeros(3), lean)
        _, here = meets(thin, product, np.zeros(3), lean)
        assert there > 0.0001
        assert here == pytest.approx(there, abs=1.1 * LOST_M)


def test_what_the_plug_meets_is_all_there(
    product: Assembly, thin: mujoco.MjModel, whole: mujoco.MjModel
) -> None:
    goal = product.goal_in_base(product.step_of(PIN))
    touching = []
    for model in (thin, whole):
        data = mujoco.MjData(model)
        for name in (PLATE, PIN):
            seat = product.goal_in_base(product.step_of(name))
            data.joint(body_name(name)).qpos = [*seat.translation, *seat.rotation.as_quat(scalar_first=True)]
        data.joint(body_name(PIN)).qpos[:3] = goal.translation + np.array([0.0003, 0.0, -0.00005])
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        pin = model.body(body_name(PIN)).id
        pairs = [contact.geom for contact in data.contact if pin in model.geom_bodyid[contact.geom]]
        touching.append(sorted(sorted(model.geom(geom).name for geom in pair) for pair in pairs))
    assert len(touching[0]) >= 4
    assert touching[0] == touching[1]


def test_it_does_not_sink_nor_slide_under_its_own_weight(product: Assembly, thin: mujoco.MjModel) -> None:
    data = mujoco.MjData(thin)
    goal = product.goal_in_base(product.step_of(PLATE))
    data.joint(body_name(PLATE)).qpos = [*goal.translation, *goal.rotation.as_quat(scalar_first=True)]
    data.joint(body_name(PIN)).qpos[:3] = [5.0, 5.0, 5.0]
    mujoco.mj_step(thin, data, 200)
    assert data.body(body_name(PLATE)).xpos == pytest.approx(goal.translation, abs=LOST_M)


def test_friction_reaches_the_contacts_that_are_kept(thin: mujoco.MjModel) -> None:
    assert thin.npair > 0
    worlds = Worlds(thin, PIN, 2)
    worlds.friction(np.array([1]), np.array([0.25]), np.array([1.0]))
    sliding = worlds.batch.expand("pair_friction")[:, :, :2]
    assert np.all(sliding[1] == 0.25)
    assert np.all(sliding[0] == thin.pair_friction[:, :2])


def test_pairs_are_kept_that_hold_a_pose_as_no_other_does() -> None:
    alike = np.array([[0.0002, 0.0], [0.0, 0.0], [0.0, 0.0]])
    shallower = alike - [[1.2 * LOST_M, 0.0], [0.0, 0.0], [0.0, 0.0]]
    other = np.array([[0.0, 0.0], [0.0002, 0.0], [0.0, 0.00025]])
    slight = np.array([[0.0, 0.0], [0.0, 0.0], [LOST_M / 2, 0.0]])
    touches = {(0, 9): shallower, (1, 9): alike, (2, 9): other, (3, 9): slight}
    assert needed(touches, LOST_M) == {(1, 9), (2, 9)}
    assert needed(touches, LOST_M / 4) == {(1, 9), (2, 9), (3, 9)}
    assert needed({}, LOST_M) == set()
