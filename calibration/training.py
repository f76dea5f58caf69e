"""Training one skill: rollouts, PPO, checkpoints that survive a kill, and an artifact at the end."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_tensors

from calibration.rehearsal import Ended, Rehearsal, Task
from sequences.assembly import Assembly
from sequences.files import write_whole
from skills.artifact import Skill, geometry_of
from skills.learner import Learner
from skills.presets import Preset, as_record

WINDOW = 400
"""Episodes over which success in training is averaged."""


class CheckpointError(Exception):
    """A checkpoint cannot be gone on from; says which file and why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train."""

    skill: str
    """The skill's name."""
    tasks: tuple[Task, ...]
    """The steps that it is for."""
    preset: Preset
    budget: int = 400_000
    """Environment steps."""
    seed: int = 0
    worlds: int = 128
    warm: Mapping[str, NDArray[Any]] | None = None
    """Tensors of another policy to start from."""
    warm_from: str | None = None
    """Which one that is, for the record."""
    checkpoint_every: int = 20
    """Iterations between checkpoints."""
    starts: int = 512
    """How many different states episodes begin from, for each step."""


@dataclass(frozen=True, slots=True)
class Point:
    """One iteration, for curves and progress bars."""

    iteration: int
    environment_steps: int
    cpu_s: float
    """Processor time spent so far, including earlier sessions [s]."""
    success: float
    """Share of the last episodes, with sampled actions, that ended seated."""
    duration_s: float
    peak_p95_n: float
    std: float
    learning_rate: float
    shares: tuple[float, float, float, float]
    """Share of the time spent on physics, policy, learning and bookkeeping."""


Report = Callable[[Point], None]


def plan_id(plan: Plan) -> dict[str, Any]:
    """What two trainings must have in common for one to go on from the other."""
    return {
        "skill": plan.skill,
        "steps": [f"{assembly.name}/{step.part}" for assembly, step in plan.tasks],
        "geometry": [geometry_of(*task) for task in plan.tasks],
        "preset": plan.preset.name,
        "settings": as_record(plan.preset.settings),
        "learner": asdict(plan.preset.learner),
        "seed": plan.seed,
        "worlds": plan.worlds,
        "warm_from": plan.warm_from,
    }


class Training:
    """One training in progress."""

    def __init__(self, plan: Plan, checkpoint: Path | None = None) -> None:
        self.plan, self.path = plan, checkpoint
        self.rehearsal = Rehearsal(
            plan.tasks, plan.preset, plan.worlds, seed=1_000_003 * (plan.seed + 1), starts=plan.starts
        )
        self._seen, self._true = self.rehearsal.observe()
        self.learner = Learner(
            plan.worlds, self._seen.shape[1], self._true.shape[1], self.rehearsal.action.size,
            plan.preset.learner, plan.seed,
        )  # fmt: skip
        if plan.warm is not None:
            self.learner.load_policy(plan.warm, plan.preset.learner.warm_std)
        self.iteration, self.environment_steps, self.cpu_s = 0, 0, 0.0
        self.curve: list[Point] = []
        self._ended: deque[Ended] = deque(maxlen=WINDOW)
        self._spent = np.zeros(4)

    @property
    def over(self) -> bool:
        """The budget is spent."""
        return self.environment_steps >= self.plan.budget

    def run(self, report: Report | None = None, stop: Callable[[], bool] | None = None) -> None:
        """Train until the budget is spent or ``stop`` says so; leaves a checkpoint."""
        while not self.over and not (stop is not None and stop()):
            point = self.iterate()
            if report is not None:
                report(point)
            if self.path is not None and self.iteration % self.plan.checkpoint_every == 0:
                self.save()
        if self.path is not None:
            self.save()

    def iterate(self) -> Point:
        """One rollout and what is learned from it."""
        began, periods = time.process_time(), self.plan.preset.learner.periods
        clock = _Clock()
        for _ in range(periods):
            action = self.learner.act(self._seen, self._true)
            clock.lap(1)
            reward, done, late, ended = self.rehearsal.advance(action)
            clock.lap(0)
            self._ended.extend(ended)
            self._seen, self._true = self.rehearsal.observe()
            clock.lap(3)
            self.learner.learn_from(self._seen, self._true, reward, done, late)
            clock.lap(1)
        losses = self.learner.update(self._seen, self._true)
        self.learner.limit_std(min(self.environment_steps / self.plan.budget, 1.0))
        clock.lap(2)
        self.iteration += 1
        self.environment_steps += periods * self.plan.worlds
        self.cpu_s += time.process_time() - began
        self._spent += clock.spent
        point = self._point(losses)
        self.curve.append(point)
        return point

    def _point(self, losses: Mapping[str, float]) -> Point:
        ended = list(self._ended)
        shares = self._spent / self._spent.sum()
        return Point(
            iteration=self.iteration,
            environment_steps=self.environment_steps,
            cpu_s=round(self.cpu_s, 2),
            success=round(float(np.mean([e.seated for e in ended])), 4) if ended else 0.0,
            duration_s=round(float(np.mean([e.duration_s for e in ended])), 2) if ended else 0.0,
            peak_p95_n=round(float(np.percentile([e.peak_n for e in ended], 95)), 1) if ended else 0.0,
            std=round(losses["std"], 4),
            learning_rate=losses["learning_rate"],
            shares=tuple(round(float(share), 3) for share in shares),  # type: ignore[arg-type]
        )

    # -- checkpoints ----------------------------------------------------------------------------------

    def save(self) -> None:
        """Write a checkpoint, whole or not at all."""
        assert self.path is not None
        facts = {
            "plan": plan_id(self.plan),
            "iteration": self.iteration,
            "environment_steps": self.environment_steps,
            "cpu_s": self.cpu_s,
            "spent": self._spent.tolist(),
            "curve": [asdict(point) for point in self.curve],
            "ended": [asdict(episode) for episode in self._ended],
            "curricula": self.rehearsal.curricula,
        }
        write_whole(self.path, save_tensors(self.learner.checkpoint(), {"training": json.dumps(facts)}))

    def resume(self) -> bool:
        """Go on from the checkpoint if there is one. Raises CheckpointError for one that does not fit.

        Networks, optimizer and progress come back; the worlds begin new episodes.
        """
        if self.path is None or not self.path.exists():
            return False
        try:
            with safe_open(self.path, framework="numpy") as file:
                facts = json.loads((file.metadata() or {})["training"])
                found = facts["plan"]
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, KeyError, ValueError, OSError) as error:
            raise CheckpointError(f"{self.path}: is not a checkpoint of a training ({error})") from error
        if found != (wanted := json.loads(json.dumps(plan_id(self.plan)))):
            other = ", ".join(name for name in wanted if found.get(name) != wanted[name])
            raise CheckpointError(f"{self.path}: is of another training (it differs in: {other})")
        try:
            self.learner.restore(tensors)
        except (KeyError, RuntimeError, ValueError) as error:
            raise CheckpointError(f"{self.path}: holds another learner's tensors ({error})") from error
        if curricula := facts.get("curricula"):
            self.rehearsal.go_on(curricula)
            self._seen, self._true = self.rehearsal.observe()
        self.iteration, self.environment_steps = facts["iteration"], facts["environment_steps"]
        self.cpu_s, self._spent = facts["cpu_s"], np.array(facts["spent"])
        self.curve = [Point(**{**point, "shares": tuple(point["shares"])}) for point in facts["curve"]]
        self._ended = deque((Ended(**episode) for episode in facts["ended"]), maxlen=WINDOW)
        return True

    # -- result ---------------------------------------------------------------------------------------

    def skill(self, version: int, evaluation: Mapping[str, Any], made: Mapping[str, Any]) -> Skill:
        """The artifact's record, without its weights; ``made`` adds to the training's record."""
        plan = self.plan
        return Skill(
            name=plan.skill,
            version=version,
            policy=plan.preset.name,
            settings=as_record(plan.preset.settings),
            geometries=tuple(geometry_of(*task) for task in plan.tasks),
            observation=self.rehearsal.observation,
            action=self.rehearsal.action,
            record={
                "steps": plan_id(plan)["steps"],
                "environment_steps": self.environment_steps,
                "cpu_s": round(self.cpu_s, 1),
                "seed": plan.seed,
                "worlds": plan.worlds,
                "warm_from": plan.warm_from,
                "success_in_training": self.curve[-1].success if self.curve else None,
                **made,
            },
            evaluation=dict(evaluation),
        )


class _Clock:
    """Where the time goes: physics, policy, learning, bookkeeping."""

    def __init__(self) -> None:
        self.spent = np.zeros(4)
        self._last = time.perf_counter()

    def lap(self, what: int) -> None:
        now = time.perf_counter()
        self.spent[what] += now - self._last
        self._last = now


def tasks_of(assembly: Assembly, skill: str) -> tuple[Task, ...]:
    """The steps of ``assembly`` that use ``skill``."""
    return tuple((assembly, step) for step in assembly.steps if step.skill == skill)


def skills_of(assembly: Assembly) -> tuple[str, ...]:
    """Every skill that a product needs, in the order of its steps."""
    return tuple(dict.fromkeys(step.skill for step in assembly.steps))
