"""Profiles: where their edges lie, and what is told about a wrong one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sequences.gears import Gear, meshing_yaw_deg
from sequences.profiles import HOLE_STEP_RAD, SOLID_SAGITTA_MM
from sequences.shapes import Shape, ShapeError, Side, polygon

MM = 1e-3
DISC = {"circle": {"diameter_mm": 10}}


def area_mm2(**shape: object) -> float:
    return polygon(Shape.model_validate(shape)).area / MM**2


def radii_mm(flat) -> tuple[float, float]:
    """Least and greatest distance of a ring of edges from the origin."""
    corners = np.asarray(flat.exterior.coords)
    middles = (corners[1:] + corners[:-1]) / 2
    return float(np.linalg.norm(middles, axis=1).min()) / MM, float(
        np.linalg.norm(corners, axis=1).max()
    ) / MM


@given(st.floats(0.5, 200))
@settings(max_examples=60, deadline=None)
def test_a_solid_lies_inside_its_circle_and_a_hole_outside(diameter: float) -> None:
    disc = Shape.model_validate({"circle": {"diameter_mm": diameter}})
    least, most = radii_mm(polygon(disc, Side.SOLID))
    assert most <= diameter / 2 + 2e-6
    assert least >= diameter / 2 - SOLID_SAGITTA_MM - 2e-6
    least, most = radii_mm(polygon(disc, Side.HOLE))
    assert least >= diameter / 2 - 2e-6
    assert most <= diameter / 2 / math.cos(HOLE_STEP_RAD / 2) + 2e-6


def test_a_bore_of_ten_millimetres_costs_few_edges() -> None:
    assert len(polygon(Shape.model_validate(DISC), Side.HOLE).exterior.coords) - 1 == 16


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({"rectangle": {"size_mm": [4, 3]}}, 12.0),
        ({"rectangle": {"size_mm": [4, 3]}, "grow_mm": 0.5}, 20.0),
        ({"regular": {"sides": 6, "across_flats_mm": 2}}, 2 * math.sqrt(3)),
        ({"polygon": {"points_mm": [[0, 0], [4, 0], [0, 3]]}}, 6.0),
        ({"union": [{"rectangle": {"size_mm": [4, 2]}}, {"rectangle": {"size_mm": [2, 4]}}]}, 12.0),
        ({"cut": [{"rectangle": {"size_mm": [6, 6]}}, {"rectangle": {"size_mm": [2, 2]}}]}, 32.0),
        (
            {"pattern": {"shape": {"rectangle": {"size_mm": [1, 1]}}, "polar": {"count": 3, "radius_mm": 5}}},
            3.0,
        ),
        (
            {
                "pattern": {
                    "shape": {"rectangle": {"size_mm": [1, 1]}},
                    "grid": {"columns": 3, "rows": 2, "pitch_mm": [2, 2]},
                }
            },
            6.0,
        ),
    ],
)
def test_straight_edges_are_exact(shape: dict[str, object], expected: float) -> None:
    assert area_mm2(**shape) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({"ring": {"outer_mm": 20, "inner_mm": 10}}, math.pi * 75),
        ({"slot": {"length_mm": 20, "width_mm": 8}}, math.pi * 16 + 96),
        ({"d_shape": {"diameter_mm": 20, "flat_mm": 0.001}}, math.pi * 50),
        ({"rectangle": {"size_mm": [20, 10], "corner_mm": 5}}, math.pi * 25 + 100),
    ],
)
def test_curves_are_close(shape: dict[str, object], expected: float) -> None:
    assert area_mm2(**shape) == pytest.approx(expected, rel=0.007)


def test_growing_a_cut_closes_its_holes() -> None:
    frame = {"cut": [{"rectangle": {"size_mm": [10, 10]}}, {"rectangle": {"size_mm": [6, 6]}}]}
    assert area_mm2(**frame, grow_mm=1) == pytest.approx(12**2 - 4**2, abs=1e-4)


def test_placing_turns_first_and_then_moves() -> None:
    bar = Shape.model_validate({"rectangle": {"size_mm": [4, 2]}, "at_mm": [10, 0], "yaw_deg": 90})
    assert np.asarray(polygon(bar).bounds) / MM == pytest.approx([9, -2, 11, 2])


@pytest.mark.parametrize(
    ("plug", "clearance"),
    [
        (DISC, 0.5),
        ({"d_shape": {"diameter_mm": 14, "flat_mm": 4}}, 0.5),
        ({"slot": {"length_mm": 22, "width_mm": 13}}, 0.3),
        ({"regular": {"sides": 6, "across_flats_mm": 13}}, 0.5),
        ({"union": [DISC, {"rectangle": {"size_mm": [4, 4]}, "at_mm": [5, 0]}]}, 0.5),
    ],
)
def test_a_hole_is_its_plug_grown_by_the_clearance(plug: dict[str, object], clearance: float) -> None:
    solid = polygon(Shape.model_validate(plug))
    hole = polygon(Shape.model_validate({"union": [plug], "grow_mm": clearance}), Side.HOLE)
    assert hole.contains(solid)
    assert hole.exterior.distance(solid) / MM == pytest.approx(clearance, abs=0.02)
    assert hole.exterior.distance(solid) / MM >= clearance - 1e-5


@given(teeth=st.integers(10, 40), module=st.floats(1, 5), internal=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_gear_has_its_teeth(teeth: int, module: float, internal: bool) -> None:
    gear = Shape.model_validate(
        {"gear": {"module_mm": module, "teeth": teeth, "internal": internal, "flank_gap_mm": 0.1}}
    )
    flat = polygon(gear)
    assert len(flat.exterior.coords) - 1 == 4 * teeth
    least, most = radii_mm(flat)
    assert least < module * teeth / 2 < most


def test_meshing_yaw_puts_a_tooth_into_a_space() -> None:
    driver, driven = Gear(module_mm=3, teeth=12), Gear(module_mm=3, teeth=9)
    yaw = meshing_yaw_deg(driver, 0.0, 0.0, driven)
    assert (yaw - 180.0) % 40.0 == pytest.approx(20.0)
    ring = Gear(module_mm=3, teeth=30, internal=True)
    assert meshing_yaw_deg(ring, 0.0, 0.0, driven) % 40.0 == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({}, "give exactly one of circle, ring, rectangle"),
        ({**DISC, "rectangle": {"size_mm": [1, 1]}}, "got circle, rectangle"),
        ({"circle": {"diameter_mm": -1}}, "greater than 0"),
        ({"circle": {"diameter_mm": math.nan}}, "finite number"),
        ({"circle": {"diameter": 3}}, "Extra inputs are not permitted"),
        ({"ring": {"outer_mm": 5, "inner_mm": 6}}, "must be less than outer_mm 5"),
        ({"slot": {"length_mm": 5, "width_mm": 6}}, "must exceed width_mm 6"),
        ({"d_shape": {"diameter_mm": 10, "flat_mm": 5}}, "must be less than the radius 5"),
        ({"rectangle": {"size_mm": [10, 4], "corner_mm": 3}}, "more than half of 4"),
        ({"polygon": {"points_mm": [[0, 0], [2, 2], [2, 0], [0, 2]]}}, "crosses or touches itself"),
        ({"pattern": {"shape": DISC}}, "give exactly one of polar, grid"),
        ({"gear": {"module_mm": 1, "teeth": 9, "flank_gap_mm": 1}}, "the teeth come to a point"),
        ({"gear": {"module_mm": 1, "teeth": 6, "flank_gap_mm": 0.1}}, "flanks cross at the root"),
    ],
)
def test_a_wrong_shape_is_refused_with_its_reason(shape: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Shape.model_validate(shape)


@pytest.mark.parametrize(
    "shape",
    [
        {**DISC, "grow_mm": -6},
        {"rectangle": {"size_mm": [4, 4]}, "grow_mm": -2},
        {"polygon": {"points_mm": [[0, 0], [4, 0], [0, 3]]}, "grow_mm": -2},
        {"cut": [DISC, {"rectangle": {"size_mm": [30, 30]}}]},
    ],
)
def test_a_shape_that_vanishes_has_no_polygon(shape: dict[str, object]) -> None:
    with pytest.raises(ShapeError, match=r"vanishes|is left"):
        polygon(Shape.model_validate(shape))
