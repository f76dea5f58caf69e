"""How far a hand over the tray may open: what the places and the parts leave it."""

import pytest
from shapely import Point

from sequences.assembly import Assembly, Part, Place, Tray
from sequences.fingers import FINGER_THICKNESS_M
from sequences.importing.layout import laid_out
from sequences.load import load
from sequences.solid import solid_of
from sequences.tray import ASTRAY_MM, ground, squeeze_of, widest_opening_m
from sequences.validate_grasps import check_grasps
from sequences.validate_hands import check_hands
from sequences.validate_tray import check_tray

PRODUCT = load("bearing_block")
X, Y = PRODUCT.tray.places["bushing"].position_mm


def opening_beside_a_shaft(x_mm: float, yaw_deg: float = 0.0) -> float:
    """Over the bushing, with the shaft waiting ``x_mm`` further along and nothing else near."""
    places = {"bushing": PRODUCT.tray.places["bushing"]}
    places["shaft"] = Place(position_mm=(X + x_mm, Y), yaw_deg=yaw_deg)
    tray = PRODUCT.tray.model_copy(update={"places": places})
    return widest_opening_m(PRODUCT.model_copy(update={"tray": tray}), "bushing")


def test_a_bundled_tray_leaves_room_for_the_whole_hand() -> None:
    assert widest_opening_m(PRODUCT, "bushing") > 0.08


def test_a_neighbour_takes_the_room_that_it_stands_in() -> None:
    near, far = opening_beside_a_shaft(60.0), opening_beside_a_shaft(70.0)
    assert near < far < 0.12
    shaft = ground(solid_of(PRODUCT.parts["shaft"]), (X + 60.0, Y), 0.0)
    gap_m = Point(X, Y).distance(shaft) / 1000.0
    assert near / 2 + FINGER_THICKNESS_M < gap_m - ASTRAY_MM / 1000.0


@pytest.mark.parametrize("x_mm", [0.0, 15.0, 25.0])
def test_there_is_none_between_parts_that_touch(x_mm: float) -> None:
    assert opening_beside_a_shaft(x_mm) < 0.03


def crowded(assembly: Assembly) -> set[str]:
    """Parts beside which there is no room for the open hand."""
    solids = {name: solid_of(part) for name, part in assembly.parts.items()}
    found = check_hands(assembly, solids, ())
    return {str(problem.path[2]) for problem in found if "the open hand no room" in problem.message}


@pytest.mark.parametrize(
    ("beside_mm", "told"),
    [(38.0, {"bolt_left", "bolt_right"}), (75.0, set())],
)
def test_places_too_close_for_the_open_hand_are_refused(beside_mm: float, told: set[str]) -> None:
    x, y = PRODUCT.tray.places["bolt_left"].position_mm
    places = {"bolt_left": Place(position_mm=(x, y)), "bolt_right": Place(position_mm=(x, y - beside_mm))}
    tray = PRODUCT.tray.model_copy(update={"places": places})
    assert crowded(PRODUCT.model_copy(update={"tray": tray})) == told


def test_a_laid_out_tray_leaves_room_to_fetch_everything() -> None:
    solids = {name: solid_of(part) for name, part in PRODUCT.parts.items()}
    waiting = {step.part: (solids[step.part], PRODUCT.parts[step.part].grasps) for step in PRODUCT.steps}
    goals = {step.part: step.goal for step in PRODUCT.steps}
    tray = Tray(height_mm=20.0, places=laid_out("here", waiting, solids["block"], goals))
    laid = PRODUCT.model_copy(update={"tray": tray})
    assert check_tray(laid, solids) == []
    assert crowded(laid) == set()


def boat(flare_mm: float, **grasp: object) -> Part:
    """A bar of 60 mm, longer by ``flare_mm`` at each end of its top, held 20 mm off its middle."""
    layers = [
        {"from_mm": 0, "to_mm": 14, "shape": {"rectangle": {"size_mm": [60, 12]}}},
        {"from_mm": 14, "to_mm": 20, "shape": {"rectangle": {"size_mm": [60 + 2 * flare_mm, 12]}}},
    ]
    held = {"position_mm": [-20, 0, 11], "width_mm": 12, **grasp}
    return Part.model_validate({"title": "Boat", "layers": layers, "density_kg_m3": 1000, "grasps": [held]})


def test_a_part_held_off_its_middle_is_centred_about_its_middle() -> None:
    part = boat(0.0)
    squeeze = squeeze_of(solid_of(part), part.grasps[0])
    assert squeeze is not None
    assert squeeze.width_m == pytest.approx(0.06)
    assert squeeze.offset_m == pytest.approx((0.02, 0.0))


@pytest.mark.parametrize("part", [boat(8.0), boat(0.0, centre=False)])
def test_a_part_is_not_centred_where_the_fingers_cannot_pass_or_it_must_not_be(part: Part) -> None:
    assert squeeze_of(solid_of(part), part.grasps[0]) is None


@pytest.mark.parametrize(("height_mm", "fits"), [(7.0, False), (8.9, False), (9.1, True)])
def test_a_grasp_keeps_the_fingertips_off_the_tray(height_mm: float, fits: bool) -> None:
    grasp = PRODUCT.parts["bushing"].grasps[0]
    lowest = float(solid_of(PRODUCT.parts["bushing"]).bounds[0, 2]) * 1000.0
    at = (*grasp.position_mm[:2], lowest + height_mm)
    lower = (grasp.model_copy(update={"position_mm": at}),)
    low = PRODUCT.parts["bushing"].model_copy(update={"grasps": lower})
    product = PRODUCT.model_copy(update={"parts": {**PRODUCT.parts, "bushing": low}})
    told = check_grasps(product, {"bushing": solid_of(low)})
    assert any("too close to the tray" in problem.message for problem in told) is not fits
