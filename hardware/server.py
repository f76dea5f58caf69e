"""The bridge's server: one loop that answers clients, watches the arm and tells everybody its state.

The loop sleeps until a message arrives or the next cycle is due. Each message is decoded, admitted or refused
by its session, and executed under the lease; nothing that a client sends ends the loop. If the client in
control is silent for longer than the lease, the arm holds.
"""

import gc
import hmac
import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import zmq
from scipy.spatial.transform import RigidTransform

from hardware.arm import Arm, ArmState
from hardware.doorkeeper import Addresses, Doorkeeper, ServerKeys
from hardware.examination import Examination
from hardware.glide import pose_of
from hardware.keys import Role
from hardware.lease import Lease
from hardware.logbook import Complaints, Logbook
from hardware.messages import (
    MOST_PEAKS,
    Beat,
    Diagnose,
    Give,
    Hello,
    Pose,
    Recover,
    Refusal,
    Refused,
    Reply,
    Request,
    Reset,
    State,
    Stop,
    Take,
    ZeroWrench,
    decode_request,
    encode,
)
from hardware.safety import Limits
from hardware.sessions import Session, Sessions
from hardware.supervisor import Supervisor
from sequences.errors import clipped
from skills.cell import Vector

FRESH_S = 2.0
"""How long an examination of the arm is good for [s]."""
AT_ONCE, MORE = int(zmq.NOBLOCK), int(zmq.SNDMORE)
OVERSLEPT_S, LISTEN_S = 0.02, 0.02
"""A loop that is this late was kept from running by the machine; what clients said meanwhile may still be on
its way, so it listens for a moment before it judges their silence [s]."""
MOST_AT_ONCE = 64
"""Messages that are answered before the arm is looked at again."""
QUIET = (Beat,)
"""Requests that leave no line in the logbook when they are executed."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a bridge serves."""

    addresses: Addresses = field(default_factory=Addresses)
    limits: Limits = field(default_factory=Limits)
    keys: ServerKeys | None = None
    """Needed for anything beyond this machine."""
    rate_hz: float = 200.0
    """Cycles and published states a second."""
    control_period_s: float = 0.06
    """Time in which a servo target is reached [s]."""
    operator_token: bytes = b""
    """What an operator without a key must show to clear a latched stop; empty: nothing will do."""


class BridgeServer:
    """Serves one arm. ``run`` blocks; everything but ``close`` happens on the thread that runs it."""

    def __init__(self, arm: Arm, settings: ServerSettings, logbook: Logbook) -> None:
        self.settings, self.logbook = settings, logbook
        self.complaints = Complaints(logbook)
        self.door = Doorkeeper(settings.addresses, settings.keys, self._turned_away)
        self.supervisor = Supervisor(
            arm, settings.limits, logbook, control_period_s=settings.control_period_s
        )
        self.lease = Lease(settings.limits.lease_s)
        self.sessions = Sessions()
        self.executed = 0
        """Commands that were acted on."""
        self._n = 0
        self._cycled_s = self._awake_s = time.monotonic()
        self._tcp: tuple[RigidTransform, Pose] | None = None
        self._peaks: deque[float] = deque(maxlen=MOST_PEAKS)
        self._wrenches: deque[Vector] = deque(
            maxlen=max(1, round(settings.control_period_s * settings.rate_hz))
        )
        self._examination: Examination | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._poller = zmq.Poller()
        for socket in (self.door.commands, self.door.zap, self.door.monitor):
            self._poller.register(socket, zmq.POLLIN)

    # -- running -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run in a thread."""
        self._thread = threading.Thread(target=self.run, name="bridge", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let ``run`` come to its end; safe from any thread and from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Serve until ``stop``; the arm then holds."""
        door, period = self.door, 1.0 / self.settings.rate_hz
        self.logbook.write(
            "serving", durable=True, commands=door.command_endpoint, states=door.state_endpoint,
            keys=self.settings.keys is not None, rate_hz=self.settings.rate_hz,
        )  # fmt: skip
        gc.freeze()
        due = time.monotonic()
        try:
            while not self._stop.is_set():
                self._serve(due)
                now = time.monotonic()
                if now >= due:
                    self._cycle(now)
                    due = max(due + period, now)
                self.logbook.flush()
        finally:
            self.supervisor.hold("the server is stopping")
            self.logbook.write("stopped", durable=True, refused=dict(self.complaints.totals))
            door.close()

    def close(self) -> None:
        """Stop and wait for the thread that ``start`` made."""
        self.stop()
        if self._thread is not None:
            self._thread.join()
        else:
            self.door.close()

    def _serve(self, due: float) -> None:
        """Answer what comes in until ``due``."""
        door = self.door
        wait_ms = math.ceil(1000.0 * max(0.0, due - time.monotonic()))
        for socket, _ in self._poller.poll(wait_ms):
            if socket is door.commands:
                answered = 0
                while answered < MOST_AT_ONCE and self._receive():
                    answered += 1
            elif socket is door.zap:
                door.answer_handshake()
            else:
                door.read_monitor()

    def _cycle(self, now: float) -> None:
        """Take control from a silent client, look at the arm, publish."""
        late_s, self._cycled_s = now - self._cycled_s - 1.0 / self.settings.rate_hz, now
        if late_s > OVERSLEPT_S:
            self._awake_s = now
            self.logbook.write("overslept", by_s=round(late_s, 3))
        listened = now - self._awake_s > LISTEN_S
        if listened and (lost := self.lease.expire(now)) is not None:
            session = self.sessions.by_token(lost)
            who = session.who if session else "a client"
            self.supervisor.hold(f"{who} is not heard of any more")
            self.logbook.write("lease lost", durable=True, who=who)
        state = self.supervisor.tick()
        if state is not None:
            self._publish(state)

    # -- requests ------------------------------------------------------------------------------------

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
        reply = encode(self._answered(route, frames, time.monotonic()))
        try:
            commands.send(route, AT_ONCE | MORE)
            commands.send(reply, AT_ONCE)
        except zmq.ZMQError as error:
            self.complaints.refused(route.hex(), "unreachable", str(error), time.monotonic())
        return True

    def _answered(self, route: bytes, frames: list[zmq.Frame], now: float) -> Reply:
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
            session.remember(request, reply)
        return reply

    def _reply(
        self, seq: int, detail: str = "", *, session: bytes = b"", info: dict[str, str] | None = None
    ) -> Reply:
        return Reply(seq, None, detail[:600], time.monotonic(), self._n + 1, session, info)

    def _no(self, request: Request | None, refused: Refused, who: str) -> Reply:
        """The answer to a message that is not acted on; the logbook hears of it."""
        what = "" if request is None else f"{type(request.body).__name__.lower()}: "
        self.complaints.refused(who, refused.refusal, what + refused.detail, time.monotonic())
        seq = 0 if request is None else request.seq
        return Reply(seq, refused.refusal, refused.detail[:600], time.monotonic(), self._n + 1)

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
                if isinstance(body, ZeroWrench):
                    self._wrenches.clear()
        if not isinstance(body, QUIET):
            self.executed += 1
            said = None if isinstance(body, Reset) else body
            self.logbook.write(type(body).__name__.lower(), who=session.who, seq=request.seq, body=said)
        return detail, info

    def _take(self, session: Session) -> None:
        if not Role(session.role).may_control:
            raise Refused(Refusal.ROLE, f"{session.who} may watch, not control")
        if not self.lease.take(session.token, time.monotonic()):
            holder = self.sessions.by_token(self.lease.holder or b"")
            raise Refused(Refusal.BUSY, f"{holder.who if holder else 'another client'} is in control")

    def _give(self, session: Session) -> None:
        if self.lease.give(session.token):
            self.supervisor.hold(f"{session.who} let go")

    def _reset(self, session: Session, token: bytes) -> None:
        wanted = self.settings.operator_token
        shown = bool(wanted) and hmac.compare_digest(wanted, token)
        if session.role != Role.OPERATOR and not shown:
            raise Refused(Refusal.OPERATOR, f"{session.who} is no operator")
        self.supervisor.reset(session.who)

    def _needs_control(self, session: Session) -> None:
        if not self.lease.held_by(session.token):
            holder = self.sessions.by_token(self.lease.holder or b"")
            state = f"{holder.who} is" if holder else "nobody is; it must be taken first"
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

    def _turned_away(self, who: str, why: str, detail: str) -> None:
        self.complaints.refused(who, why, detail, time.monotonic())

    # -- state ---------------------------------------------------------------------------------------

    def _publish(self, arm: ArmState) -> None:
        """Tell everybody what there is to know."""
        self._n += 1
        self._peaks.append(arm.peak_force_n)
        self._wrenches.append(arm.wrench)
        wrench = np.asarray(sum(self._wrenches)) / len(self._wrenches)
        supervisor = self.supervisor
        holder = self.sessions.by_token(self.lease.holder) if self.lease.holder else None
        state = State(
            self._n, time.monotonic(), arm.time_s,
            tuple(arm.joint_positions.tolist()), tuple(arm.joint_velocities.tolist()),
            self._pose(arm.tcp_in_base), tuple(arm.tcp_velocity.tolist()), tuple(wrench.tolist()),
            tuple(arm.joint_torques_external.tolist()), tuple(self._peaks),
            arm.gripper_width_m, arm.grasped, arm.moving, arm.mode,
            tuple(map(str, supervisor.faults)),
            (supervisor.latched or "; ".join(supervisor.faults.values()))[:600],
            bool(supervisor.latched), holder.who[:64] if holder else "",
        )  # fmt: skip
        self.door.states.send(encode(state), AT_ONCE)

    def _pose(self, tcp_in_base: RigidTransform) -> Pose:
        """The TCP as it goes on the wire; not computed anew for an arm that stands still."""
        if self._tcp is None or self._tcp[0] is not tcp_in_base:
            self._tcp = (tcp_in_base, pose_of(tcp_in_base))
        return self._tcp[1]


def _user(frame: zmq.Frame) -> str:
    """Whose key the connection was made with; empty without keys."""
    return _property(frame, "User-Id")


def _property(frame: zmq.Frame, name: str) -> str:
    try:
        return str(frame.get(name))
    except zmq.ZMQError:
        return ""
