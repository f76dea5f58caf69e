"""How far a hand over the tray may open: what the places and the parts leave it."""

import pytest
from shapely import Point

from sequences.assembly import Place, Tray
from sequences.fingers import FINGER_THICKNESS_M
from sequences.importing.layout import laid_out
from sequences.load import load
from sequences.solid import solid_of
from sequences.tray import ASTRAY_MM, ground, widest_opening_m
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


@pytest.mark.parametrize(("beside_mm", "crowded"), [(45.0, True), (75.0, False)])
def test_places_too_close_for_the_open_hand_are_refused(beside_mm: float, crowded: bool) -> None:
    x, y = PRODUCT.tray.places["bolt_left"].position_mm
    places = {"bolt_left": Place(position_mm=(x, y)), "bolt_right": Place(position_mm=(x, y - beside_mm))}
    tight = PRODUCT.model_copy(update={"tray": PRODUCT.tray.model_copy(update={"places": places})})
    solids = {name: solid_of(part) for name, part in tight.parts.items()}
    found = [problem for problem in check_tray(tight, solids) if "no room to fetch" in problem.message]
    assert bool(found) is crowded
    if crowded:
        assert {problem.path[2] for problem in found} == {"bolt_left", "bolt_right"}
        missing = int(found[0].hint.removeprefix("move them apart by ").removesuffix(" mm"))
        assert beside_mm + missing < 75.0


def test_a_laid_out_tray_leaves_room_to_fetch_everything() -> None:
    solids = {name: solid_of(part) for name, part in PRODUCT.parts.items()}
    waiting = {step.part: (solids[step.part], PRODUCT.parts[step.part].grasps) for step in PRODUCT.steps}
    tray = Tray(height_mm=20.0, places=laid_out("here", waiting, solids["block"]))
    told = check_tray(PRODUCT.model_copy(update={"tray": tray}), solids)
    assert [problem.message for problem in told] == []
