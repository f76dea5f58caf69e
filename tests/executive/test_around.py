"""What is known around a start: slices of success maps and of mixtures, kept, told and drawn."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from calibration.space import start_space
from calibration.success_map import Belief
from executive.kit import standard_kit
from executive.operator import panes
from executive.operator.attendant import Nobody, Watched
from executive.operator.drawings import shade_at, starts_above
from executive.operator.protocol import Around, Start, state_from_bytes, state_to_bytes
from executive.operator.telling import Teller
from executive.options import PolicyName
from executive.places import map_file
from executive.refinery.around import SIDE, Slice, around, keep, slice_of_map, slice_of_mixture
from executive.starts import Starts
from skills.cell import Vector
from skills.initialization import Initialization, Mixture

Make = Callable[..., Any]
ROUND = tuple(tuple(0.05 * float(i == j) for j in range(6)) for i in range(6))
BOX = ((-0.01, -0.01, 0.015, -0.2, -0.2, -0.2), (0.01, 0.01, 0.03, 0.2, 0.2, 0.2))
MIXTURE = Initialization(
    rule="mixture",
    low=BOX[0],
    high=BOX[1],
    mixture=Mixture((1.0,), ((0.5, -0.5, 0, 0, 0, 0),), (ROUND,)),
)


@dataclass
class HalfPlane:
    """A map that is sure of success where x is positive."""

    space: Any

    def believed(self, points: Vector) -> Belief:
        assert np.allclose(points[:, 3:], 0.0)
        assert np.ptp(points[:, 2]) == 0.0
        return Belief((points[:, 0] > 0.0).astype(float), np.zeros(len(points)))


def test_a_slice_of_a_map_is_its_mean_across_the_mouth(make_world: Make) -> None:
    world = make_world()
    insertion = world.kit.insertion_of(world.assembly, world.assembly.steps[0])
    known = slice_of_map(HalfPlane(start_space(insertion)), worthwhile=True)  # type: ignore[arg-type]
    grid = np.array(known.percent).reshape(SIDE, SIDE)
    assert known.half_m == 0.01
    assert (grid[SIDE // 2 + 1 :] == 100).all()
    assert (grid[: SIDE // 2] == 0).all()


def test_a_slice_of_a_mixture_is_densest_at_its_middle() -> None:
    grid = np.array(slice_of_mixture(MIXTURE).percent).reshape(SIDE, SIDE)
    i, j = np.unravel_index(grid.argmax(), grid.shape)
    axis = np.linspace(-0.01, 0.01, SIDE)
    assert (axis[i], axis[j]) == pytest.approx((0.005, -0.005))
    assert grid.max() == 100
    assert grid[0, SIDE - 1] < 5


def test_a_kept_map_comes_before_the_mixture_and_both_before_nothing(
    make_world: Make, tmp_path: Path
) -> None:
    world = make_world()
    insertions = {step.part: world.kit.insertion_of(world.assembly, step) for step in world.assembly.steps}
    starts = Starts(world.assembly, {"left": MIXTURE}, insertions)
    kit = replace(world.kit, initializations=starts, versions={"left": "dovetail-2-abc", "top": "search-1-x"})
    assert around(tmp_path, kit, "left") == slice_of_mixture(MIXTURE)
    assert around(tmp_path, kit, "top") is None
    assert around(None, world.kit, "left") is None
    known = Slice("success", 0.01, 2, (0, 25, 50, 100))
    keep(tmp_path, "dovetail-2-abc", known)
    assert around(tmp_path, kit, "left") == known
    for broken in (b"{", b"\xff", msgspec.json.encode(replace_side(known))):
        map_file(tmp_path, "dovetail-2-abc").write_bytes(broken)
        assert around(tmp_path, kit, "left") == slice_of_mixture(MIXTURE)


def replace_side(known: Slice) -> Slice:
    return msgspec.structs.replace(known, side=3)


def test_it_is_drawn_as_the_base_frame_sees_it() -> None:
    ahead = Around("success", 0.01, 2, bytes([0, 0, 100, 60]), 0.0)
    assert [shade_at(ahead, x, y) for x, y in ((0.009, -0.009), (0.009, 0.009), (-0.009, 0.0))] == [
        "▓",
        "▒",
        "░",
    ]
    assert shade_at(ahead, 0.02, 0.0) == " "
    drawn, half = starts_above([Start(0.0, 0.005, None)], 9, 5, ahead)
    assert half == 10.0
    assert drawn == ["▒▒▒▒▓▓▓▓▓", "▒▒▒▒▓▓▓▓▓", "░░◆░+░░░░", "░░░░░░░░░", "░░░░░░░░░"]
    turned = msgspec.structs.replace(ahead, yaw_rad=np.pi)
    drawn, _ = starts_above([], 9, 5, turned)
    assert drawn[0] == "░░░░░░░░░"
    assert set(drawn[4]) == {"▒", "▓"}


class Looking(Nobody):
    """Keeps the state of the first attempt's carry."""

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir, self.states = runs_dir, []

    states: list[Any]

    def began(self, watched: Watched) -> None:
        self.teller = Teller(watched, self.runs_dir)

    def turn(self) -> None:
        self.states.append(self.teller.state(""))


def test_a_run_tells_it_and_the_screen_shows_it(make_world: Make, tmp_path: Path) -> None:
    world = make_world()
    versions = standard_kit(world.assembly, PolicyName.SEARCH).versions
    world.kit = replace(world.kit, versions=versions)
    keep(tmp_path, versions["left"], Slice("success", 0.01, 2, (10, 20, 90, 95), worthwhile=False))
    looking = Looking(tmp_path)
    world.run(attendant=looking)
    told = [state for state in looking.states if state.around is not None]
    assert {state.steps[state.step].part for state in told} == {"left"}
    state = state_from_bytes(state_to_bytes(told[-1]))
    assert state.around == told[-1].around
    text = panes.starts(state, 26, 7).plain
    assert text.startswith("▓≥80 ▒≥50 % ±10 mm unsure\n")
    assert {"▓", "░", "◆"} <= set(text)
