"""The numbers that success is mapped over: their names, units and bounds."""

from dataclasses import dataclass

import numpy as np

from sim.bank import NARROW, Region
from sim.variation import Variation
from skills.cell import Vector
from skills.insertion import Insertion

DEGREE = float(np.pi / 180.0)
START = ("x", "y", "z", "roll", "pitch", "yaw")
"""An initialization: position and rotation vector of the plug in the frame of its goal's estimate."""
ERROR = ("error x", "error y", "error z", "error yaw")
"""What is wrong with that estimate: hidden from the robot, known in simulation."""


@dataclass(frozen=True, slots=True)
class Space:
    """A box of ``d`` numbers. Points are rows in SI units and radians."""

    names: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    angles: tuple[bool, ...]
    """Which of the numbers are angles."""

    @property
    def size(self) -> int:
        """How many numbers."""
        return len(self.names)

    def scaled(self, points: Vector) -> Vector:
        """(n, d) ``points`` with the box from -1 to 1 along every axis."""
        low, high = np.array(self.low), np.array(self.high)
        return np.asarray((2.0 * points - low - high) / (high - low))

    def drawn(self, n: int, rng: np.random.Generator) -> Vector:
        """(n, d) points, uniform in the box."""
        return rng.uniform(self.low, self.high, (n, self.size))

    def within(self, points: Vector, margin: float = 0.0) -> Vector:
        """(n,) whether each point lies in the box, widened by ``margin`` of half its width."""
        return np.asarray((np.abs(self.scaled(points)) <= 1.0 + margin).all(axis=1))

    def joined(self, other: "Space") -> "Space":
        """Both boxes, one after the other."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__slots__)
        return Space(*(one + two for one, two in pairs))

    def shown(self, axis: int) -> tuple[str, float]:
        """For people: the name of a number with its unit, and what SI is to be divided by."""
        unit, factor = ("°", DEGREE) if self.angles[axis] else ("mm", 0.001)
        return f"{self.names[axis]} [{unit}]", factor


def start_space(insertion: Insertion, region: Region = NARROW) -> Space:
    """Where an insertion may be started from."""
    low, high = (insertion.depth_m + above for above in region.above_m)
    turns = (region.tilt_rad, region.tilt_rad, region.yaw_rad)
    return Space(
        START,
        (-region.lateral_m, -region.lateral_m, low, *(-turn for turn in turns)),
        (region.lateral_m, region.lateral_m, high, *turns),
        (False,) * 3 + (True,) * 3,
    )


def error_space(variation: Variation | None = None) -> Space:
    """How wrong the goal's estimate may be."""
    variation = variation or Variation()
    bounds = (variation.goal_position_m,) * 3 + (variation.goal_yaw_rad,)
    return Space(ERROR, tuple(-bound for bound in bounds), bounds, (False,) * 3 + (True,))
