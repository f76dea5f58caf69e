"""What is known around a start: how likely success is from beside it, or where starts succeeded before.

A slice lies across the mouth of the hole: x and y of the goal's frame, the height in the middle of what was
tried, the plug upright. Slices of success maps are kept under the journal's folder, one for each version of a
skill at a step; where none is kept, the skill's own mixture over starts that succeeded stands in.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from msgspec import Struct

from executive.kit import Kit
from executive.places import map_file
from executive.starts import Starts
from sequences.files import write_whole
from skills.cell import Vector
from skills.initialization import Initialization

if TYPE_CHECKING:
    from calibration.success_map import SuccessMap

SIDE = 21
"""Points along each side of a slice."""
CHANCE, DENSITY = "success", "succeeded"


class Slice(Struct, frozen=True, forbid_unknown_fields=True):
    """A square around the goal, seen along its axis."""

    kind: str
    """``success``: the probability in percent; ``succeeded``: how dense starts that succeeded lie, the most
    being 100."""
    half_m: float
    """Half its side [m]."""
    side: int
    percent: tuple[int, ...]
    """side × side numbers, along x and then along y, each from low to high."""
    worthwhile: bool = True
    """The map foretold rollouts that it had not seen; else it says little."""


def slice_of_map(found: "SuccessMap", *, worthwhile: bool) -> Slice:
    """The mean of a success map over starts."""
    low, high = np.array(found.space.low), np.array(found.space.high)
    half = float(min(-low[0], high[0], -low[1], high[1]))
    points = np.repeat(((low + high) / 2.0)[None], SIDE * SIDE, axis=0)
    points[:, 3:] = 0.0
    points[:, :2] = _grid(half)
    return _slice(CHANCE, half, found.believed(points).mean, worthwhile=worthwhile)


def slice_of_mixture(known: Initialization) -> Slice:
    """The mixture's density over x and y alone."""
    low, high = np.array(known.low[:2]), np.array(known.high[:2])
    half = float(min(*-low, *high))
    points = (2.0 * _grid(half) - low - high) / (high - low)
    density = np.zeros(len(points))
    for weight, mean, covariance in zip(
        known.mixture.weights, known.mixture.means, known.mixture.covariances, strict=True
    ):
        spread = np.array(covariance)[:2, :2]
        off = points - np.array(mean[:2])
        squared = np.einsum("ni,ij,nj->n", off, np.linalg.inv(spread), off)
        density += weight * np.exp(-0.5 * squared) / np.sqrt(np.linalg.det(spread))
    return _slice(DENSITY, half, density / density.max(), worthwhile=True)


def _slice(kind: str, half_m: float, shares: Vector, *, worthwhile: bool) -> Slice:
    percent = np.clip(np.round(100.0 * shares), 0, 100).astype(int)
    return Slice(kind, half_m, SIDE, tuple(percent.tolist()), worthwhile)


def _grid(half_m: float) -> Vector:
    """(side², 2) places, x outside."""
    axis = np.linspace(-half_m, half_m, SIDE)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    return np.column_stack([x.reshape(-1), y.reshape(-1)])


def keep(runs_dir: Path, version: str, known: Slice) -> Path:
    """Keep what is known around the starts of one version of a skill at a step; the file."""
    return write_whole(map_file(runs_dir, version), msgspec.json.encode(known) + b"\n")


def around(runs_dir: Path | None, kit: Kit, part: str) -> Slice | None:
    """What is known around the starts of ``part``; None where nothing is."""
    version = kit.versions.get(part)
    if runs_dir is not None and version:
        try:
            known = msgspec.json.decode(map_file(runs_dir, version).read_bytes(), type=Slice)
            if known.side**2 == len(known.percent) and known.side > 1:
                return known
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            pass
    starts = kit.initializations
    mixture = starts.known_of(part) if isinstance(starts, Starts) else None
    return None if mixture is None else slice_of_mixture(mixture)
