"""The bridge's client: asks, waits for the answer, and hears the newest state.

A :class:`Link` may be used from several threads. While it is in control a thread of its own keeps the lease
alive; when the server cannot be reached, or has given control away, every call says so with LinkLost or
Refused, and ``reconnect`` begins a new session.
"""

import secrets
import threading
import time
from dataclasses import dataclass

import zmq

from hardware.encoding import decode_reply, decode_state, encode
from hardware.hearing import Hearing
from hardware.keys import Key
from hardware.messages import (
    Beat,
    Body,
    Give,
    Hello,
    Refusal,
    Refused,
    Reply,
    Request,
    State,
    Take,
)
from hardware.server_clock import ServerClock
from skills.cell import CellError

AT_ONCE = int(zmq.NOBLOCK)
BEAT_S = 0.02
"""Time between two signs of life [s]."""
DEADLINE_S = 0.25
"""How long a request stays valid after it was sent [s]."""
RESEND_S = 0.1
"""Time without an answer after which a request is sent again; it is still acted on once [s]."""
GREET_AGAIN_S = 0.3
MOST_AWAITED = 256
PROBES = 5
"""Requests from which the server's clock is estimated at first."""


class LinkLost(CellError):
    """The bridge does not answer."""

    def __init__(self, endpoint: str, waited_s: float) -> None:
        self.endpoint, self.waited_s = endpoint, waited_s
        super().__init__(
            f"the bridge at {endpoint} did not answer within {waited_s:.2f} s; is it running, does it know "
            "this key? 'dovetail bridge check' looks into it"
        )


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Where a bridge is and who asks."""

    command_endpoint: str
    state_endpoint: str
    name: str = "dovetail"
    """What to call this client in the server's logbook."""
    key: Key | None = None
    """This client's pair of keys; None on the bridge's own machine without keys."""
    server_key: Key | None = None
    """The server's public key."""
    answer_s: float = 0.5
    """How long to wait for an answer [s]."""
    beat_s: float = BEAT_S
    """Time between two signs of life while in control [s]."""


class Link:
    """A connection to a bridge. Raises LinkLost when it does not answer."""

    def __init__(self, settings: LinkSettings) -> None:
        self.settings = settings
        self.context = zmq.Context()
        self._lock = threading.RLock()
        self._commands: zmq.Socket[bytes] | None = None
        self._session = b""
        self._seq = 0
        self._clock = ServerClock()
        self._sent: dict[int, float] = {}
        self._in_control = False
        self._closed = threading.Event()
        self._hearing = Hearing(self._socket(zmq.SUB), settings.state_endpoint)
        self._newest: State | None = None
        try:
            self.reconnect()
        except BaseException:
            self.context.destroy(linger=0)
            raise
        self._beating = threading.Thread(target=self._beat, name="bridge-beat", daemon=True)
        self._beating.start()

    # -- asking --------------------------------------------------------------------------------------

    def reconnect(self) -> None:
        """Begin a new session on a new connection. Raises LinkLost, Refused."""
        with self._lock:
            if self._commands is not None:
                self._commands.close(linger=0)
            self._in_control, self._session, self._seq = False, b"", 0
            self._sent.clear()
            self._clock.doubt()
            self._commands = self._socket(zmq.DEALER)
            self._commands.rcvtimeo = round(1000 * BEAT_S)
            self._commands.connect(self.settings.command_endpoint)
            self._session = self._greet(max(1.0, self.settings.answer_s))
            for _ in range(PROBES):
                self._probe()

    def ask(self, body: Body) -> Reply:
        """Send a request and wait for its answer. Raises Refused, LinkLost."""
        with self._lock:
            try:
                return self._ask(body)
            except Refused as refused:
                if refused.refusal is not Refusal.STALE:
                    raise
                return self._ask(body)

    def take(self) -> None:
        """Take control. Raises Refused when somebody else has it."""
        with self._lock:
            self._ask(Take())
            self._in_control = True

    def give(self) -> None:
        """Let go of control."""
        with self._lock:
            self._in_control = False
            self._ask(Give())

    @property
    def in_control(self) -> bool:
        """Whether this client is in control, as far as it knows."""
        return self._in_control

    @property
    def round_trip_s(self) -> float:
        """The quickest answer so far [s]."""
        return self._clock.round_trip_s

    def server_now(self) -> float:
        """The server's monotonic clock, never ahead of it [s]."""
        return self._clock.now()

    def _probe(self) -> None:
        """Learn of the server's clock; an answer that came too late tells of it as well. Raises LinkLost."""
        try:
            self._ask(Beat())
        except Refused as refused:
            if refused.refusal is not Refusal.STALE:
                raise

    def _greet(self, within_s: float) -> bytes:
        """Open a session."""
        until = time.monotonic() + within_s
        hello = self._send(Hello(self.settings.name, secrets.token_bytes(16)))
        again_at = time.monotonic() + GREET_AGAIN_S
        while time.monotonic() < until:
            reply = self._next_reply()
            if reply is not None and reply.seq == hello:
                return self._accepted(reply).session
            if reply is None and time.monotonic() > again_at:
                hello = self._send(Hello(self.settings.name, secrets.token_bytes(16)))
                again_at += GREET_AGAIN_S
        raise LinkLost(self.settings.command_endpoint, within_s)

    def _ask(self, body: Body, within_s: float | None = None) -> Reply:
        """One request and its answer; the lock is held. What is not answered soon is sent again.

        One of its copies that came too late says nothing of the others: the request was refused as stale only
        when all were.
        """
        waited_s = within_s or self.settings.answer_s
        until = time.monotonic() + waited_s
        first = self._send(body)
        mine, again_at = {first}, time.monotonic() + RESEND_S
        while time.monotonic() < until:
            reply = self._next_reply()
            if reply is not None and reply.seq in mine:
                mine.discard(reply.seq)
                if reply.refusal is not Refusal.STALE or not mine:
                    return self._accepted(reply)
            if reply is None and time.monotonic() >= again_at:
                mine.add(self._send(body, again=first))
                again_at += RESEND_S
            elif reply is None and self._in_control:
                self._send(Beat())
        self._in_control = False
        raise LinkLost(self.settings.command_endpoint, waited_s)

    def _accepted(self, reply: Reply) -> Reply:
        if reply.refusal is None:
            return reply
        if reply.refusal in (Refusal.LEASE, Refusal.SESSION):
            self._in_control = False
        raise Refused(reply.refusal, reply.detail)

    def _send(self, body: Body, again: int = 0) -> int:
        """Send a request; its number."""
        assert self._commands is not None
        self._seq += 1
        self._sent[self._seq] = time.monotonic()
        if len(self._sent) > MOST_AWAITED:
            del self._sent[next(iter(self._sent))]
        request = Request(self._session, self._seq, self._clock.now() + DEADLINE_S, body, again)
        try:
            self._commands.send(encode(request), AT_ONCE)
        except zmq.Again:
            del self._sent[self._seq]
        return self._seq

    def _next_reply(self, *, wait: bool = True) -> Reply | None:
        """The next answer to anything that was sent in this session, if it comes within a beat."""
        assert self._commands is not None
        try:
            reply = decode_reply(self._commands.recv(0 if wait else AT_ONCE))
        except (Refused, zmq.Again):
            return None
        if (sent := self._sent.pop(reply.seq, None)) is not None:
            self._clock.learn(reply.server_time_s, sent)
        return reply

    def _beat(self) -> None:
        """Keep the lease alive."""
        while not self._closed.wait(self.settings.beat_s):
            if not self._in_control:
                continue
            with self._lock:
                while self._in_control and (reply := self._next_reply(wait=False)) is not None:
                    if reply.refusal in (Refusal.LEASE, Refusal.SESSION):
                        self._in_control = False
                if self._in_control and not self._closed.is_set():
                    self._send(Beat(controlling=True))

    # -- hearing -------------------------------------------------------------------------------------

    def newest(self, wait_s: float = 0.0) -> State | None:
        """The newest state, after waiting up to ``wait_s`` for one that was not seen before."""
        self._hearing.next(wait_s, self._take_in)
        return self._newest

    def _take_in(self, told: bytes) -> State:
        self._newest = decode_state(told)
        return self._newest

    def silence_s(self) -> float:
        """How long ago the newest state was heard [s]."""
        return self._hearing.silence_s()

    def close(self) -> None:
        """Let go of control and of the connection."""
        self._closed.set()
        self._beating.join()
        with self._lock:
            if self._in_control:
                try:
                    self.give()
                except (LinkLost, Refused):
                    self._in_control = False
            self._hearing.close()
            self.context.destroy(linger=0)

    def _socket(self, kind: int) -> "zmq.Socket[bytes]":
        made = self.context.socket(kind)
        made.linger = 0
        made.setsockopt(zmq.HANDSHAKE_IVL, 3000)
        made.reconnect_ivl, made.reconnect_ivl_max = 20, 500
        settings = self.settings
        if settings.key is not None and settings.server_key is not None:
            made.curve_publickey, made.curve_secretkey = settings.key.pair
            made.curve_serverkey = settings.server_key.public.encode()
        return made
