"""The checks' own arithmetic, against numbers worked by hand on the test bench, and their speed."""

import math
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from shapely import Point

from sequences.assembly import Assembly, Grasp
from sequences.errors import Problem
from sequences.load import bundled, load
from sequences.solid import solid_of
from sequences.standing import Standing, at_goal, before
from sequences.validate import check
from sequences.validate_clearance import gap_mm
from sequences.validate_depths import entries_mm
from sequences.validate_goals import common_mm3
from sequences.validate_grasps import pads_mm
from sequences.validate_hands import hand
from sequences.validate_parts import outlines

BENCH: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "bench.yaml").read_text())
SECONDS_PER_PRODUCT = 4.0


def bench(**changes: Any) -> Assembly:
    """The test bench with fields changed: ``steps__2__mates=[...]`` names a path."""
    document = yaml.safe_load(yaml.safe_dump(BENCH))
    for path, value in changes.items():
        *keys, last = [int(key) if key.isdigit() else key for key in path.split("__")]
        holder = document
        for key in keys:
            holder = holder[key]
        holder[last] = value
    return Assembly.model_validate(document)


def standing(assembly: Assembly, part: str) -> Standing:
    step = assembly.step_of(part)
    return at_goal(step, {part: solid_of(assembly.parts[part])})


def base(assembly: Assembly) -> Standing:
    return Standing("block", solid_of(assembly.parts["block"]))


def found(assembly: Assembly) -> list[tuple[str, str]]:
    return [(problem.field, problem.message) for problem in check(assembly)]


def test_the_bench_is_sound() -> None:
    assert check(bench()) == ()


def test_the_gap_of_a_square_post_is_its_clearance() -> None:
    assembly = bench()
    assert gap_mm(standing(assembly, "post"), base(assembly)) == pytest.approx(0.5, abs=1e-6)


def test_the_gap_of_a_round_pin_errs_on_the_wide_side() -> None:
    assembly = bench()
    assert 0.5 - 1e-6 <= gap_mm(standing(assembly, "pin"), base(assembly)) <= 0.52


def test_parts_at_different_heights_have_no_gap() -> None:
    assembly = bench()
    assert math.isinf(gap_mm(standing(assembly, "ring"), base(assembly)))


def test_shared_volume_is_area_times_depth() -> None:
    assembly = bench()
    post = standing(assembly, "post")
    assert common_mm3(post, base(assembly)) == pytest.approx(0.0, abs=1e-6)
    assert common_mm3(post, base(assembly), (0, 0, -1.5)) == pytest.approx(14 * 14 * 1.5, rel=1e-6)
    assert common_mm3(post, base(assembly), (0.7, 0, 0)) == pytest.approx(0.2 * 14 * 16, rel=1e-6)


def test_what_stands_before_a_step_is_the_base_and_the_earlier_parts() -> None:
    assembly = bench()
    solids = {name: solid_of(part) for name, part in assembly.parts.items()}
    assert [other.name for other in before(assembly, 2, solids)] == ["block", "pin", "post"]


@pytest.mark.parametrize(
    ("yaw_deg", "position", "pads"),
    [
        (0.0, (0, 0, 32), (-7.0, 7.0)),
        (90.0, (0, 0, 32), (-7.0, 7.0)),
        (45.0, (0, 0, 32), (-7 * math.sqrt(2), 7 * math.sqrt(2))),
        (0.0, (0, 2, 32), (-9.0, 5.0)),
        (90.0, (2, 0, 32), (-5.0, 9.0)),
    ],
)
def test_pads_meet_a_square_post(
    yaw_deg: float, position: tuple[float, float, float], pads: tuple[float, float]
) -> None:
    grasp = Grasp(position_mm=position, yaw_deg=yaw_deg, width_mm=14)
    assert pads_mm(solid_of(bench().parts["post"]), grasp) == pytest.approx(pads, abs=1e-6)


def test_the_pads_meet_nothing_beside_the_part() -> None:
    grasp = Grasp(position_mm=(20, 0, 32), width_mm=14)
    assert pads_mm(solid_of(bench().parts["post"]), grasp) is None


def test_outlines_multiply_through_patterns() -> None:
    disc = {"circle": {"diameter_mm": 2}}
    grid = {"columns": 3, "rows": 2, "pitch_mm": [5, 5]}
    nested = {"pattern": {"shape": {"union": [disc, disc]}, "grid": grid}}
    layer = {"from_mm": 0, "to_mm": 5, "shape": {"cut": [nested, disc]}}
    assembly = bench(parts__pin__layers=[layer])
    assert outlines(assembly.parts["pin"].layers[0].shape) == 13


def test_a_tilted_way_in_is_followed() -> None:
    tilted = [math.sin(math.radians(20)), 0.0, -math.cos(math.radians(20))]
    ((field, message),) = found(bench(steps__1__direction=tilted))
    assert field == "steps[1].direction"
    assert "is blocked: 'post' meets" in message


def test_a_tilted_way_onto_a_flat_is_free() -> None:
    step = {
        "part": "ring",
        "skill": "insert/ring",
        "goal": {"position_mm": [18, 0, 20]},
        "mates": ["post"],
        "depth_mm": 16,
        "direction": [0.0, 0.5, -math.sqrt(0.75)],
    }
    assert [field for field, _ in found(bench(steps__2=step))] == ["steps[2].direction"]
    alone = {**step, "goal": {"position_mm": [0, 0, 20]}, "mates": ["block"]}
    layers = [{"from_mm": 0, "to_mm": 20, "shape": {"rectangle": {"size_mm": [70, 40]}}}]
    document = bench(parts__block__layers=layers, steps__2=alone).model_dump()
    document["steps"] = document["steps"][2:]
    fields = [field for field, _ in found(Assembly.model_validate(document))]
    assert "steps[0].direction" not in fields


def test_names_are_checked_before_the_geometry_is() -> None:
    fields = [
        field
        for field, _ in found(bench(steps__2__mates=["posts"], steps__0__goal={"position_mm": [0, 0, 0]}))
    ]
    assert fields == ["steps[2].mates[0]"]


def test_an_unknown_base_is_one_problem() -> None:
    assert found(bench(base__part="blok")) == [("base.part", "is not among the parts")]


def test_independent_problems_come_together() -> None:
    assembly = bench(
        parts__pin__grasps=[],
        tray__places__ring={"position_mm": [900, 0]},
        steps__1__clearance_mm=0.1,
    )
    assert [field for field, _ in found(assembly)] == [
        "parts.pin.grasps",
        "tray.places.ring.position_mm",
        "steps[1].clearance_mm",
    ]


@pytest.mark.parametrize("name", bundled())
def test_bundled_products_are_checked_quickly(name: str) -> None:
    assembly = load(name)
    began = time.perf_counter()
    problems: tuple[Problem, ...] = check(assembly)
    assert problems == ()
    assert time.perf_counter() - began < SECONDS_PER_PRODUCT


def test_a_part_enters_where_its_side_passes_the_rim() -> None:
    assembly = bench()
    step = assembly.step_of("post")
    assert list(entries_mm(standing(assembly, "post"), base(assembly), step)) == pytest.approx([16.0])


def test_the_hand_stands_beside_what_it_holds() -> None:
    grasp = bench().parts["post"].grasps[0]
    fingers, *above, palm = hand(grasp, (100.0, 0.0, 50.0), 90.0)
    assert fingers.z_lo == pytest.approx(50 + 32 - 8.5)
    for low, high in pairwise([fingers, *above, palm]):
        assert low.z_hi == pytest.approx(high.z_lo)
        assert high.flat.bounds[0] < low.flat.bounds[0] or high.flat.bounds[1] < low.flat.bounds[1]
    assert fingers.flat.distance(Point(100, 0)) == pytest.approx(7.0, abs=1e-6)
    assert fingers.flat.intersects(Point(100, 8))
    assert not fingers.flat.intersects(Point(108, 0))
