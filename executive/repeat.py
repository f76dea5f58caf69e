"""The same run many times with other seeds, in this process or in several."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from executive.cells import open_bench
from executive.journal import Journal
from executive.observers import Observer
from executive.options import RunOptions
from executive.run import StopWanted, assemble
from sequences.assembly import Assembly

LOOK_EVERY_S = 0.2
"""How soon a stop reaches runs in other processes [s]."""


@dataclass(frozen=True, slots=True)
class Order:
    """One run to be made; plain enough to be sent to another process."""

    assembly: str
    """The assembly as JSON."""
    options: RunOptions
    runs_dir: Path


def orders(assembly: Assembly, options: RunOptions, runs_dir: Path, repeat: int) -> list[Order]:
    """``repeat`` runs with consecutive seeds."""
    text = assembly.model_dump_json()
    return [Order(text, replace(options, seed=options.seed + i), runs_dir) for i in range(repeat)]


def carry_out(
    order: Order, observers: Sequence[Observer] = (), stop_wanted: StopWanted = lambda: False
) -> dict[str, Any]:
    """Make one run from opening the cell to closing it; its result with force profiles."""
    assembly = Assembly.model_validate_json(order.assembly)
    journal = Journal(order.runs_dir)
    try:
        bench = open_bench(assembly, order.options)
        try:
            result = assemble(assembly, bench, order.options, journal, observers, stop_wanted=stop_wanted)
        finally:
            bench.cell.close()
    finally:
        journal.close()
    return result.as_json(profiles=True)


def carry_out_all(
    work: Sequence[Order], jobs: int, done: Callable[[dict[str, Any]], None], stop_wanted: StopWanted
) -> list[dict[str, Any]]:
    """Make every run, ``jobs`` at a time; results in the order of ``work``.

    ``done`` is told of each as it ends. After a stop is wanted no new run begins and those that go on are
    broken off, each resumable.
    """
    results: dict[int, dict[str, Any]] = {}
    for index, result in _carried_out(work, jobs, stop_wanted):
        results[index] = result
        done(result)
    return [results[i] for i in sorted(results)]


def _carried_out(
    work: Sequence[Order], jobs: int, stop_wanted: StopWanted
) -> Iterator[tuple[int, dict[str, Any]]]:
    if jobs <= 1 or len(work) == 1:
        for i, order in enumerate(work):
            if stop_wanted():
                return
            yield i, carry_out(order, stop_wanted=stop_wanted)
        return
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    pool = ProcessPoolExecutor(
        min(jobs, len(work)), mp_context=context, initializer=_in_worker, initargs=(stop,)
    )
    with pool:
        places = {pool.submit(_in_pool, order): i for i, order in enumerate(work)}
        left = set(places)
        while left:
            ended, left = wait(left, timeout=LOOK_EVERY_S, return_when=FIRST_COMPLETED)
            for future in ended:
                if (result := future.result()) is not None:
                    yield places[future], result
            if stop_wanted():
                stop.set()


_worker_stop: list[Event] = []


def _in_worker(stop: Event) -> None:
    """Set a worker up: one thread, and Ctrl-C is heard by the parent alone, which passes it on."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    _worker_stop.append(stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _in_pool(order: Order) -> dict[str, Any] | None:
    (stop,) = _worker_stop
    return None if stop.is_set() else carry_out(order, stop_wanted=stop.is_set)
