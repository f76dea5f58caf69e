"""What counts as heard."""

import zmq

from hardware.hearing import Hearing
from hardware.messages import Refusal, Refused


def refuse(told: bytes) -> bytes:
    raise Refused(Refusal.MALFORMED, told.decode())


def test_what_cannot_be_read_was_not_heard() -> None:
    with zmq.Context() as context, context.socket(zmq.XPUB) as told:
        told.linger = 0
        port = told.bind_to_random_port("tcp://127.0.0.1")
        hearing = Hearing(context.socket(zmq.SUB), f"tcp://127.0.0.1:{port}")
        assert told.recv() == b"\x01"
        told.send(b"noise")
        assert hearing.next(2.0, refuse) is None
        assert hearing.silence_s() == float("inf")
        told.send(b"word")
        assert hearing.next(2.0, bytes) == b"word"
        assert hearing.silence_s() < 1.0
        assert hearing.next(0.0, bytes) is None
        hearing.close()
