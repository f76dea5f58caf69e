"""The door: binds the server's sockets, lets authorized keys in, and says who was turned away and why.

ZeroMQ asks the door at each handshake (ZAP, RFC 27) and reports what happened on its connections (socket
monitor), so that an unknown key, a client without a key and a replayed recording each leave a line.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zmq
from zmq.utils import z85
from zmq.utils.monitor import recv_monitor_message

from hardware.encoding import LARGEST_REQUEST
from hardware.keys import Key, KeyTrouble, Role, authorized

LOOPBACK = ("127.", "localhost", "[::1]", "::1")
CUT_OFF_BYTES = 16 * LARGEST_REQUEST
"""A message longer than this costs its sender the connection [bytes]."""
ZAP_ENDPOINT = "inproc://zeromq.zap.01"
DOMAIN = b"dovetail"
HANDSHAKE_FAILED: dict[int, str] = {
    zmq.Event.HANDSHAKE_FAILED_NO_DETAIL: "it broke off the handshake, as one without a key does",
    zmq.Event.HANDSHAKE_FAILED_PROTOCOL: "its handshake is not of this connection: a recording, or no client",
    zmq.Event.HANDSHAKE_FAILED_AUTH: "its key was not accepted",
}
WHY: dict[int, str] = {zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: "it came without a key"}
NOBODY = "somebody who is gone"
Complain = Callable[[str, str, str], None]
"""Told who, why and the detail."""


class Insecure(Exception):
    """The server would be open to a network without keys."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(
            f"without keys the bridge serves only this machine, not '{address}'; "
            "make keys with 'dovetail bridge keygen', or serve 127.0.0.1"
        )


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The server's own pair and the folder of those whom it trusts."""

    own: Key
    authorized: Path


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the bridge is to be found."""

    host: str = "127.0.0.1"
    command_port: int = 5701
    """0 takes any free port."""
    state_port: int = 5702

    def endpoint(self, port: int) -> str:
        """A ZeroMQ endpoint."""
        return f"tcp://{self.host}:{port or '*'}"


class Doorkeeper:
    """Owns the sockets of one server. Everything happens on the caller's thread.

    Raises Insecure, KeyTrouble, OSError when the addresses cannot be had.
    """

    def __init__(self, addresses: Addresses, keys: ServerKeys | None, complain: Complain) -> None:
        if keys is None and not addresses.host.startswith(LOOPBACK):
            raise Insecure(addresses.host)
        self.keys, self.complain = keys, complain
        if keys is not None:
            authorized(keys.authorized)
        self.context = zmq.Context()
        self.zap = self.context.socket(zmq.REP)
        self.zap.linger = 0
        self.zap.bind(ZAP_ENDPOINT)
        self.commands = self._socket(zmq.ROUTER)
        self.commands.maxmsgsize = CUT_OFF_BYTES
        self.states = self._socket(zmq.PUB)
        self.states.sndhwm = 16
        self.states.maxmsgsize = CUT_OFF_BYTES
        self.monitor = self.commands.get_monitor_socket()
        self._peers: dict[int, str] = {}
        self._failure: str | None = None
        try:
            self.commands.bind(addresses.endpoint(addresses.command_port))
            self.states.bind(addresses.endpoint(addresses.state_port))
        except zmq.ZMQError as error:
            self.close()
            where = f"{addresses.host}, ports {addresses.command_port} and {addresses.state_port}"
            raise OSError(error.errno, str(error), where) from error
        self.command_endpoint = _bound_to(self.commands)
        self.state_endpoint = _bound_to(self.states)

    def close(self) -> None:
        """Close everything."""
        self.commands.disable_monitor()
        self.context.destroy(linger=0)

    def role(self, user: str) -> Role:
        """What a user who came in may do now; without keys, what everybody on this machine may."""
        if self.keys is None:
            return Role.CONTROLLER
        try:
            known = authorized(self.keys.authorized)
        except KeyTrouble as trouble:
            self.complain(user, "keys", str(trouble))
            return Role.WATCHER
        return next((key.role for key in known.values() if key.name == user), Role.WATCHER)

    def answer_handshake(self) -> None:
        """Answer the question that is waiting at the ZAP socket."""
        frames = self.zap.recv_multipart()
        version, number, _, address, _, mechanism, *credentials = (*frames, *[b""] * (6 - len(frames)))
        shown = z85.encode(credentials[0])[:8].decode() if mechanism == b"CURVE" and credentials else "none"
        who = f"key {shown}… at {address.decode('ascii', 'replace')}"
        user, why = self._admitted(mechanism, credentials)
        if user is None:
            self.complain(who, "key", why)
        status, text = (b"200", b"OK") if user is not None else (b"400", b"not authorized")
        self.zap.send_multipart([version, number, status, text, (user or "").encode(), b""])

    def _admitted(self, mechanism: bytes, credentials: list[bytes]) -> tuple[str | None, str]:
        if self.keys is None or mechanism != b"CURVE" or len(credentials) != 1:
            return None, "this server asks for CURVE"
        try:
            key = authorized(self.keys.authorized).get(z85.encode(credentials[0]))
        except KeyTrouble as trouble:
            return None, str(trouble)
        if key is None:
            return None, f"it is not among the authorized keys in {self.keys.authorized}"
        return key.name, ""

    def read_monitor(self) -> None:
        """Take in one event of the command socket's connections.

        Who it was is known unless the connection was gone before this was read.
        """
        event = recv_monitor_message(self.monitor)
        kind, value = event["event"], event["value"]
        if kind == zmq.Event.ACCEPTED:
            self._peers[value] = _peer(value)
        elif kind in HANDSHAKE_FAILED:
            self._failure = WHY.get(value, HANDSHAKE_FAILED[kind])
        elif kind == zmq.Event.DISCONNECTED:
            who = self._peers.pop(value, NOBODY)
            if self._failure is not None:
                self.complain(who, "handshake", self._failure)
                self._failure = None

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        made = self.context.socket(kind)
        made.linger = 0
        made.setsockopt(zmq.HANDSHAKE_IVL, 3000)
        made.setsockopt(zmq.TCP_MAXRT, 2000)
        if self.keys is not None:
            made.zap_domain = DOMAIN
            made.curve_publickey, made.curve_secretkey = self.keys.own.pair
            made.curve_server = True
        return made


def _bound_to(socket: "zmq.Socket[bytes]") -> str:
    """The endpoint that a socket was bound to last."""
    endpoint = socket.getsockopt(zmq.LAST_ENDPOINT)
    assert isinstance(endpoint, bytes)
    return endpoint.rstrip(b"\0").decode()


def _peer(descriptor: int) -> str:
    """The address at the other end of a connection that ZeroMQ accepted, if it is still there."""
    try:
        with socket.socket(fileno=os.dup(descriptor)) as copy:
            host, port = copy.getpeername()[:2]
    except OSError:
        return NOBODY
    return f"{host}:{port}"
