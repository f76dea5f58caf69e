"""The same pieces of work on the machines of a Ray cluster (extra ``cluster``).

A cluster is joined, never started. Its machines need this version of Dovetail, and the folders that the work
names (skills, runs, state) under the same paths. What a machine had in hand when it was lost is done again.
"""

import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from executive.errors import ClusterUnreachable, ExtraMissing

if TYPE_CHECKING:
    from executive.workers import Do, Order, Result, StopWanted

LOOK_EVERY_S = 0.5
"""How soon news comes and a stop goes [s]."""
KNOCK_S = 5.0
"""How long a cluster may take to answer at all [s]."""
RETRIES = 3
"""How often a piece of work is begun anew when its machine is lost."""


def on_cluster(
    address: str,
    work: "Sequence[Order]",
    do: "Do[Order, Result]",
    stop_wanted: "StopWanted",
    told: Callable[[int, Any], None],
) -> "Iterator[tuple[int, Result]]":
    """As :func:`executive.workers.carried_out` does it; as many at a time as the cluster has processors.

    Raises ExtraMissing, ClusterUnreachable.
    """
    with _joined(address) as ray:
        board = ray.remote(num_cpus=0)(_Board).remote()
        piece = ray.remote(num_cpus=1, max_retries=RETRIES)(_piece)
        places = {piece.remote(do, index, order, board): index for index, order in enumerate(work)}
        left = list(places)
        try:
            while left:
                ended, left = ray.wait(left, timeout=LOOK_EVERY_S)
                for index, news in ray.get(board.take.remote()):
                    told(index, news)
                for one in ended:
                    if (result := _result(ray, one, address)) is not None:
                        yield places[one], result
                if stop_wanted():
                    ray.get(board.stop.remote())
        finally:
            ray.get(board.stop.remote())
            if left:
                ray.wait(left, num_returns=len(left))


def _result(ray: Any, one: Any, address: str) -> Any:
    try:
        return ray.get(one)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        raise ClusterUnreachable(address, str(error)) from None


@contextmanager
def _joined(address: str) -> Iterator[Any]:
    """The ray module, its cluster joined meanwhile; Ctrl-C stays with whoever had it."""
    try:
        import ray
    except ImportError:
        raise ExtraMissing("cluster", "ray") from None
    _knock(address)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False, logging_level=logging.ERROR)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise ClusterUnreachable(address, str(error)) from None
    for number, handler in handlers.items():
        signal.signal(number, handler)
    try:
        yield ray
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raises ClusterUnreachable at once where nobody listens; Ray would go on trying for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), timeout=KNOCK_S).close()
    except (OSError, ValueError) as error:
        raise ClusterUnreachable(address, str(error)) from None


class _Board:
    """Where pieces of work leave their news and learn that they are to stop."""

    def __init__(self) -> None:
        self._news: list[tuple[int, Any]] = []
        self._stop = False

    def tell(self, index: int, what: Any) -> None:
        self._news.append((index, what))

    def take(self) -> list[tuple[int, Any]]:
        news, self._news = self._news, []
        return news

    def stop(self) -> None:
        self._stop = True

    def stopped(self) -> bool:
        return self._stop


class _Stop:
    """Whether a stop is wanted, asked of the board every now and then."""

    def __init__(self, board: Any) -> None:
        self._board, self._wanted, self._asked_s = board, False, float("-inf")

    def __call__(self) -> bool:
        import ray

        if not self._wanted and time.monotonic() - self._asked_s > LOOK_EVERY_S:
            self._asked_s, self._wanted = time.monotonic(), bool(ray.get(self._board.stopped.remote()))
        return self._wanted


def _piece(do: "Do[Order, Result]", index: int, order: "Order", board: Any) -> "Result | None":
    """One piece of work, on some machine; its news are on the board before its result is there."""
    import ray

    stop = _Stop(board)
    if stop():
        return None
    result = do(order, lambda what: board.tell.remote(index, what), stop)
    ray.get(board.stopped.remote())
    return result
