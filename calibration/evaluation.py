"""How good a policy is at a step: many episodes, seen with a robot's eyes and scored by the truth.

An episode ends as on a robot: the policy believes to be home or gives up, the hand lets go, and then the
truth is asked whether the part is seated. Evaluation draws from other seeds and starts than training.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.crews import Crew
from calibration.terms import Criterion, Noise, Start
from sequences.assembly import Assembly, Step
from sim.bank import NARROW, WIDE, Bank, Region
from sim.insertions import Insertions
from sim.physics import NOMINAL, VERIFY
from sim.rewards import broken
from sim.truth import are_engaged
from sim.variation import Variation
from skills.cell import Flags, Vector
from skills.insertion import Insertion
from skills.routine import Cause
from skills.start import MARGIN_M
from skills.statistics import wilson
from skills.tasks import insertion_of

SEED_BASE = 2_000_000_000
"""Evaluation seeds begin here, far from any training seed."""
BANK_SEED = 1
BANDS_M = (0.0, 0.001, 0.002, 0.00283)
"""Edges of the bands of the estimate's sideways error [m]."""
LONGEST_S = 80.0
CHUNK = 250


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what an evaluation is made."""

    episodes: int = 1000
    seed: int = 0
    noise: Noise = Noise.FIXED
    start: Start = Start.UNIFORM
    criterion: Criterion = Criterion.SEATED
    joint_friction: float | None = None
    """Joint friction as a multiple of the model's; drawn from 0 to 1 when None."""
    verify: bool = False
    """With half the time step and stiffer contact."""
    starts: int = 512
    """How many different states episodes begin from."""

    def variation(self) -> Variation:
        """What differs between episodes under these conditions."""
        plain = Variation(resampled=self.noise is Noise.RESAMPLED)
        if self.noise is Noise.NONE:
            plain = replace(plain, goal_position_m=0.0, goal_yaw_rad=0.0)
        if self.joint_friction is not None:
            plain = replace(plain, joint_friction=(self.joint_friction, self.joint_friction))
        return plain


@dataclass(slots=True)
class Episodes:
    """What came of each episode: rows are episodes."""

    success: Flags
    cause: NDArray[np.object_]
    """Why it failed; empty for a success."""
    peak_n: Vector
    duration_s: Vector
    sideways_m: Vector
    """Sideways error of the goal's estimate [m]."""
    start: Vector
    """(n, 6) where it began, in the goal's frame [m, rad]."""
    seen_start: Vector
    """(n, 6) the same as a robot knows it: by the nominal grasp, in the frame of the goal's estimate."""
    goal_error: Vector
    """(n, 4) error of that estimate at the beginning: x, y, z [m] and yaw [rad]."""


def evaluate(
    assembly: Assembly,
    step: Step,
    crew: Callable[[Insertion], Crew],
    conditions: Conditions,
    report: Callable[[int], None] | None = None,
    begin: Bank | None = None,
) -> Episodes:
    """Run the episodes; ``report`` is told how many more are over.

    With ``begin`` there is one episode for each of its rows, all at once, in that order.
    """
    insertion = insertion_of(assembly, step)
    size = min(CHUNK, conditions.episodes) if begin is None else len(begin)
    worlds = Insertions(
        assembly, step, insertion, size, seed=SEED_BASE + conditions.seed,
        region=_region(conditions.start, insertion), variation=conditions.variation(),
        physics=VERIFY if conditions.verify else NOMINAL, bank_seed=BANK_SEED,
        bank_size=conditions.starts, starts=begin, in_order=begin is not None,
    )  # fmt: skip
    acting = crew(insertion)
    chunks, left = [], conditions.episodes if begin is None else size
    while left > 0:
        chunk = _chunk(worlds, acting, conditions.criterion, report)
        chunks.append(chunk if left >= size else _first(chunk, left))
        left -= size
    return joined(chunks)


def joined(parts: Sequence[Episodes]) -> Episodes:
    """All the episodes of ``parts``."""
    return Episodes(*(np.concatenate([getattr(part, name) for part in parts]) for name in Episodes.__slots__))


def summary(episodes: Episodes) -> dict[str, Any]:
    """Plain numbers of an evaluation, for records and tables."""
    n, good = len(episodes.success), int(episodes.success.sum())
    times = episodes.duration_s[episodes.success]
    bands = {}
    for begin, end in pairwise(BANDS_M):
        inside = (episodes.sideways_m >= begin) & (episodes.sideways_m < end)
        bands[f"{1e3 * begin:.0f}-{1e3 * end:.1f} mm"] = [
            int(episodes.success[inside].sum()),
            int(inside.sum()),
        ]
    return {
        **_share(good, n),
        "peak_force_n": {q: round(float(np.percentile(episodes.peak_n, p)), 1) for q, p in QUANTILES},
        "time_to_success_s": {q: round(float(np.percentile(times, p)), 2) for q, p in QUANTILES}
        if good
        else {},
        "by_error": bands,
        "causes": dict(Counter(str(cause) for cause in episodes.cause[~episodes.success]).most_common()),
    }


QUANTILES = (("p50", 50), ("p95", 95))


def _share(good: int, n: int) -> dict[str, Any]:
    low, high = wilson(good, n)
    return {
        "episodes": n,
        "successes": good,
        "success": round(good / n, 4),
        "wilson_95": [round(low, 4), round(high, 4)],
    }


def counts(episodes: Episodes) -> dict[str, dict[str, int]]:
    """How many episodes had which peak force, and successes which time, rounded up to 1 N and 0.5 s."""
    times = np.ceil(2.0 * episodes.duration_s[episodes.success]) / 2.0
    return {
        "peaks_n": _counted(np.ceil(episodes.peak_n)),
        "times_s": _counted(times),
    }


def _counted(values: Vector) -> dict[str, int]:
    return {f"{value:g}": int(n) for value, n in zip(*np.unique(values, return_counts=True), strict=True)}


def gathered(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The summary of all episodes of ``parts``, summaries with their :func:`counts`."""
    n, good = (sum(part[name] for part in parts) for name in ("episodes", "successes"))
    bands = {
        band: [sum(part["by_error"][band][place] for part in parts) for place in (0, 1)]
        for band in parts[0]["by_error"]
    }
    causes: Counter[str] = Counter()
    for part in parts:
        causes.update(part["causes"])
    return {
        **_share(good, n),
        "peak_force_n": _quantiles([part["peaks_n"] for part in parts]),
        "time_to_success_s": _quantiles([part["times_s"] for part in parts]),
        "by_error": bands,
        "causes": dict(causes.most_common()),
    }


def _quantiles(parts: Sequence[Mapping[str, int]]) -> dict[str, float]:
    values = np.repeat(
        [float(value) for part in parts for value in part], [n for part in parts for n in part.values()]
    )
    return {q: round(float(np.percentile(values, p)), 1) for q, p in QUANTILES} if len(values) else {}


def conditions_record(conditions: Conditions) -> dict[str, Any]:
    """The conditions as plain values."""
    return {name: str(v) if isinstance(v, StrEnum) else v for name, v in asdict(conditions).items()}


def _region(start: Start, insertion: Insertion) -> Region:
    if start is Start.INITIALIZATION:
        above = insertion.clear_height_m + MARGIN_M - insertion.depth_m
        return Region(lateral_m=0.0, above_m=(above, above), yaw_rad=0.0, tilt_rad=0.0)
    return WIDE if start is Start.WIDE else NARROW


def _chunk(
    worlds: Insertions, crew: Crew, criterion: Criterion, report: Callable[[int], None] | None
) -> Episodes:
    n = worlds.n
    alive, engaged = np.ones(n, bool), np.zeros(n, bool)
    duration, cause = np.zeros(n), np.full(n, "", dtype=object)
    crew.begin(worlds)
    seen = np.hstack([worlds.sensed.position, worlds.sensed.rotation])
    goal_error = worlds.draws.goal_error.copy()
    while alive.any():
        rows = np.flatnonzero(alive)
        crew.act(worlds, rows)
        felt, width = worlds.worlds.felt.peak_n, worlds.worlds.width_m
        error, _ = worlds.truth()
        engaged |= are_engaged(worlds.step, error) & alive
        hurt = broken(felt, width, worlds.insertion.grip_width_m)
        over = 0
        for row, (ended, why) in zip(rows, crew.ended(worlds, rows), strict=True):
            late = worlds.sensed.time_s[row] > LONGEST_S
            if not (ended or late or hurt[row]):
                continue
            alive[row], duration[row] = False, worlds.sensed.time_s[row]
            if hurt[row]:
                why = Cause.FORCE_LIMIT if felt[row] > worlds.force_limit_n else Cause.SLIP
            cause[row] = str(why or (Cause.TIMEOUT if late and not ended else ""))
            over += 1
        if report is not None and over:
            report(over)
    held = np.array([why not in (str(Cause.FORCE_LIMIT), str(Cause.SLIP)) for why in cause])
    seated = np.zeros(n, bool)
    rows = np.flatnonzero(held)
    seated[rows] = worlds.release(rows)
    success = engaged if criterion is Criterion.ENGAGED else seated
    cause[~success & (cause == "")] = str(Cause.NOT_SEATED)
    sideways = np.linalg.norm(worlds.draws.goal_error[:, :2], axis=1)
    return Episodes(
        success, cause, worlds.peak_n.copy(), duration, sideways, worlds.start.copy(), seen, goal_error
    )


def _first(chunk: Episodes, n: int) -> Episodes:
    return Episodes(*(getattr(chunk, name)[:n] for name in Episodes.__slots__))
