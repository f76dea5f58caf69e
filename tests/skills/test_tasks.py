"""What a step means for a robot: which of two grasps is taken, and what turns along."""

import numpy as np
import pytest

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
