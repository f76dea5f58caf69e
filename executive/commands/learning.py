"""``dovetail train``, ``evaluate`` and ``skills``: learning to insert, and how well it is done."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from executive.commands.common import (
    AsJson,
    Quiet,
    complete_step,
    compute_with_one_thread,
    one_screen_errors,
    print_json,
    stdout,
)
from executive.options import Criterion, Noise, PhysicsName, Start

if TYPE_CHECKING:
    from calibration.evaluation import Conditions


def complete_policy(incomplete: str) -> list[str]:
    """Policies for the shell."""
    names = ("learned", "dovetail", "automate", "search", "push")
    return [name for name in names if name.startswith(incomplete)]


def seeds_of(text: str) -> list[int]:
    """``0,1,2`` as numbers."""
    try:
        seeds = [int(word) for word in text.split(",")]
    except ValueError:
        seeds = []
    if not seeds or min(seeds) < 0:
        raise typer.BadParameter(f"'{text}' is no list of seeds such as 0 or 0,1,2")
    return seeds


@one_screen_errors
def evaluate(
    step: Annotated[
        str,
        typer.Argument(
            metavar="STEP",
            help="PRODUCT/PART, or a skill's name for all steps that use it.",
            autocompletion=complete_step,
        ),
    ],
    policy: Annotated[
        str,
        typer.Option(
            metavar="NAME|FOLDER",
            help="learned, a preset's name, search, push, or the folder of a skill.",
            autocompletion=complete_policy,
        ),
    ] = "learned",
    episodes: Annotated[int, typer.Option(min=1, help="Episodes with each seed.")] = 1000,
    noise: Annotated[Noise, typer.Option(help="How the goal's estimate is wrong.")] = Noise.FIXED,
    start: Annotated[Start, typer.Option(help="Where the plug is at the beginning.")] = Start.UNIFORM,
    criterion: Annotated[
        Criterion, typer.Option(help="What counts: seated after release, or AutoMate's looser rule.")
    ] = Criterion.SEATED,
    seeds: Annotated[str, typer.Option(help="Evaluation seeds, as 0 or 0,1,2; never training seeds.")] = "0",
    joint_friction: Annotated[
        float | None,
        typer.Option(
            min=0.0, help="Joint friction, as a multiple of the FR3 model's; else drawn from 0 to 1."
        ),
    ] = None,
    physics: Annotated[
        PhysicsName, typer.Option(help="verify: half the time step and stiffer contact.")
    ] = PhysicsName.NOMINAL,
    force_geometry: Annotated[
        bool, typer.Option("--force-geometry", help="Let a skill fly a step that it was not trained for.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure how well a policy does a step: many episodes, scored by the simulator's truth."""
    compute_with_one_thread()
    numbers = seeds_of(seeds)
    from executive.commands.progress import episode_progress
    from executive.contenders import contender
    from executive.scoring import scored
    from executive.steps import name_of, tasks_named

    conditions = _conditions(episodes, noise, start, criterion, joint_friction, physics)
    work = [(task, contender(policy, task, force_geometry=force_geometry)) for task in tasks_named(step)]
    rows = []
    for task, who in work:
        with episode_progress(name_of(task), episodes * len(numbers), quiet=quiet) as report:
            rows.append(scored(task, who, conditions, numbers, report))
    if as_json:
        print_json({"evaluations": rows})
        return
    from executive.skill_views import evaluations_view

    stdout().print(evaluations_view(rows))


def _conditions(
    episodes: int,
    noise: Noise,
    start: Start,
    criterion: Criterion,
    joint_friction: float | None,
    physics: PhysicsName,
) -> "Conditions":
    """The same in the words of the floor below."""
    from calibration import evaluation

    return evaluation.Conditions(
        episodes=episodes,
        noise=evaluation.Noise(noise),
        start=evaluation.Start(start),
        criterion=evaluation.Criterion(criterion),
        joint_friction=joint_friction,
        verify=physics is PhysicsName.VERIFY,
    )


@one_screen_errors
def skills(as_json: AsJson = False) -> None:
    """List the trained skills that are at hand."""
    from skills.library import everything

    rows: list[dict[str, Any]] = [
        {
            "skill": skill.name,
            "version": skill.version,
            "preset": skill.policy,
            "steps": skill.record.get("steps", []),
            "environment_steps": skill.record.get("environment_steps"),
            "evaluation": skill.evaluation,
            "where": _where(path),
        }
        for skill, path in everything()
    ]
    if as_json:
        print_json({"skills": rows})
        return
    from executive.skill_views import skills_view

    stdout().print(skills_view(rows))


def _where(path: Path) -> str:
    from skills.library import SHIPPED

    return "shipped" if path.is_relative_to(SHIPPED) else str(path)
