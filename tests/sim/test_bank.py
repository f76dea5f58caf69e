"""Banks of starts: built once, kept under a hash, and where they ought to be."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sequences.load import load
from sim import bank as module
from sim.bank import NARROW, WIDE, Region, bank, loose_mates, poses_of, step_scene
from sim.physics import NOMINAL, VERIFY
from sim.worlds import Worlds
from skills.tasks import insertion_of

PRODUCT = load("bearing_block")
STEP = PRODUCT.step_of("bolt_left")
INSERTION = insertion_of(PRODUCT, STEP)
MODEL = step_scene(PRODUCT, STEP, NOMINAL)


def never(*args: object) -> None:
    pytest.fail("it was built although it was there")


def test_a_bank_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bank(PRODUCT, STEP, INSERTION, MODEL, size=8, cache=tmp_path)
    monkeypatch.setattr(module, "_built", never)
    again = bank(PRODUCT, STEP, INSERTION, step_scene(PRODUCT, STEP, NOMINAL), size=8, cache=tmp_path)
    assert np.array_equal(first.states, again.states)
    assert np.array_equal(first.starts, again.starts)
    assert len(first) == 8
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("harm", [b"", b"nonsense", "half", "other tensors"])
def test_a_file_that_is_no_bank_is_built_anew(tmp_path: Path, harm: bytes | str) -> None:
    from safetensors.numpy import save

    first = bank(PRODUCT, STEP, INSERTION, MODEL, size=4, cache=tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    if isinstance(harm, str):
        harm = whole[: len(whole) // 2] if harm == "half" else save({"other": np.zeros(3)})
    path.write_bytes(harm)
    again = bank(PRODUCT, STEP, INSERTION, MODEL, size=4, cache=tmp_path)
    assert np.array_equal(first.states, again.states)
    assert path.read_bytes() == whole


def test_whatever_makes_a_difference_has_a_file_of_its_own(tmp_path: Path, banks: Path) -> None:
    for region, size, seed, physics in (
        (NARROW, 4, 0, NOMINAL), (NARROW, 4, 1, NOMINAL), (NARROW, 5, 0, NOMINAL),
        (WIDE, 4, 0, NOMINAL), (NARROW, 4, 0, VERIFY),
    ):  # fmt: skip
        model = step_scene(PRODUCT, STEP, physics)
        bank(PRODUCT, STEP, INSERTION, model, region=region, size=size, seed=seed, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize("region", [NARROW, WIDE], ids=["narrow", "wide"])
def test_starts_lie_in_the_region(tmp_path: Path, region: Region) -> None:
    starts = bank(PRODUCT, STEP, INSERTION, MODEL, region=region, size=48, cache=tmp_path).starts
    moved, turned = 0.0012, np.deg2rad(2.0)
    above = starts[:, 2] - INSERTION.depth_m
    assert np.abs(starts[:, :2]).max() <= region.lateral_m + moved
    assert above.min() >= region.above_m[0] - moved
    assert above.max() <= region.above_m[1] + moved
    yaw, *tilt = Rotation.from_rotvec(starts[:, 3:]).as_euler("ZYX").T
    assert np.abs(yaw).max() <= region.yaw_rad + turned
    assert np.abs(tilt).max() <= region.tilt_rad + turned
    spread = starts.std(axis=0)
    assert spread[0] > 0.4 * region.lateral_m
    assert spread[5] > 0.3 * region.yaw_rad


def test_the_lightest_part_is_held_exactly_as_wanted_too(tmp_path: Path) -> None:
    light = PRODUCT.step_of("oil_cup")
    insertion, model = insertion_of(PRODUCT, light), step_scene(PRODUCT, light, NOMINAL)
    exact = Region(above_m=(0.01, 0.01), grasp_m=0.0, grasp_pitch_rad=0.0)
    assert len(bank(PRODUCT, light, insertion, model, region=exact, size=8, cache=tmp_path)) == 8


def test_a_plug_that_weighs_more_than_it_may_be_touched_with_has_starts(tmp_path: Path) -> None:
    heavy = PRODUCT.parts[STEP.part].model_copy(update={"mass_g": 150.0})
    product = PRODUCT.model_copy(update={"parts": {**PRODUCT.parts, STEP.part: heavy}})
    made = bank(product, STEP, INSERTION, step_scene(product, STEP, NOMINAL), size=4, cache=tmp_path)
    assert len(made) == 4


def test_parts_that_are_drawn_in_layers_keep_every_contact_where_they_stand() -> None:
    collar = PRODUCT.step_of("collar")
    assert loose_mates(PRODUCT, collar)
    assert step_scene(PRODUCT, collar, NOMINAL).npair == 0


@pytest.mark.parametrize(
    ("plug", "mate", "least", "most"), [("collar", "shaft", 4.0, 12.5), ("shaft", "bushing", 0.0, 1.0)]
)
def test_a_mate_that_can_turn_stands_turned_where_the_plug_must_follow(
    plug: str, mate: str, least: float, most: float, tmp_path: Path
) -> None:
    """As its own insertion left it; a round plug does not mind."""
    step = PRODUCT.step_of(plug)
    insertion, model = insertion_of(PRODUCT, step), step_scene(PRODUCT, step, NOMINAL)
    made = bank(PRODUCT, step, insertion, model, size=24, cache=tmp_path)
    worlds = Worlds(model, plug, len(made))
    worlds.put(np.arange(len(made)), made.states)
    goal = PRODUCT.goal_in_base(PRODUCT.step_of(mate))
    turned = np.rad2deg((goal.inv() * poses_of(worlds.part(mate))).rotation.as_rotvec()[:, 2])
    assert np.abs(turned).max() < most
    assert turned.std() >= least
