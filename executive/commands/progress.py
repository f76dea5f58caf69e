"""A bar over many runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from executive.commands.common import stderr


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
