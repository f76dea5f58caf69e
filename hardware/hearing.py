"""What a server tells all who watch: the newest word of it, and how long ago it was heard."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import zmq

from hardware.messages import Refused

T = TypeVar("T")


class Hearing:
    """One subscription, of which only the newest message is kept. May be used from several threads."""

    def __init__(self, states: "zmq.Socket[bytes]", endpoint: str) -> None:
        self._states, self._lock = states, threading.Lock()
        self._heard_s = float("-inf")
        states.setsockopt(zmq.CONFLATE, 1)
        states.subscribe(b"")
        states.connect(endpoint)

    def next(self, wait_s: float, read: Callable[[bytes], T]) -> T | None:
        """What ``read`` makes of the newest message, if one comes within ``wait_s`` that is new.

        A message for which it raises Refused was not heard.
        """
        with self._lock:
            if not self._states.poll(round(1000 * wait_s)):
                return None
            try:
                heard = read(self._states.recv(zmq.NOBLOCK))
            except (zmq.Again, Refused):
                return None
            self._heard_s = time.monotonic()
            return heard

    def silence_s(self) -> float:
        """How long ago the newest message was heard [s]."""
        return time.monotonic() - self._heard_s

    def close(self) -> None:
        """Let go of the subscription."""
        with self._lock:
            self._states.close(linger=0)
