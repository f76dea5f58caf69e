"""The same run many times with other seeds, in this process or in several."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from executive.cells import open_bench
from executive.journal import Journal
from executive.observers import Observer
from executive.options import RunOptions
from executive.records import RunResult
from executive.run import StopWanted, assemble
from executive.workers import Tell, carried_out
from sequences.assembly import Assembly


@dataclass(frozen=True, slots=True)
class Order:
    """One run to be made; plain enough to be sent to another process."""

    assembly: str
    """The assembly as JSON."""
    options: RunOptions
    runs_dir: Path

    def identity(self) -> dict[str, Any]:
        """What makes it the run that it is."""
        product = Assembly.model_validate_json(self.assembly).name
        return {"product": product, "options": self.options.as_json()}


def orders(assembly: Assembly, options: RunOptions, runs_dir: Path, repeat: int) -> list[Order]:
    """``repeat`` runs with consecutive seeds."""
    text = assembly.model_dump_json()
    return [Order(text, replace(options, seed=options.seed + i), runs_dir) for i in range(repeat)]


def carry_out(
    order: Order, observers: Sequence[Observer] = (), stop_wanted: StopWanted = lambda: False
) -> RunResult:
    """Make one run from opening the cell to closing it."""
    assembly = Assembly.model_validate_json(order.assembly)
    journal = Journal(order.runs_dir)
    try:
        bench = open_bench(assembly, order.options, order.runs_dir)
        try:
            return assemble(assembly, bench, order.options, journal, observers, stop_wanted=stop_wanted)
        finally:
            bench.cell.close()
    finally:
        journal.close()


def carry_out_all(
    work: Sequence[Order], jobs: int, done: Callable[[dict[str, Any]], None], stop_wanted: StopWanted
) -> list[dict[str, Any]]:
    """Make every run, ``jobs`` at a time; results, with force profiles, in the order of ``work``.

    ``done`` is told of each as it ends. After a stop is wanted no new run begins and those that go on are
    broken off, each resumable.
    """
    results: dict[int, dict[str, Any]] = {}
    for index, result in carried_out(work, _one, jobs, stop_wanted):
        results[index] = result
        done(result)
    return [results[i] for i in sorted(results)]


def _one(order: Order, tell: Tell, stop_wanted: StopWanted) -> dict[str, Any]:
    return carry_out(order, stop_wanted=stop_wanted).as_json(profiles=True)
