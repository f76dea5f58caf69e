"""The bridge's server: one loop that answers clients, watches the arm and tells everybody its state.

The loop sleeps until a message arrives or the next cycle is due. Nothing that a client sends ends it. If the
client in control is silent for longer than the lease, the arm holds.
"""

import gc
import math
import threading
import time
from dataclasses import dataclass, field

import zmq

from hardware.arm import Arm
from hardware.doorkeeper import Addresses, Doorkeeper, ServerKeys
from hardware.encoding import encode
from hardware.logbook import Complaints, Logbook
from hardware.publisher import Publisher
from hardware.reception import Reception
from hardware.safety import Limits
from hardware.supervisor import Supervisor

AT_ONCE = int(zmq.NOBLOCK)
OVERSLEPT_S, LISTEN_S = 0.02, 0.02
"""A loop that is this late was kept from running by the machine; what clients said meanwhile may still be on
its way, so it listens for a moment before it judges their silence [s]."""


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
        token = settings.operator_token
        self.reception = Reception(self.supervisor, self.door, logbook, self.complaints, token)
        self.publisher = Publisher(self.supervisor, settings.rate_hz)
        self._cycled_s = self._awake_s = time.monotonic()
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
                self.reception.answer_waiting()
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
        if now - self._awake_s > LISTEN_S:
            self.reception.part_with_silent(now)
        if (arm := self.supervisor.tick()) is not None:
            state = self.publisher.state(arm, self.reception.controller)
            self.reception.next_n = state.n + 1
            self.door.states.send(encode(state), AT_ONCE)

    def _turned_away(self, who: str, why: str, detail: str) -> None:
        self.complaints.refused(who, why, detail, time.monotonic())
