"""Convex pieces that keep the clearance."""

import manifold3d
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequences.importing.convex import TOLERANCE_MM, convex_parts, levels, widened
from sequences.importing.members import thickness_mm, together

Body = manifold3d.Manifold


def plate_with(hole: Body) -> Body:
    return Body.cube((60, 60, 12)).translate((-30, -30, 0)) - hole


def check(body: Body) -> list[Body]:
    pieces = convex_parts(body)
    union = together(pieces)
    assert (union - widened(body, 1.2 * TOLERANCE_MM)).volume() < 1e-2
    assert thickness_mm(body - union) < TOLERANCE_MM
    assert all(abs(piece.hull().volume() - piece.volume()) < 1e-6 for piece in pieces)
    return pieces


def test_a_convex_body_is_one_piece() -> None:
    assert len(check(Body.sphere(10, 48))) == 1
    assert len(check(Body.cylinder(20, 6, 3, 40))) == 1


def test_a_round_hole_stays_open() -> None:
    pieces = check(plate_with(Body.cylinder(30, 8, 8, 64).translate((0, 0, -5))))
    assert 10 < len(pieces) < 64
    pin = Body.cylinder(30, 7.8, 7.8, 64).translate((0, 0, -5))
    assert (together(pieces) ^ pin).volume() < 1e-6


def test_a_thin_rim_is_not_a_lid() -> None:
    rim = Body.cylinder(0.04, 12, 12, 48) - Body.cylinder(1, 8, 8, 48).translate((0, 0, -0.5))
    body = plate_with(Body.cylinder(30, 8, 8, 48).translate((0, 0, -5))) + rim.translate((0, 0, 12))
    pin = Body.cylinder(40, 7.8, 7.8, 48).translate((0, 0, -5))
    assert (together(convex_parts(body)) ^ pin).volume() < 1e-6


def test_a_taper_is_kept() -> None:
    cone = Body.cylinder(14, 6, 10, 64).translate((0, 0, -1))
    pieces = check(plate_with(cone))
    assert len(pieces) < 64


def test_tapered_slots_are_cut_along_their_walls() -> None:
    slot = Body.hull_points(
        [(x * (3 + z / 10), y * (5 + z / 10), z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 13)]
    )
    assert len(check(plate_with(slot.translate((-15, 0, 0)) + slot.translate((15, 0, 0))))) < 24


def test_a_column_beside_one_hole_does_not_reach_into_another_pocket() -> None:
    holes = [Body.cylinder(50, 5, 5, 48).translate((x, 0, 12)) for x in (-40, 40)]
    bore = Body.cylinder(80, 25, 25, 96, True).rotate((90, 0, 0)).translate((0, 0, 32))
    block = Body.cube((100, 40, 45)).translate((-50, -20, 0))
    assert len(check(block - together([*holes, bore]))) < 220


def test_a_lying_bore_is_kept() -> None:
    check(
        Body.cube((40, 30, 30)).translate((-20, -15, 0))
        - Body.cylinder(60, 9, 9, 48, True).rotate((90, 0, 0))
    )


def test_levels_are_the_heights_of_level_faces() -> None:
    body = Body.cube((20, 20, 5)) + Body.cube((8, 8, 6)).translate((2, 2, 5))
    assert levels(body) == pytest.approx([5.0])


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 9), st.floats(3, 9), st.floats(0, 90), st.floats(0.0, 3.0))
def test_prismatic_holes_of_any_outline(sides: int, radius: float, turn: float, taper: float) -> None:
    hole = Body.cylinder(20, radius, radius + taper, sides).rotate((0, 0, turn)).translate((0, 0, -4))
    check(plate_with(hole))
