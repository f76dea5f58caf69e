"""Air around a held plug, worked by hand on a peg above a plate and beside a wall."""

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly
from sequences.load import load
from sequences.room import Room


def above(height_m: float, tilt_rad: float = 0.0, x_m: float = 0.0) -> RigidTransform:
    return RigidTransform.from_components([x_m, 0.0, height_m], Rotation.from_rotvec([0.0, tilt_rad, 0.0]))


@pytest.fixture(scope="module")
def product() -> Assembly:
    return load("valve_manifold")


def test_a_plug_above_its_hole_has_the_air_that_is_under_it(product: Assembly) -> None:
    step = product.step_of("outlet")
    room, mouth = Room(product, step), step.depth_mm / 1000.0
    gaps = [room.gap(above(mouth + height), 0.5) for height in (0.005, 0.01, 0.03)]
    rim = np.hypot(0.005, step.clearance_mm / 1000.0)
    assert gaps[0] == pytest.approx(rim, abs=1e-6)
    assert gaps == sorted(gaps)
    assert room.gap(above(mouth + 0.02), 0.002) == 0.002
    assert room.gap(above(mouth - 0.003), 0.002) == pytest.approx(step.clearance_mm / 1000.0, abs=5e-5)


def test_a_tilted_plug_has_less_and_one_in_the_wall_has_none(product: Assembly) -> None:
    step = product.step_of("outlet")
    room, height = Room(product, step), step.depth_mm / 1000.0 + 0.006
    assert room.gap(above(height, np.deg2rad(10.0)), 0.5) < room.gap(above(height), 0.5) - 5e-4
    assert room.gap(above(0.0, x_m=0.003), 0.5) == 0.0
