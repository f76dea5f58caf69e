"""The measured tables of refinement: deployment, fine-tuning and both, and acquisitions at equal budget.

Every column is played on the same episodes. A row is one skill as it is, or one fine-tuning of it by one
acquisition with one seed; rows are kept in a file and not measured again.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from calibration.refinement import FineTuning, Interrupted, Refinement, Round
from calibration.rollouts import Rollouts, rolled_out
from calibration.terms import Acquisition, StartRule
from executive.benchmarks.rows import Row, completed
from executive.errors import NoSkill
from executive.refinery.candidates import Candidate, fitted, played, stopping
from executive.refinery.mapping import space_of
from executive.refinery.refining import folder_of, own_preset
from executive.steps import Task
from executive.workers import StopWanted, Tell
from sequences.assembly import Assembly
from skills.artifact import geometry_of
from skills.library import Found, fitting

BASELINE, DEPLOYMENT, FINE_TUNE, REFINERY = "baseline", "deployment", "fine-tune", "refinery"
DEPLOYMENT_LCB, REFINERY_LCB, STRAIGHT = "deployment, lower bound", "refinery, lower bound", "straight above"
COLUMNS = (BASELINE, STRAIGHT, DEPLOYMENT, DEPLOYMENT_LCB, FINE_TUNE, REFINERY, REFINERY_LCB)
PLAY_SEED = 900_000


@dataclass(frozen=True, slots=True)
class RefineryOrder:
    """One row to be measured; plain enough to be sent to another process."""

    assembly: str
    """The product as JSON."""
    part: str
    settings: FineTuning
    """Without rounds for the skill as it is."""
    episodes: int
    seed: int
    """Of the episodes that columns are played on."""

    def task(self) -> Task:
        """The step."""
        assembly = Assembly.model_validate_json(self.assembly)
        return assembly, assembly.step_of(self.part)

    def identity(self) -> Row:
        """What two measurements have in common that give the same numbers. Raises NoSkill, SkillError."""
        (assembly, step), settings = self.task(), msgspec.to_builtins(asdict(self.settings))
        found = _skill(self.task())
        return {
            "product": assembly.name,
            "step": step.part,
            "skill": step.skill,
            "geometry": geometry_of(assembly, step),
            "weights": found.skill.weights,
            "revision": own_preset(found).revision,
            "settings": settings,
            "episodes": self.episodes,
            "seed": self.seed,
        }


def as_they_are(
    tasks: Sequence[Task], settings: FineTuning, seeds: Sequence[int], episodes: int
) -> list[RefineryOrder]:
    """The skill of each step, without practice, on the episodes of each of ``seeds``."""
    still = _still(settings)
    return _orders(tasks, [replace(still, seed=seed) for seed in seeds], episodes)


def _still(settings: FineTuning) -> FineTuning:
    """Without practice; of ``settings`` only what the first evaluation is made with."""
    return FineTuning(Acquisition.UNIFORM, rounds=0, rollouts=settings.rollouts, seed=settings.seed)


def fine_tuned(
    tasks: Sequence[Task],
    acquisitions: Sequence[Acquisition],
    settings: FineTuning,
    seeds: Sequence[int],
    episodes: int,
) -> list[RefineryOrder]:
    """The skill of each step, fine-tuned by each acquisition with each of ``seeds``, at equal budget."""
    ways = [
        replace(settings, acquisition=acquisition, seed=seed)
        for seed in seeds
        for acquisition in acquisitions
    ]
    return _orders(tasks, ways, episodes)


def _orders(tasks: Sequence[Task], ways: Sequence[FineTuning], episodes: int) -> list[RefineryOrder]:
    """Each way's columns are played on the episodes of its own seed."""
    return [
        RefineryOrder(a.model_dump_json(), s.part, way, episodes, way.seed) for a, s in tasks for way in ways
    ]


def measured(
    work: Sequence[RefineryOrder], jobs: int, file: Path | None, told: Callable[[Row], None], stop: StopWanted
) -> list[Row]:
    """The rows, in order, as far as they were measured before a stop was wanted.

    Raises ResultsUnreadable, NoSkill, SkillError.
    """
    return completed([(order, order.identity()) for order in work], _measure, jobs, file, told, stop)


def _measure(order: RefineryOrder, tell: Tell, stop: StopWanted) -> Row | None:
    task, identity, tuned = order.task(), order.identity(), order.settings.rounds > 0
    found = _skill(task)
    try:
        refinement = _refined(replace(order, settings=_still(order.settings)), task, found, None, stop)
        if tuned:
            refinement = _refined(order, task, found, refinement, stop)
        done = refinement.best
        columns = _columns(order, task, Found(found.skill, done.weights, found.path), done, tuned, stop)
    except Interrupted:
        return None
    successes = [round(one.success, 4) for one in refinement.rounds]
    return {**identity, "tuned": tuned, "rounds": successes, "columns": columns}


def _refined(
    order: RefineryOrder, task: Task, found: Found, first: Refinement | None, stop: StopWanted
) -> Refinement:
    """The practice of a row, whose first evaluation is that of ``first``. Raises Interrupted."""
    name = hashlib.sha256(json.dumps(order.identity(), sort_keys=True).encode()).hexdigest()[:24]
    folder = folder_of(f"benchmark-{name}")
    folder.mkdir(parents=True, exist_ok=True)
    refinement = Refinement(found, (task,), own_preset(found), order.settings, folder)
    if first is not None:
        refinement.begin_with(first)
    refinement.run(lambda done: None, stop=stop)
    return refinement


def _columns(
    order: RefineryOrder, task: Task, found: Found, done: Round, tuned: bool, stop: StopWanted
) -> dict[str, Row]:
    """Each column of a row, played on the same episodes."""
    n, seed, space = order.episodes, PLAY_SEED + order.seed, space_of(task)
    straight = Candidate(found, StartRule.DEFAULT, {}, tuned)
    starts = space.drawn(n, np.random.default_rng([seed, 2]))
    anywhere = rolled_out(task, straight.crew, starts, seed, redraw=space.drawn, report=stopping(stop))
    known = fitted(task, done.rollouts[task[1].part])
    columns = {FINE_TUNE if tuned else BASELINE: _score(anywhere)}
    if not tuned:
        columns[STRAIGHT] = _score(played(straight, task, n, seed, stop))
    if known is None:
        return columns
    by_rule = {StartRule.MIXTURE: REFINERY if tuned else DEPLOYMENT}
    if known.surest:
        by_rule[StartRule.LOWER_BOUND] = REFINERY_LCB if tuned else DEPLOYMENT_LCB
    for rule, column in by_rule.items():
        one = msgspec.structs.replace(known, rule=str(rule))
        candidate = Candidate(found, rule, {geometry_of(*task): one}, tuned)
        columns[column] = _score(played(candidate, task, n, seed, stop))
    return columns


def _score(rollouts: Rollouts) -> Row:
    good = rollouts.success
    return {
        "episodes": len(good),
        "successes": int(good.sum()),
        "outcomes": np.packbits(good).tobytes().hex(),
    }


def _skill(task: Task) -> Found:
    found = fitting(*task)
    if found is None:
        name = f"{task[0].name}/{task[1].part}"
        raise NoSkill("learned", name, f"train it with 'dovetail train {task[1].skill}'")
    return found
