"""Fine-tuning that asks where to practise: Algorithm 1 of arXiv 2510.11019.

Evaluate from starts anywhere, fit the success map, propose a batch, practise there, evaluate again, until
success varies by less than 5 % over 5 evaluations or the rounds are used up. Each round is kept on disk when
it is over, so that a refinement that was killed goes on from there.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from calibration.crews import LearnedCrew
from calibration.practice import practice_for
from calibration.rehearsal import Task
from calibration.rollouts import Rollouts, rolled_out
from calibration.space import start_space
from calibration.terms import Acquisition, Over
from calibration.training import Plan, Report, Training
from sequences.files import write_whole
from skills.cell import Vector
from skills.library import Found
from skills.presets import Preset
from skills.tasks import insertion_of

Tensors = Mapping[str, NDArray[Any]]
Stop = Callable[[], bool]


class Interrupted(Exception):
    """A refinement was asked to stop; it goes on from what is on disk."""


@dataclass(frozen=True, slots=True)
class FineTuning:
    """How a skill is fine-tuned."""

    acquisition: Acquisition = Acquisition.FAILURE_UCB
    over: Over = Over.AUTO
    rounds: int = 5
    """At the most."""
    steps: int = 40_000
    """Environment steps of practice in each round."""
    rollouts: int = 200
    """Episodes of each evaluation, for each step."""
    seed: int = 0
    worlds: int = 128
    critic_iterations: int = 3
    """Iterations in which only the critic learns: a skill is kept without its critic."""
    settled: float = 0.05
    window: int = 5
    """Enough when success varies by less than ``settled`` over as many evaluations as ``window``."""


@dataclass(slots=True)
class Round:
    """One evaluation, and the weights that were evaluated."""

    weights: Tensors
    rollouts: dict[str, Rollouts]
    """By the step's part."""
    practice: dict[str, Any] = field(default_factory=dict)
    """What was practised before it."""

    @property
    def success(self) -> float:
        """Mean over the steps."""
        return float(np.mean([rollouts.success.mean() for rollouts in self.rollouts.values()]))


def settled(successes: Sequence[float], window: int, within: float) -> bool:
    """Whether success has varied by less than ``within`` over the last ``window`` evaluations."""
    last = successes[-window:]
    return len(last) == window and max(last) - min(last) < within


class Refinement:
    """One skill being fine-tuned. ``folder`` keeps what is done."""

    def __init__(
        self, found: Found, tasks: tuple[Task, ...], preset: Preset, settings: FineTuning, folder: Path,
        failed: Mapping[str, Vector] | None = None,
    ) -> None:  # fmt: skip
        self.found, self.tasks, self.settings, self.folder = found, tasks, settings, folder
        self.failed = failed or {}
        self.rounds: list[Round] = []
        self._plan = Plan(
            found.skill.name, tasks, preset, budget=settings.rounds * settings.steps, seed=settings.seed,
            worlds=settings.worlds, warm=found.weights, warm_from=f"{found.skill.name}/{found.skill.version}",
        )  # fmt: skip
        self._training: Training | None = None

    @property
    def best(self) -> Round:
        """The round with the highest success; of equal ones the first."""
        return max(self.rounds, key=lambda one: one.success)

    @property
    def over(self) -> bool:
        """Nothing is left to be done."""
        done, settings = [one.success for one in self.rounds], self.settings
        return len(done) > settings.rounds or settled(done, settings.window, settings.settled)

    def run(
        self, told: Callable[[Round], None], report: Report | None = None, stop: Stop | None = None
    ) -> None:
        """Go on to the end; ``told`` hears of each round. Raises Interrupted when ``stop`` says so."""
        while (path := self._path(len(self.rounds))).exists():
            self.rounds.append(_read(path))
        while not self.over:
            practised = self._practise(report, stop) if self.rounds else {}
            done = Round(self._weights(), self._evaluated(stop), practised)
            write_whole(self._path(len(self.rounds)), _written(done))
            self.rounds.append(done)
            told(done)

    def begin_with(self, other: "Refinement") -> None:
        """Take over the first evaluation of ``other``, which is of the same weights, steps and seed."""
        if not self._path(0).exists():
            write_whole(self._path(0), other._path(0).read_bytes())

    def _path(self, index: int) -> Path:
        return self.folder / f"round-{index}.safetensors"

    def _weights(self) -> Tensors:
        return self.found.weights if self._training is None else self._training.learner.policy()

    def _evaluated(self, stop: Stop | None) -> dict[str, Rollouts]:
        """Rollouts with the present weights, from the same starts in every round."""
        weights, seed = self._weights(), 500_000 + self.settings.seed

        def report(more: int) -> None:
            if stop is not None and stop():
                raise Interrupted

        rollouts = {}
        for task in self.tasks:
            space = start_space(insertion_of(*task))
            starts = space.drawn(self.settings.rollouts, np.random.default_rng([seed, 1]))
            found = Found(self.found.skill, weights, self.found.path)
            rollouts[task[1].part] = rolled_out(
                task, lambda insertion, found=found: LearnedCrew(found, insertion),  # type: ignore[misc]
                starts, seed, redraw=space.drawn, report=report,
            )  # fmt: skip
        return rollouts

    def _practise(self, report: Report | None, stop: Stop | None) -> dict[str, Any]:
        training, settings, index = self._begun(report), self.settings, len(self.rounds)
        rng = np.random.default_rng([settings.seed, index, 0xB0])
        plans = {
            task[1].part: practice_for(
                task, self.rounds[-1].rollouts[task[1].part], settings.acquisition, rng,
                over=settings.over, failed=self.failed.get(task[1].part),
            )
            for task in self.tasks
        }  # fmt: skip
        training.rehearsal.begin_from([plan.bank for plan in plans.values()])
        while training.environment_steps < index * settings.steps:
            if stop is not None and stop():
                raise Interrupted
            point = training.iterate()
            if report is not None:
                report(point)
        training.save()
        return {part: plan.as_json() for part, plan in plans.items()}

    def _begun(self, report: Report | None) -> Training:
        """The training as the last round left it; at first its critic alone learns."""
        if self._training is not None:
            return self._training
        training = self._training = Training(self._plan, self.folder / "checkpoint.safetensors")
        if len(self.rounds) > 1 and training.resume():
            return training
        for _ in range(self.settings.critic_iterations):
            training.iterate()
        training.learner.load_policy(self.found.weights, self._plan.preset.learner.warm_std)
        training.iteration, training.environment_steps = 0, 0
        training.curve.clear()
        return training


def _written(done: Round) -> bytes:
    """A round as one file: its tensors, with what they are as metadata."""
    tensors = {f"weights/{name}": np.asarray(value) for name, value in done.weights.items()}
    for part, rollouts in done.rollouts.items():
        tensors |= {f"{part}/{name}": value for name, value in load_tensors(rollouts.as_bytes()).items()}
    tensors["practice"] = np.frombuffer(json.dumps(done.practice).encode(), dtype=np.uint8)
    return save_tensors(tensors)


def _read(path: Path) -> Round:
    tensors = load_tensors(path.read_bytes())
    practice = json.loads(tensors.pop("practice").tobytes())
    weights = {k.removeprefix("weights/"): v for k, v in tensors.items() if k.startswith("weights/")}
    parts = dict.fromkeys(name.split("/")[0] for name in tensors if not name.startswith("weights/"))
    rollouts = {part: Rollouts(*(tensors[f"{part}/{name}"] for name in Rollouts.__slots__)) for part in parts}
    return Round(weights, rollouts, practice)
