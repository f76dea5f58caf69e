"""How quick a bridge is: beside a bare ZeroMQ echo, in the same run, on one machine.

The server and the echo are processes of their own, as in earnest. Messages are of the same size, and the two
are asked in turn, a hundred round trips each, so that whatever else the machine does befalls both alike.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import zmq

from hardware.bridge_process import BridgeProcess
from hardware.cell_file import SCRIPTED, Bridge, Keys, simulated_cell
from hardware.client import Link, LinkSettings
from hardware.encoding import encode
from hardware.keys import load_secret, new_key, save
from hardware.messages import Pose, Request, Servo
from sequences.assembly import Assembly

POLICY_HZ = 15.0
BLOCK = 100
"""Round trips to the bridge before it is the echo's turn; the first block of each warms up."""
ECHO = """
import sys, zmq
socket = zmq.Context().socket(zmq.ROUTER)
socket.bind("tcp://127.0.0.1:*")
print(socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\\0").decode(), flush=True)
while True:
    socket.send_multipart(socket.recv_multipart())
"""


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took [µs]."""

    p50_us: float
    p90_us: float
    p99_us: float
    count: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        """The spread of some durations [s]."""
        ranked = sorted(seconds)

        def at(share: float) -> float:
            return round(1e6 * ranked[min(len(ranked) - 1, int(share * len(ranked)))], 1)

        return cls(round(1e6 * statistics.median(ranked), 1), at(0.9), at(0.99), len(ranked))


@dataclass(frozen=True, slots=True)
class BridgeFigures:
    """What was measured."""

    command: Spread
    """Round trip of a servo command, encrypted, decided upon and journaled."""
    echo: Spread
    """Round trip of as many bytes through a bare, unencrypted ZeroMQ echo."""
    ratio_p50: float
    request_bytes: int
    state_age: Spread
    """From reading the arm's state to having it decoded in the client."""
    states_hz: float
    cpu_share: float
    """Of one core: what the server takes while a policy sends it 15 targets a second and it publishes."""

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


def measure(assembly: Assembly, *, commands: int = 3000, listen_s: float = 5.0) -> BridgeFigures:
    """Start a bridge with keys and a scripted arm, and an echo, and measure both."""
    with TemporaryDirectory(prefix="dovetail-bridge-") as scratch, _echo() as echo:
        folder = Path(scratch)
        keys = _keys(folder)
        cell = simulated_cell(SCRIPTED).model_copy(
            update={"keys": keys, "bridge": Bridge(command_port=0, state_port=0, log=folder / "log.jsonl")}
        )
        with BridgeProcess(cell, assembly) as bridge:
            assert keys.client is not None
            assert keys.server is not None
            own, server = load_secret(keys.client), load_secret(keys.server).open_half
            at = bridge.ready
            link = Link(LinkSettings(at.commands, at.states, "benchmark", own, server, answer_s=2.0))
            link.take()
            state = link.newest(2.0)
            assert state is not None
            size = len(encode(Request(b"x" * 16, 9999, time.monotonic(), Servo(state.tcp))))
            mine, bare = _turn_about(link, state.tcp, echo, bytes(size), commands)
            ages, rate = _listen(link, listen_s)
            share = _cpu(bridge.process.pid, link, state.tcp, listen_s)
            link.close()
    ratio = round(mine.p50_us / bare.p50_us, 2)
    return BridgeFigures(mine, bare, ratio, size, ages, rate, share)


class _echo:  # noqa: N801
    """A bare echo in a process of its own; entered, what asks it."""

    def __enter__(self) -> Callable[[bytes], None]:
        self.process = subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        endpoint = self.process.stdout.readline().decode().strip()
        self.context = zmq.Context()
        socket = self.context.socket(zmq.DEALER)
        socket.connect(endpoint)

        def ask(message: bytes) -> None:
            socket.send(message)
            socket.recv()

        return ask

    def __exit__(self, *_: object) -> None:
        self.context.destroy(linger=0)
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def _keys(folder: Path) -> Keys:
    """Fresh keys of a server and one client."""
    server, client = new_key("server"), new_key("benchmark")
    secret, public = save(server, folder)
    authorized = folder / "authorized"
    authorized.mkdir(mode=0o700)
    own, _ = save(client, folder)
    (folder / "benchmark.pub").rename(authorized / "benchmark.pub")
    return Keys(server=secret, authorized=authorized, server_public=public, client=own)


def _turn_about(
    link: Link, here: Pose, echo: Callable[[bytes], None], message: bytes, commands: int
) -> tuple[Spread, Spread]:
    """Ask the bridge and the echo in turn, a block of requests each, one after the other without a pause."""
    mine, bare = [], []
    for _ in range(1 + commands // BLOCK):
        mine.append(_block(lambda: link.ask(Servo(here))))
        bare.append(_block(lambda: echo(message)))
    return Spread.of(list(chain(*mine[1:]))), Spread.of(list(chain(*bare[1:])))


def _block(ask: Callable[[], object]) -> list[float]:
    """Durations of a block of round trips [s]."""
    took = []
    for _ in range(BLOCK):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return took


def _listen(link: Link, seconds: float) -> tuple[Spread, float]:
    """Ages of the states that come in, and how many a second."""
    ages, last = [], -1
    first = began = time.monotonic()
    numbers: list[int] = []
    while time.monotonic() - began < seconds:
        state = link.newest(0.1)
        if state is None or state.n == last:
            continue
        ages.append(time.monotonic() - state.server_time_s)
        last = state.n
        numbers.append(last)
    return Spread.of(ages), round((numbers[-1] - numbers[0]) / (time.monotonic() - first), 1)


def _cpu(pid: int, link: Link, here: Pose, seconds: float) -> float:
    """Share of a core that the server takes while it is sent targets at a policy's rate."""
    ticks = os.sysconf("SC_CLK_TCK")

    def used_s() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    before, began, step = used_s(), time.monotonic(), 0
    x, y, z = here.position_m
    while (now := time.monotonic()) - began < seconds:
        step += 1
        if not link.in_control:
            link.take()
        link.ask(Servo(Pose((x, y + 0.002 * (step % 2), z), here.quaternion)))
        time.sleep(max(0.0, began + step / POLICY_HZ - now))
    return round((used_s() - before) / (time.monotonic() - began), 3)
