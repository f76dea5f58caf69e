"""What decides whether an insertion succeeds: where it starts, or how wrong the goal's estimate is.

Each is the share of the outcome's variance that a success map over those numbers foretells of rollouts that
it has not seen. A large share of the start says that better starts would help, one of the error that a better
calibration or pose estimate would; most of the rest is chance and what is in neither.
"""

import numpy as np

from calibration.map_check import Check, checked
from calibration.rollouts import Rollouts
from calibration.space import Space


def explained(rollouts: Rollouts, start: Space, error: Space, rng: np.random.Generator) -> dict[str, Check]:
    """``start``, ``error`` and ``both`` → the check of a map over those numbers."""
    seen = rollouts.where(rollouts.had)
    both = np.hstack([seen.starts, seen.errors])
    ways = (("start", start, seen.starts), ("error", error, seen.errors), ("both", start.joined(error), both))
    return {name: checked(space, points, seen.success, rng) for name, space, points in ways}


def verdict(found: dict[str, Check]) -> str:
    """What it means, in a sentence."""
    start, error = found["start"], found["error"]
    if start.worthwhile and start.explained >= error.explained:
        return "the start decides more than the estimate's error: better starts help"
    if start.worthwhile:
        return "both matter, the estimate's error more: better starts help, a better estimate helps more"
    if error.worthwhile:
        return "the estimate's error decides, not the start: a better calibration would help"
    return "neither the start nor the estimate's error foretells the outcome"
