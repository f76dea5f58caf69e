"""The client's link: over a network that loses, repeats and delays, a command is still done once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
import zmq

from hardware.client import DEADLINE_S, Link, LinkLost
from hardware.encoding import decode_reply, decode_request, encode
from hardware.messages import Beat, Move, Pose, Recover, Refusal, Refused, Take

if TYPE_CHECKING:
    from conftest import Bridge, Start

Fate = Callable[[bytes], list[bytes]]
"""What becomes of a message on its way."""
THERE = Pose((0.4, 0.05, 0.35), (1.0, 0.0, 0.0, 0.0))


def passes(message: bytes) -> list[bytes]:
    return [message]


@contextmanager
def network(bridge: "Bridge", out: Fate = passes, back: Fate = passes) -> Iterator[Link]:
    """A link through something that does to requests and answers what it is told to."""
    context = zmq.Context()
    near, far, end = context.socket(zmq.DEALER), context.socket(zmq.DEALER), threading.Event()
    near.bind("tcp://127.0.0.1:*")
    far.connect(bridge.server.door.command_endpoint)

    def carry() -> None:
        poller = zmq.Poller()
        poller.register(near, zmq.POLLIN)
        poller.register(far, zmq.POLLIN)
        while not end.is_set():
            for socket, _ in poller.poll(20):
                other, fate = (far, out) if socket is near else (near, back)
                for message in fate(socket.recv()):
                    with suppress(zmq.Again):
                        other.send(message, zmq.NOBLOCK)

    thread = threading.Thread(target=carry)
    thread.start()
    endpoint = near.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()
    link = Link(replace(bridge.settings(), command_endpoint=endpoint))
    try:
        yield link
    finally:
        link.close()
        end.set()
        thread.join()
        context.destroy(linger=0)


def moves(bridge: "Bridge") -> int:
    return bridge.arm.calls.count("move")


def is_move(message: bytes) -> bool:
    return isinstance(decode_request(message).body, Move)


def test_a_request_that_is_lost_is_sent_again(start: "Start") -> None:
    bridge, lost = start(), []

    def out(message: bytes) -> list[bytes]:
        if is_move(message) and len(lost) < 2:
            lost.append(message)
            return []
        return [message]

    with network(bridge, out) as link:
        link.take()
        link.ask(Move(THERE, 0.1))
        assert len(lost) == 2
        assert moves(bridge) == 1


def test_a_command_whose_answer_is_lost_is_done_once(start: "Start") -> None:
    bridge, asked, lost = start(), set[int](), []

    def out(message: bytes) -> list[bytes]:
        if is_move(message):
            asked.add(decode_request(message).seq)
        return [message]

    def back(message: bytes) -> list[bytes]:
        if decode_reply(message).seq in asked and len(lost) < 2:
            lost.append(message)
            return []
        return [message]

    with network(bridge, out, back) as link:
        link.take()
        reply = link.ask(Move(THERE, 0.1))
        assert len(asked) == 3
        assert reply.refusal is None
        assert moves(bridge) == 1


def test_a_command_that_comes_twice_is_done_once(start: "Start") -> None:
    bridge = start()
    with network(bridge, out=lambda message: [message, message]) as link:
        link.take()
        link.ask(Move(THERE, 0.1))
        assert moves(bridge) == 1
    assert {line["why"] for line in bridge.lines()} == {"replayed"}


def test_a_copy_that_comes_late_does_not_make_a_command_that_was_done_be_done_again(start: "Start") -> None:
    bridge, asked = start(), list[int]()

    def out(message: bytes) -> list[bytes]:
        if not is_move(message):
            return [message]
        request = decode_request(message)
        asked.append(request.seq)
        if len(asked) == 2:
            return [encode(msgspec.structs.replace(request, deadline_s=request.deadline_s - 2 * DEADLINE_S))]
        return [message]

    def back(message: bytes) -> list[bytes]:
        return [] if asked and decode_reply(message).seq == asked[0] else [message]

    with network(bridge, out, back) as link:
        link.take()
        assert link.ask(Move(THERE, 0.1)).refusal is None
        assert len(asked) == 3
        assert moves(bridge) == 1
    assert "stale" in {line["why"] for line in bridge.lines()}


def test_a_command_that_comes_late_is_not_done(start: "Start") -> None:
    bridge, kept, over = start(), list[bytes](), threading.Event()

    def out(message: bytes) -> list[bytes]:
        if is_move(message):
            kept.append(message)
            return []
        if over.is_set():
            over.clear()
            return [*kept, message]
        return [message]

    with network(bridge, out) as link:
        link.take()
        with pytest.raises(LinkLost, match=r"did not answer within 2\.00 s"):
            link.ask(Move(THERE, 0.1))
        time.sleep(DEADLINE_S)
        over.set()
        link.ask(Beat())
        assert moves(bridge) == 0
        assert {line["why"] for line in bridge.lines(least=len(kept))} <= {"out of order", "stale"}


def test_silence_is_told_with_the_place(start: "Start") -> None:
    bridge = start()
    link = bridge.link(answer_s=0.2)
    bridge.server.close()
    with pytest.raises(LinkLost, match="dovetail bridge check") as caught:
        link.ask(Beat())
    assert caught.value.endpoint == bridge.server.door.command_endpoint
    assert not link.in_control


def test_the_server_s_clock_is_known_and_never_ahead(start: "Start") -> None:
    link = start().link()
    for _ in range(20):
        link.ask(Beat())
        before = link.server_now()
        assert -0.05 < before - time.monotonic() <= 0.0
    assert link.round_trip_s < 0.05


def test_the_newest_state_is_heard_however_late_one_listens(start: "Start") -> None:
    bridge = start()
    link = bridge.link()
    assert link.newest(1.0) is not None
    heard = bridge.server.publisher.n
    while bridge.server.publisher.n < heard + 60:
        time.sleep(0.01)
    state = link.newest(1.0)
    assert state is not None
    assert state.n >= heard + 50


def test_who_loses_control_learns_of_it(start: "Start") -> None:
    bridge = start()
    link = bridge.link()
    link.take()
    bridge.server.reception.lease.give(bridge.server.reception.lease.holder or b"")
    with pytest.raises(Refused) as caught:
        link.ask(Recover())
    assert caught.value.refusal is Refusal.LEASE
    assert not link.in_control
    link.ask(Take())


def test_a_new_session_begins_where_the_old_one_ended(start: "Start") -> None:
    bridge = start()
    link = bridge.link()
    link.take()
    link.reconnect()
    assert not link.in_control
    other = bridge.link("other")
    until = time.monotonic() + 3.0
    while not other.in_control and time.monotonic() < until:
        try:
            other.take()
        except Refused:
            time.sleep(0.02)
    assert other.in_control
