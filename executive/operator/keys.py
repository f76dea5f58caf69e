"""What each key of the operator's screen asks for."""

from dataclasses import dataclass
from math import radians

from executive.operator.protocol import (
    Abort,
    AnyWish,
    ByHand,
    Guide,
    Halt,
    Jog,
    Mode,
    Pause,
    Regrasp,
    Resume,
    Retry,
    Skip,
    State,
)

STEPS_MM = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Sizes of a step by which the tool is moved [mm]."""
FIRST_STEP = 3
TURN_DEG = 1.0
"""Turn of the tool for a step of one millimetre [°]."""
JOGS: dict[str, tuple[float, float, float, float]] = {
    "up": (1, 0, 0, 0),
    "down": (-1, 0, 0, 0),
    "left": (0, 1, 0, 0),
    "right": (0, -1, 0, 0),
    "pageup": (0, 0, 1, 0),
    "pagedown": (0, 0, -1, 0),
    "comma": (0, 0, 0, 1),
    "full_stop": (0, 0, 0, -1),
}
"""Key → direction along the base frame's x, y, z and about the vertical."""
CERTAIN = (Skip, Abort, Halt)
"""Wishes that are asked about once more before they are sent."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A line of the screen's help."""

    key: str
    what: str


HELP = (
    Explained("space", "pause, held soft; again: go on"),
    Explained("P", "pause, held stiff"),
    Explained("R", "retry from here: above where the tool is"),
    Explained("E", "retry from another start, the part as it is held"),
    Explained("G", "regrasp: put the part back, pick it anew, retry"),
    Explained("arrows", "move the tool: up is away from the robot"),
    Explained("PgUp PgDn", "move the tool up and down"),
    Explained(", .", "turn the tool left and right"),
    Explained("+ -", "longer and shorter steps"),
    Explained("H", "let the arm give way, to be led by hand; again: hold it"),
    Explained("B", "the part was put in by hand: check it"),
    Explained("K", "skip the step"),
    Explained("A", "abort: give the product up"),
    Explained("S", "stop the run; it can be resumed"),
    Explained("N", "write a note into the journal"),
    Explained("T", "ask for control of the run"),
    Explained("Q", "leave this screen; the run goes on"),
)


def wish_of(key: str, state: State, step_mm: float) -> AnyWish | None:
    """What ``key`` asks for as things stand; None for a key that asks for nothing."""
    if key in JOGS:
        x, y, z, turn = (direction * step_mm for direction in JOGS[key])
        return Jog(x / 1e3, y / 1e3, z / 1e3, radians(turn * TURN_DEG))
    paused = state.mode in (Mode.PAUSED, Mode.GUIDED)
    wishes: dict[str, AnyWish] = {
        "space": Resume() if paused else Pause(),
        "p": Pause(stiff=True),
        "r": Retry(),
        "e": Retry(elsewhere=True),
        "g": Regrasp(),
        "h": Guide(on=state.mode is not Mode.GUIDED),
        "b": ByHand(),
        "k": Skip(),
        "a": Abort(),
        "s": Halt(),
    }
    return wishes.get(key)
