"""Messages as bytes: msgpack between a two-byte mark with a protocol version and a checksum.

Decoding accepts exactly what :mod:`hardware.messages` defines: an unknown field or kind, a number that is not
finite, a quaternion that is not of unit length, or one byte that is not as it was sent and the message is
refused with the :class:`hardware.messages.Refusal` that says why.
"""

import math
import zlib
from typing import Any, TypeVar

import msgspec

from hardware.messages import Message, Pose, Refusal, Refused, Reply, Request, State

MARK = b"dv"
VERSION = 1
"""The protocol's version; both sides must speak the same."""
LARGEST_REQUEST = 1024
"""The longest request that is looked at [bytes]."""
LARGEST_REPLY = 16384
"""The longest reply or state that is looked at [bytes]."""

Kind = TypeVar("Kind", bound=Message)
_PREFIX = MARK + bytes([VERSION])
_CHECKSUM = 4
_ENCODER = msgspec.msgpack.Encoder()
_REQUESTS = msgspec.msgpack.Decoder(Request)
_REPLIES = msgspec.msgpack.Decoder(Reply)
_STATES = msgspec.msgpack.Decoder(State)


def encode(message: Request | Reply | State) -> bytes:
    """``message`` as it goes on the wire."""
    return sealed(_ENCODER.encode(message))


def sealed(content: bytes) -> bytes:
    """``content`` between mark and checksum."""
    data = _PREFIX + content
    return data + zlib.crc32(data).to_bytes(_CHECKSUM)


def decode_request(data: bytes) -> Request:
    """The request that ``data`` holds. Raises Refused."""
    request = _decoded(data, LARGEST_REQUEST, _REQUESTS)
    _check(request)
    return request


def decode_reply(data: bytes) -> Reply:
    """The reply that ``data`` holds. Raises Refused."""
    return _decoded(data, LARGEST_REPLY, _REPLIES)


def decode_state(data: bytes) -> State:
    """The state that ``data`` holds. Raises Refused."""
    return _decoded(data, LARGEST_REPLY, _STATES)


def _decoded(data: bytes, largest: int, decoder: msgspec.msgpack.Decoder[Kind]) -> Kind:
    if len(data) > largest:
        raise Refused(Refusal.OVERSIZED, f"{len(data)} bytes, at most {largest} are read")
    if not data.startswith(MARK) or len(data) <= len(MARK):
        raise Refused(Refusal.MALFORMED, "it does not begin as this protocol's messages do")
    if (spoken := data[len(MARK)]) != VERSION:
        raise Refused(Refusal.VERSION, f"it speaks version {spoken} of the protocol, here is {VERSION}")
    end = len(data) - _CHECKSUM
    if end < len(_PREFIX) or zlib.crc32(memoryview(data)[:end]).to_bytes(_CHECKSUM) != data[end:]:
        raise Refused(Refusal.MALFORMED, "it was changed on its way: its checksum does not fit")
    try:
        return decoder.decode(memoryview(data)[len(_PREFIX) : end])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(Refusal.MALFORMED, str(error)[:200]) from None


def _check(request: Request) -> None:
    """Refuse numbers that are none and quaternions that are no rotations. Raises Refused."""
    if not math.isfinite(request.deadline_s):
        raise Refused(Refusal.MALFORMED, "deadline_s is not finite")
    body = request.body
    for name in body.__struct_fields__:
        value: Any = getattr(body, name)
        if isinstance(value, Pose):
            _finite(f"{name}.position_m", value.position_m)
            _finite(f"{name}.quaternion", value.quaternion)
            if abs(math.hypot(*value.quaternion) - 1.0) > 1e-3:
                raise Refused(Refusal.MALFORMED, f"{name}.quaternion is not of unit length")
        elif isinstance(value, float | tuple):
            _finite(name, value if isinstance(value, tuple) else (value,))


def _finite(name: str, values: tuple[float, ...]) -> None:
    if not all(map(math.isfinite, values)):
        raise Refused(Refusal.MALFORMED, f"{name} is not finite")
