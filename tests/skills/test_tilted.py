"""The lead of a plate over posts, in a world that is made of a formula: a plate, tops of posts, and holes."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sequences.fits import fits
from sequences.load import load
from skills.cell import Vector
from skills.guide import Guide
from skills.insertion import Insertion
from skills.library import SHIPPED, latest
from skills.pilot import Guided, GuidedPilot
from skills.presets import DOVETAIL, as_record, from_record
from skills.sensed import Sensed
from skills.tasks import insertion_of
from skills.tilted import Stage, TiltedGuide
from skills.tilting import Tilting

PRODUCT = load("motor")
STEP = PRODUCT.step_of("end_bell")
INSERTION = insertion_of(PRODUCT, STEP)
HOLES = np.array([(x, y, 0.0) for x, y in fits(PRODUCT, STEP)])
PERIOD_S = 0.06
STIFFNESS, FOLLOWED, HELD = 3000.0, 0.6, 0.9
GAP_M = INSERTION.clearance_m


class Posts:
    """One plate over posts that stand ``error`` (x, y [m], yaw [rad]) from where they are taken to be.

    The hand holds the plate ``askew`` (about x and y [rad]); the posts reach ``INSERTION.depth_m`` up.
    """

    def __init__(self, error: tuple[float, float, float], askew: tuple[float, float] = (0.0, 0.0)) -> None:
        turn = Rotation.from_rotvec([0.0, 0.0, error[2]])
        self.posts = turn.apply(HOLES) + np.array([error[0], error[1], 0.0])
        self.askew = Rotation.from_rotvec([*askew, 0.0])
        self.guide = TiltedGuide(INSERTION, 1, PERIOD_S)
        self.position = np.array([0.0, 0.0, INSERTION.depth_m + 0.012])
        self.hand = Rotation.identity()
        self.wrench, self.periods = np.zeros(6), 0
        self.guide.begin(np.array([0]), self.sensed())

    @property
    def plate(self) -> Rotation:
        return self.hand * self.askew

    def sensed(self) -> Sensed:
        pose = np.zeros((1, 7))
        return Sensed(
            time_s=np.array([self.periods * PERIOD_S]), position=self.position[None].copy(),
            rotation=self.hand.as_rotvec()[None], wrench=self.wrench[None].copy(), joints=np.zeros((1, 7)),
            tcp=pose, tcp_goal=pose,
        )  # fmt: skip

    def period(self) -> None:
        sensed = self.sensed()
        self.guide.scripted(sensed)
        position, turn = self.guide.command(sensed, np.zeros((1, 6)))
        held = self._inside()
        self.hand = Rotation.from_rotvec(turn[0])
        moved = self.position + FOLLOWED * (position[0] - self.position)
        moved += self._pushed_back(moved, held)
        resting = self._resting(moved)
        floor = max(resting, default=(0.0, np.zeros(3)), key=lambda rest: rest[0])
        self.wrench = np.zeros(6)
        if moved[2] < floor[0]:
            moved[2] = floor[0]
            force = np.array([0.0, 0.0, STIFFNESS * min(0.006, max(0.0, moved[2] - position[0, 2]))])
            self.wrench = np.concatenate([force, np.cross(floor[1], force)])
        self.position = moved
        self.periods += 1

    def _local(self, position: Vector) -> Vector:
        """(m, 3) the posts as seen from the plate, at its underside."""
        seen = self.plate.inv().apply(self.posts - np.array([*position[:2], 0.0]))
        return np.column_stack([seen[:, :2], np.zeros(len(seen))])

    def _open(self, position: Vector) -> Vector:
        """(m,) which posts are under their holes."""
        return np.asarray(np.abs(self._local(position) - HOLES).max(axis=1) < GAP_M)

    def _inside(self) -> Vector:
        """(m,) which posts are in their holes."""
        under = self.position[2] + self.plate.apply(HOLES)[:, 2]
        return np.asarray((under < INSERTION.depth_m - 1e-4) & self._open(self.position))

    def _pushed_back(self, position: Vector, held: Vector) -> Vector:
        """What keeps posts that are in their holes there."""
        back = np.zeros(3)
        for post in np.flatnonzero(held):
            off = (self._local(position + back) - HOLES)[post]
            back[:2] += self.plate.apply(off - np.clip(off, -HELD * GAP_M, HELD * GAP_M))[:2]
        return back

    def _resting(self, position: Vector) -> list[tuple[float, Vector]]:
        """Height at which the plate rests on each post that is not under its hole, and where it then does."""
        below = self.plate.apply(self._local(position))
        rests = [
            (INSERTION.depth_m - point[2], point)
            for point, opened in zip(below, self._open(position), strict=True)
            if not opened
        ]
        return [*rests, (0.0, np.zeros(3))]


def test_only_a_plug_with_fits_apart_is_tilted() -> None:
    assert INSERTION.fine
    assert TiltedGuide.suits(INSERTION, Tilting())
    assert isinstance(GuidedPilot(INSERTION, 1, PERIOD_S).guide, TiltedGuide)
    for product, part in (("valve_manifold", "strap"), ("connector_panel", "mains"), ("gearbox", "planet_a")):
        assembly = load(product)
        insertion: Insertion = insertion_of(assembly, assembly.step_of(part))
        assert type(GuidedPilot(insertion, 1, PERIOD_S).guide) is Guide, part


def test_a_skill_is_led_as_its_record_says_whatever_the_defaults_are() -> None:
    settings = Guided(tilting=replace(Tilting(), lean_rad=0.05))
    back = from_record(DOVETAIL, as_record(settings))
    assert back == settings
    guide = GuidedPilot(INSERTION, 1, PERIOD_S, back).guide
    assert isinstance(guide, TiltedGuide)
    assert guide.tilting.lean_rad == 0.05
    near = replace(settings, tilting=replace(Tilting(), spread_m=(0.0, 0.001)))
    assert type(GuidedPilot(INSERTION, 1, PERIOD_S, near).guide) is Guide


def test_the_tilted_skills_of_the_library_record_how_they_are_tilted() -> None:
    found = latest(INSERTION.skill, SHIPPED)
    assert found is not None
    assert found.skill.settings["tilting"].keys() == as_record(Guided())["tilting"].keys()


@pytest.mark.parametrize("askew", [(0.0, 0.0), (0.05, 0.0), (-0.03, 0.04)])
def test_the_plate_is_laid_flat_however_it_is_held(askew: tuple[float, float]) -> None:
    world = Posts((0.0018, -0.0012, 0.1), askew)
    while not world.guide.working[0] or world.guide.stage[0] == Stage.LEVEL:
        assert world.periods < 300
        world.period()
    tilt = world.plate.as_rotvec()[:2]
    assert np.abs(tilt).max() < np.deg2rad(1.0)


@pytest.mark.parametrize(
    "error", [(0.0, 0.0, 0.0), (0.0015, -0.001, 0.1), (-0.0018, 0.0012, -0.15), (0.0005, 0.0019, 0.05)]
)
def test_the_script_alone_puts_the_plate_over_its_posts(error: tuple[float, float, float]) -> None:
    world = Posts(error, askew=(0.02, -0.02))
    stages = set()
    while not world.guide.home(world.sensed())[0]:
        assert not world.guide.late(world.sensed())[0], (stages, world.position, world.guide.stage)
        world.period()
        stages.add(Stage(world.guide.stage[0]))
    assert {Stage.LEVEL, Stage.LEAN, Stage.PIVOT} <= stages
    assert world._inside().all()
    assert world.position[:2] == pytest.approx(error[:2], abs=2 * GAP_M)


def test_where_there_are_no_holes_it_gives_up_in_time() -> None:
    world = Posts((0.012, 0.0, 0.0))
    while not world.guide.late(world.sensed())[0]:
        assert not world.guide.home(world.sensed())[0]
        world.period()
    assert not world.guide.dropped(world.sensed())[0]
