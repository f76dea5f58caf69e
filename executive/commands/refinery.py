"""``dovetail map`` and ``refine``: where a skill succeeds, and making it succeed where it does not."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calibration.terms import Acquisition, Over
from executive.commands.common import (
    INTERRUPTED,
    AsJson,
    Jobs,
    Quiet,
    RunsDir,
    complete_policy,
    complete_step,
    compute_with_one_thread,
    one_screen_errors,
    open_journal,
    print_json,
    stdout,
)

if TYPE_CHECKING:
    from executive.refinery.mapping import Survey
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
            help="learned, general, a preset's name, search, push, or the folder of a skill.",
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
    runs_dir: RunsDir = None,
    quiet: Quiet = False,
) -> None:
    """Map where a skill succeeds over where it starts from, and say what decides there.

    The operator's screen shows the map around the starts of runs with the same version of the skill.
    """
    compute_with_one_thread()
    from executive.places import default_runs_dir
    from executive.refinery.around import keep
    from executive.steps import tasks_named
    from executive.views.refinery import surveys_view

    rows = []
    for task in tasks_named(step):
        surveys = _surveys(task, [*([before] if before else []), policy], rollouts, seed, quiet=quiet)
        rows += [survey.as_json() for survey in surveys]
        for survey in surveys:
            keep(runs_dir or default_runs_dir(), survey.who.version, survey.across)
        if png is not None:
            _draw(png, surveys)
    if as_json:
        print_json({"maps": rows})
    else:
        stdout().print(surveys_view(rows))


@one_screen_errors
def refine(
    step: Annotated[
        list[str] | None,
        typer.Argument(metavar="STEP...", help="PRODUCT/PART or a skill's name, whether or not it failed."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every skill with failures in the queue.")] = False,
    jobs: Jobs = 1,
    acquisition: Annotated[
        Acquisition, typer.Option(help="By what starts for practice are sought.")
    ] = Acquisition.FAILURE_UCB,
    over: Annotated[
        Over, typer.Option(help="Over what they are sought: the start, or the estimate's error too.")
    ] = Over.AUTO,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of practice at the most.")] = 5,
    steps: Annotated[int, typer.Option(min=128, help="Environment steps of practice in a round.")] = 40_000,
    rollouts: Annotated[int, typer.Option(min=4, help="Episodes of the evaluation after each.")] = 200,
    trial: Annotated[int, typer.Option(min=1, help="Episodes in which each candidate is tried.")] = 100,
    episodes: Annotated[
        int, typer.Option(min=1, help="Fresh episodes in which the best one meets the old version.")
    ] = 500,
    worlds: Annotated[int, typer.Option(min=4, help="Worlds that are practised in at once.")] = 128,
    seed: Annotated[int, typer.Option(min=0, max=999, help="Seed of the refinement.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Library to publish to; else your own.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    runs_dir: RunsDir = None,
) -> None:
    """Make skills better where they fail, and publish them only if they are.

    Each skill's failures are claimed and reproduced in simulation, its success map is fitted, it practises
    where the map says, learns where to start from, and its best candidate meets the old version in the same
    fresh episodes. With --all it is first asked whether products stand off from where they are expected, as
    parts that were seated tell; runs then allow for it. A refinement that is interrupted or killed goes on
    when the command is given again.
    """
    compute_with_one_thread()
    from calibration.refinement import FineTuning
    from executive.errors import NothingToRefine
    from executive.interrupt import StopOnInterrupt
    from executive.places import default_runs_dir
    from executive.refinery.offsets import learn
    from executive.refinery.orders import orders_for
    from executive.refinery.refining import refined
    from executive.views.refinery import refinements_view
    from executive.workers import carried_out

    with closing(open_journal(runs_dir)) as journal:
        offsets = learn(journal) if every else []
    if not quiet:
        for learned in offsets:
            typer.echo(learned.words(), err=True)
    settings = FineTuning(acquisition, over, rounds, steps, rollouts, seed, worlds)
    try:
        orders = orders_for(
            step or [], every, runs_dir or default_runs_dir(), out, settings, trial=trial, episodes=episodes
        )
    except NothingToRefine:
        if not offsets:
            raise
        orders = []
    rows = {}

    def told(index: int, news: dict[str, str]) -> None:
        if not quiet:
            typer.echo(f"{orders[index].skill}: {news['said']}", err=True)

    with StopOnInterrupt() as stop:
        for index, row in carried_out(orders, refined, jobs, stop, told):
            rows[index] = row
    found = [rows[index] for index in sorted(rows)]
    if as_json:
        print_json({"offsets": [learned.as_json() for learned in offsets], "refinements": found})
    else:
        stdout().print(refinements_view(found))
    if len(rows) < len(orders):
        typer.echo("Stopped; the same command goes on from where it was.", err=True)
        raise typer.Exit(INTERRUPTED)


def _surveys(task: "Task", policies: list[str], rollouts: int, seed: int, *, quiet: bool) -> "list[Survey]":
    from executive.commands.progress import episode_progress
    from executive.learning.contenders import contender
    from executive.refinery.mapping import surveyed
    from executive.steps import name_of

    surveys = []
    for policy in policies:
        who = contender(policy, task)
        with episode_progress(name_of(task), rollouts, quiet=quiet) as report:
            surveys.append(surveyed(task, who, rollouts, seed, report))
    return surveys


def _draw(folder: Path, surveys: "list[Survey]") -> None:
    from executive.refinery.mapping import portrait
    from executive.steps import name_of
    from sequences.files import write_whole

    folder.mkdir(parents=True, exist_ok=True)
    names = [survey.who.version.rpartition("-")[0] for survey in surveys]
    if len(surveys) == 2:
        names = [f"before: {names[0]}", f"after: {names[1]}"]
    path = folder / f"{name_of(surveys[0].task).replace('/', '-')}-map.png"
    write_whole(path, portrait(surveys, names))
    typer.echo(f"{path}", err=True)
