"""What a new version of a skill might be: its weights and its rule for starting, to be tried and compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.crews import Crew, LearnedCrew
from calibration.map_check import checked
from calibration.mixture import initialization_of
from calibration.refinement import Interrupted, Round
from calibration.rollouts import Rollouts, rolled_out
from calibration.space import start_space
from calibration.success_map import fit
from calibration.terms import StartRule
from executive.kit import insertions_of
from executive.starts import Starts
from executive.steps import Task
from executive.workers import StopWanted
from skills.artifact import geometry_of
from skills.cell import Vector
from skills.initialization import Initialization
from skills.insertion import Insertion
from skills.library import Found
from skills.tasks import insertion_of

DRAWS = 4
"""Different first starts of a mixture that episodes take turns with."""
TRIES, MOST = 4, 30
"""Episodes from the start of each failure, and of how many failures."""
REPRODUCTION_SEED = 600_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version that might be published, or the one that is there."""

    found: Found
    rule: StartRule
    initializations: dict[str, Initialization]
    """By geometry; empty with the default rule."""
    tuned: bool
    """Its weights are new."""

    @classmethod
    def of(cls, found: Found) -> "Candidate":
        """The version that is there, as it runs."""
        known = found.skill.initializations
        rules = {StartRule(one.rule) for one in known.values()} or {StartRule.DEFAULT}
        return cls(found, rules.pop(), dict(known), tuned=False)

    @property
    def name(self) -> str:
        """For people and records."""
        return f"{'new' if self.tuned else 'old'} weights, {self.rule} start"

    def crew(self, insertion: Insertion) -> Crew:
        """Who acts in its episodes."""
        return LearnedCrew(self.found, insertion)

    @property
    def weights(self) -> Mapping[str, NDArray[Any]]:
        """Its policy's tensors."""
        return self.found.weights


def candidates_of(found: Found, tasks: Sequence[Task], before: Round, after: Round) -> list[Candidate]:
    """Every pair of weights and rule but the present one; new weights if a round of practice did best."""
    rounds = [(before, False)] + ([(after, True)] if after is not before else [])
    everyone = []
    for done, tuned in rounds:
        whose = Found(found.skill, done.weights, found.path)
        known = {
            geometry_of(*task): one
            for task in tasks
            if (one := fitted(task, done.rollouts[task[1].part])) is not None
        }
        everyone.append(Candidate(whose, StartRule.DEFAULT, {}, tuned))
        if known:
            everyone.append(Candidate(whose, StartRule.MIXTURE, known, tuned))
        sure = {
            geometry: msgspec.structs.replace(one, rule=str(StartRule.LOWER_BOUND))
            for geometry, one in known.items()
            if one.surest
        }
        if sure:
            everyone.append(Candidate(whose, StartRule.LOWER_BOUND, {**known, **sure}, tuned))
    present = Candidate.of(found)
    return [one for one in everyone if one.tuned or one.rule is not present.rule]


def fitted(task: Task, rollouts: Rollouts) -> Initialization | None:
    """What is known of where to start; None when too few episodes succeeded."""
    space, rng = start_space(insertion_of(*task)), np.random.default_rng(0xF17)
    had = rollouts.where(rollouts.had)
    try:
        return initialization_of(
            space, had.starts, had.success, fit(space, had.starts, had.success, rng),
            checked(space, had.starts, had.success, rng), rng,
        )  # fmt: skip
    except ValueError:
        return None


def starts_of(candidate: Candidate, task: Task, n: int) -> Vector:
    """(n, 6) where ``n`` first attempts at a step would begin in runs."""
    assembly, step = task
    insertions = insertions_of(assembly)
    one = candidate.initializations.get(geometry_of(assembly, step))
    known = {} if one is None else {step.part: one}
    draws = DRAWS if known else 1
    firsts = [Starts(assembly, known, insertions, seed)(insertions[step.part], 1)[0] for seed in range(draws)]
    return np.asarray(np.array(firsts)[np.arange(n) % draws])


def played(candidate: Candidate, task: Task, n: int, seed: int, stop: StopWanted) -> Rollouts:
    """``n`` episodes as runs would begin them. Raises calibration.refinement.Interrupted."""
    starts = starts_of(candidate, task, n)
    return rolled_out(task, candidate.crew, starts, seed, report=stopping(stop))


def reproduced(
    found: Found, tasks: Sequence[Task], failed: Mapping[str, Sequence[dict[str, Any]]], stop: StopWanted
) -> dict[str, Any]:
    """How many of the failures, by part, come again when their starts are tried ``TRIES`` times each.

    What was hidden in the run, the estimate's error above all, is not known and is drawn anew.
    """
    tried = again = alike = 0
    misses: list[float] = []
    causes: Counter[str] = Counter()
    for task in tasks:
        rows = failed[task[1].part][-MOST:]
        if not rows:
            continue
        starts = np.repeat([row["initialization"] for row in rows], TRIES, axis=0)
        crew = Candidate.of(found).crew
        rollouts = rolled_out(task, crew, starts, REPRODUCTION_SEED, report=stopping(stop))
        failures = ~rollouts.success.reshape(-1, TRIES)
        words = rollouts.causes.reshape(-1, TRIES)
        tried, again = tried + len(rows), again + int(failures.any(axis=1).sum())
        alike += sum(row["cause"] in seen for row, seen in zip(rows, words, strict=True))
        misses += failures.mean(axis=1).tolist()
        causes.update(rollouts.causes[~rollouts.success].tolist())
    rate = round(float(np.mean(misses)), 3) if misses else 0.0
    return {
        "failures": tried, "again": again, "same_cause": alike, "tries": TRIES, "failure_rate": rate,
        "causes": dict(causes),
    }  # fmt: skip


def stopping(stop: StopWanted) -> Any:
    """A report of episodes that breaks off when a stop is wanted."""

    def report(more: int) -> None:
        if stop():
            raise Interrupted

    return report
