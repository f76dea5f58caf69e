"""What screens cost a run: control periods with so many attached beside the same ones with none.

Runs of the same seed do the same work period by period, so one with screens and one without are compared as a
pair, several pairs one after the other. The screens are real, each in a process and on a terminal of its own.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from executive.board import Board
from executive.cells import open_bench
from executive.journal import Event, Journal
from executive.observers import Silent
from executive.operator.attendant import Watched
from executive.operator.helper import Screen
from executive.operator.post import Post
from executive.options import RunOptions
from executive.run import assemble
from sequences.assembly import Assembly

PATIENCE_S = 120.0


class ScreensMissing(RuntimeError):
    """Not all screens came within the time that they are given."""


@dataclass(slots=True)
class Ticks(Silent):
    """Counts control periods and what they took, from the first to the last."""

    count: int = 0
    first: tuple[float, float] = (0.0, 0.0)
    last: tuple[float, float] = (0.0, 0.0)
    """Wall and processor time at the beginning and the end [s]."""
    slowest_s: float = 0.0

    def start(self) -> None:
        """The first period begins."""
        self.first = self.last = (time.perf_counter(), time.process_time())

    def ticked(self, board: Board) -> None:
        """See :class:`executive.observers.Observer`."""
        now = time.perf_counter()
        self.count += 1
        self.slowest_s = max(self.slowest_s, now - self.last[0])
        self.last = (now, time.process_time())

    def as_json(self) -> dict[str, float]:
        """A period's share, in milliseconds."""
        wall, cpu = (1e3 * (b - a) / self.count for a, b in zip(self.first, self.last, strict=True))
        return {"periods": self.count, "cpu_ms": round(cpu, 4), "wall_ms": round(wall, 4),
                "slowest_ms": round(1e3 * self.slowest_s, 1)}  # fmt: skip


class Attended:
    """A post whose run waits until its screens are there, and whose ticks are counted from then on."""

    def __init__(self, post: Post, screens: int, ticks: Ticks) -> None:
        self.post, self.screens, self.ticks = post, screens, ticks

    def began(self, watched: Watched) -> None:
        """See :class:`executive.operator.attendant.Attendant`. Raises ScreensMissing."""
        self.post.began(watched)
        ends = time.monotonic() + PATIENCE_S
        while len(self.post.station.sessions) < self.screens:
            if time.monotonic() > ends:
                raise ScreensMissing(f"{len(self.post.station.sessions)} of {self.screens} screens came")
            self.post.turn()
            time.sleep(0.02)
        self.ticks.start()

    def happened(self, event: Event) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self.post.happened(event)

    def turn(self) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self.post.turn()

    def ended(self, outcome: str) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self.post.ended(outcome)


def run_with(assembly: Assembly, options: RunOptions, runs_dir: Path, screens: int) -> Ticks:
    """One run with so many screens. Raises ScreensMissing."""
    bench = open_bench(assembly, options, runs_dir)
    journal, post, ticks = Journal(runs_dir), Post(runs_dir), Ticks()
    seen = [Screen(runs_dir) for _ in range(screens)]
    try:
        attendant = Attended(post, screens, ticks)
        assemble(assembly, bench, options, journal, [ticks], attendant=attendant)
    finally:
        for screen in seen:
            screen.close()
        post.close()
        journal.close()
        bench.cell.close()
    return ticks


def compared(
    assembly: Assembly,
    options: RunOptions,
    runs_dir: Path,
    screens: int,
    pairs: int,
    told: Callable[[str], None],
) -> dict[str, Any]:
    """``pairs`` of runs, the order changing from one to the next. Raises ScreensMissing."""
    run_with(assembly, options, runs_dir / "warm", 0)
    rows: list[dict[str, dict[str, float]]] = []
    for number in range(pairs):
        row: dict[str, dict[str, float]] = {}
        for name, count in _order(number, screens):
            row[name] = run_with(assembly, options, runs_dir / f"{number}-{name}", count).as_json()
            told(f"pair {number + 1}, {count} screens: {row[name]}")
        rows.append(row)
    return {
        "product": assembly.name,
        "cell": str(options.cell),
        "screens": screens,
        "pairs": rows,
        "ratio": {kind: summed([row["with"][kind] / row["without"][kind] for row in rows])
                  for kind in ("cpu_ms", "wall_ms")},
    }  # fmt: skip


def _order(number: int, screens: int) -> list[tuple[str, int]]:
    both = [("without", 0), ("with", screens)]
    return both if number % 2 == 0 else both[::-1]


def summed(ratios: Sequence[float]) -> dict[str, float]:
    """Median and range."""
    return {name: round(f(ratios), 4) for name, f in (("median", median), ("least", min), ("most", max))}
