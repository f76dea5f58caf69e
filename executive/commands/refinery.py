"""``dovetail map`` and ``refine``: where a skill succeeds, and making it succeed where it does not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from executive.commands.common import (
    AsJson,
    Quiet,
    complete_policy,
    complete_step,
    compute_with_one_thread,
    one_screen_errors,
    print_json,
    stdout,
)

if TYPE_CHECKING:
    from executive.mapping import Survey
    from executive.steps import Task

Step = Annotated[
    str,
    typer.Argument(
        metavar="STEP",
        help="PRODUCT/PART, or a skill's name for all steps that use it.",
        autocompletion=complete_step,
    ),
]


@one_screen_errors
def map_step(
    step: Step,
    policy: Annotated[
        str,
        typer.Option(
            metavar="NAME|FOLDER",
            help="learned, a preset's name, search, push, or the folder of a skill.",
            autocompletion=complete_policy,
        ),
    ] = "learned",
    before: Annotated[
        str | None,
        typer.Option(metavar="NAME|FOLDER", help="Another policy, from the same starts, to be drawn above."),
    ] = None,
    rollouts: Annotated[int, typer.Option(min=20, help="Episodes from starts anywhere.")] = 400,
    seed: Annotated[int, typer.Option(min=0, max=999, help="Seed of the rollouts.")] = 0,
    png: Annotated[Path | None, typer.Option("--png", metavar="FOLDER", help="Draw the maps here.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Map where a skill succeeds over where it starts from, and say what decides there."""
    compute_with_one_thread()
    from executive.refinery_views import surveys_view
    from executive.steps import tasks_named

    rows = []
    for task in tasks_named(step):
        surveys = _surveys(task, [*([before] if before else []), policy], rollouts, seed, quiet=quiet)
        rows += [survey.as_json() for survey in surveys]
        if png is not None:
            _draw(png, surveys)
    if as_json:
        print_json({"maps": rows})
    else:
        stdout().print(surveys_view(rows))


def _surveys(task: "Task", policies: list[str], rollouts: int, seed: int, *, quiet: bool) -> "list[Survey]":
    from executive.commands.progress import episode_progress
    from executive.contenders import contender
    from executive.mapping import surveyed
    from executive.steps import name_of

    surveys = []
    for policy in policies:
        who = contender(policy, task)
        with episode_progress(name_of(task), rollouts, quiet=quiet) as report:
            surveys.append(surveyed(task, who, rollouts, seed, report))
    return surveys


def _draw(folder: Path, surveys: "list[Survey]") -> None:
    from executive.mapping import portrait
    from executive.steps import name_of
    from sequences.files import write_whole

    folder.mkdir(parents=True, exist_ok=True)
    names = [survey.who.version.rpartition("-")[0] for survey in surveys]
    if len(surveys) == 2:
        names = [f"before: {names[0]}", f"after: {names[1]}"]
    path = folder / f"{name_of(surveys[0].task).replace('/', '-')}-map.png"
    write_whole(path, portrait(surveys, names))
    typer.echo(f"{path}", err=True)
