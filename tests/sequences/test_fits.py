"""Where plugs fit: one for a pin, one for each of several posts."""

import pytest

from sequences.fits import fits, leading_fit
from sequences.load import bundled, load


@pytest.mark.parametrize(
    ("product", "part", "middles"),
    [
        ("bearing_block", "shaft", [(0.0, 0.0)]),
        ("connector_panel", "mains", [(-7.5, 0.0), (7.5, 0.0)]),
        ("connector_panel", "earthed", [(-8.0, -5.0), (8.0, -5.0), (0.0, 6.0)]),
        ("valve_manifold", "strap", [(-36.0, 0.0), (36.0, 0.0)]),
        ("motor", "end_bell", [(-21.0, -21.0), (21.0, -21.0), (-21.0, 21.0), (15.0, 21.0)]),
    ],
)
def test_every_post_and_pin_is_a_fit(product: str, part: str, middles: list[tuple[float, float]]) -> None:
    assembly = load(product)
    found = sorted((1e3 * x, 1e3 * y) for x, y in fits(assembly, assembly.step_of(part)))
    assert found == [pytest.approx(middle, abs=0.05) for middle in sorted(middles)]


@pytest.mark.parametrize("product", bundled())
def test_every_step_has_a_fit_and_a_leading_one_stands_out(product: str) -> None:
    assembly = load(product)
    for step in assembly.steps:
        found = fits(assembly, step)
        assert found, step.part
        leading = leading_fit(assembly, step)
        if leading is None:
            assert len(found) == 1, step.part
            continue
        assert leading.offset_m in found
        x, y = leading.offset_m
        arm = (x * x + y * y) ** 0.5
        others = [(u * x + v * y) / arm for u, v in found if (u, v) != leading.offset_m]
        assert leading.spread_m == pytest.approx(arm - max(others), abs=1e-9)


def test_of_the_end_bell_the_corner_that_stands_out_farthest_leads() -> None:
    assembly = load("motor")
    leading = leading_fit(assembly, assembly.step_of("end_bell"))
    assert leading is not None
    assert (leading.offset_m, leading.spread_m) == ((-0.021, -0.021), pytest.approx(0.0297, abs=1e-4))
