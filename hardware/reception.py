"""Who is heard and what is done: admits each message or refuses it, and executes it under the lease.

It owns the sessions and the lease and knows no sockets: it is handed frames and gives back a reply. Every
refusal is counted and written to the logbook with who and why.
"""

import hmac
import time

import zmq

from hardware.doorkeeper import Doorkeeper
from hardware.examination import Examination
from hardware.keys import Role
from hardware.lease import Lease
from hardware.logbook import Complaints, Logbook
from hardware.messages import (
    Beat,
    Diagnose,
    Give,
    Hello,
    Recover,
    Refusal,
    Refused,
    Reply,
    Request,
    Reset,
    Stop,
    Take,
    decode_request,
)
from hardware.sessions import Session, Sessions
from hardware.supervisor import Supervisor
from sequences.errors import clipped

FRESH_S = 2.0
"""How long an examination of the arm is good for [s]."""


class Reception:
    """Answers the messages of one server."""

    def __init__(
        self, supervisor: Supervisor, door: Doorkeeper, logbook: Logbook, complaints: Complaints, token: bytes
    ) -> None:
        self.supervisor, self.door, self.logbook, self.complaints = supervisor, door, logbook, complaints
        self.lease = Lease(supervisor.limits.lease_s)
        self.sessions = Sessions()
        self.executed = 0
        """Commands that were acted on."""
        self.next_n = 1
        """Number of the next state that is published."""
        self._token = token
        self._examination: Examination | None = None

    @property
    def controller(self) -> str:
        """Who is in control; empty when nobody is."""
        holder = self.sessions.by_token(self.lease.holder) if self.lease.holder else None
        return holder.who if holder else ""

    def part_with_silent(self, now: float) -> None:
        """Take control from a client that has been silent for too long; the arm then holds."""
        if (lost := self.lease.expire(now)) is None:
            return
        session = self.sessions.by_token(lost)
        who = session.who if session else "a client"
        self.supervisor.hold(f"{who} is not heard of any more")
        self.logbook.write("lease lost", durable=True, who=who)

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
                detail, info = self._execute(request, session)
                reply = self._reply(request.seq, detail, info=info)
            except Refused as refused:
                reply = self._no(request, refused, self._who(route, frames))
            except Exception as error:
                self.supervisor.failed(type(request.body).__name__.lower(), error)
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
            self.supervisor.hold(f"{before.who} began anew")
        self.logbook.write("hello", who=session.who, role=str(role))
        return session

    def _execute(self, request: Request, session: Session) -> tuple[str, dict[str, str] | None]:
        """Act on an admitted request. Raises Refused."""
        body, supervisor = request.body, self.supervisor
        detail, info = "", None
        match body:
            case Beat(controlling):
                if controlling:
                    self._needs_control(session)
            case Take():
                self._take(session)
            case Give():
                self._give(session)
            case Stop(latch):
                supervisor.stop(f"{session.who} asked for a stop", latch=latch)
            case Reset(token):
                self._reset(session, token)
            case Diagnose():
                info = self._diagnosis()
            case _:
                self._needs_control(session)
                if isinstance(body, Recover):
                    supervisor.recover(session.who)
                else:
                    detail = supervisor.execute(body, session.who)
        if not isinstance(body, Beat):
            self.executed += 1
            said = None if isinstance(body, Reset) else body
            self.logbook.write(type(body).__name__.lower(), who=session.who, seq=request.seq, body=said)
        return detail, info

    def _take(self, session: Session) -> None:
        if not Role(session.role).may_control:
            raise Refused(Refusal.ROLE, f"{session.who} may watch, not control")
        if not self.lease.take(session.token, time.monotonic()):
            raise Refused(Refusal.BUSY, f"{self.controller or 'another client'} is in control")

    def _give(self, session: Session) -> None:
        if self.lease.give(session.token):
            self.supervisor.hold(f"{session.who} let go")

    def _reset(self, session: Session, token: bytes) -> None:
        wanted = self._token
        shown = bool(wanted) and hmac.compare_digest(wanted, token)
        if session.role != Role.OPERATOR and not shown:
            raise Refused(Refusal.OPERATOR, f"{session.who} is no operator")
        self.supervisor.reset(session.who)

    def _needs_control(self, session: Session) -> None:
        if not self.lease.held_by(session.token):
            state = f"{self.controller} is" if self.controller else "nobody is; it must be taken first"
            raise Refused(Refusal.LEASE, f"{session.who} is not in control, {state}")

    def _diagnosis(self) -> dict[str, str]:
        """What the arm and the server know of themselves; the arm takes its time, in a thread."""
        if self._examination is None or time.monotonic() - self._examination.ended_s > FRESH_S:
            self._examination = Examination(self.supervisor.arm)
        found = self._examination.found()
        found["server executed"] = str(self.executed)
        found["server refused"] = str(dict(self.complaints.totals))[:200]
        found["server sessions"] = str(len(self.sessions))
        return found

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
