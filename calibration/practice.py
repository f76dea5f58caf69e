"""What to practise at: a batch of starts from a success map, as a bank to begin episodes from."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from calibration.acquisition import UNIFORM_SHARE, proposed
from calibration.map_check import Check, checked
from calibration.rehearsal import Task
from calibration.rollouts import Rollouts
from calibration.space import Space, error_space, start_space
from calibration.success_map import fit
from calibration.terms import Acquisition, Over
from sim.bank import Bank
from sim.starts import bank_at
from skills.cell import Vector
from skills.tasks import insertion_of

BATCH = 256
FAILED_SHARE = 0.15
"""Of a batch, at the most: the starts of attempts that failed, each a little off."""
SCATTER = 0.1
"""How far off, in halves of the box."""


@dataclass(frozen=True, slots=True)
class Practice:
    """Where to practise next at one step."""

    bank: Bank
    over: str
    """What the starts were sought by: ``start``, ``both`` or ``nothing``."""
    checks: dict[str, Check] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        checks = {name: check.as_json() for name, check in self.checks.items()}
        return {"over": self.over, "starts": len(self.bank), "maps": checks}


def practice_for(
    task: Task,
    rollouts: Rollouts,
    acquisition: Acquisition,
    rng: np.random.Generator,
    *,
    over: Over = Over.AUTO,
    failed: Vector | None = None,
    n: int = BATCH,
) -> Practice:
    """A bank of about ``n`` starts: sought by ``acquisition``, near ``failed`` (k, 6), and anywhere.

    With ``over`` left open, the map over the start is used if it is worth while; else the one over the start
    and the estimate's error together, which in simulation is known and can be set; and with neither the
    starts are uniform.
    """
    start, error = start_space(insertion_of(*task)), error_space()
    spaces = {Over.START: start, Over.BOTH: start.joined(error)}
    checks: dict[str, Check] = {}
    near = _near(start, failed, round(FAILED_SHARE * n), rng)
    sought, used = np.zeros((0, 10)), "nothing"
    for name, space in spaces.items() if acquisition is not Acquisition.UNIFORM else ():
        if over not in (Over.AUTO, name):
            continue
        check = checks[str(name)] = checked(space, _points(rollouts, name), rollouts.success, rng)
        if check.worthwhile:
            count = n - len(near) - round(UNIFORM_SHARE * n)
            sought, used = _sought(space, name, rollouts, acquisition, count, rng), str(name)
            break
    anywhere = _unset(start.drawn(n - len(near) - len(sought), rng))
    rows = np.concatenate([sought, _unset(near), anywhere])
    bank, _ = bank_at(*task, insertion_of(*task), rows[:, :6], rng, goal_errors=rows[:, 6:])
    return Practice(bank, used, checks)


def _points(rollouts: Rollouts, over: Over) -> Vector:
    return rollouts.starts if over is Over.START else np.hstack([rollouts.starts, rollouts.errors])


def _sought(
    space: Space, over: Over, rollouts: Rollouts, acquisition: Acquisition, n: int, rng: np.random.Generator
) -> Vector:
    found = fit(space, _points(rollouts, over), rollouts.success, rng)
    best, level = float(rollouts.success.max()), float(rollouts.success.mean())
    points = proposed(found, acquisition, n, rng, best=best, level=level, uniform_share=0.0).points
    return points if over is Over.BOTH else _unset(points)


def _near(space: Space, failed: Vector | None, most: int, rng: np.random.Generator) -> Vector:
    if failed is None or len(failed) == 0 or most == 0:
        return np.zeros((0, 6))
    half = (np.array(space.high) - np.array(space.low)) / 2.0
    chosen = failed[rng.integers(len(failed), size=min(most, 8 * len(failed)))]
    return np.asarray(chosen + SCATTER * half * rng.standard_normal(chosen.shape))


def _unset(starts: Vector) -> Vector:
    """Starts with the estimate's error left to be drawn."""
    return np.hstack([starts, np.full((len(starts), 4), np.nan)])
