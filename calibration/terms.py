"""The words in which an evaluation is asked for; light, so that a command can list them at once."""

from enum import StrEnum


class Noise(StrEnum):
    """How the goal's estimate is wrong."""

    FIXED = "fixed"
    RESAMPLED = "resampled"
    NONE = "none"


class Start(StrEnum):
    """Where the plug is when the policy takes over."""

    UNIFORM = "uniform"
    WIDE = "wide"
    INITIALIZATION = "initialization"


class Criterion(StrEnum):
    """What counts as success."""

    SEATED = "seated"
    """At its depth, upright and in its play after it was let go."""
    ENGAGED = "engaged"
    """AutoMate's rule, ``sim.truth.are_engaged``: below the mouth and within 15 mm at any time."""
