"""Equal parts: bodies that are the same up to a turn about the vertical and a shift.

Parts that are equal in this sense have one shape and share one skill.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import manifold3d
import numpy as np
from numpy.typing import NDArray

from sequences.importing.members import Member, thickness_mm

SAME_MM = 0.05
"""Bodies that differ by no more are the same."""
COARSE_DEG = 5.0


@dataclass(frozen=True, slots=True)
class Twin:
    """A part and the pose that takes the first part of its kind to it."""

    first: str
    yaw_deg: float
    shift_mm: tuple[float, float, float]


def kinds(members: Sequence[Member]) -> dict[str, Twin]:
    """For every part the first one that is equal to it, itself perhaps."""
    found: dict[str, Twin] = {}
    firsts: list[Member] = []
    for member in members:
        twin = next((t for first in firsts if (t := twin_of(first, member)) is not None), None)
        if twin is None:
            firsts.append(member)
            twin = Twin(member.name, 0.0, (0.0, 0.0, 0.0))
        found[member.name] = twin
    return found


def twin_of(one: Member, two: Member) -> Twin | None:
    """How the first part comes to be the second; None when they are not equal."""
    volume = float(one.body.volume())
    if abs(volume - two.body.volume()) > SAME_MM * one.body.surface_area():
        return None
    if np.abs(np.ptp(one.bounds, axis=0)[2] - np.ptp(two.bounds, axis=0)[2]) > 2 * SAME_MM:
        return None
    for yaw in _turns(one, two):
        shift = _shift(one, two, yaw)
        if differ_mm(placed(one.body, yaw, shift), two.body) <= SAME_MM:
            return Twin(one.name, yaw, shift)
    return None


def placed(body: manifold3d.Manifold, yaw_deg: float, shift_mm: Sequence[float]) -> manifold3d.Manifold:
    """A body turned about the assembly's z axis, then moved."""
    x, y, z = shift_mm
    return body.rotate((0.0, 0.0, yaw_deg)).translate((x, y, z))


def unplaced(body: manifold3d.Manifold, yaw_deg: float, shift_mm: Sequence[float]) -> manifold3d.Manifold:
    """The opposite of ``placed``."""
    x, y, z = shift_mm
    return body.translate((-x, -y, -z)).rotate((0.0, 0.0, -yaw_deg))


def differ_mm(one: manifold3d.Manifold, two: manifold3d.Manifold) -> float:
    """How thick the difference between two bodies is [mm]."""
    return max(thickness_mm(one - two), thickness_mm(two - one))


def _shift(one: Member, two: Member, yaw_deg: float) -> tuple[float, float, float]:
    x, y, z = two.centre - turned(one.centre, yaw_deg)
    return float(x), float(y), float(z)


def turned(point: NDArray[np.float64], yaw_deg: float) -> NDArray[np.float64]:
    """A point (3,) turned about the z axis."""
    cos, sin = np.cos(np.radians(yaw_deg)), np.sin(np.radians(yaw_deg))
    return np.array([cos * point[0] - sin * point[1], sin * point[0] + cos * point[1], point[2]])


def _turns(one: Member, two: Member) -> list[float]:
    """Turns [deg] worth trying: those that take the principal axes and the farthest corners over."""
    turns = {0.0, 90.0, 180.0, 270.0}
    for axis_one, axis_two in ((_axis(one), _axis(two)), (_farthest(one), _farthest(two))):
        turns |= {round((axis_two - axis_one + extra) % 360.0, 4) for extra in (0.0, 90.0, 180.0, 270.0)}
    return sorted(turns)


def _axis(part: Member) -> float:
    level = part.corners[:, :2] - part.corners[:, :2].mean(axis=0)
    weights, axes = np.linalg.eigh(level.T @ level)
    x, y = axes[:, int(np.argmax(weights))]
    return float(np.degrees(np.arctan2(y, x)))


def _farthest(part: Member) -> float:
    level = part.corners[:, :2] - part.centre[:2]
    x, y = level[int(np.argmax(np.linalg.norm(level, axis=1)))]
    return float(np.degrees(np.arctan2(y, x)))
