"""Sessions: what the server remembers of each client, and which of its requests are still to be acted on.

A request is admitted once: its sequence number must be larger than every one before it in its session, its
session one that this server opened for this connection, its deadline neither passed nor absurdly far off.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from msgspec.structs import replace

from hardware.messages import Beat, Hello, Refusal, Refused, Reply, Request

FURTHEST_DEADLINE_S = 5.0
"""A deadline further ahead than this is not believed [s]."""
WINDOW = 256
"""How far back a sequence number is still told to be seen or skipped."""
MOST_SESSIONS = 64
MOST_NONCES = 4096


@dataclass(slots=True)
class Session:
    """One client's connection."""

    token: bytes
    route: bytes
    """The connection that it came by."""
    name: str
    """What it calls itself."""
    user: str
    """Whose key it holds; empty without keys."""
    role: str
    last_seq: int = 0
    seen: int = 0
    """Bit i: sequence number ``last_seq - i`` was used."""
    command: int = 0
    """Number under which the newest command was first sent."""
    answer: Reply | None = None
    """What came of it."""

    @property
    def who(self) -> str:
        """For people."""
        return f"{self.name} ({self.user})" if self.user else self.name

    def admit(self, request: Request, now: float) -> None:
        """Use up ``request``'s sequence number. Raises Refused."""
        self._in_order(request.seq)
        late = now - request.deadline_s
        if late > 0.0:
            raise Refused(
                Refusal.STALE, f"request {request.seq} came {late * 1000:.0f} ms after its deadline"
            )
        if late < -FURTHEST_DEADLINE_S:
            raise Refused(Refusal.STALE, f"request {request.seq} has a deadline {-late:.0f} s ahead")

    def answered(self, request: Request) -> Reply | None:
        """The answer that was given already to the command which ``request`` repeats; None for a new one."""
        if request.again == 0 or request.again != self.command or self.answer is None:
            return None
        return replace(self.answer, seq=request.seq)

    def remember(self, request: Request, reply: Reply) -> None:
        """Keep the answer to a command, in case it does not arrive."""
        if not isinstance(request.body, Beat):
            self.command, self.answer = request.again or request.seq, reply

    def _in_order(self, seq: int) -> None:
        back = self.last_seq - seq
        if back < 0:
            self.seen = ((self.seen << min(-back, WINDOW)) | 1) & ((1 << WINDOW) - 1)
            self.last_seq = seq
            return
        if back >= WINDOW or self.seen >> back & 1:
            raise Refused(Refusal.REPLAYED, f"request {seq} was here before; the last was {self.last_seq}")
        self.seen |= 1 << back
        raise Refused(Refusal.OUT_OF_ORDER, f"request {seq} came after request {self.last_seq}")


class Sessions:
    """All sessions, by connection; the one silent for longest gives way to a new one."""

    def __init__(self) -> None:
        self._by_route: OrderedDict[bytes, Session] = OrderedDict()
        self._nonces: OrderedDict[bytes, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_route)

    def open(
        self, hello: Hello, route: bytes, *, user: str = "", role: str = "", keep: bytes | None = None
    ) -> Session:
        """A session for a new client; ``keep`` is the session that does not give way. Raises Refused."""
        if hello.nonce in self._nonces:
            raise Refused(Refusal.REPLAYED, "a hello with this nonce was here before")
        self._nonces[hello.nonce] = None
        if len(self._nonces) > MOST_NONCES:
            self._nonces.popitem(last=False)
        session = Session(secrets.token_bytes(16), route, hello.name, user, role)
        self._by_route[route] = session
        self._by_route.move_to_end(route)
        self._make_room(keep)
        return session

    def find(self, request: Request, route: bytes) -> Session:
        """The session that ``request`` belongs to. Raises Refused."""
        session = self._by_route.get(route)
        if session is None or session.token != request.session:
            raise Refused(Refusal.SESSION, "the request is of no session that was opened on this connection")
        self._by_route.move_to_end(route)
        return session

    def at(self, route: bytes) -> Session | None:
        """The session of a connection."""
        return self._by_route.get(route)

    def by_token(self, token: bytes | None) -> Session | None:
        """The session with a token."""
        return next((s for s in self._by_route.values() if s.token == token), None)

    def _make_room(self, keep: bytes | None) -> None:
        while len(self._by_route) > MOST_SESSIONS:
            oldest = next(r for r, session in self._by_route.items() if session.token != keep)
            del self._by_route[oldest]
