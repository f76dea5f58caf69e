"""Bars over long work: runs, episodes, trainings."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from executive.commands.common import stderr

if TYPE_CHECKING:
    from rich.console import Console

    from executive.learning.training import TrainingOrder


@contextmanager
def run_progress(total: int, *, quiet: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield what is to be told of each result; draws on standard error."""
    if quiet:
        yield lambda result: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = stderr()
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    assembled = 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("runs", total=total)

        def done(result: dict[str, Any]) -> None:
            nonlocal assembled
            assembled += result["assembled"]
            progress.update(task, advance=1, description=f"{result['product']}: {assembled} assembled")
            if not console.is_terminal:
                line = f"{result['product']} seed {result['seed']} {result['policy']}: {result['state']}"
                console.print(line, highlight=False)

        yield done


@contextmanager
def episode_progress(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Yield what is to be told how many more episodes are over; draws on standard error."""
    console = stderr()
    if quiet or not console.is_terminal:
        yield lambda more: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=total)

        def report(more: int) -> None:
            left = total - progress.tasks[0].completed
            progress.update(task, advance=min(more, left))

        yield report


@contextmanager
def training_progress(
    orders: "Sequence[TrainingOrder]", *, quiet: bool
) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    """Yield what is to be told of each training's news; draws on standard error, or prints lines there."""
    console = stderr()
    if quiet:
        yield lambda index, news: None
    elif not console.is_terminal:
        yield lambda index, news: _print_line(console, orders[index].skill, orders[index].budget, news)
    else:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
        )  # fmt: skip
        with Progress(*columns, console=console) as progress:
            tasks = [progress.add_task(o.skill, total=o.budget, said="building starts") for o in orders]

            def told(index: int, news: dict[str, Any]) -> None:
                if "point" in news:
                    done = min(news["point"]["environment_steps"], orders[index].budget)
                    progress.update(tasks[index], completed=done, said=_point_text(news["point"]))
                else:
                    progress.update(tasks[index], said="measuring what was learned")

            yield told


EVERY_LINE = 20
"""Iterations from one printed line to the next."""


def _print_line(console: "Console", skill: str, budget: int, news: dict[str, Any]) -> None:
    point = news.get("point")
    if point is not None and point["iteration"] % EVERY_LINE == 0:
        line = f"{skill}  {point['environment_steps']}/{budget} steps  {_point_text(point)}"
        console.print(line, highlight=False, soft_wrap=True)


def _point_text(point: dict[str, Any]) -> str:
    rate = point["environment_steps"] / point["cpu_s"] if point["cpu_s"] else 0.0
    return (
        f"success {100 * point['success']:.0f} %  peak p95 {point['peak_p95_n']:.0f} N  "
        f"CPU {point['cpu_s'] / 60:.1f} min  {rate:.0f} steps/s"
    )


@contextmanager
def row_progress(
    total: int, say: Callable[[dict[str, Any]], str], *, what: str = "rows", quiet: bool
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield what is to be told of each measured row; draws on standard error, or prints lines there."""
    if quiet:
        yield lambda row: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = stderr()
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)

        def told(row: dict[str, Any]) -> None:
            words = say(row)
            progress.update(task, advance=1, description=words)
            if not console.is_terminal:
                console.print(words, highlight=False, soft_wrap=True)

        yield told


@contextmanager
def work_progress(what: str, *, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """Yield what is to be told what is being done and which share of the work is over; draws on standard
    error, or prints lines there."""
    console = stderr()
    if quiet:
        yield lambda doing, share: None
    elif not console.is_terminal:
        yield lambda doing, share: console.print(f"{what}: {doing}", highlight=False, soft_wrap=True)
    else:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(what, total=1.0)
            yield lambda doing, share: progress.update(task, completed=share, description=f"{what}: {doing}")
