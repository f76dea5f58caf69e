"""Sessions: every request once, in order, in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.messages import Beat, Hello, Move, Pose, Refusal, Refused, Reply, Request, Take
from hardware.sessions import FURTHEST_DEADLINE_S, MOST_SESSIONS, WINDOW, Session, Sessions

HERE = Pose((0.4, 0.0, 0.3), (1.0, 0.0, 0.0, 0.0))


def hello(number: int = 0, name: str = "me") -> Hello:
    return Hello(name, number.to_bytes(16, "big"))


def session() -> Session:
    return Sessions().open(hello(), b"route")


def request(seq: int, deadline_s: float = 1.0, token: bytes = b"", again: int = 0) -> Request:
    return Request(token, seq, deadline_s, Take(), again)


def refusal(opened: Session, asked: Request, now: float = 0.0) -> Refused | None:
    try:
        opened.admit(asked, now)
    except Refused as refused:
        return refused
    return None


@given(st.lists(st.integers(1, 3 * WINDOW), max_size=60))
def test_only_growing_numbers_are_admitted_and_repeats_are_told_from_latecomers(seqs: list[int]) -> None:
    opened, seen, highest = session(), set[int](), 0
    for seq in seqs:
        refused = refusal(opened, request(seq))
        if seq > highest:
            assert refused is None
        elif highest - seq < WINDOW:
            expected = Refusal.REPLAYED if seq in seen else Refusal.OUT_OF_ORDER
            assert refused is not None
            assert refused.refusal is expected
        else:
            assert refused is not None
        seen.add(seq)
        highest = max(highest, seq)


def test_a_passed_deadline_is_stale_and_uses_up_its_number() -> None:
    opened = session()
    refused = refusal(opened, request(1, deadline_s=5.0), now=5.2)
    assert refused is not None
    assert refused.refusal is Refusal.STALE
    assert refused.detail == "request 1 came 200 ms after its deadline"
    again = refusal(opened, request(1, deadline_s=9.0), now=5.2)
    assert again is not None
    assert again.refusal is Refusal.REPLAYED


def test_a_deadline_in_the_far_future_is_not_believed() -> None:
    refused = refusal(session(), request(1, deadline_s=FURTHEST_DEADLINE_S + 2.0))
    assert refused is not None
    assert refused.refusal is Refusal.STALE


def test_a_request_of_another_connection_is_of_no_session() -> None:
    sessions = Sessions()
    opened = sessions.open(hello(), b"mine")
    assert sessions.find(request(1, token=opened.token), b"mine") is opened
    for token, route in ((opened.token, b"other"), (b"guess", b"mine"), (b"", b"mine")):
        with pytest.raises(Refused, match="no session that was opened on this connection"):
            sessions.find(request(1, token=token), route)


def test_a_hello_opens_one_session() -> None:
    sessions = Sessions()
    sessions.open(hello(1), b"a")
    with pytest.raises(Refused, match="nonce was here before"):
        sessions.open(hello(1), b"b")


def test_strangers_do_not_push_out_who_is_in_control() -> None:
    sessions = Sessions()
    pilot = sessions.open(hello(0), b"pilot")
    for i in range(1, 3 * MOST_SESSIONS):
        sessions.open(hello(i), f"stranger {i}".encode(), keep=pilot.token)
    assert len(sessions) == MOST_SESSIONS
    assert sessions.by_token(pilot.token) is pilot
    assert sessions.at(b"stranger 1") is None


def test_a_command_sent_again_gets_the_answer_that_was_lost() -> None:
    opened = session()
    move, answer = Request(b"", 4, 1.0, Move(HERE, 0.1)), Reply(4, None, "", 0.0, 1)
    opened.remember(move, answer)
    opened.remember(Request(b"", 5, 1.0, Beat()), Reply(5, None, "", 0.0, 1))
    again = opened.answered(Request(b"", 6, 1.0, Move(HERE, 0.1), again=4))
    assert again is not None
    assert again.seq == 6
    assert opened.answered(Request(b"", 7, 1.0, Move(HERE, 0.1))) is None
    assert opened.answered(Request(b"", 8, 1.0, Move(HERE, 0.1), again=3)) is None
