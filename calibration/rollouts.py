"""Rollouts from chosen starts: what a success map is fitted to, and what versions of a skill are compared by.

Two series with the same seed meet the same hidden world, episode by episode: the estimate's error, friction,
gains and sizes. Only where they start and who acts is different.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from calibration.crews import Crew
from calibration.evaluation import CHUNK, Conditions, Episodes, evaluate
from calibration.rehearsal import Task
from calibration.space import error_space
from sim.bank import NARROW, Bank, Region
from sim.starts import Settled, settled
from skills.cell import Flags, Vector
from skills.insertion import Insertion
from skills.routine import Cause
from skills.tasks import insertion_of

CAUSES = ("", *(str(cause) for cause in Cause))
SEEDS_APART = 1000
"""Seeds of one series, one for each chunk of it."""
REDRAWS = 6


@dataclass(frozen=True, slots=True)
class Rollouts:
    """What came of ``n`` episodes; rows are episodes."""

    starts: Vector
    """(n, 6) where they were begun, in the frame of the goal's estimate: what a robot chooses [m, rad]."""
    errors: Vector
    """(n, 4) the estimate's error: x, y, z [m] and yaw [rad]."""
    success: Flags
    cause: NDArray[np.int64]
    """(n,) place in ``CAUSES``."""
    had: Flags
    """(n,) False where the start could not be had, which counts as a failure."""
    peak_n: Vector
    duration_s: Vector

    def __len__(self) -> int:
        return len(self.success)

    @property
    def causes(self) -> NDArray[np.object_]:
        """(n,) the causes in words; empty for a success."""
        return np.array(CAUSES, dtype=object)[self.cause]

    def where(self, rows: Flags) -> "Rollouts":
        """Only some of them."""
        return Rollouts(*(getattr(self, name)[rows] for name in self.__slots__))

    def as_bytes(self) -> bytes:
        """For a file."""
        return save_tensors({name: np.ascontiguousarray(getattr(self, name)) for name in self.__slots__})

    @classmethod
    def from_bytes(cls, content: bytes) -> "Rollouts":
        """Read back what ``as_bytes`` wrote. Raises safetensors.SafetensorError, KeyError."""
        tensors = load_tensors(content)
        return cls(*(tensors[name] for name in cls.__slots__))


def together(parts: "list[Rollouts]") -> Rollouts:
    """All of ``parts``, one after the other."""
    return Rollouts(*(np.concatenate([getattr(p, name) for p in parts]) for name in Rollouts.__slots__))


Actors = Callable[[Insertion], Crew]
Redraw = Callable[[int, np.random.Generator], Vector]
"""Other starts (n, 6) in place of some that cannot be had."""


def rolled_out(
    task: Task,
    crew: Actors,
    starts: Vector,
    seed: int,
    *,
    conditions: Conditions | None = None,
    errors: Vector | None = None,
    region: Region = NARROW,
    redraw: Redraw | None = None,
    report: Callable[[int], None] | None = None,
) -> Rollouts:
    """One episode from each of ``starts`` (n, 6), or from another by ``redraw`` where one cannot be had.

    The estimate's errors are drawn unless given, (n, 4); ``report`` is told how many more episodes are over.
    """
    conditions = conditions or Conditions()
    if errors is None:
        errors = error_space(conditions.variation()).drawn(len(starts), np.random.default_rng([seed, 0xD0E]))
    parts = []
    for place, begin in enumerate(range(0, len(starts), CHUNK)):
        rows = slice(begin, begin + CHUNK)
        now = replace(conditions, seed=seed * SEEDS_APART + place)
        bank, asked, had = _taken_up(task, starts[rows], errors[rows], now.seed, region, redraw)
        episodes = evaluate(*task, crew, now, report, bank)
        parts.append(_noted(episodes, asked, errors[rows], had))
    return together(parts)


def _taken_up(
    task: Task, starts: Vector, errors: Vector, seed: int, region: Region, redraw: Redraw | None
) -> tuple[Bank, Vector, Flags]:
    """A bank with one row for each of ``starts``, the starts that were asked for, and which could be had.

    Rows that could not be had repeat one that could. Raises ValueError when there is none.
    """
    rng, insertion = np.random.default_rng([seed, 0x6A5]), insertion_of(*task)
    asked, found = starts.copy(), settled(*task, insertion, starts, errors, rng, region=region)
    for _ in range(REDRAWS if redraw is not None else 0):
        missing = np.flatnonzero(~found.had)
        if redraw is None or len(missing) == 0:
            break
        asked[missing] = redraw(len(missing), rng)
        more = settled(*task, insertion, asked[missing], errors[missing], rng, region=region)
        for name in Settled.__slots__:
            getattr(found, name)[missing] = getattr(more, name)
    if not found.had.any():
        raise ValueError(f"'{task[1].part}': none of {len(starts)} starts can be had")
    rows = np.where(found.had, np.arange(len(starts)), np.flatnonzero(found.had)[0])
    return Bank(found.states[rows], found.starts[rows], errors), asked, found.had


def _noted(episodes: Episodes, asked: Vector, errors: Vector, had: Flags) -> Rollouts:
    words = np.where(episodes.success, "", episodes.cause)
    cause = np.array([CAUSES.index(word) if word in CAUSES else 0 for word in words], dtype=np.int64)
    begun = np.where(had[:, None], episodes.seen_start, asked)
    success = episodes.success & had
    return Rollouts(begun, errors, success, cause, had, episodes.peak_n, episodes.duration_s)
