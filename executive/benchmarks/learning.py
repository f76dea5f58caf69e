"""How fast a skill is learned: trainings from nothing and from the most similar skill, measured on the way.

A training's own success rate is that of sampled actions, and of the short episodes first. Here the policy's
mean, which is what would be shipped, is measured before the training, at marks on the way and at its end, on
the same fresh episodes each time; that costs no processor time of the training.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache

from calibration.evaluation import Conditions
from calibration.training import Plan, Training, plan_id
from executive.benchmarks.rows import Row
from executive.learning.training import score_of
from executive.learning.warm import NONE, SIMILAR, Warm, warm_start
from executive.steps import Task, name_of
from executive.workers import Stopped, StopWanted, Tell
from sequences.assembly import Assembly
from skills.artifact import geometry_of
from skills.library import SHIPPED_PRESET
from skills.presets import preset

WAYS = (NONE, SIMILAR)
"""What trainings start from."""
MEDIAN_STEPS = ("connector_panel/power", "bearing_block/oil_cup", "valve_manifold/gauge")
"""Steps of median difficulty: a rectangle, a hexagon and a D, for which the yaw must be found too."""


@dataclass(frozen=True, slots=True)
class LearningOrder:
    """One training to be watched; plain enough to be sent to another process."""

    assembly: str
    """The product as JSON."""
    part: str
    warm: str
    """One of :data:`WAYS`."""
    seed: int
    budget: int
    """Environment steps."""
    marks: int
    """How often it is measured on the way, the end included."""
    episodes: int
    """Of each measurement."""
    worlds: int = 128

    def task(self) -> Task:
        """The step."""
        assembly = Assembly.model_validate_json(self.assembly)
        return assembly, assembly.step_of(self.part)

    def start(self) -> Warm | None:
        """What the training starts from; None for nothing. Raises NoSkill, SkillError."""
        return _start(self.assembly, self.part, self.warm)

    def identity(self) -> Row:
        """What two such trainings have in common that learn the same. Raises NoSkill, SkillError."""
        task = self.task()
        warm = self.start()
        settings = {name: value for name, value in asdict(self).items() if name not in ("assembly", "part")}
        return {
            "step": name_of(task),
            "geometry": geometry_of(*task),
            "warm_from": None if warm is None else warm.label,
            **settings,
        }


@cache
def _start(assembly: str, part: str, warm: str) -> Warm | None:
    """The same for every seed, and long sought: likeness is felt out in simulation."""
    product = Assembly.model_validate_json(assembly)
    return warm_start(warm, ((product, product.step_of(part)),), preset(SHIPPED_PRESET))


def plan(
    tasks: Sequence[Task], ways: Sequence[str], seeds: Sequence[int], budget: int, marks: int, episodes: int
) -> list[tuple[LearningOrder, Row]]:
    """Every training with its identity. Raises NoSkill, SkillError."""
    orders = [
        LearningOrder(assembly.model_dump_json(), step.part, str(warm), seed, budget, marks, episodes)
        for assembly, step in tasks
        for warm in ways
        for seed in seeds
    ]
    return [(order, order.identity()) for order in orders]


def watched(order: LearningOrder, tell: Tell, stop_wanted: StopWanted) -> Row | None:
    """Train and measure on the way; None when it was stopped. Raises NoSkill, SkillError."""
    task, kind = order.task(), preset(SHIPPED_PRESET)
    warm = order.start()
    training = Training(
        Plan(
            task[1].skill, (task,), kind, budget=order.budget, seed=order.seed, worlds=order.worlds,
            warm=None if warm is None else warm.found.weights,
            warm_from=None if warm is None else warm.label,
        )
    )  # fmt: skip
    points = []
    try:
        for mark in range(order.marks + 1):
            while training.environment_steps < order.budget * mark / order.marks:
                if stop_wanted():
                    return None
                training.iterate()
            points.append(_point(order, task, training, stop_wanted))
    except Stopped:
        return None
    return {
        **order.identity(),
        "settings": plan_id(training.plan)["settings"],
        "points": points,
        "reached_s": reached_s(points),
        "shares": list(training.curve[-1].shares),
    }


def _point(order: LearningOrder, task: Task, training: Training, stop_wanted: StopWanted) -> Row:
    def report(more: int) -> None:
        if stop_wanted():
            raise Stopped

    draft = training.skill(1, {}, {})
    score = score_of(task, draft, training.learner.policy(), Conditions(episodes=order.episodes), report)
    return {
        "environment_steps": training.environment_steps,
        "cpu_s": round(training.cpu_s, 1),
        "successes": score["successes"],
        "episodes": score["episodes"],
        "peak_p95_n": score["peak_force_n"]["p95"],
    }


GOOD = 0.9


def reached_s(points: Sequence[Row]) -> float | None:
    """Processor time of the first measurement from which on all were good [s]; None where the last is not."""
    reached = None
    for point in reversed(points):
        if point["successes"] < GOOD * point["episodes"]:
            break
        reached = float(point["cpu_s"])
    return reached


def said(row: Row) -> str:
    """One training in a few words."""
    last = row["points"][-1]
    begun = row["warm_from"] or "nothing"
    return f"{row['step']} from {begun}, seed {row['seed']}: {last['successes']}/{last['episodes']}"
