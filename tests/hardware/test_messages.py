"""Messages: what is encoded is decoded again; anything else is refused with the reason."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.encoding import (
    LARGEST_REQUEST,
    MARK,
    VERSION,
    decode_reply,
    decode_request,
    decode_state,
    encode,
    sealed,
)
from hardware.messages import (
    Beat,
    Body,
    Diagnose,
    Give,
    Grasp,
    Hello,
    Hold,
    Move,
    MoveJoints,
    Pose,
    Recover,
    Refusal,
    Refused,
    Release,
    Reply,
    Request,
    Reset,
    Servo,
    Spring,
    State,
    Stop,
    Take,
    ZeroWrench,
)

reals = st.floats(-10, 10)
positions = st.tuples(reals, reals, reals)


@st.composite
def poses(draw: st.DrawFn) -> Pose:
    q = [draw(st.floats(0.1, 1.0)) * draw(st.sampled_from([-1, 1])) for _ in range(4)]
    size = math.hypot(*q)
    return Pose(draw(positions), (q[0] / size, q[1] / size, q[2] / size, q[3] / size))


bodies: st.SearchStrategy[Body] = st.one_of(
    st.builds(Hello, st.text(max_size=64), st.binary(min_size=16, max_size=16)),
    st.builds(Beat, st.booleans()),
    st.builds(Servo, poses()),
    st.builds(Spring, reals, reals, positions, reals, reals),
    st.builds(Move, poses(), reals),
    st.builds(MoveJoints, st.tuples(*[reals] * 7), reals),
    st.builds(Grasp, reals, reals),
    st.builds(Release, reals),
    st.builds(Stop, st.booleans()),
    st.builds(Reset, st.binary(max_size=32)),
    st.sampled_from([Take(), Give(), ZeroWrench(), Hold(), Recover(), Diagnose()]),
)
requests = st.builds(
    Request,
    st.binary(max_size=32),
    st.integers(0, 2**40),
    st.floats(-1e9, 1e9),
    bodies,
    st.integers(0, 2**40),
)
HERE = Pose((0.4, 0.0, 0.3), (1.0, 0.0, 0.0, 0.0))


def request(body: Body) -> Request:
    return Request(b"s" * 16, 7, 12.5, body)


def refusal(data: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        decode_request(data)
    return caught.value


@given(requests)
def test_a_request_comes_back_as_it_was(asked: Request) -> None:
    assert decode_request(encode(asked)) == asked


def test_a_reply_and_a_state_come_back_as_they_were() -> None:
    reply = Reply(3, Refusal.LIMIT, "too far", 1.5, 9, b"t", {"robot": "well"})
    assert decode_reply(encode(reply)) == reply
    six, seven = (0.0,) * 6, (0.1,) * 7
    state = State(
        1, 2.0, 3.0, seven, seven, HERE, six, six, seven, (1.0, 2.0), 0.04, True, False,
        "idle", ("reflex",), "hit", False, "me",
    )  # fmt: skip
    assert decode_state(encode(state)) == state


@given(requests, st.data())
def test_one_changed_byte_and_nothing_is_done(asked: Request, data: st.DataObject) -> None:
    wire = bytearray(encode(asked))
    at = data.draw(st.integers(0, len(wire) - 1))
    wire[at] ^= data.draw(st.integers(1, 255))
    assert refusal(bytes(wire)).refusal in (Refusal.MALFORMED, Refusal.VERSION)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    assert refusal(noise).refusal in (Refusal.MALFORMED, Refusal.VERSION)
    assert refusal(MARK + bytes([VERSION]) + noise[:3]).refusal is Refusal.MALFORMED


@pytest.mark.parametrize(
    "wrong",
    [
        Servo(Pose((math.nan, 0.0, 0.0), HERE.quaternion)),
        Servo(Pose((0.0, math.inf, 0.0), HERE.quaternion)),
        Servo(Pose(HERE.position_m, (1.0, 0.0, 0.0, math.nan))),
        Servo(Pose(HERE.position_m, (0.0, 0.0, 0.0, 0.0))),
        Servo(Pose(HERE.position_m, (1.0, 0.1, 0.0, 0.0))),
        Move(HERE, math.nan),
        MoveJoints((math.inf,) * 7, 0.1),
        Grasp(0.02, -math.inf),
        Spring(math.nan, 1.0, (0.0, 0.0, 0.0), 0.1, 1.0),
        Spring(1.0, 1.0, (0.0, 0.0, math.nan), 0.1, 1.0),
    ],
)
def test_what_is_no_number_or_no_rotation_is_refused(wrong: Body) -> None:
    refused = refusal(encode(request(wrong)))
    assert refused.refusal is Refusal.MALFORMED
    assert "is not finite" in refused.detail or "is not of unit length" in refused.detail


def test_a_deadline_must_be_a_time() -> None:
    late = Request(b"", 1, math.nan, Take())
    assert "deadline_s is not finite" in refusal(encode(late)).detail


def test_another_version_is_named() -> None:
    wire = bytearray(encode(request(Take())))
    wire[len(MARK)] = VERSION + 1
    refused = refusal(bytes(wire))
    assert refused.refusal is Refusal.VERSION
    assert refused.detail == f"it speaks version {VERSION + 1} of the protocol, here is {VERSION}"


def test_too_long_is_refused_before_it_is_read() -> None:
    refused = refusal(encode(request(Take())) + bytes(LARGEST_REQUEST))
    assert refused.refusal is Refusal.OVERSIZED
    assert f"at most {LARGEST_REQUEST} are read" in refused.detail


def test_every_request_fits() -> None:
    longest = Request(b"x" * 32, 2**61, 1e308, Hello("ü" * 64, b"n" * 16), 2**61)
    assert len(encode(longest)) < LARGEST_REQUEST
    assert decode_request(encode(longest)) == longest


@pytest.mark.parametrize(
    "altered",
    [
        [b"", 1, 1.0, ["explode"]],
        [b"", 1, 1.0, ["take", 1]],
        [b"", 1, 1.0, ["servo"]],
        [b"", -1, 1.0, ["take"]],
        [b"", 1, 1.0, ["take"], 0, 0],
        [b"x" * 33, 1, 1.0, ["take"]],
        [b"", 1, 1.0, ["hello", "x" * 65, b"n" * 16]],
        [b"", 1, 1.0, ["hello", "me", b"n" * 15]],
        [b"", 1, 1.0, ["joints", [0.0] * 6, 1.0]],
        {"session": b"", "seq": 1, "deadline_s": 1.0, "body": ["take"]},
        [b"", True, 1.0, ["take"]],
        "take",
    ],
)
def test_only_what_the_schema_knows_is_read(altered: object) -> None:
    refused = refusal(sealed(msgspec.msgpack.encode(altered)))
    assert refused.refusal is Refusal.MALFORMED
    assert "checksum" not in refused.detail


def test_nothing_may_follow_a_message() -> None:
    assert refusal(encode(request(Take())) + b"\xc0").refusal is Refusal.MALFORMED
    whole = msgspec.msgpack.encode(request(Take()))
    assert "checksum" not in refusal(sealed(whole + b"\xc0")).detail


def test_deep_nesting_is_refused() -> None:
    refused = refusal(sealed(b"\x91" * 1000))
    assert refused.refusal is Refusal.MALFORMED
    assert "checksum" not in refused.detail
