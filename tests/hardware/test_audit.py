"""A bad network, and whether a bridge that heard through it did only what it should."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.audit import audit, read_logbook
from hardware.bridge_cell import BridgeCell
from hardware.client import Link, LinkSettings
from hardware.interference import Interference, Mischief, Sent, corrupted
from hardware.messages import Body, Grasp, Move, Pose, Release, Request, Servo, Take
from hardware.places import Places
from hardware.safety import SIMULATED
from sequences.load import load

if TYPE_CHECKING:
    from conftest import Start

HERE = Pose((0.4, 0.0, 0.3), (1.0, 0.0, 0.0, 0.0))
SESSION = b"s" * 16
Line = dict[str, Any]


def sent(seq: int, body: Body, at_s: float, again: int = 0) -> Sent:
    return Sent(at_s, Request(SESSION, seq, at_s + 0.25, body, again))


def line(seq: int, body: Body, at_s: float) -> Line:
    kind = type(body).__name__.lower()
    return {
        "kind": kind,
        "monotonic_s": at_s,
        "seq": seq,
        "body": msgspec.json.decode(msgspec.json.encode(body)),
    }


TAKEN = (sent(1, Take(), 1.0), line(1, Take(), 1.01))


def complaints(messages: list[Sent], lines: list[Line]) -> list[str]:
    found = audit([TAKEN[1], *lines], [TAKEN[0], *messages])
    assert found.commands == 1 + sum("seq" in entry for entry in lines)
    return [wrong.why for wrong in found.wrong]


def test_what_was_sent_and_done_once_in_time_is_right() -> None:
    messages = [sent(2, Servo(HERE), 2.0), sent(3, Grasp(0.02, 40.0), 2.1)]
    assert not complaints(messages, [line(2, Servo(HERE), 2.001), line(3, Grasp(0.02, 40.0), 2.2)])


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([line(2, Release(0.05), 2.01)], "nobody sent it"),
        ([line(3, Release(0.04), 2.01)], "nobody sent it"),
        ([line(2, Release(0.04), 1.9)], "it was stale"),
        ([line(2, Release(0.04), 2.3)], "it was stale"),
        ([line(2, Release(0.04), 2.01), line(2, Release(0.04), 2.02)], "it was done before"),
        ([{"kind": "lease lost", "monotonic_s": 2.0}, line(2, Release(0.04), 2.01)], "nobody was in control"),
        ([{"kind": "serving", "monotonic_s": 2.0}, line(2, Release(0.04), 2.01)], "nobody was in control"),
        ([{"kind": "fault", "monotonic_s": 2.0}, line(2, Release(0.04), 2.01)], "something was wrong with"),
    ],
)  # fmt: skip
def test_each_wrong_command_is_found(lines: list[Line], why: str) -> None:
    assert complaints([sent(2, Release(0.04), 2.0)], lines)[0].startswith(why)


def test_a_repeated_request_may_be_done_once() -> None:
    messages = [sent(2, Release(0.04), 2.0), sent(3, Release(0.04), 2.1, again=2)]
    assert not complaints(messages, [line(3, Release(0.04), 2.11)])
    twice = [line(2, Release(0.04), 2.05), line(3, Release(0.04), 2.11)]
    assert complaints(messages, twice) == ["it was done before"]


@given(st.binary(min_size=8, max_size=200), st.integers(0, 1000))
def test_what_is_corrupted_is_not_what_it_was(data: bytes, seed: int) -> None:
    assert len(corrupted(data, np.random.default_rng(seed))) <= len(data)


@pytest.mark.parametrize("mischief", Mischief)
def test_whatever_befalls_messages_only_what_was_meant_is_done(start: "Start", mischief: Mischief) -> None:
    bridge = start(limits=replace(SIMULATED, lease_s=0.3), pace=5.0)
    door = bridge.server.door
    network = Interference(door.command_endpoint, door.state_endpoint, np.random.default_rng(1))
    link = Link(LinkSettings(network.commands, network.states, answer_s=0.5))
    product = load("bearing_block")
    cell = BridgeCell(link, Places(product))
    target = cell.observe().tcp_in_base
    network.begin(mischief, 0.6)
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        cell.servo(target)
        cell.advance()
    if cell.observe().faults:
        cell.recover()
    assert not cell.observe().faults
    cell.close()
    bridge.server.close()
    bridge.server.logbook.flush()
    found = audit(read_logbook(bridge.log), network.sent)
    network.close()
    assert found.commands > 3
    assert not found.wrong
    assert mischief is not Mischief.CORRUPTED or found.refused > 0


def test_a_quiet_network_changes_nothing(start: "Start") -> None:
    bridge = start()
    door = bridge.server.door
    network = Interference(door.command_endpoint, door.state_endpoint, np.random.default_rng(1))
    link = Link(LinkSettings(network.commands, network.states, answer_s=2.0))
    link.take()
    assert link.ask(Move(HERE, 0.1)).refusal is None
    assert link.newest(2.0) is not None
    assert [type(one.request.body).__name__ for one in network.sent if one.request.seq > 6][:2] == [
        "Take",
        "Move",
    ]
    link.close()
    network.close()
