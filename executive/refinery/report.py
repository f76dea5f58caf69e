"""What is written down of a refinement: numbers for records, a sentence for people, pictures of maps."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from calibration.explained import explained, verdict
from calibration.map_check import checked
from calibration.map_picture import Mapped, picture
from calibration.refinement import Refinement, Round
from calibration.rollouts import Rollouts
from calibration.space import error_space, start_space
from calibration.success_map import fit
from executive.steps import Task, name_of
from skills.tasks import insertion_of


def rounds_json(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Each evaluation and what was practised before it."""
    return [{"success": round(one.success, 4), "practice": one.practice} for one in rounds]


def evaluation_of(tasks: Sequence[Task], results: Sequence[Rollouts]) -> dict[str, dict[str, int]]:
    """Step → episodes and successes, as a skill's record keeps them."""
    return {
        name_of(task): {"episodes": len(result), "successes": int(result.success.sum())}
        for task, result in zip(tasks, results, strict=True)
    }


def headline(report: dict[str, Any]) -> str:
    """Why the new version was published or the old one stays."""
    gate, rounds = report["gate"], report["rounds"]
    anywhere = f"from starts anywhere {100 * rounds[0]['success']:.0f} → {100 * _best(rounds):.0f} %"
    if gate["better"]:
        return f"{report['chosen']} is better: {gate['words']} ({anywhere})"
    return f"no better: {report['chosen']}: {gate['words']} ({anywhere})"


def _best(rounds: Sequence[dict[str, Any]]) -> float:
    return max(float(one["success"]) for one in rounds)


def files_beside(tasks: Sequence[Task], refinement: Refinement) -> dict[str, bytes]:
    """Pictures of the maps before and after, by file name."""
    files = {}
    for task in tasks:
        before = refinement.rounds[0].rollouts[task[1].part]
        after = refinement.best.rollouts[task[1].part]
        space, rng = start_space(insertion_of(*task)), np.random.default_rng(0)
        decides = explained(before, space, error_space(), rng)
        sure = [decides["start"], checked(space, after.starts, after.success, rng)]
        maps = [
            Mapped(name, fit(space, rows.starts, rows.success, rng), check, rows)
            for name, rows, check in zip(("before", "after"), (before, after), sure, strict=True)
        ]
        files[f"map-{task[1].part}.png"] = picture(name_of(task), maps, verdict(decides))
    return files
