"""A bad network on purpose: stands between a bridge and its clients on one machine and interferes.

Messages pass in both directions, states in one. For as long as a mischief lasts, messages are lost, late,
doubled, out of order or changed. What clients really sent is kept, so that what the bridge did can be judged.
"""

import heapq
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from itertools import count

import numpy as np
import zmq

from hardware.encoding import decode_request
from hardware.messages import Refused, Request

AT_ONCE = int(zmq.NOBLOCK)
LATEST_S = 0.4
"""How late a delayed message may be [s]."""
APART_S = 0.06
"""How far apart copies come, and how far messages that overtake each other are moved [s]."""
IDLE_MS = 50


class Mischief(StrEnum):
    """What may befall messages."""

    DROPPED = "messages_dropped"
    DELAYED = "messages_delayed"
    DUPLICATED = "messages_duplicated"
    REORDERED = "messages_reordered"
    CORRUPTED = "messages_corrupted"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of a client, as the client sent it."""

    at_s: float
    """When it came by (monotonic) [s]."""
    request: Request


class Interference:
    """Passes messages on between clients and one bridge; runs in a thread until ``close``."""

    def __init__(self, commands: str, states: str, rng: np.random.Generator) -> None:
        """``commands`` and ``states`` are the bridge's endpoints."""
        self._rng, self._bridge = rng, commands
        self._context = zmq.Context()
        self._front = self._socket(zmq.ROUTER)
        self.commands = _bound(self._front)
        """Where clients send their commands."""
        self._news, self._told = self._socket(zmq.SUB), self._socket(zmq.PUB)
        self._news.subscribe(b"")
        self._news.connect(states)
        self.states = _bound(self._told)
        """Where clients hear of states."""
        self._backs: dict[bytes, zmq.Socket[bytes]] = {}
        self._late: list[tuple[float, int, zmq.Socket[bytes], list[bytes]]] = []
        self._order = count()
        self._mischief: Mischief | None = None
        self._until_s = 0.0
        self.sent: list[Sent] = []
        """What clients sent, in order; grows."""
        self._poller = zmq.Poller()
        for socket in (self._front, self._news):
            self._poller.register(socket, zmq.POLLIN)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="interference", daemon=True)
        self._thread.start()

    def begin(self, mischief: Mischief, duration_s: float) -> None:
        """Interfere for so long."""
        self._until_s = time.monotonic() + duration_s
        self._mischief = mischief

    def close(self) -> None:
        """Stop passing anything on."""
        self._closed.set()
        self._thread.join()
        self._context.destroy(linger=0)

    # -- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed.is_set():
            wait_ms = IDLE_MS
            if self._late:
                wait_ms = max(0, min(IDLE_MS, round(1000.0 * (self._late[0][0] - time.monotonic()))))
            for socket, _ in self._poller.poll(wait_ms):
                self._take(socket)
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, socket, frames = heapq.heappop(self._late)
                _pass_on(socket, frames)

    def _take(self, socket: "zmq.Socket[bytes]") -> None:
        frames = socket.recv_multipart()
        if socket is self._front:
            route, *rest = frames
            self._note(rest)
            self._send(self._back(route), [], rest)
        elif socket is self._news:
            self._send(self._told, [], frames)
        else:
            route = next(route for route, back in self._backs.items() if back is socket)
            self._send(self._front, [route], frames)

    def _note(self, frames: list[bytes]) -> None:
        try:
            self.sent.append(Sent(time.monotonic(), decode_request(frames[0])))
        except (Refused, IndexError):
            return

    def _back(self, route: bytes) -> "zmq.Socket[bytes]":
        """The connection to the bridge of the client that comes by ``route``."""
        if route not in self._backs:
            back = self._backs[route] = self._socket(zmq.DEALER)
            back.connect(self._bridge)
            self._poller.register(back, zmq.POLLIN)
        return self._backs[route]

    def _send(self, socket: "zmq.Socket[bytes]", head: list[bytes], frames: list[bytes]) -> None:
        """Pass a message on, or do to it what is being done."""
        if self._mischief is None or time.monotonic() > self._until_s:
            _pass_on(socket, head + frames)
            return
        now, rng = time.monotonic(), self._rng
        match self._mischief:
            case Mischief.DROPPED:
                return
            case Mischief.DELAYED:
                copies = [(LATEST_S * rng.random(), frames)]
            case Mischief.DUPLICATED:
                copies = [(0.0, frames), (0.0, frames), (APART_S * rng.random(), frames)]
            case Mischief.REORDERED:
                copies = [(APART_S * rng.random(), frames)]
            case Mischief.CORRUPTED:
                copies = [(0.0, [*frames[:-1], corrupted(frames[-1], rng)])]
        for late_s, what in copies:
            heapq.heappush(self._late, (now + late_s, next(self._order), socket, head + what))

    def _socket(self, kind: int) -> "zmq.Socket[bytes]":
        made = self._context.socket(kind)
        made.linger = 0
        made.reconnect_ivl, made.reconnect_ivl_max = 20, 200
        return made


def corrupted(data: bytes, rng: np.random.Generator) -> bytes:
    """``data`` with one to four of its bytes changed, or cut short."""
    if not data:
        return b"?"
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        changed[int(rng.integers(len(changed)))] ^= int(rng.integers(1, 256))
    return bytes(changed[: int(rng.integers(len(changed)))]) if rng.random() < 0.2 else bytes(changed)


def _pass_on(socket: "zmq.Socket[bytes]", frames: list[bytes]) -> None:
    """Send, unless nobody is there to take it."""
    try:
        socket.send_multipart(frames, AT_ONCE)
    except zmq.ZMQError:
        return


def _bound(socket: "zmq.Socket[bytes]") -> str:
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    return f"tcp://127.0.0.1:{port}"
