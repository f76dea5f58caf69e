"""``dovetail runs``, ``report`` and ``queue``: what the journal holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from executive.commands.common import (
    AsJson,
    RunsDir,
    complete_product,
    one_screen_errors,
    open_journal,
    print_json,
    stdout,
)

if TYPE_CHECKING:
    from executive.journal import Journal, RunRow

Limit = Annotated[int, typer.Option("--last", min=1, help="How many of the newest.")]


@one_screen_errors
def runs(last: Limit = 20, as_json: AsJson = False, runs_dir: RunsDir = None) -> None:
    """List the runs of the journal, the newest first."""
    from executive.views.runs import runs_view

    journal = open_journal(runs_dir)
    rows = [(row, _standing(journal, row)) for row in journal.rows(last)]
    if as_json:
        print_json({"runs": [_summary(row, standing) for row, standing in rows]})
        return
    stdout().print(runs_view(rows))


def _standing(journal: "Journal", row: "RunRow") -> str:
    """The run's state; a run that says it is running and that nobody drives was broken off."""
    from executive.lock import held
    from executive.records import RunState

    if row.state is RunState.RUNNING and not held(journal.runs_dir, row.run):
        return "broken off"
    return str(row.state)


def _summary(row: "RunRow", standing: str) -> dict[str, Any]:
    return {
        "run": row.run,
        "product": row.product,
        "state": standing,
        "started": row.started,
        "ended": row.ended,
        "version": row.version,
        "options": row.options.as_json(),
    }


@one_screen_errors
def report(
    number: Annotated[
        int | None, typer.Argument(metavar="RUN", help="The run's number; else the last.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write report.html and .json too.")
    ] = None,
    compare: Annotated[
        tuple[int, int] | None, typer.Option("--compare", metavar="A B", help="Set two runs side by side.")
    ] = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = None,
) -> None:
    """Show what happened in a run, or what was another in two."""
    if compare is not None:
        _compare(open_journal(runs_dir), *compare, directory, as_json=as_json)
        return
    from executive.flight import flights_of
    from executive.reports.flight_figure import flights_view
    from executive.reports.report import write_report
    from executive.reports.story import told
    from executive.views.runs import events_view, result_view
    from sequences.assembly import Assembly

    journal = open_journal(runs_dir)
    row = journal.row(number)
    events = journal.events(row.run)
    if directory is not None and row.result is not None:
        write_report(directory, row.result, story=told(journal, row.run))
    flights = flights_of(journal.runs_dir, row.run)
    if as_json:
        happened = [
            {"kind": e.kind, "step": e.step, "attempt": e.attempt, "sim_time_s": e.sim_time_s, "data": e.data}
            for e in events
        ]
        print_json(
            {
                **_summary(row, _standing(journal, row)),
                "result": row.result,
                "events": happened,
                "flights": [flight.as_json() for flight in flights],
            }
        )
        return
    stdout().print(events_view(events, Assembly.model_validate_json(row.assembly)))
    if flights:
        stdout().print(flights_view(flights))
    if row.result is not None:
        stdout().print(result_view(row.result))
    else:
        stdout().print(f"run {row.run} is {_standing(journal, row)}: dovetail resume {row.run}")


def _compare(journal: "Journal", a: int, b: int, directory: Path | None, *, as_json: bool) -> None:
    """Two runs that came to an end, side by side."""
    from executive.reports.comparison import Told, outcome_rows, setting_rows, step_rows, write_comparison
    from executive.reports.story import told
    from executive.views.runs import comparison_view

    both = []
    for number in (a, b):
        row = journal.row(number)
        if row.result is None:
            raise typer.BadParameter(f"run {number} is {_standing(journal, row)}", param_hint="--compare")
        both.append(Told(row.result, told(journal, row.run)))
    one, other = both
    parts = {
        "outcome": outcome_rows(one, other),
        "another": setting_rows(one, other),
        "steps": step_rows(one, other),
    }
    if directory is not None:
        write_comparison(directory, one, other)
    if as_json:
        print_json({name: {row[0]: list(row[1:]) for row in rows} for name, rows in parts.items()})
    else:
        stdout().print(comparison_view((f"run {a}", f"run {b}"), parts))


@one_screen_errors
def stats(
    product: Annotated[
        str | None, typer.Option(help="Only this product.", autocompletion=complete_product)
    ] = None,
    last: Annotated[int | None, typer.Option("--last", min=1, help="Only the newest runs.")] = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = None,
) -> None:
    """Sum all runs up: yield, interventions, causes, and how each version of a skill does."""
    from executive.reports.stats import statistics
    from executive.views.runs import stats_view

    rows = open_journal(runs_dir).rows(last)
    report = statistics([row for row in rows if product is None or row.product == product])
    if as_json:
        print_json(report)
    else:
        stdout().print(stats_view(report))


@one_screen_errors
def queue(
    skill: Annotated[str | None, typer.Argument(help="Only this skill, one line a failure.")] = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = None,
) -> None:
    """Show the failures that wait to make a skill better, and those that a refinement has in hand."""
    from executive.refinery.store import Refinery
    from executive.views.queue import failures_view, queue_view

    journal = open_journal(runs_dir)
    refinery = Refinery(journal.runs_dir)
    rows, held = journal.queue(skill), refinery.held(skill)
    refinery.close()
    if as_json:
        holds = [
            {"refinement": h.refinement, "skill": h.skill, "since": h.since, "process": h.process or None,
             "failures": list(h.failures)}
            for h in held
        ]  # fmt: skip
        print_json({"failures": [dict(row) for row in rows], "held": holds})
        return
    stdout().print(queue_view(rows, held) if skill is None else failures_view(rows, held))
