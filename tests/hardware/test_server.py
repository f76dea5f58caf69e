"""The server, over real sockets: who is refused and why, and that nothing that is sent stops it."""

import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import zmq

from hardware.client import Link, LinkLost
from hardware.doorkeeper import NOBODY, Addresses, Doorkeeper, Insecure
from hardware.encoding import LARGEST_REQUEST, decode_reply, encode
from hardware.messages import (
    Beat,
    Hello,
    Hold,
    Move,
    Pose,
    Recover,
    Refusal,
    Refused,
    Reply,
    Request,
    Reset,
    Servo,
    Stop,
    Take,
)
from hardware.safety import SIMULATED
from hardware.server import LISTEN_S

if TYPE_CHECKING:
    from conftest import Bridge, Start

FUZZED = 10_000
GREETING_BYTES = 64


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def eventually(holds: Callable[[], object], within_s: float = 3.0) -> bool:
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def here(link: Link, *offset: float) -> Pose:
    state = link.newest(1.0)
    assert state is not None
    x, y, z = (a + b for a, b in zip(state.tcp.position_m, offset or (0, 0, 0), strict=True))
    return Pose((x, y, z), state.tcp.quaternion)


class Wire:
    """A bare connection, to send what no client would."""

    def __init__(self, bridge: "Bridge") -> None:
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(bridge.server.door.command_endpoint)
        self.sent: list[bytes] = []
        bridge.stack.callback(self.close)

    def close(self) -> None:
        self.context.destroy(linger=0)

    def ask(self, *frames: bytes) -> Reply:
        self.sent.append(frames[0])
        self.socket.send_multipart(frames)
        assert self.socket.poll(3000), "no answer"
        return decode_reply(self.socket.recv())

    def open(self) -> bytes:
        return self.ask(encode(Request(b"", 0, 0.0, Hello("wire", secrets.token_bytes(16))))).session


def test_a_command_goes_all_the_way(start: "Start") -> None:
    bridge = start()
    link = bridge.link()
    link.take()
    goal = here(link, 0.0, 0.01, 0.0)
    link.ask(Servo(goal))
    assert eventually(lambda: abs(here(link).position_m[1] - goal.position_m[1]) < 1e-3)
    assert bridge.lines("servo")[0]["who"] == "tester"
    assert bridge.server.reception.executed >= 2


def test_a_second_controller_is_refused_and_may_watch(start: "Start") -> None:
    bridge = start()
    first, second = bridge.link("alice"), bridge.link("bob")
    first.take()
    assert refused(second.take).refusal is Refusal.BUSY
    assert refused(lambda: second.ask(Move(here(second), 0.1))).refusal is Refusal.LEASE
    assert refused(lambda: second.ask(Recover())).refusal is Refusal.LEASE
    assert second.newest(1.0) is not None
    busy, lease, _ = bridge.lines(least=3)
    assert busy["who"].startswith("bob at 127.0.0.1")
    assert (busy["why"], busy["detail"]) == (
        "another client is in control",
        "take: alice is in control",
    )
    assert lease["detail"] == "move: bob is not in control, alice is"
    first.give()
    second.take()


def test_anybody_may_stop(start: "Start") -> None:
    bridge = start()
    first, second = bridge.link("alice"), bridge.link("bob")
    first.take()
    second.ask(Stop())
    assert refused(lambda: first.ask(Move(here(first), 0.1))).refusal is Refusal.FAULTED
    assert bridge.lines("fault")[0]["what"] == "bob asked for a stop"
    assert bridge.arm.calls[-1] == "stop"


def test_only_the_operator_s_token_clears_a_latched_stop(start: "Start") -> None:
    bridge = start(token=b"sesame")
    link = bridge.link()
    link.take()
    link.ask(Stop(latch=True))
    assert refused(lambda: link.ask(Recover())).refusal is Refusal.LATCHED
    for wrong in (b"", b"open"):
        assert refused(lambda token=wrong: link.ask(Reset(token))).refusal is Refusal.OPERATOR
    link.ask(Reset(b"sesame"))
    assert eventually(lambda: (state := link.newest(0.1)) and not state.faults)
    link.ask(Move(here(link), 0.1))
    assert "sesame" not in bridge.log.read_text()


def test_without_a_token_nobody_is_an_operator(start: "Start") -> None:
    link = start().link()
    assert refused(lambda: link.ask(Reset(b""))).refusal is Refusal.OPERATOR


CLIENT = """
import sys, time
from hardware.client import Link, LinkSettings
from hardware.messages import Move, Pose
link = Link(LinkSettings(sys.argv[1], sys.argv[2], "victim", answer_s=5.0))
link.take()
link.ask(Move(Pose((0.4, 0.1, 0.35), (1.0, 0.0, 0.0, 0.0)), 0.05))
print("moving", flush=True)
time.sleep(60)
"""


@contextmanager
def asleep(bridge: "Bridge") -> Iterator[None]:
    """A client whose machine fell asleep in the middle of a motion."""
    link = bridge.link("victim")
    link.take()
    link.ask(Move(here(link, 0.0, 0.1, 0.0), 0.05))
    with link._lock:
        yield


@contextmanager
def killed(bridge: "Bridge") -> Iterator[None]:
    """A client that was killed in the middle of a motion."""
    door = bridge.server.door
    where = [door.command_endpoint, door.state_endpoint]
    with subprocess.Popen([sys.executable, "-c", CLIENT, *where], stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"moving\n"
        client.kill()
        yield


@pytest.mark.parametrize("end", [asleep, killed])
def test_when_the_client_falls_silent_the_arm_holds_within_150_ms(
    start: "Start", end: Callable[["Bridge"], AbstractContextManager[None]]
) -> None:
    """But for the time in which the machine did not let the server run, which the server measures itself."""
    bridge, held = start(limits=SIMULATED), list[float]()
    hold = bridge.arm.hold

    def noted() -> None:
        hold()
        held.append(time.monotonic())

    bridge.arm.hold = noted  # type: ignore[method-assign]
    with end(bridge):
        silent = time.monotonic()
        before = len(bridge.lines("overslept", least=0))
        held.clear()
        lost = bridge.lines("lease lost")
    assert [line["who"] for line in lost] == ["victim"]
    overslept = bridge.lines("overslept", least=0)[before:]
    assert held[0] - silent < 0.15 + sum(float(line["by_s"]) + LISTEN_S for line in overslept)


def test_each_refusal_of_a_session_is_told(start: "Start") -> None:
    bridge = start()
    wire = Wire(bridge)
    token, now = wire.open(), time.monotonic
    assert wire.ask(encode(Request(token, 1, now() + 1, Take()))).refusal is None
    assert wire.ask(encode(Request(token, 5, now() + 1, Beat()))).refusal is None
    cases = {
        Refusal.REPLAYED: encode(Request(token, 5, now() + 1, Beat())),
        Refusal.OUT_OF_ORDER: encode(Request(token, 3, now() + 1, Hold())),
        Refusal.STALE: encode(Request(token, 6, now() - 0.1, Hold())),
        Refusal.SESSION: encode(Request(b"guess", 7, now() + 1, Hold())),
        Refusal.MALFORMED: b"hold!",
        Refusal.VERSION: b"dv\x09" + encode(Request(token, 8, now() + 1, Hold()))[3:],
        Refusal.OVERSIZED: encode(Request(token, 9, now() + 1, Hold())) + bytes(LARGEST_REQUEST),
    }
    for expected, message in cases.items():
        assert wire.ask(message).refusal is expected
    assert wire.ask(b"dv", b"two frames").refusal is Refusal.MALFORMED
    said = {line["why"]: line for line in bridge.lines(least=len(cases) + 1)}
    assert set(map(str, cases)) == set(said)
    assert all(line["who"].startswith("wire at 127.0.0.1") for line in said.values())
    totals = bridge.server.complaints.totals
    assert totals[Refusal.REPLAYED] == 1
    assert totals[Refusal.MALFORMED] == 2
    assert "hold" not in bridge.arm.calls


def test_a_command_sent_twice_is_done_once(start: "Start") -> None:
    bridge = start()
    wire = Wire(bridge)
    token, now = wire.open(), time.monotonic
    wire.ask(encode(Request(token, 1, now() + 1, Take())))
    first = wire.ask(encode(Request(token, 2, now() + 1, Hold())))
    again = wire.ask(encode(Request(token, 3, now() + 1, Hold(), again=2)))
    assert (again.refusal, again.state_n) == (None, first.state_n)
    assert bridge.arm.calls.count("hold") == 1


def test_a_message_that_is_absurdly_long_costs_the_connection(start: "Start") -> None:
    bridge = start()
    wire = Wire(bridge)
    wire.open()
    wire.socket.send(bytes(1_000_000))
    link = bridge.link("other")
    link.ask(Beat())
    assert eventually(lambda: wire.ask(b"still there?").refusal is Refusal.MALFORMED)


def test_a_replayed_recording_is_refused(start: "Start") -> None:
    """Everything that a client said, said again: on its own connection and on another."""
    bridge = start()
    wire = Wire(bridge)
    token, now = wire.open(), time.monotonic
    wire.ask(encode(Request(token, 1, now() + 1, Take())))
    wire.ask(encode(Request(token, 2, now() + 1, Move(Pose((0.4, 0.1, 0.3), (1, 0, 0, 0)), 0.1))))
    recording, moves = list(wire.sent), bridge.arm.calls.count("move")
    assert moves == 1
    other = Wire(bridge)
    for message in recording:
        assert wire.ask(message).refusal is Refusal.REPLAYED
        assert other.ask(message).refusal in (Refusal.REPLAYED, Refusal.SESSION)
    assert bridge.arm.calls.count("move") == moves
    assert {"replayed", "unknown session"} == {line["why"] for line in bridge.lines(least=2 * len(recording))}


# -- keys ------------------------------------------------------------------------------------------------


def test_a_known_key_comes_in_under_its_name(start: "Start") -> None:
    bridge = start(keys=True)
    link = bridge.link("laptop", "controller")
    link.take()
    link.ask(Move(here(link), 0.1))
    assert (
        bridge.lines("hello")[0] | {"who": "laptop (the-controller)", "role": "controller"}
        == (bridge.lines("hello")[0])
    )


def test_a_watcher_may_look_and_stop_but_not_control(start: "Start") -> None:
    link = start(keys=True).link("screen", "watcher")
    assert link.newest(2.0) is not None
    assert refused(link.take).refusal is Refusal.ROLE
    link.ask(Stop())


def test_an_operator_clears_a_latched_stop_and_a_controller_does_not(start: "Start") -> None:
    bridge = start(keys=True)
    pilot, operator = bridge.link("laptop", "controller"), bridge.link("desk", "operator")
    pilot.take()
    pilot.ask(Stop(latch=True))
    assert refused(lambda: pilot.ask(Reset())).refusal is Refusal.OPERATOR
    operator.ask(Reset())
    assert eventually(lambda: (state := pilot.newest(0.1)) and not state.faults)


def test_an_unknown_key_is_refused(start: "Start") -> None:
    bridge = start(keys=True)
    with pytest.raises(LinkLost, match="does it know this key"):
        bridge.link("intruder", "stranger", answer_s=0.3)
    line = bridge.lines()[0]
    assert line["who"] == f"key {bridge.keys['stranger'].public[:8]}… at 127.0.0.1"
    assert line["why"] == "key"
    assert "is not among the authorized keys in" in line["detail"]


def test_a_client_without_a_key_is_refused(start: "Start") -> None:
    bridge = start(keys=True)
    with pytest.raises(LinkLost):
        bridge.link("keyless", answer_s=0.3)

    def named() -> bool:
        """Another one knocks: who it was is known unless it was gone before the door looked."""
        with zmq.Context() as context, context.socket(zmq.DEALER) as keyless:
            keyless.linger = 0
            keyless.connect(bridge.server.door.command_endpoint)
            return eventually(lambda: any("127.0.0.1:" in line["who"] for line in bridge.lines()), 0.5)

    assert any(named() for _ in range(20))
    assert all(line["who"].startswith("127.0.0.1:") or line["who"] == NOBODY for line in bridge.lines())
    assert {line["why"] for line in bridge.lines()} == {"handshake"}
    assert all("without a key" in line["detail"] for line in bridge.lines())


def test_a_key_that_is_taken_away_does_not_come_in_again(start: "Start") -> None:
    bridge = start(keys=True)
    bridge.link("laptop", "controller").close()
    bridge.server.door.keys.authorized.joinpath("the-controller.pub").unlink()  # type: ignore[union-attr]
    with pytest.raises(LinkLost):
        bridge.link("laptop", "controller", answer_s=0.3)


def test_a_recording_of_an_encrypted_connection_is_refused(start: "Start") -> None:
    """The very bytes of an authorized client's connection, sent again from another one."""
    bridge = start(keys=True)
    port = int(bridge.server.door.command_endpoint.rsplit(":", 1)[1])
    recorded = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5.0)
        tap = threading.Thread(target=_record, args=(listener, port, recorded), daemon=True)
        tap.start()
        settings = bridge.settings("laptop", "controller")
        tapped = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        link = Link(type(settings)(tapped, *[getattr(settings, n) for n in settings.__slots__[1:]]))
        link.take()
        link.ask(Stop())
        link.close()
        tap.join(5.0)
    executed = bridge.server.reception.executed
    assert len(recorded) > 500
    with socket.create_connection(("127.0.0.1", port)) as replay:
        who = "{}:{}".format(*replay.getsockname())
        replay.sendall(recorded[:GREETING_BYTES])
        assert len(replay.recv(GREETING_BYTES)) > 0
        time.sleep(0.05)
        replay.sendall(recorded[GREETING_BYTES:])
        assert eventually(lambda: any(line["who"] == who for line in bridge.lines()))
    line = next(line for line in bridge.lines() if line["who"] == who)
    assert (line["why"], "a recording, or no client" in line["detail"]) == ("handshake", True)
    assert bridge.server.reception.executed == executed


def _record(listener: socket.socket, port: int, recorded: bytearray) -> None:
    """Pass one connection on, until either end hangs up, and keep what the client says."""
    client, _ = listener.accept()
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        back.start()
        _pass_on(client, server, recorded)
        back.join(5.0)


def _pass_on(source: socket.socket, sink: socket.socket, kept: bytearray | None = None) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            if kept is not None:
                kept += data
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def test_nothing_but_this_machine_is_served_without_keys() -> None:
    with pytest.raises(Insecure, match=r"without keys the bridge serves only this machine, not '0\.0\.0\.0'"):
        Doorkeeper(Addresses("0.0.0.0", 0, 0), None, lambda who, why, detail: None)


# -- nonsense --------------------------------------------------------------------------------------------


def test_ten_thousand_mutated_messages_change_nothing(start: "Start") -> None:
    bridge = start()
    pilot, wire, rng = bridge.link("pilot"), Wire(bridge), random.Random(7)
    pilot.take()
    token = wire.open()
    seeds = [
        encode(Request(token, 1, time.monotonic() + 60, Move(Pose((0.4, 0, 0.3), (1, 0, 0, 0)), 0.1))),
        encode(Request(token, 2, time.monotonic() + 60, Servo(Pose((0.4, 0, 0.3), (1, 0, 0, 0))))),
        encode(Request(token, 3, time.monotonic() + 60, Take())),
        encode(Request(token, 4, time.monotonic() + 60, Reset(b"x" * 16))),
        encode(Request(b"", 0, 0.0, Hello("fuzz", b"n" * 16))),
    ]
    calls = len(bridge.arm.calls)
    memory = []
    tracemalloc.start()
    for part in range(4):
        for _ in range(FUZZED // 4):
            wire.socket.send(mutated(rng.choice(seeds), rng))
            while wire.socket.poll(0):
                wire.socket.recv()
        pilot.ask(Beat(controlling=True))
        if part:
            memory.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert eventually(lambda: sum(bridge.server.complaints.totals.values()) > FUZZED * 0.9)
    assert memory[-1] - memory[0] < 300_000
    assert len(bridge.arm.calls) == calls
    assert bridge.log.stat().st_size < 2_000_000
    pilot.ask(Move(here(pilot), 0.1))
    assert bridge.arm.calls[-1] == "move"


def mutated(message: bytes, rng: random.Random) -> bytes:
    """A message with some bytes changed, left out, put in, repeated or cut off."""
    data = bytearray(message)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(data):
                data[at] = rng.choice((0, 0x7F, 0x80, 0xC0, 0xC1, 0xCA, 0xDD, 0xDF, 0xFF))
            case 2:
                del data[at : at + rng.randint(1, 8)]
            case 3:
                data[at:at] = rng.randbytes(rng.randint(1, 8))
            case 4:
                data += data[: rng.randint(0, 400)]
            case _:
                del data[at:]
    return bytes(data)
