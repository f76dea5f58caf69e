"""The bundled products: buildable, graspable, stable, printable, and five."""

import math
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from shapely import MultiPoint, MultiPolygon, Point, Polygon, affinity, box

from sequences.assembly import Assembly, Grasp, Pose
from sequences.fingers import finger_slabs
from sequences.gears import Gear
from sequences.heights import obstacles
from sequences.load import bundled, load
from sequences.shapes import Shape, polygon
from sequences.solid import Slab, solid_of

product = cache(load)
PRODUCTS = bundled()
PLACED = [(name, part) for name in PRODUCTS for part in product(name).tray.places]
PAD_HALF_WIDTH_M = 0.0085
FLAT_HALF_WIDTH_M = 0.004


def moved(slab: Slab, pose: Pose) -> Slab:
    cos, sin = math.cos(math.radians(pose.yaw_deg)), math.sin(math.radians(pose.yaw_deg))
    x, y, z = (value / 1000 for value in pose.position_mm)
    flat = affinity.affine_transform(slab.section, [cos, -sin, sin, cos, x, y])
    return Slab(slab.z_lo + z, slab.z_hi + z, flat)


def goal(assembly: Assembly, part: str) -> Pose:
    home = Pose(position_mm=(0, 0, 0))
    return home if part == assembly.base.part else assembly.step_of(part).goal


def common_mm3(one: list[Slab], two: list[Slab]) -> float:
    return (
        sum(
            a.section.intersection(b.section).area * max(0.0, min(a.z_hi, b.z_hi) - max(a.z_lo, b.z_lo))
            for a in one
            for b in two
        )
        * 1e9
    )


def width_m(section: Polygon | MultiPolygon, grasp: Grasp, across_m: float) -> float:
    """Extent along the closing direction of what lies ``across_m`` beside the grasp's centre."""
    x, y, _ = (value / 1000 for value in grasp.position_mm)
    turned = affinity.rotate(affinity.translate(section, -x, -y), -grasp.yaw_deg, origin=(0, 0))
    strip = turned.intersection(box(across_m - 1e-5, -0.1, across_m + 1e-5, 0.1))
    return float(strip.bounds[3] - strip.bounds[1])


def test_there_are_five_with_enough_to_do() -> None:
    assert PRODUCTS == ("bearing_block", "connector_panel", "gearbox", "motor", "valve_manifold")
    assert sum(len(product(name).steps) for name in PRODUCTS) >= 26


@pytest.mark.parametrize("name", PRODUCTS)
def test_parts_and_steps_are_in_number(name: str) -> None:
    assembly = product(name)
    assert assembly.name == name
    assert 5 <= len(assembly.parts) <= 9
    assert 4 <= len(assembly.steps) <= 8
    assert {step.symmetry for step in assembly.steps}


def test_between_them_they_ask_for_every_kind_of_fit() -> None:
    turns = {step.symmetry for name in PRODUCTS for step in product(name).steps}
    assert {0, 1, 2, 4, 6, 9} <= turns


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_assembled_product_fits_a_cube_of_ten_centimetres(name: str) -> None:
    assembly = product(name)
    slabs = [
        moved(slab, goal(assembly, part))
        for part in assembly.parts
        for slab in solid_of(assembly.parts[part]).slabs
    ]
    bounds = np.array([slab.section.bounds for slab in slabs])
    assert (bounds[:, 2:].max(axis=0) - bounds[:, :2].min(axis=0)).max() <= 0.1
    assert max(slab.z_hi for slab in slabs) - min(slab.z_lo for slab in slabs) <= 0.1


@pytest.mark.parametrize("name", PRODUCTS)
def test_no_two_parts_overlap_at_their_goals(name: str) -> None:
    assembly = product(name)
    placed = {
        part: [moved(s, goal(assembly, part)) for s in solid_of(assembly.parts[part]).slabs]
        for part in assembly.parts
    }
    for one, two in combinations(placed, 2):
        assert common_mm3(placed[one], placed[two]) < 1e-3, f"{one} and {two}"


@pytest.mark.parametrize(("name", "part"), PLACED)
def test_a_part_is_one_printable_body_of_few_pieces(name: str, part: str) -> None:
    assembly = product(name)
    solid = solid_of(assembly.parts[part])
    assert solid.mesh.is_watertight
    assert sum(prism.volume for prism in solid.prisms) == pytest.approx(solid.volume, rel=1e-6)
    assert len(solid.prisms) <= 80
    assert 0.015 <= solid.mass_kg <= 0.3


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_base_is_of_few_pieces(name: str) -> None:
    assembly = product(name)
    assert len(solid_of(assembly.parts[assembly.base.part]).prisms) <= 200


@pytest.mark.parametrize(("name", "part"), PLACED)
def test_a_part_stands_by_itself(name: str, part: str) -> None:
    """It can be tilted by 12 degrees any way before it falls."""
    solid = solid_of(product(name).parts[part])
    foot = MultiPoint(
        np.vstack([p.corners for p in solid.prisms if p.z_lo <= solid.bounds[0, 2] + 1e-9])
    ).convex_hull
    centre = Point(solid.centre_of_mass[:2])
    assert foot.contains(centre)
    lever = foot.exterior.distance(centre)
    assert math.degrees(math.atan2(lever, solid.centre_of_mass[2] - solid.bounds[0, 2])) >= 12


@pytest.mark.parametrize(("name", "part"), PLACED)
def test_the_pads_close_on_parallel_flats_of_the_stated_width(name: str, part: str) -> None:
    body = product(name).parts[part]
    solid = solid_of(body)
    assert len(body.grasps) >= 2
    for grasp in body.grasps:
        z = grasp.position_mm[2] / 1000
        for height in (z - 0.008, z, z + 0.006):
            for across in (-FLAT_HALF_WIDTH_M, 0.0, FLAT_HALF_WIDTH_M):
                assert width_m(solid.section(height), grasp, across) * 1e3 == pytest.approx(
                    grasp.width_mm, abs=1e-3
                )
        assert 8 <= grasp.width_mm <= 40


@pytest.mark.parametrize(("name", "part"), PLACED)
def test_the_fingers_find_room_around_the_part_itself(name: str, part: str) -> None:
    body = product(name).parts[part]
    for grasp in body.grasps:
        for finger in finger_slabs(grasp, 0.001):
            for slab in solid_of(body).slabs:
                if slab.z_hi > finger.z_lo:
                    assert not slab.section.intersects(finger.section)


@pytest.mark.parametrize(("name", "part"), PLACED)
def test_the_fingers_find_room_at_the_goal(name: str, part: str) -> None:
    """With the first grasp, 6 mm open on each side."""
    assembly = product(name)
    for finger in finger_slabs(assembly.parts[part].grasps[0], 0.006):
        for obstacle in obstacles(assembly, assembly.step_of(part)):
            for slab in obstacle.slabs:
                if slab.z_hi > finger.z_lo - 0.001:
                    assert not slab.section.intersects(finger.section), obstacle.part


@pytest.mark.parametrize(("name", "part"), PLACED)
def test_the_fingers_find_room_in_the_tray(name: str, part: str) -> None:
    """Each of the grasps, with the fingers wide open."""
    assembly = product(name)

    def waiting(other: str) -> Pose:
        place = assembly.tray.places[other]
        bottom = solid_of(assembly.parts[other]).bounds[0, 2] * 1e3
        return Pose(position_mm=(*place.position_mm, -bottom), yaw_deg=place.yaw_deg)

    for grasp in assembly.parts[part].grasps:
        opening = (80 - grasp.width_mm) / 2000
        for finger in finger_slabs(grasp, opening):
            there = moved(finger, waiting(part))
            assert there.z_lo > 0.003
            for other in assembly.tray.places:
                for slab in solid_of(assembly.parts[other]).slabs if other != part else ():
                    standing = moved(slab, waiting(other))
                    if standing.z_hi > there.z_lo - 0.002:
                        assert standing.section.distance(there.section) > 0.003, other


@pytest.mark.parametrize(("name", "part"), PLACED)
def test_the_tray_is_within_reach(name: str, part: str) -> None:
    assembly = product(name)
    x, y = assembly.tray.places[part].position_mm
    assert 300 <= math.hypot(x, y) <= 700
    assert 300 <= x <= 640
    assert -420 <= y <= -130


def gears_of(shape: Shape) -> list[tuple[Gear, float]]:
    """Every gear in a shape with its yaw [deg]."""
    found = [(shape.gear, shape.yaw_deg)] if shape.gear else []
    return found + [gear for child in (*(shape.union or ()), *(shape.cut or ())) for gear in gears_of(child)]


def only_gear(assembly: Assembly, part: str) -> tuple[Gear, float]:
    (gear,) = (gear for layer in assembly.parts[part].layers for gear in gears_of(layer.shape))
    return gear


def test_the_planetary_gears_satisfy_the_assembly_condition() -> None:
    assembly = product("gearbox")
    ring, sun, planet = (only_gear(assembly, part)[0] for part in ("housing", "sun", "planet_a"))
    assert ring.teeth == sun.teeth + 2 * planet.teeth
    assert (ring.teeth + sun.teeth) % 3 == 0
    assert ring.module_mm == sun.module_mm == planet.module_mm
    reach = math.hypot(*assembly.step_of("planet_a").goal.position_mm[:2])
    assert reach == pytest.approx(sun.pitch_radius_mm + planet.pitch_radius_mm)


@pytest.mark.parametrize("planet", ["planet_a", "planet_b", "planet_c"])
@pytest.mark.parametrize("mate", ["housing", "sun"])
def test_teeth_mesh_with_half_a_millimetre_on_both_flanks(planet: str, mate: str) -> None:
    """Turned a little either way about its own axis, the planet meets its mate after the same angle."""
    assembly = product("gearbox")

    def flat(part: str) -> Polygon:
        gear, yaw = only_gear(assembly, part)
        shape = Shape.model_validate({"gear": gear.model_dump(), "yaw_deg": yaw})
        return moved(Slab(0, 1, polygon(shape)), goal(assembly, part)).section

    one, two = flat(planet), flat(mate).exterior
    assert one.distance(two) >= 0.5e-3
    assert one.distance(two) <= 1.1e-3
    axis = tuple(value / 1000 for value in goal(assembly, planet).position_mm[:2])
    left, right = (affinity.rotate(one, turn, origin=axis).distance(two) for turn in (1.0, -1.0))
    assert left == pytest.approx(right, abs=1e-6)
    assert left < one.distance(two)
