"""One training from its plan to a skill in a library: train, measure, publish."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from calibration.crews import LearnedCrew
from calibration.curves import curve_files
from calibration.evaluation import Conditions, conditions_record
from calibration.training import Plan, Training
from executive.learning.contenders import Contender
from executive.learning.scoring import scored
from executive.learning.warm import Warm, warm_start
from executive.run import version
from executive.steps import Task, name_of
from executive.workers import Stopped, StopWanted, Tell
from sequences.assembly import Assembly
from skills.artifact import WEIGHTS, Skill, SkillError, version_text
from skills.library import SHIPPED_PRESET, Found, next_version, publish
from skills.presets import Preset, preset


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """One training to be made; plain enough to be sent to another process."""

    tasks: tuple[tuple[str, str], ...]
    """The steps that are trained together: the product as JSON, and the part."""
    skill: str
    preset: str
    budget: int
    """Environment steps."""
    seed: int
    worlds: int
    warm: str
    """``none``, ``similar``, a skill's name or the folder of one."""
    fresh: bool
    """Begin anew, whatever checkpoint there is."""
    episodes: int
    """Of the evaluation at the end, for each step."""
    out: Path
    """The library that the skill is published to."""


def checkpoint_of(order: TrainingOrder) -> Path:
    """Where the training keeps its checkpoint: under ``$XDG_STATE_HOME/dovetail/trainings``."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    warm = "" if order.warm == "none" else f"-warm-{Path(order.warm).name}"
    name = f"{order.preset}-seed-{order.seed}{warm}.safetensors"
    return state / "dovetail" / "trainings" / order.skill / name


def trained(order: TrainingOrder, tell: Tell, stop_wanted: StopWanted) -> dict[str, Any] | None:
    """Make a training, or go on with it; its row for tables, None when it was stopped before its end.

    Tells of each iteration, ``{"point": ...}``, and of the episodes of the evaluation, ``{"episodes": n}``.
    The checkpoint is deleted when the skill has been published. Raises CheckpointError, SkillError.
    """
    tasks = _read(order.tasks)
    kind, checkpoint = preset(order.preset), checkpoint_of(order)
    if order.fresh:
        checkpoint.unlink(missing_ok=True)
    training = _begun(order, tasks, kind, warm_start(order.warm, tasks, kind), checkpoint)
    training.resume()
    training.run(lambda point: tell({"point": asdict(point)}), stop_wanted)
    if not training.over:
        return None

    def report(more: int) -> None:
        if stop_wanted():
            raise Stopped
        tell({"episodes": more})

    try:
        row = _published(order, training, report)
    except Stopped:
        return None
    checkpoint.unlink(missing_ok=True)
    return row


def _read(tasks: tuple[tuple[str, str], ...]) -> tuple[Task, ...]:
    products = {text: Assembly.model_validate_json(text) for text, _ in tasks}
    return tuple((products[text], products[text].step_of(part)) for text, part in tasks)


def _begun(
    order: TrainingOrder, tasks: tuple[Task, ...], kind: Preset, warm: Warm | None, checkpoint: Path
) -> Training:
    plan = Plan(
        order.skill, tasks, kind, budget=order.budget, seed=order.seed, worlds=order.worlds,
        warm=None if warm is None else warm.found.weights, warm_from=None if warm is None else warm.label,
    )  # fmt: skip
    try:
        return Training(plan, checkpoint)
    except RuntimeError as error:
        if warm is None:
            raise
        raise SkillError(warm.found.path / WEIGHTS, f"cannot start this training: {error}") from error


def _published(order: TrainingOrder, training: Training, report: Callable[[int], None]) -> dict[str, Any]:
    """Measure what was learned, with the deterministic action, and put it into the library."""
    folder = order.out if order.preset == SHIPPED_PRESET else order.out / order.preset
    number = next_version(order.skill, folder)
    weights = training.learner.policy()
    draft = training.skill(number, {}, {})
    conditions = Conditions(episodes=order.episodes)
    steps = {
        name_of(task): score_of(task, draft, weights, conditions, report) for task in training.plan.tasks
    }
    measured = {"steps": steps, "conditions": {**conditions_record(conditions), "deterministic": True}}
    skill = training.skill(number, measured, {"dovetail": version(), "budget": order.budget})
    title = f"{order.skill}, preset {order.preset}, seed {order.seed}"
    path = publish(skill, weights, folder, curve_files(training.curve, title))
    return {
        "skill": skill.name,
        "version": skill.version,
        "preset": skill.policy,
        "path": str(path),
        "seed": order.seed,
        "environment_steps": training.environment_steps,
        "cpu_s": round(training.cpu_s, 1),
        "warm_from": training.plan.warm_from,
        "evaluation": measured,
    }


def score_of(
    task: Task, draft: Skill, weights: Any, conditions: Conditions, report: Callable[[int], None]
) -> dict[str, Any]:
    """A policy that is in no library yet, measured at a step with its deterministic action."""
    found = Found(draft, weights, Path(draft.name))
    who = Contender(draft.policy, version_text(draft, *task), lambda insertion: LearnedCrew(found, insertion))
    return scored(task, who, conditions, [0], report)
