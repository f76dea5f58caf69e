"""Where an operator meets a program: its state is told to all who watch, the words of one are acted on.

The same messages, keys, sessions and lease as a bridge's, on sockets of their own; only what is said is
another matter. A station has no thread: the program that owns it lets it speak and listen between its steps.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import zmq

from hardware.counter import AT_ONCE, Counter
from hardware.doorkeeper import Addresses, Doorkeeper, ServerKeys
from hardware.keys import Role, authorized, load_public, load_secret, new_key, publish, save
from hardware.logbook import Complaints, Logbook
from hardware.messages import Beat, Give, Refusal, Refused, Request, Say, Stop, Take
from hardware.sessions import Session
from sequences.files import write_whole

LINGER_MS = 300
LEASE_S = 3.0
"""An operator that is silent for longer is one no more [s]."""
ANYWHERE = Addresses("127.0.0.1", 0, 0)
"""Any free ports of this machine."""
Hear = Callable[[str, bytes], str]
"""Told who said what; returns what came of it. Raises Refused."""


class Station(Counter):
    """The program's side."""

    def __init__(
        self,
        hear: Hear,
        keys: ServerKeys,
        addresses: Addresses = ANYWHERE,
        logbook: Logbook | None = None,
        *,
        stop: Callable[[str], None] = lambda who: None,
    ) -> None:
        logbook = logbook or Logbook()
        complaints = Complaints(logbook)

        def complain(who: str, why: str, detail: str) -> None:
            complaints.refused(who, why, detail, time.monotonic())

        super().__init__(Doorkeeper(addresses, keys, complain), logbook, complaints, LEASE_S)
        self._hear, self._stop = hear, stop
        self._poller = zmq.Poller()
        for socket in (self.door.commands, self.door.zap, self.door.monitor):
            self._poller.register(socket, zmq.POLLIN)

    @property
    def whereabouts(self) -> "Whereabouts":
        """Where it is to be found."""
        return Whereabouts(self.door.command_endpoint, self.door.state_endpoint, os.getpid())

    def listen(self, wait_s: float = 0.0) -> None:
        """Answer everything that waits, or that comes within ``wait_s``."""
        for socket, _ in self._poller.poll(round(1000 * wait_s)):
            if socket is self.door.commands:
                self.answer_waiting()
            elif socket is self.door.zap:
                self.door.answer_handshake()
            else:
                self.door.read_monitor()
        self.part_with_silent(time.monotonic())

    def tell(self, state: bytes) -> None:
        """Tell all who watch; those that are slow miss it."""
        self.next_n += 1
        self.door.states.send(state, AT_ONCE)

    def close(self) -> None:
        """Let go of the sockets; what was told last is still sent."""
        self.door.states.close(linger=LINGER_MS)
        self.door.close()
        self.logbook.close()

    def execute(self, request: Request, session: Session) -> tuple[str, dict[str, str] | None]:
        """See :class:`hardware.counter.Counter`."""
        match request.body:
            case Beat(controlling):
                if controlling:
                    self.needs_control(session)
            case Take():
                self.take(session, Role.OPERATOR)
            case Give():
                self.give(session)
            case Stop():
                self._stop(session.who)
            case Say(words):
                self.needs_control(session)
                return self._hear(session.who, words), None
            case _:
                raise Refused(Refusal.MALFORMED, "here words are heard, not a robot's commands")
        return "", None

    def parted(self, why: str) -> None:
        """See :class:`hardware.counter.Counter`: a program goes on without its operator."""
        self.logbook.write("operator left", why=why)

    def failed(self, request: Request, error: Exception) -> None:
        """See :class:`hardware.counter.Counter`: what was said must not end the program that heard it."""
        self.logbook.write("failed", durable=True, words=repr(request.body)[:200], error=repr(error))


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a station is to be found."""

    commands: str
    states: str
    pid: int

    def write(self, path: Path) -> None:
        """Leave it in a file."""
        write_whole(path, json.dumps(asdict(self)).encode() + b"\n")

    @classmethod
    def read(cls, path: Path) -> "Whereabouts | None":
        """Read back what ``write`` wrote; None when nobody is there."""
        try:
            found = cls(**json.loads(path.read_text(encoding="utf-8")))
            os.kill(found.pid, 0)
        except PermissionError:
            return found
        except (OSError, ValueError, TypeError):
            return None
        return found


def local_keys(folder: Path) -> ServerKeys:
    """The keys of the stations of this machine's user, made at first use.

    ``folder`` is its owner's alone: whoever can read it may be the operator. Public keys that are put into
    its ``authorized`` come in too, each with its role. Raises KeyTrouble.
    """
    if not folder.exists():
        _make_keys(folder)
    keys = ServerKeys(load_secret(folder / "server.key"), folder / "authorized")
    authorized(keys.authorized)
    load_public(folder / "server.pub")
    return keys


def _make_keys(folder: Path) -> None:
    """Fill a folder beside it and put that in its place; another process may have been quicker."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    operator = new_key("operator", Role.OPERATOR)
    save(new_key("server"), beside)
    save(operator, beside)
    publish(operator, beside / "authorized")
    try:
        beside.rename(folder)
    except OSError:
        shutil.rmtree(beside)
        if not folder.exists():
            raise
