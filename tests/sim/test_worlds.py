"""A batch of worlds: the same physics as the cell, each world for itself, its own numbers in its model."""

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.load import load
from sim.bank import Bank, bank, loose_mates, step_scene
from sim.cell import SimCell
from sim.gripper import CLOSING_GOAL_M
from sim.noise import EXACT
from sim.physics import NOMINAL
from sim.robot import ARM_JOINTS, actuators
from sim.worlds import Worlds
from skills.cell import Compliance, Vector
from skills.handling import GRIP_N
from skills.insert import SEARCHING
from skills.tasks import insertion_of

PRODUCT = load("bearing_block")
STEP = PRODUCT.step_of("bolt_left")
INSERTION = insertion_of(PRODUCT, STEP)
MODEL = step_scene(PRODUCT, STEP, NOMINAL)
PERIODS = 25


@pytest.fixture(scope="module")
def starts(banks: object) -> Bank:
    return bank(PRODUCT, STEP, INSERTION, MODEL, size=16)


def held(worlds: Worlds, states: Vector) -> Worlds:
    """``worlds`` with the plug in hand, one of ``states`` each."""
    everyone = np.arange(worlds.n)
    worlds.put(everyone, states)
    worlds.compliance(everyone, SEARCHING)
    worlds.grip(everyone, GRIP_N)
    return worlds


def downwards(worlds: Worlds, period: int) -> Vector:
    """Targets that lower the tool onto the face and lead it about there."""
    position, turn = worlds.tcp()
    aside = 0.002 * np.array([np.cos(period), np.sin(period)])
    position[:, :2] += aside
    position[:, 2] -= 0.004
    return np.hstack([position, Rotation.from_matrix(turn).as_quat(scalar_first=True)])


def test_a_world_and_a_cell_move_alike(starts: Bank) -> None:
    worlds = held(Worlds(MODEL, STEP.part, 1), starts.states[:1])
    earlier = [step.part for step in PRODUCT.steps[: PRODUCT.steps.index(STEP)]]
    loose = loose_mates(PRODUCT, STEP)
    cell = SimCell(
        PRODUCT, noise=EXACT, parts=[*loose, STEP.part], fixed=[part for part in earlier if part not in loose]
    )
    cell.model.opt.enableflags = MODEL.opt.enableflags
    cell._set_state(starts.states[0])
    cell._refresh()
    cell.compliance(SEARCHING)
    cell.grasp(INSERTION.grip_width_m, GRIP_N)
    cell._gripper.drive_m = CLOSING_GOAL_M
    touched = 0.0
    for period in range(PERIODS):
        wanted = downwards(worlds, period)[0]
        turn = Rotation.from_quat(wanted[3:], scalar_first=True)
        target = RigidTransform.from_components(wanted[:3], turn)
        targets = np.concatenate([target.translation, target.rotation.as_quat(scalar_first=True)])[None]
        cell.servo(target)
        worlds.advance(targets)
        cell.advance()
        observed = cell.observe()
        assert np.array_equal(worlds.batch.bind("qpos")[0], cell.data.qpos)
        assert worlds.felt.wrench[0] == pytest.approx(observed.wrench, abs=1e-9)
        assert worlds.felt.peak_n[0] == pytest.approx(observed.peak_force_n, abs=1e-9)
        assert worlds.tcp()[0][0] == pytest.approx(observed.tcp_in_base.translation, abs=1e-9)
        assert worlds.width_m[0] == pytest.approx(observed.gripper_width_m)
        touched = max(touched, observed.peak_force_n)
    assert touched > 5.0
    assert worlds.plug[0, :3] == pytest.approx(cell.true_pose(STEP.part).translation, abs=1e-9)


def test_worlds_do_not_depend_on_their_number_nor_on_threads(starts: Bank) -> None:
    alone = [held(Worlds(MODEL, STEP.part, 1), starts.states[k : k + 1]) for k in range(3)]
    together = held(Worlds(MODEL, STEP.part, 3, threads=2), starts.states[:3])
    for period in range(PERIODS):
        for world in alone:
            world.advance(downwards(world, period))
        together.advance(downwards(together, period))
    apart = np.concatenate([world.plug for world in alone])
    assert together.plug == pytest.approx(apart, abs=1e-9)
    assert np.ptp(apart[:, 2]) > 1e-4


def test_worlds_that_are_not_named_stand_still(starts: Bank) -> None:
    worlds = held(Worlds(MODEL, STEP.part, 3), starts.states[:3])
    before = worlds.states.copy()
    moved = np.array([0, 2])
    worlds.advance(downwards(worlds, 0)[moved], moved)
    assert np.array_equal(worlds.states[1], before[1])
    assert not np.allclose(worlds.states[moved], before[moved])


def test_friction_tolerance_and_gains_reach_each_model(starts: Bank) -> None:
    worlds = held(Worlds(MODEL, STEP.part, 3), starts.states[:3])
    rows = np.array([0, 2])
    worlds.friction(rows, np.array([0.25, 0.75]), np.array([0.0, 0.5]))
    worlds.tolerance(rows, np.array([0.00004, -0.00003]))
    worlds.gains[2] = (1.1, 0.9)
    spring = Compliance(stiffness=1000.0, rotational_stiffness=50.0)
    worlds.compliance(rows, spring)
    models = [worlds.batch.get_model(row) for row in range(3)]
    parts = [g for g in range(MODEL.ngeom) if MODEL.geom(g).name.startswith("part/")]
    assert [set(m.geom_friction[parts, 0]) for m in (models[0], models[2])] == [{0.25}, {0.75}]
    assert np.array_equal(models[1].geom_friction, MODEL.geom_friction)
    dofs = [MODEL.joint(name).dofadr[0] for name in ARM_JOINTS]
    full = MODEL.dof_frictionloss[dofs]
    assert full.min() > 0.0
    for model, share in zip(models, (0.0, 1.0, 0.5), strict=True):
        assert model.dof_frictionloss[dofs] == pytest.approx(share * full)
    changed = [np.flatnonzero(m.geom_margin != MODEL.geom_margin) for m in models]
    names = {MODEL.geom(g).name.rsplit("/", 1)[0] for g in changed[0]}
    assert names == {f"part/{STEP.part}"}
    assert len(changed[1]) == 0
    assert models[2].geom_margin[changed[2]] == pytest.approx(-0.00003)
    rows_of_spring = actuators(MODEL).spring
    gains = [m.actuator_gainprm[rows_of_spring, 0] for m in models]
    assert gains[0] == pytest.approx([1000.0] * 3 + [50.0] * 3)
    assert gains[1] == pytest.approx([SEARCHING.stiffness] * 3 + [SEARCHING.rotational_stiffness] * 3)
    assert gains[2] == pytest.approx([1100.0] * 3 + [45.0] * 3)
    assert models[2].actuator_biasprm[rows_of_spring, 1] == pytest.approx(-gains[2])
    assert models[2].actuator_forcerange[rows_of_spring][0] == pytest.approx([-8.8, 8.8])


def test_an_open_hand_lets_the_plug_fall(starts: Bank) -> None:
    worlds = held(Worlds(MODEL, STEP.part, 2), starts.states[:2])
    position, turn = worlds.tcp()
    here = np.hstack([position, Rotation.from_matrix(turn).as_quat(scalar_first=True)])
    before = worlds.plug[:, 2].copy()
    worlds.open(np.array([1]), 0.05)
    for _ in range(8):
        worlds.advance(here)
    fallen = before - worlds.plug[:, 2]
    assert abs(fallen[0]) < 0.0005
    assert fallen[1] > 0.003
    assert worlds.plug_speed.shape == (2,)
