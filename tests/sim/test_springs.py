"""The springs that plugs are held with: firm in turning on the way, lest dry joints keep them askew."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sequences.load import load
from sim.bank import Bank, bank, step_scene
from sim.insertions import Insertions
from sim.physics import NOMINAL
from sim.variation import Variation
from skills.insert import CARRYING, SEARCHING
from skills.pilot import GuidedPilot
from skills.tasks import insertion_of

PRODUCT = load("valve_manifold")
STEP = PRODUCT.step_of("inlet")
INSERTION = insertion_of(PRODUCT, STEP)
ASKEW_RAD = np.deg2rad(5.0)


@pytest.mark.usefixtures("banks")
def test_a_plug_that_begins_askew_touches_down_upright_however_dry_the_joints() -> None:
    starts = bank(PRODUCT, STEP, INSERTION, step_scene(PRODUCT, STEP, NOMINAL), size=48)
    askew = np.flatnonzero(np.linalg.norm(starts.starts[:, 3:5], axis=1) > ASKEW_RAD)[:8]
    assert len(askew) == 8
    chosen = Bank(starts.states[askew], starts.starts[askew])
    worlds = Insertions(
        PRODUCT, STEP, INSERTION, 8, seed=3, starts=chosen, in_order=True,
        variation=Variation(joint_friction=(1.0, 1.0)),
    )  # fmt: skip
    pilot = GuidedPilot(INSERTION, 8, 0.06)
    worlds.reset(np.arange(8), pilot)
    assert spring_clips(worlds) == pytest.approx(CARRYING.rotational_clip_rad)
    tilts = np.full(8, np.nan)
    for _ in range(120):
        pilot.observe(worlds.sensed)
        touched = ~pilot.guide.free & np.isnan(tilts)
        tilts[touched] = tilt(worlds.sensed.rotation[touched])
        worlds.advance(pilot, np.zeros((8, 6)))
    assert np.all(tilts < np.deg2rad(2.0)), np.rad2deg(tilts)
    assert spring_clips(worlds) == pytest.approx(SEARCHING.rotational_clip_rad)


def spring_clips(worlds: Insertions) -> np.ndarray:
    """Largest turn that each world's spring sees [rad], whatever its gain."""
    inner, rows = worlds.worlds, worlds.worlds._actuators.spring
    return np.asarray(inner._range[:, rows, 1] / inner._gain[:, rows, 0])[:, 3:].ravel()


def tilt(rotation: np.ndarray) -> np.ndarray:
    """How far (n, 3) rotation vectors lean over [rad]."""
    if len(rotation) == 0:
        return np.zeros(0)
    upright = Rotation.from_rotvec(rotation).apply([0.0, 0.0, 1.0])[:, 2]
    return np.asarray(np.arccos(np.clip(upright, -1.0, 1.0)))
