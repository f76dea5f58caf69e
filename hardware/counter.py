"""The counter of a server: admits each message or refuses it, and has it executed.

It owns the sessions and the lease and gives each message one reply. Every
refusal is counted and written to the logbook with who and why. What a message does is its subclass's to say.
"""

import time
from abc import ABC, abstractmethod

import zmq

from hardware.doorkeeper import Doorkeeper
from hardware.encoding import decode_request, encode
from hardware.keys import Role
from hardware.lease import Lease
from hardware.logbook import Complaints, Logbook
from hardware.messages import Hello, Refusal, Refused, Reply, Request
from hardware.sessions import Session, Sessions
from sequences.errors import clipped

AT_ONCE, MORE = int(zmq.NOBLOCK), int(zmq.SNDMORE)
MOST_AT_ONCE = 64
"""Messages that are answered before the server looks at its arm again."""


class Counter(ABC):
    """Answers the messages of one server, of which one client at a time holds the lease."""

    def __init__(self, door: Doorkeeper, logbook: Logbook, complaints: Complaints, lease_s: float) -> None:
        self.door, self.logbook, self.complaints = door, logbook, complaints
        self.lease = Lease(lease_s)
        self.sessions = Sessions()
        self.next_n = 1
        """Number of the next state that is published."""

    @abstractmethod
    def execute(self, request: Request, session: Session) -> tuple[str, dict[str, str] | None]:
        """Act on an admitted request: a detail and, where asked for, facts. Raises Refused."""

    @abstractmethod
    def parted(self, why: str) -> None:
        """The client that held the lease does so no more."""

    @abstractmethod
    def failed(self, request: Request, error: Exception) -> None:
        """Acting on ``request`` raised something that nobody foresaw."""

    @property
    def controller(self) -> str:
        """Who is in control; empty when nobody is."""
        holder = self.sessions.by_token(self.lease.holder) if self.lease.holder else None
        return holder.who if holder else ""

    def part_with_silent(self, now: float) -> None:
        """Take control from a client that has been silent for too long."""
        if (lost := self.lease.expire(now)) is None:
            return
        session = self.sessions.by_token(lost)
        who = session.who if session else "a client"
        self.parted(f"{who} is not heard of any more")
        self.logbook.write("lease lost", durable=True, who=who)

    def take(self, session: Session, role: Role) -> None:
        """Give control to a client with at least this ``role``. Raises Refused."""
        if not Role(session.role).at_least(role):
            raise Refused(Refusal.ROLE, f"{session.who} may watch, not control")
        if not self.lease.take(session.token, time.monotonic()):
            raise Refused(Refusal.BUSY, f"{self.controller or 'another client'} is in control")

    def give(self, session: Session) -> None:
        """Let ``session`` let go of control, if it had it."""
        if self.lease.give(session.token):
            self.parted(f"{session.who} let go")

    def needs_control(self, session: Session) -> None:
        """Raise Refused unless ``session`` is in control."""
        if not self.lease.held_by(session.token):
            state = f"{self.controller} is" if self.controller else "nobody is; it must be taken first"
            raise Refused(Refusal.LEASE, f"{session.who} is not in control, {state}")

    def answer_waiting(self) -> None:
        """Answer the messages that wait at the door, some at a time."""
        for _ in range(MOST_AT_ONCE):
            if not self._receive():
                return

    def _receive(self) -> bool:
        """Answer one message; False when none is waiting."""
        commands = self.door.commands
        try:
            route = commands.recv(AT_ONCE)
        except zmq.Again:
            return False
        frames = [commands.recv(AT_ONCE, copy=False)]
        while frames[-1].more:
            frames.append(commands.recv(AT_ONCE, copy=False))
        reply = encode(self.answer(route, frames, time.monotonic()))
        try:
            commands.send(route, AT_ONCE | MORE)
            commands.send(reply, AT_ONCE)
        except zmq.ZMQError as error:
            self.complaints.refused(route.hex(), "unreachable", str(error), time.monotonic())
        return True

    def answer(self, route: bytes, frames: list[zmq.Frame], now: float) -> Reply:
        """Act on one message, or say why not."""
        request: Request | None = None
        try:
            if len(frames) != 1:
                raise Refused(Refusal.MALFORMED, f"{len(frames)} frames, one is expected")
            request = decode_request(frames[0].bytes)
            if isinstance(request.body, Hello):
                return self._reply(request.seq, session=self._greet(request.body, route, frames[0]).token)
            session = self.sessions.find(request, route)
            session.admit(request, now)
            self.lease.heard(session.token, now)
        except Refused as refused:
            return self._no(request, refused, self._who(route, frames))
        if (reply := session.answered(request)) is None:
            try:
                detail, info = self.execute(request, session)
                reply = self._reply(request.seq, detail, info=info)
            except Refused as refused:
                reply = self._no(request, refused, self._who(route, frames))
            except Exception as error:
                self.failed(request, error)
                reply = self._no(request, Refused(Refusal.ARM, repr(error)), self._who(route, frames))
            session.remember(request, reply)
        return reply

    def _reply(
        self, seq: int, detail: str = "", *, session: bytes = b"", info: dict[str, str] | None = None
    ) -> Reply:
        return Reply(seq, None, detail[:600], time.monotonic(), self.next_n, session, info)

    def _no(self, request: Request | None, refused: Refused, who: str) -> Reply:
        """The answer to a message that is not acted on; the logbook hears of it."""
        what = "" if request is None else f"{type(request.body).__name__.lower()}: "
        self.complaints.refused(who, refused.refusal, what + refused.detail, time.monotonic())
        seq = 0 if request is None else request.seq
        return Reply(seq, refused.refusal, refused.detail[:600], time.monotonic(), self.next_n)

    def _greet(self, hello: Hello, route: bytes, frame: zmq.Frame) -> Session:
        user = _user(frame)
        before = self.sessions.at(route)
        role = self.door.role(user)
        session = self.sessions.open(hello, route, user=user, role=role, keep=self.lease.holder)
        if before is not None and self.lease.give(before.token):
            self.parted(f"{before.who} began anew")
        self.logbook.write("hello", who=session.who, role=str(role))
        return session

    def _who(self, route: bytes, frames: list[zmq.Frame]) -> str:
        session = self.sessions.at(route)
        user = _user(frames[0]) if frames else ""
        address = _property(frames[0], "Peer-Address") if frames else ""
        known = clipped(session.who) if session is not None else user or "a stranger"
        return f"{known} at {address or route.hex()}"


def _user(frame: zmq.Frame) -> str:
    """Whose key the connection was made with; empty without keys."""
    return _property(frame, "User-Id")


def _property(frame: zmq.Frame, name: str) -> str:
    try:
        return str(frame.get(name))
    except zmq.ZMQError:
        return ""
