"""Parts as bodies: exact decomposition, watertight meshes, mass properties."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box, union_all

from sequences.assembly import Part
from sequences.decompose import convex_pieces, is_convex
from sequences.solid import SolidError, solid_of

DISC = {"circle": {"diameter_mm": 10}}


def square(size: float, **more: object) -> dict[str, object]:
    return {"rectangle": {"size_mm": [size, size]}, **more}


def part(*layers: tuple[float, float, dict[str, object]], **more: object) -> Part:
    return Part.model_validate(
        {"title": "part", "layers": [{"from_mm": a, "to_mm": b, "shape": s} for a, b, s in layers], **more}
    )


def star(radii: list[float], scale: float = 1.0) -> Polygon:
    """A polygon that its centre sees whole."""
    angles = 2 * np.pi * np.arange(len(radii)) / len(radii)
    return Polygon(scale * np.column_stack([radii * np.cos(angles), radii * np.sin(angles)]))


@given(
    outer=st.lists(st.floats(0.03, 0.05), min_size=5, max_size=24),
    inner=st.lists(st.floats(0.005, 0.02), min_size=4, max_size=40),
)
@settings(max_examples=80, deadline=None)
def test_pieces_are_convex_and_make_up_the_polygon(outer: list[float], inner: list[float]) -> None:
    shape = Polygon(star(outer).exterior, [star(inner).exterior])
    if not shape.is_valid:
        return
    pieces = [Polygon(corners) for corners in convex_pieces(shape)]
    assert all(is_convex(piece) and piece.exterior.is_ccw for piece in pieces)
    assert sum(piece.area for piece in pieces) == pytest.approx(shape.area, rel=1e-6)
    assert union_all(pieces, grid_size=1e-9).symmetric_difference(shape).area < 1e-6 * shape.area


def test_a_convex_polygon_is_one_piece() -> None:
    assert len(convex_pieces(box(0, 0, 1, 2))) == 1


def test_a_bored_block_has_one_piece_for_each_edge_of_its_bore() -> None:
    bored = part((0, 5, square(40)), (5, 20, {"cut": [square(40), {**DISC, "grow_mm": 0.5}]}))
    assert len(solid_of(bored).prisms) == 1 + 16


def test_a_square_hole_costs_four_pieces() -> None:
    assert len(solid_of(part((0, 5, {"cut": [square(20), square(8)]}))).prisms) == 4


@pytest.mark.parametrize(
    "body",
    [
        part((0, 4, square(30)), (2, 8, square(10))),
        part(
            (0, 4, square(30)),
            (4, 20, {"cut": [square(30), {**DISC, "at_mm": [6, 6]}, {**DISC, "at_mm": [-7, -7]}]}),
        ),
        part((-3, 4, {"gear": {"module_mm": 3, "teeth": 11}}), (4, 20, square(12))),
        part((0, 9, {"cut": [square(96), {"gear": {"module_mm": 3, "teeth": 27, "internal": True}}]})),
    ],
)
def test_the_prisms_and_the_mesh_are_the_same_solid(body: Part) -> None:
    solid = solid_of(body)
    assert solid.mesh.is_watertight
    assert solid.mesh.is_winding_consistent
    assert sum(prism.volume for prism in solid.prisms) == pytest.approx(solid.volume, rel=1e-6)
    centre = sum(p.volume * (p.z_lo + p.z_hi) / 2 for p in solid.prisms) / solid.volume
    assert centre == pytest.approx(solid.centre_of_mass[2], abs=1e-8)
    assert np.vstack([p.vertices for p in solid.prisms]).min(axis=0) == pytest.approx(
        solid.bounds[0], abs=1e-8
    )


def test_mass_properties_of_a_cuboid() -> None:
    solid = solid_of(part((0, 40, {"rectangle": {"size_mm": [20, 10]}}), density_kg_m3=1000))
    assert solid.mass_kg == pytest.approx(0.008)
    assert solid.centre_of_mass == pytest.approx([0, 0, 0.02], abs=1e-9)
    expected = 0.008 / 12 * np.diag([0.01**2 + 0.04**2, 0.02**2 + 0.04**2, 0.02**2 + 0.01**2])
    assert solid.inertia == pytest.approx(expected, abs=1e-12)


def test_a_stated_mass_wins_and_scales_the_inertia() -> None:
    light, heavy = (solid_of(part((0, 40, square(20)), mass_g=mass)) for mass in (10, 30))
    assert heavy.mass_kg == pytest.approx(0.03)
    assert heavy.inertia == pytest.approx(3 * light.inertia)


def test_neighbours_with_the_same_section_are_one_slab() -> None:
    assert len(solid_of(part((0, 4, square(10)), (4, 9, square(10)))).slabs) == 1


def test_sections_are_those_just_above() -> None:
    solid = solid_of(part((0, 4, square(10)), (4, 9, square(6))))
    assert solid.section(0.004).area == pytest.approx(36e-6)
    assert solid.section(0.0039).area == pytest.approx(100e-6)
    assert solid.section(0.009).is_empty
    assert solid.height == pytest.approx(0.009)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([(0, 4, square(10)), (5, 9, square(10))], "from 4 to 5 mm"),
        ([(0, 4, square(10)), (4, 9, square(10, at_mm=[30, 0]))], "2 separate bodies"),
        ([(4, 4, square(10))], "must be above from_mm 4"),
    ],
)
def test_layers_that_do_not_connect_are_refused(layers: list, message: str) -> None:
    with pytest.raises(SolidError, match=message):
        solid_of(part(*layers))


def test_a_part_is_computed_once() -> None:
    assert solid_of(part((0, 4, DISC))) is solid_of(part((0, 4, DISC)))


def test_a_cylinder_is_a_little_less_than_round() -> None:
    volume = solid_of(part((0, 10, DISC))).volume
    assert 0.995 < volume / (math.pi * 0.005**2 * 0.01) < 1.0


@given(st.lists(st.integers(1, 400), min_size=2, max_size=8))
@settings(max_examples=40, deadline=None)
def test_layers_that_abut_are_one_body(tenths: list[int]) -> None:
    """Whatever their heights are in binary."""
    levels = np.cumsum([0, *tenths]) / 10
    stack = [(a, b, square(10 + i % 2)) for i, (a, b) in enumerate(pairwise(levels.tolist()))]
    assert solid_of(part(*stack)).mesh.is_watertight
