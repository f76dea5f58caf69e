"""Grasps for a parallel hand that comes from above: where two pads find faces opposite each other.

Points are strewn over the part's surface. For a closing direction and a height, the pads meet the points that
stand out farthest to either side; a grasp is good when enough surface lies flat against both pads, near the
centre of mass. The rules for the hand's room are those that every assembly is checked by.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray

from sequences.assembly import Grasp
from sequences.body import Solid
from sequences.fingers import PAD_HALF_HEIGHT_M
from sequences.standing import Slice, Standing
from sequences.validate_grasps import LEAST_HEIGHT_MM, pads_mm
from sequences.validate_hands import hand, meets

Points = NDArray[np.float64]

WIDEST_MM = 76.0
"""Leaves the open hand room for the tray's errors."""
NARROWEST_MM = 1.5
PAD_WIDTH_MM = 17.0
FLAT_MM = 0.25
"""Surface this near to a pad's plane touches it."""
LEAST_AREA_MM2 = 10.0
ENOUGH_AREA_MM2 = 120.0
STRAIGHT = math.cos(math.radians(12.0))
SAMPLES = 16_000
TRAY_GAP_MM = 1.5
"""Between the fingertips and the tray, beyond what is needed."""
HEIGHT_STEP_MM = 3.0
OFFSET_STEP_MM = 4.0
TURNS_DEG = tuple(float(turn) for turn in range(0, 180, 15))
MOST = 4
SPARE_MM = ((6.0, 12.0), (3.0, 6.0), (1.0, 1.0))
"""Air below and beside the fingers at the goal, the first that can be had: they tilt, slip and search."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A grasp and what speaks for it."""

    grasp: Grasp
    score: float
    area_mm2: float
    """Of the surface that the pads touch, on the side where it is less."""


class Surface:
    """Points strewn over a part's surface, in its frame [mm]."""

    def __init__(self, solid: Solid) -> None:
        self.solid = solid
        points, faces = trimesh.sample.sample_surface(solid.mesh, SAMPLES, seed=0)
        self.points: Points = np.asarray(points) * 1000.0
        self.normals: Points = np.asarray(solid.mesh.face_normals)[faces]
        self.area_mm2 = float(solid.mesh.area) * 1e6 / SAMPLES

    def turns(self) -> list[float]:
        """Closing directions [deg] worth trying: square to the largest upright faces, and all around."""
        upright = np.abs(self.normals[:, 2]) < 0.2
        angles = np.degrees(np.arctan2(self.normals[upright, 1], self.normals[upright, 0])) - 90.0
        counts = np.bincount(np.round(angles % 180.0).astype(int) % 180, minlength=180)
        best = [float(turn) for turn in np.argsort(counts)[::-1][:6] if counts[turn] > 0]
        return list(dict.fromkeys([*best, *TURNS_DEG]))


def candidates(surface: Surface) -> list[Candidate]:
    """Grasps that hold the part by itself, the best first."""
    found = [candidate for turn in surface.turns() for candidate in _along(surface, turn)]
    return sorted(found, key=lambda candidate: -candidate.score)


def _along(surface: Surface, turn: float) -> Iterator[Candidate]:
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    across = surface.points[:, 0] * cos + surface.points[:, 1] * sin
    along = -surface.points[:, 0] * sin + surface.points[:, 1] * cos
    normal = -surface.normals[:, 0] * sin + surface.normals[:, 1] * cos
    centre = surface.solid.centre_of_mass * 1000.0
    middle = centre[0] * cos + centre[1] * sin
    low, high = (float(z) * 1000.0 for z in surface.solid.bounds[:, 2])
    least = low + LEAST_HEIGHT_MM + TRAY_GAP_MM
    heights = np.arange(least, high - 2.0, HEIGHT_STEP_MM)
    for z in heights if len(heights) else [(least + high) / 2] if least < high else []:
        level = np.abs(surface.points[:, 2] - z) < PAD_HALF_HEIGHT_M * 1000.0
        here = across[level] - middle
        if len(here) == 0:
            continue
        for offset in (0.0, *np.arange(here.min() + PAD_WIDTH_MM / 4, here.max(), OFFSET_STEP_MM)):
            window = np.flatnonzero(level)[np.abs(here - offset) < PAD_WIDTH_MM / 2]
            pads = _pads(along[window], normal[window], surface.area_mm2)
            if pads is None:
                continue
            low, up, area = pads
            at = (middle + offset, (low + up) / 2)
            position = (at[0] * cos - at[1] * sin, at[0] * sin + at[1] * cos, float(z))
            candidate = _candidate(surface.solid, position, turn, area, centre, high)
            if candidate is not None and abs(candidate.grasp.width_mm - (up - low)) < 0.4:
                yield candidate


def _pads(along: Points, normal: Points, area_mm2: float) -> tuple[float, float, float] | None:
    """Where both pads touch [mm] and on how much surface [mm²], or None where that is no hold."""
    if len(along) < 8:
        return None
    low, up = float(along.min()), float(along.max())
    right = (along > up - FLAT_MM) & (normal > STRAIGHT)
    left = (along < low + FLAT_MM) & (normal < -STRAIGHT)
    area = min(int(right.sum()), int(left.sum())) * area_mm2
    if area < LEAST_AREA_MM2 or not NARROWEST_MM < up - low < WIDEST_MM:
        return None
    return low, up, area


def _candidate(
    solid: Solid, position: tuple[float, float, float], turn: float, area: float, centre: Points, high: float
) -> Candidate | None:
    rough = Grasp(position_mm=position, yaw_deg=turn, width_mm=1.0)
    pads = pads_mm(solid, rough)
    if pads is None or not NARROWEST_MM < pads[1] - pads[0] < WIDEST_MM:
        return None
    shift, yaw = (pads[0] + pads[1]) / 2, math.radians(turn)
    x, y = position[0] - shift * math.sin(yaw), position[1] + shift * math.cos(yaw)
    grasp = Grasp(
        position_mm=(round(x, 2), round(y, 2), round(position[2], 2)),
        yaw_deg=turn,
        width_mm=round(pads[1] - pads[0], 2),
    )
    arm = math.dist((x, y), centre[:2])
    score = min(area, ENOUGH_AREA_MM2) / ENOUGH_AREA_MM2
    score -= arm / 40.0 + abs(position[2] - centre[2]) / 200.0 + grasp.width_mm / 100.0
    score -= 0.15 if high - position[2] < 4.0 else 0.0
    return Candidate(grasp, score, area)


def free(
    found: Sequence[Candidate], itself: Standing, others: Sequence[Standing]
) -> tuple[list[Candidate], str]:
    """Those grasps with room for the hand around the part where it stands, and why the rest has none.

    Grasps high above what stands come first: fingers that tilt or slip would touch it.
    """
    why = ""
    for below_mm, beside_mm in SPARE_MM:
        kept, why = _with_spare(found, itself, others, below_mm, beside_mm)
        if kept:
            return kept, ""
    return [], why


def _with_spare(
    found: Sequence[Candidate],
    itself: Standing,
    others: Sequence[Standing],
    below_mm: float,
    beside_mm: float,
) -> tuple[list[Candidate], str]:
    alone = Standing(itself.name, itself.solid)
    met: dict[str, int] = {}
    kept: list[Candidate] = []
    for candidate in found:
        if any(_alike(candidate.grasp, other.grasp) for other in kept):
            continue
        if meets(hand(candidate.grasp, (0.0, 0.0, 0.0), 0.0), alone, coming_down=True):
            met["the part itself"] = met.get("the part itself", 0) + 1
            continue
        x, y, z = itself.position_mm
        slices = [
            Slice(part.z_lo, part.z_hi, part.flat.buffer(beside_mm, join_style="mitre"))
            for part in hand(candidate.grasp, (x, y, z - below_mm), itself.yaw_deg)
        ]
        name = next((other.name for other in others if meets(slices, other, coming_down=True)), None)
        if name is not None:
            met[f"'{name}'"] = met.get(f"'{name}'", 0) + 1
            continue
        kept.append(candidate)
        if len(kept) == MOST:
            break
    return kept, _why(len(found), met)


def _alike(one: Grasp, two: Grasp) -> bool:
    return math.dist(one.position_mm, two.position_mm) < 3.0 and abs(one.yaw_deg - two.yaw_deg) < 20.0


def _why(count: int, met: dict[str, int]) -> str:
    if count == 0:
        return (
            f"nowhere do two faces lie opposite each other, {NARROWEST_MM:g} to {WIDEST_MM:g} mm apart, "
            f"with {LEAST_AREA_MM2:g} mm² for each pad"
        )
    return "the hand would meet " + " or ".join(sorted(met, key=lambda name: -met[name]))
