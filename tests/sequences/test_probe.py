"""Where a standing part can be felt from above."""

import numpy as np
import pytest

from sequences.assembly import Assembly
from sequences.fingers import PAD_HALF_HEIGHT_M
from sequences.heights import enters_turned, yaw_play
from sequences.load import bundled, load
from sequences.probe import FAR_M, probe_point
from sequences.solid import solid_of


@pytest.mark.parametrize("product", bundled())
def test_every_part_of_every_product_can_be_felt(product: str) -> None:
    assembly = load(product)
    for step in assembly.steps:
        probe = probe_point(assembly, step)
        assert probe is not None, step.part
        tops = {slab.z_hi for slab in solid_of(assembly.parts[step.part]).slabs}
        assert any(probe.height_m - PAD_HALF_HEIGHT_M == pytest.approx(top) for top in tops)


def test_a_part_held_far_from_its_middle_is_felt_near_its_middle_or_not_at_all() -> None:
    motor = load("motor")
    part = motor.parts["end_bell"]
    x, y, z = part.grasps[0].position_mm
    held = part.grasps[0].model_copy(update={"position_mm": (x + 25.0, y, z)})
    aside = part.model_copy(update={"grasps": (held,)})
    held_aside = motor.model_copy(update={"parts": {**motor.parts, "end_bell": aside}})
    probe = probe_point(held_aside, motor.step_of("end_bell"))
    assert probe is not None
    felt_at = np.array([x + 25.0, y]) / 1000.0 + probe.offset_m
    assert np.linalg.norm(felt_at - solid_of(part).centre_of_mass[:2]) < FAR_M


def test_a_covered_part_cannot_be_felt(assembly_with_lid: Assembly) -> None:
    hidden = assembly_with_lid.steps[-1]
    assert probe_point(assembly_with_lid, hidden) is None


@pytest.fixture
def assembly_with_lid() -> Assembly:
    """The bearing block, its last part no taller than what stands around it."""
    assembly = load("bearing_block")
    step = assembly.steps[-1]
    sunk = step.goal.model_copy(update={"position_mm": (*step.goal.position_mm[:2], -60.0)})
    last = step.model_copy(update={"goal": sunk})
    return assembly.model_copy(update={"steps": (*assembly.steps[:-1], last)})


def test_round_parts_enter_turned_and_keyed_ones_do_not() -> None:
    assembly = load("bearing_block")
    bushing, bolt = assembly.steps[0], assembly.steps[1]
    assert enters_turned(assembly, bushing)
    assert yaw_play(assembly, bushing) == pytest.approx(0.349, abs=0.001)
    assert not enters_turned(assembly, bolt)
    assert 0.05 < yaw_play(assembly, bolt) < 0.15
