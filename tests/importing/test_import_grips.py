"""How pads meet an imported part: with a whole face, however the part is turned between them."""

from pathlib import Path

import manifold3d
import mujoco
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sequences.importing.product import Wishes, found_in
from sequences.importing.writing import write
from sim.bank import bank, step_scene
from sim.physics import NOMINAL
from skills.tasks import insertion_of
from tests.importing.conftest import mesh_of

TURNED_RAD = np.deg2rad(0.3)
FACE = 4
"""Contacts of a pad that lies flat."""


@pytest.mark.usefixtures("banks")
def test_a_slim_rod_is_held_by_the_whole_of_both_pads(tmp_path: Path) -> None:
    def cylinder(diameter: float, height: float, z: float) -> manifold3d.Manifold:
        return manifold3d.Manifold.cylinder(height, diameter / 2, circular_segments=16).translate((0, 0, z))

    tube = cylinder(40, 10, 0) + cylinder(16, 30, 5) - cylinder(8.5, 25, 15)
    for name, body in {"tube": tube, "rod": cylinder(7.6, 57, 15)}.items():
        mesh_of(body).export(tmp_path / f"{name}.stl")
    _, assembly = write(found_in(tmp_path, Wishes(units="mm", base="tube")), "rod", tmp_path / "out")
    step = assembly.steps[0]
    model = step_scene(assembly, step, NOMINAL)
    states = bank(assembly, step, insertion_of(assembly, step), model, size=4).states
    data, random = mujoco.MjData(model), np.random.default_rng(0)
    pads = [model.geom(name).id for name in ("left_pad", "right_pad")]
    first = int(model.joint("part/rod").qposadr[0]) + 3
    for state in states:
        mujoco.mj_setState(model, data, state, mujoco.mjtState.mjSTATE_INTEGRATION)
        held = Rotation.from_quat(data.qpos[first : first + 4], scalar_first=True)
        for turn in random.uniform(-TURNED_RAD, TURNED_RAD, (50, 3)):
            turned = Rotation.from_rotvec(turn) * held
            data.qpos[first : first + 4] = turned.as_quat(scalar_first=True)
            mujoco.mj_forward(model, data)
            assert [sum(pad in contact.geom for contact in data.contact) for pad in pads] == [FACE, FACE]
