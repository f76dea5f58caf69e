"""Heights: worked by hand on a peg and a block, and against brute force on the products."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from shapely import affinity

from sequences.assembly import Assembly
from sequences.fingers import finger_slabs
from sequences.heights import clear_height, obstacles, rest_height, touch_point
from sequences.load import bundled, load
from sequences.solid import solid_of

product = cache(load)
STEPS = [(name, index) for name in bundled() for index in range(len(product(name).steps))]


def box(x: float, y: float, at: tuple[float, float] = (0, 0)) -> dict[str, object]:
    return {"rectangle": {"size_mm": [x, y]}, "at_mm": list(at)}


def peg_in_block(wall_mm: float = 20.0) -> Assembly:
    """A 10 mm square peg, flanged, for a hole 12 mm deep; a wall 30 mm away along x."""
    block = [
        {"from_mm": 0, "to_mm": 8, "shape": box(80, 40)},
        {"from_mm": 8, "to_mm": 20, "shape": {"cut": [box(80, 40), {**box(10, 10), "grow_mm": 0.5}]}},
    ]
    if wall_mm > 20:
        block.append({"from_mm": 20, "to_mm": wall_mm, "shape": box(10, 40, (35, 0))})
    peg = [
        {"from_mm": 0, "to_mm": 10, "shape": box(10, 10)},
        {"from_mm": 10, "to_mm": 13, "shape": box(16, 16)},
        {"from_mm": 13, "to_mm": 33, "shape": box(12, 12)},
    ]
    return Assembly.model_validate(
        {
            "format": "dovetail-assembly/1",
            "name": "peg",
            "title": "Peg",
            "parts": {
                "block": {"title": "Block", "layers": block},
                "peg": {
                    "title": "Peg",
                    "layers": peg,
                    "grasps": [{"position_mm": [0, 0, 23], "width_mm": 12}],
                },
            },
            "base": {"part": "block", "pose": {"position_mm": [520, 0, 50]}},
            "tray": {"height_mm": 20, "places": {"peg": {"position_mm": [400, -200]}}},
            "steps": [
                {
                    "part": "peg",
                    "skill": "peg",
                    "goal": {"position_mm": [0, 0, 10]},
                    "mates": ["block"],
                    "depth_mm": 10,
                    "symmetry": 4,
                }
            ],
        }
    )


@pytest.mark.parametrize(
    ("offset_mm", "yaw_deg", "height_mm"),
    [
        ((0, 0), 0, 0),
        ((0.49, -0.49), 0, 0),
        ((0.51, 0), 0, 10),
        ((0, 0), 12, 10),
        ((5, 3), 0, 10),
        ((100, 0), 0, -math.inf),
    ],
)
def test_a_peg_rests_where_its_slabs_meet(
    offset_mm: tuple[float, float], yaw_deg: float, height_mm: float
) -> None:
    assembly = peg_in_block()
    sockets = obstacles(assembly, assembly.steps[0])
    offset = (offset_mm[0] / 1e3, offset_mm[1] / 1e3)
    height = rest_height(solid_of(assembly.parts["peg"]), sockets, offset, math.radians(yaw_deg))
    assert height * 1e3 == pytest.approx(height_mm, abs=1e-6)


def test_the_wall_is_cleared_by_what_would_meet_it() -> None:
    """The flange reaches 8 mm, 22 mm short of the wall's face; the fingers close along y and miss it too."""
    low, high = peg_in_block(), peg_in_block(wall_mm=60)
    assert clear_height(low, low.steps[0]) * 1e3 == pytest.approx(10)
    assert clear_height(high, high.steps[0]) * 1e3 == pytest.approx(10)


def test_a_narrow_face_gives_no_touch_point() -> None:
    assembly = peg_in_block()
    assert touch_point(assembly, assembly.steps[0]) is not None
    assert touch_point(assembly, assembly.steps[0], position_bound_m=0.02) is None


def test_the_touch_point_avoids_the_wall() -> None:
    assembly = peg_in_block(wall_mm=26)
    touch = touch_point(assembly, assembly.steps[0])
    assert touch is not None
    assert touch.height_m == pytest.approx(0.010)


@pytest.mark.parametrize(
    ("name", "part"), [("connector_panel", "circular"), ("connector_panel", "coax"), ("gearbox", "sun")]
)
def test_where_there_is_room_the_touch_point_leaves_some_for_a_grasp_that_is_off(
    name: str, part: str
) -> None:
    assembly = product(name)
    step = assembly.step_of(part)
    touch = touch_point(assembly, step)
    assert touch is not None
    sockets = obstacles(assembly, step)
    slabs = (*solid_of(assembly.parts[part]).slabs, *finger_slabs(assembly.parts[part].grasps[0], 0.004))
    held = replace(solid_of(assembly.parts[part]), slabs=slabs)
    draw = np.random.default_rng(0)
    for _ in range(200):
        angle = draw.uniform(0, 2 * math.pi)
        aside = 0.0019 * np.array([math.cos(angle), math.sin(angle)]) + draw.uniform(-0.002, 0.002, 2)
        offset = (touch.offset_m[0] + float(aside[0]), touch.offset_m[1] + float(aside[1]))
        assert (
            rest_height(held, sockets, offset, math.radians(draw.uniform(-10, 10))) <= touch.height_m + 1e-7
        )


def test_fingers_close_along_y_of_their_grasp() -> None:
    fingers, hand = finger_slabs(peg_in_block().parts["peg"].grasps[0])
    assert np.asarray(fingers.section.bounds) == pytest.approx([-0.011, -0.020, 0.011, 0.020])
    assert fingers.z_lo == pytest.approx(0.0145)
    assert hand.z_lo == fingers.z_hi


@pytest.mark.parametrize(("name", "index"), STEPS)
def test_a_seated_part_rests(name: str, index: int) -> None:
    assembly = product(name)
    step = assembly.steps[index]
    height = rest_height(solid_of(assembly.parts[step.part]), obstacles(assembly, step))
    assert height == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("name", "index"), STEPS)
def test_the_touch_point_holds_for_every_error(name: str, index: int) -> None:
    assembly = product(name)
    step = assembly.steps[index]
    touch = touch_point(assembly, step)
    assert touch is not None
    assert touch.height_m >= 0.003
    assert 0.003 - 1e-6 <= math.hypot(*touch.offset_m) <= 0.009 + 1e-6
    plug, sockets = solid_of(assembly.parts[step.part]), obstacles(assembly, step)
    draw = np.random.default_rng(index)
    for _ in range(40):
        dx, dy = draw.uniform(-0.002, 0.002, 2)
        yaw = math.radians(draw.uniform(-10, 10))
        offset = (touch.offset_m[0] + dx, touch.offset_m[1] + dy)
        assert rest_height(plug, sockets, offset, yaw) == pytest.approx(touch.height_m, abs=1e-7)


@pytest.mark.parametrize(("name", "index"), STEPS)
def test_at_the_clear_height_nothing_is_met(name: str, index: int) -> None:
    assembly = product(name)
    step = assembly.steps[index]
    part = assembly.parts[step.part]
    height = clear_height(assembly, step)
    assert height >= step.depth_mm / 1e3 - 1e-9
    moving = (*solid_of(part).slabs, *finger_slabs(part.grasps[0]))
    standing = [slab for obstacle in obstacles(assembly, step) for slab in obstacle.slabs]
    for angle in np.arange(8) * math.pi / 4:
        for slab in moving:
            moved = affinity.translate(slab.section, 0.0115 * math.cos(angle), 0.0115 * math.sin(angle))
            for other in standing:
                if other.z_hi > slab.z_lo + height + 1e-9:
                    assert not moved.intersects(other.section)
