"""Pieces of work in this process or in several, with news while they go on and a way to stop them all."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import Any, TypeVar

LOOK_EVERY_S = 0.2
"""How soon news comes and a stop goes [s]."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Order = TypeVar("Order")
Result = TypeVar("Result")
Tell = Callable[[Any], None]
"""Passes news of a piece of work on; plain values only."""
StopWanted = Callable[[], bool]
Do = Callable[[Order, Tell, StopWanted], Result | None]
"""Does one piece of work; None when it was stopped before it came to anything. A function of a module."""


_cluster: list[str] = []


def use_cluster(address: str) -> None:
    """Have all work that may go to several processes done on a Ray cluster; nowhere else with ``""``."""
    _cluster[:] = [address] if address else []


class Stopped(Exception):
    """A piece of work was asked to stop while it could not return."""


def carried_out(
    work: Sequence[Order],
    do: Do[Order, Result],
    jobs: int,
    stop_wanted: StopWanted,
    told: Callable[[int, Any], None] = lambda index, news: None,
) -> Iterator[tuple[int, Result]]:
    """Do every piece of ``work``, ``jobs`` at a time; yields its place and its result as each ends.

    On a cluster, if one is used, its size decides how many. ``told`` hears the news. After a stop is wanted
    no new piece begins and those that go on are asked to stop; an error of one stops the others too and is
    raised here.
    """
    if _cluster:
        from executive.cluster import on_cluster

        yield from on_cluster(_cluster[0], work, do, stop_wanted, told)
        return
    if jobs > 1 and len(work) > 1:
        yield from _in_processes(work, do, jobs, stop_wanted, told)
        return
    for index, order in enumerate(work):
        if stop_wanted():
            return
        result = do(order, lambda news, index=index: told(index, news), stop_wanted)  # type: ignore[misc]
        if result is not None:
            yield index, result


def _in_processes(
    work: Sequence[Order],
    do: Do[Order, Result],
    jobs: int,
    stop_wanted: StopWanted,
    told: Callable[[int, Any], None],
) -> Iterator[tuple[int, Result]]:
    context = multiprocessing.get_context("spawn")
    stop, news = context.Event(), context.SimpleQueue()
    with _one_thread_each(), ProcessPoolExecutor(
        min(jobs, len(work)), mp_context=context, initializer=_in_worker, initargs=(stop, news)
    ) as pool:  # fmt: skip
        try:
            places: dict[Future[Result | None], int] = {
                pool.submit(_in_pool, do, index, order): index for index, order in enumerate(work)
            }
            left = set(places)
            while left:
                ended, left = wait(left, timeout=LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                _pass_on(news, told)
                for future in ended:
                    if (result := future.result()) is not None:
                        yield places[future], result
                if stop_wanted():
                    stop.set()
        finally:
            stop.set()


def _pass_on(news: Any, told: Callable[[int, Any], None]) -> None:
    """What was told before now; a worker's news lie in the pipe before its result does."""
    while not news.empty():
        told(*news.get())


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that are started meanwhile compute with one thread."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_worker: list[tuple[Event, Any]] = []


def _in_worker(stop: Event, news: Any) -> None:
    """Set a worker up: Ctrl-C is heard by the parent alone, which passes it on."""
    _worker.append((stop, news))
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _in_pool(do: Do[Order, Result], index: int, order: Order) -> Result | None:
    ((stop, news),) = _worker
    return None if stop.is_set() else do(order, lambda what: news.put((index, what)), stop.is_set)
