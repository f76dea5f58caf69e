"""What a step means for a robot: which of two grasps is taken, and what turns along."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from sequences.assembly import Assembly
from sequences.load import bundled, load
from skills.tasks import insertion_of

STEPS = [(name, step.part) for name in sorted(bundled()) for step in load(name).steps]


@pytest.mark.parametrize(("product", "part"), STEPS)
def test_the_wrist_stays_in_front_of_the_base_at_every_goal(product: str, part: str) -> None:
    assembly = load(product)
    step = assembly.step_of(part)
    nominal = assembly.parts[part].grasps[0].tcp_in_part
    taken = insertion_of(assembly, step).tcp_in_plug
    x_axis = (assembly.goal_in_base(step) * taken).rotation.apply([1.0, 0.0, 0.0])
    assert x_axis[0] > -1e-6
    assert np.allclose(taken.translation, nominal.translation)
    exchange = nominal.rotation.inv() * taken.rotation
    assert np.allclose(exchange.apply([0.0, 0.0, 1.0]), [0.0, 0.0, 1.0])
    assert exchange.magnitude() == pytest.approx(0.0, abs=1e-6) or (
        exchange.magnitude() == pytest.approx(np.pi, abs=1e-6)
    )


def test_only_a_grasp_that_would_turn_the_wrist_far_is_exchanged() -> None:
    exchanged = [
        (product, part)
        for product, part in STEPS
        if not np.allclose(
            insertion_of(load(product), load(product).step_of(part)).tcp_in_plug.as_matrix(),
            load(product).parts[part].grasps[0].tcp_in_part.as_matrix(),
        )
    ]
    assert exchanged == [("gearbox", "planet_b")]


def test_what_goes_onto_something_round_goes_onto_what_turns() -> None:
    turning = [
        part for product, part in STEPS if insertion_of(load(product), load(product).step_of(part)).mate_turns
    ]
    assert sorted(turning) == ["cap", "collar", "shaft", "shaft"]


@pytest.mark.parametrize(("height_mm", "depth_mm", "sway_mm"), [(60, 4, 7.0), (40, 4, 0.0), (60, 16, 0.0)])
def test_only_a_slim_mate_that_stands_far_out_of_its_hole_leans(
    height_mm: float, depth_mm: float, sway_mm: float
) -> None:
    bench = yaml.safe_load((Path(__file__).parents[1] / "sequences" / "bench.yaml").read_text())
    bench["parts"]["post"]["layers"][0]["to_mm"] = height_mm
    bench["steps"][1]["depth_mm"] = depth_mm
    bench["steps"][2]["depth_mm"] = 16
    assembly = Assembly.model_validate(bench)
    insertion = insertion_of(assembly, assembly.step_of("ring"))
    assert insertion.sway_m == pytest.approx(sway_mm / 1e3)
    assert insertion.play_m == pytest.approx(0.001 + sway_mm / 1e3)


def test_a_part_that_cannot_be_centred_may_sit_off_in_the_hand() -> None:
    assembly = load("bearing_block")
    step = assembly.step_of("bolt_left")
    assert insertion_of(assembly, step).uncentred_m == 0.0
    grasp = assembly.parts["bolt_left"].grasps[0].model_copy(update={"centre": False})
    part = assembly.parts["bolt_left"].model_copy(update={"grasps": (grasp,)})
    bare = assembly.model_copy(update={"parts": {**assembly.parts, "bolt_left": part}})
    assert insertion_of(bare, step).uncentred_m == 0.003
