"""``dovetail train``, ``evaluate`` and ``skills``: learning to insert, and how well it is done."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from executive.commands.common import (
    INTERRUPTED,
    AsJson,
    Jobs,
    Quiet,
    complete_policy,
    complete_product,
    complete_step,
    compute_with_one_thread,
    numbers_of,
    one_screen_errors,
    print_json,
    stdout,
)
from executive.options import Criterion, Noise, PhysicsName, Start

if TYPE_CHECKING:
    from calibration.evaluation import Conditions


StepsArgument = typer.Argument(
    metavar="STEP...",
    help="PRODUCT/PART, or a skill's name for all steps that use it.",
    autocompletion=complete_step,
)


def complete_preset(incomplete: str) -> list[str]:
    """Presets for the shell."""
    return [name for name in ("dovetail", "automate") if name.startswith(incomplete)]


def _skill_name(name: str | None) -> str | None:
    """A name that can be a skill's folder."""
    if name is not None and not re.fullmatch(r"[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)+", name):
        raise typer.BadParameter(f"'{name}': two or more words in small letters, as in general/keyed")
    return name


@one_screen_errors
def train(
    step: Annotated[list[str] | None, StepsArgument] = None,
    preset: Annotated[
        str, typer.Option(help="The kind of policy: dovetail or automate.", autocompletion=complete_preset)
    ] = "dovetail",
    budget: Annotated[int, typer.Option(min=1, help="Environment steps.")] = 400_000,
    seed: Annotated[int, typer.Option(min=0, max=999, help="Seed of the training.")] = 0,
    worlds: Annotated[int, typer.Option(min=4, help="Worlds that are practised in at once.")] = 128,
    resume: Annotated[
        bool, typer.Option("--resume/--fresh", help="Go on from a checkpoint if there is one, or begin anew.")
    ] = True,
    jobs: Jobs = 1,
    warm: Annotated[
        str,
        typer.Option(
            metavar="SKILL|FOLDER|similar|none",
            help="Start from another skill, or from the most similar one there is.",
        ),
    ] = "none",
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Library to publish to; else your own.")
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Of the evaluation of each step at the end.")] = 200,
    every: Annotated[
        list[str] | None,
        typer.Option("--all", metavar="PRODUCT", help="All skills of it.", autocompletion=complete_product),
    ] = None,
    together: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Train one policy on all these steps, as NAME, for other skills to start from.",
            callback=_skill_name,
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train the skills of steps; steps that share a skill are trained together.

    A training can be interrupted, or killed, and goes on when the command is given again.
    """
    compute_with_one_thread()
    from executive.commands.progress import training_progress
    from executive.interrupt import StopOnInterrupt
    from executive.learning.training import TrainingOrder, trained
    from executive.steps import skills_named
    from executive.workers import carried_out
    from skills.library import own_folder
    from skills.presets import preset as known_preset

    skills = skills_named(step or [], every or [])
    if not skills:
        raise typer.BadParameter("say which steps, or --all PRODUCT")
    known_preset(preset)
    if together is not None:
        skills = {together: tuple(task for tasks in skills.values() for task in tasks)}
    if worlds < (most := max(map(len, skills.values()))):
        raise typer.BadParameter(f"{most} steps are trained together; --worlds must be {most} or more")
    orders = [
        TrainingOrder(
            tuple((assembly.model_dump_json(), one.part) for assembly, one in tasks),
            skill, preset, budget, seed, worlds, warm, not resume, episodes, out or own_folder(),
        )
        for skill, tasks in skills.items()
    ]  # fmt: skip
    rows: dict[int, dict[str, Any]] = {}
    with StopOnInterrupt() as stop, training_progress(orders, quiet=quiet) as told:
        for index, row in carried_out(orders, trained, jobs, stop, told):
            rows[index] = row
    _show_trained([rows[index] for index in sorted(rows)], as_json=as_json)
    if len(rows) < len(orders):
        typer.echo("Stopped; the same command goes on from the checkpoints.", err=True)
        raise typer.Exit(INTERRUPTED)


def _show_trained(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json({"trainings": rows})
    elif rows:
        from executive.views.skills import trainings_view

        stdout().print(trainings_view(rows))


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
            help="learned, general, a preset's name, search, push, or the folder of a skill.",
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
    numbers = numbers_of(seeds)
    from executive.commands.progress import episode_progress
    from executive.learning.contenders import contender
    from executive.learning.scoring import scored
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
    from executive.views.skills import evaluations_view

    stdout().print(evaluations_view(rows))


def _conditions(
    episodes: int,
    noise: Noise,
    start: Start,
    criterion: Criterion,
    joint_friction: float | None,
    physics: PhysicsName,
) -> "Conditions":
    """The options as the floor below takes them."""
    from calibration.evaluation import Conditions

    return Conditions(
        episodes=episodes,
        noise=noise,
        start=start,
        criterion=criterion,
        joint_friction=joint_friction,
        verify=physics is PhysicsName.VERIFY,
    )


skills_app = typer.Typer(help="The trained skills that are at hand.", invoke_without_command=True)


@skills_app.callback()
@one_screen_errors
def skills(context: typer.Context, as_json: AsJson = False) -> None:
    """List the trained skills that are at hand, with what each version came from."""
    if context.invoked_subcommand is not None:
        return
    from skills.library import everything

    rows: list[dict[str, Any]] = [
        {
            "skill": skill.name,
            "version": skill.version,
            "preset": skill.policy,
            "steps": skill.record.get("steps", []),
            "environment_steps": skill.record.get("environment_steps"),
            "parent": skill.record.get("parent"),
            "starts": sorted({one.rule for one in skill.initializations.values()}),
            "why": skill.record.get("why", ""),
            "evaluation": skill.evaluation,
            "where": _where(path),
        }
        for skill, path in everything()
    ]
    if as_json:
        print_json({"skills": rows})
        return
    from executive.views.skills import skills_view

    stdout().print(skills_view(rows))


@skills_app.command()
@one_screen_errors
def rollback(
    skill: Annotated[
        str, typer.Argument(metavar="SKILL", help="The skill's name.", autocompletion=complete_step)
    ],
    version: Annotated[
        int | None, typer.Argument(metavar="VERSION", help="The version to return to; else the parent.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Library to publish to; else your own.")
    ] = None,
) -> None:
    """Return to an earlier version of a skill: it is published again, as the newest."""
    from executive.refinery.rollback import rolled_back
    from skills.library import own_folder

    path, made, source = rolled_back(skill, version, out or own_folder())
    typer.echo(f"{skill} {made} is version {source} again: {path}")


def _where(path: Path) -> str:
    from skills.library import SHIPPED

    return "shipped" if path.is_relative_to(SHIPPED) else str(path)
