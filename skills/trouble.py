"""What may be scripted to go wrong in a fake cell."""

from dataclasses import dataclass
from enum import StrEnum


class TroubleKind(StrEnum):
    """What may be scripted to go wrong."""

    MISSED = "missed grasp"
    """The fingers close on nothing."""
    SLIP = "slip"
    """The part is lost while it is lifted."""
    JAM = "jam"
    """The plug is held half way in."""
    SPIKE = "spike"
    """The first contact is felt as 500 N."""
    REFLEX = "reflex"
    """The first contact trips the robot's reflex."""
    STOP = "stop"
    """The robot is stopped at the first contact."""
    LOST = "lost"
    """The connection breaks at the first contact: commands raise CellError."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One scripted mishap, for the next ``times`` occasions on which it can befall ``part``."""

    kind: TroubleKind
    part: str
    times: int = 1
