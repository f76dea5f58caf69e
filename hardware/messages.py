"""What is said on the wire: msgspec structs.

A client sends a :class:`Request` (a :class:`Body` in an envelope with session, sequence number and deadline)
and gets one :class:`Reply`; the server publishes :class:`State`. Quaternions are (x, y, z, w). How they
become bytes is in :mod:`hardware.encoding`.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

MOST_PEAKS = 64
"""How many past control cycles' peak forces a state carries."""

Real = float
Three = tuple[float, float, float]
Four = tuple[float, float, float, float]
Six = tuple[float, float, float, float, float, float]
Seven = tuple[float, float, float, float, float, float, float]
Token = Annotated[bytes, Meta(max_length=32)]
Word = Annotated[str, Meta(max_length=64)]
Words = Annotated[str, Meta(max_length=600)]
Count = Annotated[int, Meta(ge=0, lt=2**62)]


class Refusal(StrEnum):
    """Why a message was not acted on."""

    MALFORMED = "malformed"
    OVERSIZED = "oversized"
    VERSION = "version"
    SESSION = "unknown session"
    REPLAYED = "replayed"
    OUT_OF_ORDER = "out of order"
    STALE = "stale"
    LEASE = "not in control"
    BUSY = "another client is in control"
    FAULTED = "faulted"
    LATCHED = "latched stop"
    LIMIT = "beyond a limit"
    OPERATOR = "operators only"
    ROLE = "not allowed to this key"
    ARM = "refused by the arm"
    UNFIT = "not now"


class Message(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """Common settings: positional, immutable, nothing unknown."""


class Pose(Message, frozen=True):
    """A frame in the base frame."""

    position_m: Three
    quaternion: Four
    """Unit quaternion (x, y, z, w)."""


class Hello(Message, frozen=True, tag="hello"):
    """Open a session; the reply's ``session`` goes into every later request."""

    name: Word
    """What the client calls itself; for people."""
    nonce: Annotated[bytes, Meta(min_length=16, max_length=16)]
    """Fresh random bytes, never accepted twice."""


class Beat(Message, frozen=True, tag="beat"):
    """I am here."""

    controlling: bool = False
    """And I believe to be in control."""


class Take(Message, frozen=True, tag="take"):
    """Ask for control; given when nobody has it."""


class Give(Message, frozen=True, tag="give"):
    """Let go of control; the arm holds."""


class Servo(Message, frozen=True, tag="servo"):
    """Set the impedance controller's target, reached within a control period."""

    target: Pose


class Spring(Message, frozen=True, tag="spring"):
    """Set the impedance controller's spring, as :class:`skills.cell.Compliance`."""

    stiffness: Real
    rotational_stiffness: Real
    clip_m: Three
    rotational_clip_rad: Real
    damping_ratio: Real


class Move(Message, frozen=True, tag="move"):
    """Begin a straight motion at up to ``speed`` [m/s]."""

    target: Pose
    speed: Real


class MoveJoints(Message, frozen=True, tag="joints"):
    """Begin a joint motion; ``speed`` is a fraction of the robot's own."""

    joint_positions: Seven
    speed: Real


class Grasp(Message, frozen=True, tag="grasp"):
    """Begin closing the fingers."""

    width_m: Real
    force_n: Real


class Release(Message, frozen=True, tag="release"):
    """Begin opening the fingers."""

    width_m: Real


class ZeroWrench(Message, frozen=True, tag="zero"):
    """Take the present wrench as zero."""


class Hold(Message, frozen=True, tag="hold"):
    """Stand still on a soft spring."""


class Stop(Message, frozen=True, tag="stop"):
    """Stop; accepted from every client. A latched stop is cleared only by an operator."""

    latch: bool = False


class Recover(Message, frozen=True, tag="recover"):
    """Clear the faults that a client may clear."""


class Reset(Message, frozen=True, tag="reset"):
    """Clear a latched stop: the operator's word."""

    token: Token = b""
    """The server's operator token, where there are no keys with roles."""


class Diagnose(Message, frozen=True, tag="diagnose"):
    """Ask the arm and the server for what a person would want to know."""


class Say(Message, frozen=True, tag="say"):
    """Words for the program that serves, in a vocabulary of its own."""

    words: Annotated[bytes, Meta(max_length=800)]


Body = (
    Hello | Beat | Take | Give | Servo | Spring | Move | MoveJoints | Grasp | Release
    | ZeroWrench | Hold | Stop | Recover | Reset | Diagnose | Say
)  # fmt: skip


class Request(Message, frozen=True):
    """A client's message."""

    session: Token
    """As the server gave it; empty with :class:`Hello`."""
    seq: Count
    """Larger than every earlier one of the session."""
    deadline_s: Real
    """On the server's monotonic clock: later than this it must not be acted on [s]."""
    body: Body
    again: Count = 0
    """This repeats the request that had this number and was not answered; it is acted on once."""


class Reply(Message, frozen=True):
    """The server's answer to one request."""

    seq: Count
    """The request's; 0 where it could not be read."""
    refusal: Refusal | None
    detail: Words
    """What was refused and why, or what was changed about the command."""
    server_time_s: Real
    """The server's monotonic clock [s]."""
    state_n: Count
    """The first state that shows what came of the request."""
    session: Token = b""
    """The new session, in answer to :class:`Hello`."""
    info: dict[Word, Words] | None = None
    """In answer to :class:`Diagnose`."""


class State(Message, frozen=True):
    """What the robot and its server know, published at the server's rate."""

    n: Count
    server_time_s: Real
    time_s: Real
    joint_positions: Seven
    joint_velocities: Seven
    tcp: Pose
    tcp_velocity: Six
    wrench: Six
    """Mean over the last control period [N, N·m]."""
    joint_torques_external: Seven
    peaks_n: Annotated[tuple[float, ...], Meta(max_length=MOST_PEAKS)]
    """Peak force of each of the last cycles, the newest last [N]."""
    gripper_width_m: Real
    grasped: bool
    moving: bool
    mode: Word
    faults: tuple[Word, ...]
    """Names of :class:`skills.cell.Fault`."""
    detail: Words
    latched: bool
    controller: Word
    """Name of the client in control; empty when there is none."""


class Refused(Exception):
    """A message that must not be acted on."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        self.refusal, self.detail = refusal, detail
        super().__init__(f"{refusal}: {detail}")
