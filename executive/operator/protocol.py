"""What a run and its operator say to each other: wishes one way, the state of the run the other.

Wishes are JSON of at most 800 bytes inside a station's :class:`hardware.messages.Say`, with a number in front
by which one that is said again is known; states are msgpack, each whole in itself, so that one that was
missed is no loss. This module imports nothing heavy: the screen
starts with it.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

LARGEST_STATE = 65536
"""The longest state that is looked at [bytes]."""
VERSION = 1
LARGEST_JOG_M, LARGEST_JOG_RAD = 0.005, 0.1
"""Largest single step by which the tool is moved [m, rad]."""
FORCES = 160
"""How many control periods' forces a state shows."""

Note = Annotated[str, Meta(min_length=1, max_length=300)]
Number = float


class Wish(Struct, frozen=True, forbid_unknown_fields=True, tag_field="wish"):
    """Something that the operator asks for."""


class Pause(Wish, frozen=True, tag="pause"):
    """Hold the arm where it is, on a soft spring or a stiff one."""

    stiff: bool = False


class Resume(Wish, frozen=True, tag="resume"):
    """Go on with what was paused."""


class Halt(Wish, frozen=True, tag="stop"):
    """End the run in good order; it can be resumed."""


class Retry(Wish, frozen=True, tag="retry"):
    """Another attempt from where the tool is, or from another initialization."""

    elsewhere: bool = False


class Regrasp(Wish, frozen=True, tag="regrasp"):
    """Another attempt, with the part put back and picked anew."""


class Jog(Wish, frozen=True, tag="jog"):
    """Move the tool by a small step, along and about the base frame's axes."""

    x_m: Number = 0.0
    y_m: Number = 0.0
    z_m: Number = 0.0
    yaw_rad: Number = 0.0


class Guide(Wish, frozen=True, tag="guide"):
    """Let the arm give way, to be led by hand, or hold it again."""

    on: bool


class ByHand(Wish, frozen=True, tag="by hand"):
    """The part was put in by hand; to be checked."""


class Skip(Wish, frozen=True, tag="skip"):
    """Leave the step out."""


class Abort(Wish, frozen=True, tag="abort"):
    """Give the product up."""


class Remark(Wish, frozen=True, tag="note"):
    """Something for the journal."""

    text: Note


AnyWish = Pause | Resume | Halt | Retry | Regrasp | Jog | Guide | ByHand | Skip | Abort | Remark


class Mode(StrEnum):
    """What the run is doing, as an operator needs to know it."""

    RUNNING = "running"
    PAUSED = "paused"
    GUIDED = "guided by hand"
    ASKING = "needs help"
    OVER = "over"


class Line(Struct, frozen=True, array_like=True):
    """One behaviour of the tree."""

    depth: int
    name: str
    status: str
    """``running``, ``success``, ``failure`` or ``invalid``, as py_trees has them."""
    said: str


class StepState(Struct, frozen=True, array_like=True):
    """One step of the product."""

    part: str
    outcome: str
    attempts: int
    note: str
    """Why it failed, or who stepped in."""


class Happening(Struct, frozen=True, array_like=True):
    """One event of the journal."""

    n: int
    time_s: float
    kind: str
    part: str
    attempt: int
    detail: str
    times: int = 1
    """How often it happened in a row."""


class Start(Struct, frozen=True, array_like=True):
    """An initialization relative to the goal, along the base frame's axes [m], and what came of it."""

    x_m: float
    y_m: float
    seated: bool | None
    """None for the one in hand."""


class Plug(Struct, frozen=True, array_like=True):
    """Where the plug is relative to its estimated goal, along the base frame's axes [m], and turned [rad]."""

    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float
    depth_m: float
    """How deep the seated plug stands in its socket [m]."""
    clearance_m: float
    """Gap on each side when it is in [m]."""


class Around(Struct, frozen=True, array_like=True):
    """What is known around this step's starts: percent over a square around the goal, in its own frame."""

    kind: str
    """``success``: how likely it is; ``succeeded``: how dense starts that succeeded lie."""
    half_m: float
    """Half its side [m]."""
    side: int
    percent: bytes
    """side × side numbers, along x and then along y, each from low to high."""
    yaw_rad: float
    """The goal's turn about the vertical [rad]."""
    worthwhile: bool = True
    """What it says was borne out."""


class Question(Struct, frozen=True, array_like=True):
    """Why help is needed."""

    part: str
    attempts: int
    cause: str
    evidence: str
    advice: str


class State(Struct, frozen=True, forbid_unknown_fields=True):
    """The state of a run."""

    run: int
    product: str
    title: str
    seed: int
    mode: Mode
    doing: str
    time_s: float
    """Since the run began, on the cell's clock [s]."""
    tree: tuple[Line, ...]
    steps: tuple[StepState, ...]
    step: int
    """Place of the step in hand; -1 for none."""
    attempt: int
    forces_n: tuple[float, ...]
    """The largest contact force of each control period, the newest last [N]."""
    period_s: float
    limit_n: float
    plug: Plug | None
    starts: tuple[Start, ...]
    events: tuple[Happening, ...]
    question: Question | None
    operator: str
    """Who is in control; empty when nobody is."""
    interventions: int
    held: str = ""
    """How a paused arm is held: ``soft``, ``stiff`` or ``loose``."""
    outcome: str = ""
    """How the run ended; empty while it goes on."""
    around: Around | None = None
    version: int = VERSION


_WISHES: msgspec.json.Decoder[AnyWish] = msgspec.json.Decoder(AnyWish)
_STATES = msgspec.msgpack.Decoder(State)
_STATE_ENCODER = msgspec.msgpack.Encoder()


class Unintelligible(ValueError):
    """Words that are no wish, or a state of another version."""


def wish_to_bytes(wish: AnyWish) -> bytes:
    """``wish`` as it is said."""
    return msgspec.json.encode(wish)


def wish_from_bytes(words: bytes) -> AnyWish:
    """The wish that was said. Raises Unintelligible."""
    try:
        return _WISHES.decode(words)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unintelligible(str(error)[:200]) from None


def numbered(wish: AnyWish, number: str) -> bytes:
    """``wish`` as it is said, with its ``number``: a word that no other wish has."""
    return number.encode() + b" " + wish_to_bytes(wish)


def number_of(words: bytes) -> tuple[str, bytes]:
    """The number of a wish that was said, and the wish; the number is empty where it has none."""
    if words.startswith(b"{"):
        return "", words
    number, _, wish = words.partition(b" ")
    return number.decode("ascii", "replace"), wish


def state_to_bytes(state: State) -> bytes:
    """``state`` as it is told."""
    return _STATE_ENCODER.encode(state)


def state_from_bytes(data: bytes) -> State:
    """The state that was told. Raises Unintelligible."""
    if len(data) > LARGEST_STATE:
        raise Unintelligible(f"{len(data)} bytes, at most {LARGEST_STATE} are read")
    try:
        return _STATES.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unintelligible(str(error)[:200]) from None
