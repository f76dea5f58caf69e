"""What a bridge does with the messages that its counter admits: under the lease, through the supervisor."""

import hmac
import time

from hardware.counter import Counter
from hardware.doorkeeper import Doorkeeper
from hardware.examination import Examination
from hardware.keys import Role
from hardware.logbook import Complaints, Logbook
from hardware.messages import Beat, Diagnose, Give, Recover, Refusal, Refused, Request, Reset, Say, Stop, Take
from hardware.sessions import Session
from hardware.supervisor import Supervisor

FRESH_S = 2.0
"""How long an examination of the arm is good for [s]."""


class Reception(Counter):
    """The counter of one bridge."""

    def __init__(
        self, supervisor: Supervisor, door: Doorkeeper, logbook: Logbook, complaints: Complaints, token: bytes
    ) -> None:
        super().__init__(door, logbook, complaints, supervisor.limits.lease_s)
        self.supervisor = supervisor
        self.executed = 0
        """Commands that were acted on."""
        self._token = token
        self._examination: Examination | None = None

    def parted(self, why: str) -> None:
        """See :class:`Counter`: the arm holds."""
        self.supervisor.hold(why)

    def failed(self, request: Request, error: Exception) -> None:
        """See :class:`Counter`."""
        self.supervisor.failed(type(request.body).__name__.lower(), error)

    def execute(self, request: Request, session: Session) -> tuple[str, dict[str, str] | None]:
        """See :class:`Counter`."""
        body, supervisor = request.body, self.supervisor
        detail, info = "", None
        match body:
            case Beat(controlling):
                if controlling:
                    self.needs_control(session)
            case Take():
                self.take(session, Role.CONTROLLER)
            case Give():
                self.give(session)
            case Stop(latch):
                supervisor.stop(f"{session.who} asked for a stop", latch=latch)
            case Reset(token):
                self._reset(session, token)
            case Say():
                raise Refused(Refusal.MALFORMED, "this is a bridge; it acts on commands, not on words")
            case Diagnose():
                info = self._diagnosis()
            case _:
                self.needs_control(session)
                if isinstance(body, Recover):
                    supervisor.recover(session.who)
                else:
                    detail = supervisor.execute(body, session.who)
        if not isinstance(body, Beat):
            self.executed += 1
            said = None if isinstance(body, Reset) else body
            self.logbook.write(type(body).__name__.lower(), who=session.who, seq=request.seq, body=said)
        return detail, info

    def _reset(self, session: Session, token: bytes) -> None:
        wanted = self._token
        shown = bool(wanted) and hmac.compare_digest(wanted, token)
        if session.role != Role.OPERATOR and not shown:
            raise Refused(Refusal.OPERATOR, f"{session.who} is no operator")
        self.supervisor.reset(session.who)

    def _diagnosis(self) -> dict[str, str]:
        """What the arm and the server know of themselves; the arm takes its time, in a thread."""
        if self._examination is None or time.monotonic() - self._examination.ended_s > FRESH_S:
            self._examination = Examination(self.supervisor.arm)
        found = self._examination.found()
        found["server executed"] = str(self.executed)
        found["server refused"] = str(dict(self.complaints.totals))[:200]
        found["server sessions"] = str(len(self.sessions))
        return found
