"""Rows of measurements in a file that goes on: what it holds is not measured again."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from executive.errors import ResultsUnreadable
from executive.workers import Do, StopWanted, carried_out
from sequences.files import write_whole

Row = dict[str, Any]
Order = TypeVar("Order")


def completed(
    work: Sequence[tuple[Order, Row]],
    do: Do[Order, Row],
    jobs: int,
    file: Path | None,
    told: Callable[[Row], None],
    stop_wanted: StopWanted,
) -> list[Row]:
    """The rows of ``work``, in its order, as far as they were measured before a stop was wanted.

    Each piece of work comes with its identity: what its row has in common with every other measurement that
    would give the same numbers. Rows that ``file`` holds already are not measured again, and each new one is
    in it before it is told. Raises ResultsUnreadable and what ``do`` raises.
    """
    kept = [] if file is None else rows_in(file)
    for _, identity in work:
        if (row := found(identity, kept)) is not None:
            told(row)
    missing = [order for order, identity in work if found(identity, kept) is None]
    for _, row in carried_out(missing, do, jobs, stop_wanted):
        kept.append(row)
        if file is not None:
            write_whole(file, (json.dumps({"rows": kept}, indent=1) + "\n").encode())
        told(row)
    return [row for _, identity in work if (row := found(identity, kept)) is not None]


def rows_in(file: Path) -> list[Row]:
    """The rows that a results file holds; none when there is no file. Raises ResultsUnreadable."""
    if not file.exists():
        return []
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
        return [dict(row) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise ResultsUnreadable(file, str(error)) from None


def found(identity: Row, rows: Sequence[Row]) -> Row | None:
    """The row of that identity, if there is one."""
    return next((r for r in rows if all(r.get(key) == value for key, value in identity.items())), None)
