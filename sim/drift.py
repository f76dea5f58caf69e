"""A simulated cell that is no longer as it was set up, for seeing whether anybody notices and what is done.

Nothing above the cell is told: estimates stay as confident as they were.
"""

from dataclasses import dataclass, replace

import numpy as np

from sim.noise import Noise
from sim.physics import Physics


class DriftError(ValueError):
    """What was given is not a drift."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What has changed."""

    fixture_x_mm: float = 0.0
    fixture_y_mm: float = 0.0
    """How far the fixture stands from where estimates have it, base axes [mm]."""
    grasp_mm: float = 0.0
    """How much deeper the fingers take hold of parts than they are told to [mm]."""
    joint_friction: float = 1.0
    """Dry friction of the arm's joints, as a multiple of what it was."""
    part_friction: float = 1.0
    """Sliding friction between parts, likewise."""

    def noise(self, noise: Noise) -> Noise:
        """What the cell does not know, this included."""
        return replace(
            noise,
            fixture_off_x_m=self.fixture_x_mm / 1000.0,
            fixture_off_y_m=self.fixture_y_mm / 1000.0,
            grasp_off_m=self.grasp_mm / 1000.0,
        )

    def physics(self, physics: Physics) -> Physics:
        """The world as it has become."""
        return replace(
            physics,
            joint_friction=physics.joint_friction * self.joint_friction,
            part_friction=physics.part_friction * self.part_friction,
        )


BOUNDS = {
    "fixture_x_mm": (-5.0, 5.0),
    "fixture_y_mm": (-5.0, 5.0),
    "grasp_mm": (-4.0, 4.0),
    "joint_friction": (0.0, 3.0),
    "part_friction": (0.1, 3.0),
}


def drift_from(text: str) -> Drift:
    """The drift that ``NAME=VALUE,...`` describes; none for an empty text. Raises DriftError."""
    values: dict[str, float] = {}
    for word in filter(None, (word.strip() for word in text.split(","))):
        name, _, value = word.partition("=")
        if name not in BOUNDS:
            raise DriftError(f"drift '{name}': there is no such thing; there are {', '.join(BOUNDS)}")
        try:
            number = float(value)
        except ValueError:
            raise DriftError(f"drift '{name}' = '{value}': is not a number") from None
        low, high = BOUNDS[name]
        if not low <= number <= high or not np.isfinite(number):
            raise DriftError(f"drift '{name}' = {value}: is not within {low:g} to {high:g}")
        values[name] = number
    return Drift(**values)
