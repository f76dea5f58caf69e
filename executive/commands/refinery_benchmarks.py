"""``dovetail benchmark calibration`` and ``refinery``: what refinement costs, and what it brings."""

from pathlib import Path
from typing import Annotated

import typer

from calibration.terms import Acquisition, Over
from executive.commands.common import (
    INTERRUPTED,
    AsJson,
    Jobs,
    Products,
    Quiet,
    RowsFile,
    complete_step,
    compute_with_one_thread,
    one_screen_errors,
    print_json,
    product_names,
)


@one_screen_errors
def calibration(
    step: Annotated[
        str, typer.Option(help="The step to measure with, as PRODUCT/PART.", autocompletion=complete_step)
    ] = "gearbox/planet_b",
    rollouts: Annotated[int, typer.Option(min=50, help="Rollouts that the map is fitted to.")] = 1000,
    batch: Annotated[int, typer.Option(min=1, help="Starts that are proposed.")] = 128,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the invented outcomes.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Time choosing an initialization, fitting a map and proposing practice."""
    compute_with_one_thread()
    from executive.benchmarks.calibration import calibration_markdown, calibration_report
    from executive.steps import tasks_named

    report = calibration_report(tasks_named(step)[0], rollouts, batch, seed)
    if as_json:
        print_json(report)
    else:
        typer.echo(calibration_markdown(report))


@one_screen_errors
def refinery(
    step: Annotated[
        list[str] | None, typer.Option(help="Only these, as PRODUCT/PART.", autocompletion=complete_step)
    ] = None,
    product: Products = None,
    hardest: Annotated[
        int, typer.Option(min=0, help="Fine-tune only so many steps, the lowest baselines; 0 for all.")
    ] = 0,
    acquisition: Annotated[
        list[Acquisition] | None, typer.Option(help="Acquisitions to compare, the main one first.")
    ] = None,
    over: Annotated[Over, typer.Option(help="Over what practice is sought.")] = Over.AUTO,
    seeds: Annotated[
        int, typer.Option(min=1, help="Fine-tunings by each acquisition, each with episodes of its own.")
    ] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of practice at the most.")] = 5,
    steps: Annotated[int, typer.Option(min=128, help="Environment steps of practice in a round.")] = 40_000,
    rollouts: Annotated[int, typer.Option(min=4, help="Episodes of the evaluation after each.")] = 200,
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each column.")] = 500,
    worlds: Annotated[int, typer.Option(min=4, help="Worlds that are practised in at once.")] = 128,
    seed: Annotated[int, typer.Option(min=0, max=999, help="The first seed.")] = 0,
    jobs: Jobs = 1,
    out: RowsFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure deployment, fine-tuning and both, and acquisitions beside uniform practice at equal budget.

    Columns of a step are played on the same episodes. What is not done when the command is stopped is done
    when it is given again with the same file.
    """
    compute_with_one_thread()
    from calibration.refinement import FineTuning
    from executive.benchmarks.refinery import as_they_are, fine_tuned, measured
    from executive.benchmarks.refinery_tables import (
        acquisitions_markdown,
        columns_of,
        gains,
        refinery_markdown,
    )
    from executive.benchmarks.refinery_tables import hardest as hardest_of
    from executive.interrupt import StopOnInterrupt
    from executive.steps import name_of, tasks_named
    from sequences.load import load

    ways = acquisition or [Acquisition.FAILURE_UCB]
    settings = FineTuning(ways[0], over, rounds, steps, rollouts, seed, worlds)
    tasks = [task for name in step or [] for task in tasks_named(name)]
    names = product or ([] if step else product_names())
    tasks += [(assembly, each) for assembly in map(load, names) for each in assembly.steps]

    def told(row: dict[str, object]) -> None:
        if not quiet:
            typer.echo(
                f"{row['product']}/{row['step']}: {'fine-tuned' if row['tuned'] else 'as it is'}", err=True
            )

    with StopOnInterrupt() as stop:
        work = as_they_are(tasks, settings, [seed], episodes)
        rows = measured(work, jobs, out, told, stop)
        if hardest:
            chosen = hardest_of(rows, hardest)
            tasks = [task for task in tasks if name_of(task) in chosen]
        every = range(seed, seed + seeds)
        more = as_they_are(tasks, settings, every[1:], episodes)
        more += fine_tuned(tasks, ways, settings, every, episodes)
        rows += measured(more, jobs, out, told, stop)
    if as_json:
        print_json({"rows": rows, "columns": columns_of(rows, str(ways[0])), "gains": gains(rows)})
    else:
        typer.echo(f"{refinery_markdown(rows, str(ways[0]))}\n\n{acquisitions_markdown(rows)}".rstrip())
    if len(rows) < len(work) + len(more):
        raise typer.Exit(INTERRUPTED)


@one_screen_errors
def drift(
    product: Products = None,
    how: Annotated[
        str, typer.Option("--drift", metavar="NAME=VALUE,...", help="What changes in the cell.")
    ] = "fixture_x_mm=1.5,grasp_mm=1,joint_friction=1.3,part_friction=1.5",
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each measurement.")] = 20,
    seed: Annotated[int, typer.Option(min=0, max=9999, help="The first seed.")] = 0,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of practice of each skill.")] = 1,
    steps: Annotated[int, typer.Option(min=128, help="Environment steps of a round.")] = 20_000,
    rollouts: Annotated[int, typer.Option(min=4, help="Episodes of the evaluation after each.")] = 60,
    trial: Annotated[int, typer.Option(min=1, help="Episodes in which candidates are tried.")] = 40,
    episodes: Annotated[int, typer.Option(min=1, help="Episodes in which the best meets the old.")] = 100,
    folder: Annotated[
        Path | None, typer.Option(help="Keep runs, skills and reports here, not in a temporary directory.")
    ] = None,
    jobs: Jobs = 1,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Let a simulated cell drift, refine from the failures of its runs, and see what that wins back."""
    compute_with_one_thread()
    import tempfile

    from calibration.refinement import FineTuning
    from executive.benchmarks.drift import DriftPlan, closed_loop, markdown
    from executive.commands.progress import run_progress
    from executive.interrupt import StopOnInterrupt
    from sequences.load import load
    from sim.drift import drift_from

    drift_from(how)
    settings = FineTuning(rounds=rounds, steps=steps, rollouts=rollouts, seed=seed)
    products = [load(name) for name in product or product_names()]
    rows = []

    def said(what: str) -> None:
        if not quiet:
            typer.echo(what, err=True)

    with tempfile.TemporaryDirectory(prefix="dovetail-benchmark-") as scratch, StopOnInterrupt() as stop:
        for assembly in products:
            order = DriftPlan(assembly, how, repeat, seed, settings, trial, episodes, jobs)
            with run_progress(4 * repeat, quiet=quiet) as done:
                row = closed_loop(order, (folder or Path(scratch)) / assembly.name, done, said, stop)
            if row is None:
                break
            rows.append(row)
    if as_json:
        print_json({"rows": rows})
    elif rows:
        typer.echo(markdown(rows))
    if len(rows) < len(products):
        raise typer.Exit(INTERRUPTED)
