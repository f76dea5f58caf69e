"""A fixture that is not where it was is found by touch, in simulation and on paper."""

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.fixture import FindFixture, Touch, find, fit, misses
from calibration.touch_plan import NothingToTouch, Spot, Tip, plan
from hardware.places import placed
from sequences.load import bundled, load
from sim.cell import SimCell
from skills.cell import CellError

TIP = Tip()


def displaced(nominal: RigidTransform, shift_mm: list[float], turn_deg: list[float]) -> RigidTransform:
    turn = Rotation.from_rotvec(turn_deg, degrees=True) * nominal.rotation
    return RigidTransform.from_components(nominal.translation + np.array(shift_mm) / 1000.0, turn)


def bench(product: str, true: RigidTransform) -> SimCell:
    """A cell whose fixture stands at ``true``, with nothing in the tray and the noise of a bench."""
    return SimCell(placed(load(product), true, None), seed=4, parts=())


@pytest.mark.parametrize(
    ("product", "shift_mm", "turn_deg"),
    [
        ("connector_panel", [3.0, -4.0, 0.5], [0.0, 0.0, 3.0]),
        ("bearing_block", [-3.0, 3.5, 2.0], [0.0, 0.0, -2.9]),
    ],
)
def test_a_displaced_fixture_is_found(product: str, shift_mm: list[float], turn_deg: list[float]) -> None:
    nominal = load(product).base.pose.transform
    true = displaced(nominal, shift_mm, turn_deg)
    found = find(bench(product, true), FindFixture(load(product), nominal))
    error = true.inv() * found.base_in_base
    assert np.linalg.norm(error.translation) < 0.0003
    assert np.rad2deg(error.rotation.magnitude()) < 0.3
    assert found.residual_m < 0.0003
    assert found.peak_force_n < 35.0


@pytest.mark.parametrize("product", sorted(set(bundled()) - {"motor"}))
def test_touches_tell_position_turn_and_tilt(product: str) -> None:
    assembly = load(product)
    true = displaced(assembly.base.pose.transform, [4.0, -3.0, 2.0], [0.8, -0.7, 2.5])
    touches = []
    for spot in plan(assembly.parts[assembly.base.part], TIP):
        tool = true * spot.tcp_in_part(TIP, 0.0)
        at = true.apply(spot.point) + true.rotation.apply(spot.normal) * TIP.reach(
            tool.rotation, true.rotation.apply(spot.normal)
        )
        touches.append(Touch(spot, RigidTransform.from_components(at, tool.rotation)))
    assert np.abs(misses(touches, true, TIP)).max() < 1e-12
    error = true.inv() * fit(touches, assembly.base.pose.transform, TIP)
    assert np.linalg.norm(error.translation) < 2e-6
    assert error.rotation.magnitude() < 2e-5


def test_what_no_touch_has_told_stays_as_it_was() -> None:
    nominal = RigidTransform.from_translation([0.5, 0.0, 0.05])
    tcp = RigidTransform.from_components([0.5, 0.0, 0.062 + TIP.below_m], Rotation.from_euler("x", np.pi))
    spot = Spot("top", np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.01]), 0.0)
    found = fit([Touch(spot, tcp)], nominal, TIP)
    assert found.translation == pytest.approx([0.5, 0.0, 0.052], abs=4e-4)
    assert found.rotation.magnitude() < 0.02


def test_a_part_without_flat_sides_is_refused() -> None:
    motor = load("motor")
    with pytest.raises(NothingToTouch, match="no flat place on its side"):
        plan(motor.parts[motor.base.part], TIP)


def test_nothing_there_is_said() -> None:
    product = load("connector_panel")
    nominal = product.base.pose.transform
    away = displaced(nominal, [0.0, 0.0, 40.0], [0.0, 0.0, 0.0])
    with pytest.raises(CellError, match="touching the top, 1 of 10: nothing is there"):
        find(SimCell(product, seed=4, parts=()), FindFixture(product, away))
