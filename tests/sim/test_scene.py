"""The scene that an assembly becomes."""

import mujoco
import numpy as np
import pytest

from sequences.load import bundled, load
from sequences.solid import solid_of
from sim.physics import NOMINAL, VERIFY, Physics
from sim.robot import ARM_JOINTS, HOME
from sim.scene import body_name, build, tray_rest_height


@pytest.mark.parametrize("physics", [NOMINAL, VERIFY], ids=["nominal", "verify"])
@pytest.mark.parametrize("product", bundled())
def test_a_finished_product_stands_still(product: str, physics: Physics) -> None:
    assembly = load(product)
    model = build(assembly, physics).compile()
    data = mujoco.MjData(model)
    data.qpos[[model.joint(name).qposadr[0] for name in ARM_JOINTS]] = HOME
    mujoco.mj_forward(model, data)
    data.mocap_pos[0], data.mocap_quat[0] = data.site("tcp").xpos, [0.0, 1.0, 0.0, 0.0]
    goals = {step.part: assembly.goal_in_base(step) for step in assembly.steps}
    for part, goal in goals.items():
        data.joint(body_name(part)).qpos = [
            *(goal.translation + np.array([0.0, 0.0, 1e-4])),
            *goal.rotation.as_quat(scalar_first=True),
        ]
    mujoco.mj_step(model, data, round(0.6 / physics.timestep_s))
    for part, goal in goals.items():
        assert np.linalg.norm(data.body(body_name(part)).xpos - goal.translation) < 4e-4, part


def test_masses_are_those_of_the_solids() -> None:
    assembly = load("gearbox")
    model = build(assembly).compile()
    for step in assembly.steps:
        solid = solid_of(assembly.parts[step.part])
        assert model.body(body_name(step.part)).mass[0] == pytest.approx(solid.mass_kg)


def test_only_the_named_parts_are_there() -> None:
    assembly = load("gearbox")
    model = build(assembly, parts=["shaft"], fixed=["sun"]).compile()
    assert model.joint(body_name("shaft")).type[0] == mujoco.mjtJoint.mjJNT_FREE
    assert model.body(body_name("sun")).jntnum[0] == 0
    with pytest.raises(KeyError):
        model.body(body_name("carrier"))


def test_parts_stand_on_the_tray() -> None:
    assembly = load("motor")
    for part in assembly.tray.places:
        low = float(solid_of(assembly.parts[part]).bounds[0][2])
        assert tray_rest_height(assembly, part) + low == pytest.approx(assembly.tray.height_mm / 1000.0)


def test_looking_at_it_changes_nothing() -> None:
    assembly = load("valve_manifold")
    bare, dressed = (build(assembly, visuals=visuals).compile() for visuals in (False, True))
    assert bare.nq == dressed.nq
    assert bare.nv == dressed.nv
    assert np.array_equal(bare.body_mass, dressed.body_mass)
    assert np.count_nonzero(bare.geom_contype | bare.geom_conaffinity) == np.count_nonzero(
        dressed.geom_contype | dressed.geom_conaffinity
    )
