"""The stated clearance is really there: measured between the collision prisms of every mating pair."""

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from shapely import MultiPolygon, Polygon, affinity, prepare, union_all

from sequences.assembly import Assembly, Pose, Step
from sequences.heights import obstacles
from sequences.load import bundled, load
from sequences.solid import Prism, solid_of

product = cache(load)
STEPS = [(name, index) for name in bundled() for index in range(len(product(name).steps))]
DIRECTIONS = [(math.cos(a), math.sin(a)) for a in np.arange(32) * math.pi / 16]
WIDEST_CORNER = 1.75
"""How many clearances a plug can move into a corner of its hole: an acute one of the D-sub's trapezoid."""


def in_base(flat: Polygon, pose: Pose) -> Polygon:
    """A polygon [m] of a part at ``pose`` in the base part's frame."""
    cos, sin = math.cos(math.radians(pose.yaw_deg)), math.sin(math.radians(pose.yaw_deg))
    x, y, _ = (value / 1000 for value in pose.position_mm)
    return affinity.affine_transform(flat, [cos, -sin, sin, cos, x, y])


def beside(assembly: Assembly, step: Step) -> list[tuple[MultiPolygon, MultiPolygon]]:
    """Plug and mates [m] in every band of heights in which both have material."""
    plugs = solid_of(assembly.parts[step.part]).prisms
    lift = step.goal.position_mm[2] / 1000
    others: list[tuple[Prism, Pose]] = []
    for mate in step.mates:
        home = Pose(position_mm=(0, 0, 0))
        pose = home if mate == assembly.base.part else assembly.step_of(mate).goal
        others += [(prism, pose) for prism in solid_of(assembly.parts[mate]).prisms]
    heights = [z + lift for p in plugs for z in (p.z_lo, p.z_hi)]
    heights += [z + pose.position_mm[2] / 1e3 for p, pose in others for z in (p.z_lo, p.z_hi)]
    bands = []
    for middle in ((a + b) / 2 for a, b in pairwise(sorted({round(z, 9) for z in heights}))):
        one = [in_base(Polygon(p.corners), step.goal) for p in plugs if p.z_lo < middle - lift < p.z_hi]
        two = [
            in_base(Polygon(p.corners), pose)
            for p, pose in others
            if p.z_lo < middle - pose.position_mm[2] / 1e3 < p.z_hi
        ]
        if one and two:
            bands.append((union_all(one, grid_size=1e-9), union_all(two, grid_size=1e-9)))
    return bands


def overlap(bands: list[tuple[MultiPolygon, MultiPolygon]], x_mm: float, y_mm: float) -> bool:
    return any(two.intersects(affinity.translate(one, x_mm / 1e3, y_mm / 1e3)) for one, two in bands)


@pytest.mark.parametrize(("name", "index"), STEPS)
def test_the_gap_on_each_side_is_the_stated_one(name: str, index: int) -> None:
    assembly = product(name)
    step = assembly.steps[index]
    bands = beside(assembly, step)
    assert bands
    gap_mm = min(one.distance(two) for one, two in bands) * 1e3
    assert gap_mm == pytest.approx(step.clearance_mm, abs=0.02)
    for _, two in bands:
        prepare(two)
    tight = 1.04 if step.symmetry == 0 else WIDEST_CORNER
    for x, y in DIRECTIONS:
        free, stuck = step.clearance_mm - 1e-3, step.clearance_mm * tight
        assert not overlap(bands, free * x, free * y), f"blocked towards {x:.2f}, {y:.2f}"
        assert overlap(bands, stuck * x, stuck * y), f"loose towards {x:.2f}, {y:.2f}"


@pytest.mark.parametrize(("name", "index"), STEPS)
def test_the_depth_is_the_travel_between_the_mating_faces(name: str, index: int) -> None:
    assembly = product(name)
    step = assembly.steps[index]
    reach = 1.1 * step.clearance_mm / 1e3
    travels = [
        other.z_hi - slab.z_lo
        for slab in solid_of(assembly.parts[step.part]).slabs
        for obstacle in obstacles(assembly, step)
        if obstacle.part in step.mates
        for other in obstacle.slabs
        if min(slab.z_hi, other.z_hi) > max(slab.z_lo, other.z_lo) + 1e-6
        and other.section.distance(slab.section) < reach
    ]
    assert max(travels) * 1e3 == pytest.approx(step.depth_mm, abs=1e-6)
    assert 6 <= step.depth_mm <= 20
