"""How far a product stands from where a cell has it, learned from parts that were seated.

A part that is seated stands where its goal really is, give or take the play of its hole. Where the hand let
go of it, beside where the goal had been expected, is thus a sample of the estimate's error. The error of one
estimate is noise; its mean over many is an offset: a fixture that was bumped, a calibration that drifted.

A part that was taken hold of lower than the hand was told sits higher in it, comes to the face that much
earlier, and is felt that much too high above where the hand then believes its seat to be. Parts creep in the
grasp, and some of them far, so it is the median that is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import quantile_test
from scipy.stats import t as student

from skills.cell import Vector

LEAST_PARTS = 6
"""Fewer seated parts say nothing."""
CONFIDENCE = 0.999
LEAST_M = 0.0003
"""An offset below this is left alone: it is less than the play of any hole [m]."""
MOST_M = 0.005
"""One above this is no drift: the fixture's frame must be found anew [m]."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Where goals are, beside where they were expected."""

    x_m: float
    y_m: float
    """Base axes [m]."""
    error_m: tuple[float, float]
    """Standard errors of both [m]."""
    parts: int
    """How many seated parts say so."""

    @property
    def size_m(self) -> float:
        """Its length [m]."""
        return float(np.hypot(self.x_m, self.y_m))

    def words(self) -> str:
        """For people."""
        x, y = 1e3 * self.x_m, 1e3 * self.y_m
        errors = " and ".join(f"{1e3 * e:.2f}" for e in self.error_m)
        return f"x {x:+.2f} mm, y {y:+.2f} mm (standard errors {errors} mm, from {self.parts} seated parts)"


@dataclass(frozen=True, slots=True)
class Lying:
    """How parts lie in the tray, beside how they are located."""

    higher_m: float
    """Median [m]."""
    between_m: tuple[float, float]
    """Where the median surely is [m]."""
    parts: int
    """How many parts say so."""

    def words(self) -> str:
        """For people."""
        low, high = (f"{1e3 * edge:+.2f}" for edge in self.between_m)
        return f"{1e3 * self.higher_m:+.2f} mm (surely between {low} and {high}, of {self.parts} felt)"


def lying_of(heights: Sequence[float] | Vector) -> Lying | None:
    """How much higher parts lie that were felt ``heights`` (n,) too high [m].

    The sign test of the median at 99.9 %; None where it is not surely off, too little to matter, or where
    too few parts were felt.
    """
    samples = np.asarray(heights, float)
    if len(samples) < LEAST_PARTS:
        return None
    test = quantile_test(samples, q=0.0, p=0.5)
    low, high = test.confidence_interval(CONFIDENCE)
    median = float(np.median(samples))
    if not (low > 0.0 or high < 0.0) or abs(median) < LEAST_M:
        return None
    return Lying(median, (float(low), float(high)), len(samples))


def offset_of(errors: Sequence[Sequence[float]] | Vector) -> Offset | None:
    """The offset that ``errors`` (n, 2) speak of, where parts stood less where they were expected [m].

    Each axis is tested by Student's t, at 99.9 % for both together (Bonferroni); None where nothing is surely
    off, where it is too little to matter, or where too few parts were seated.
    """
    samples = np.asarray(errors, float).reshape(-1, 2)
    n = len(samples)
    if n < LEAST_PARTS:
        return None
    mean, spread = samples.mean(axis=0), samples.std(axis=0, ddof=1)
    error = np.maximum(spread, 1e-6) / np.sqrt(n)
    surely = bool(np.any(np.abs(mean) > float(student.ppf(1 - (1 - CONFIDENCE) / 4, n - 1)) * error))
    if not surely or float(np.linalg.norm(mean)) < LEAST_M:
        return None
    return Offset(float(mean[0]), float(mean[1]), (float(error[0]), float(error[1])), n)
