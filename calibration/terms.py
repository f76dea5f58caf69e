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


class Acquisition(StrEnum):
    """By what starts for practice are proposed from a success map."""

    UNIFORM = "uniform"
    """Anywhere: what the others are measured against."""
    UCB = "ucb"
    PI = "pi"
    EI = "ei"
    """Upper confidence bound, probability of improvement and expected improvement of success, as arXiv
    2510.11019 prints them: they seek starts that succeed already."""
    FAILURE_UCB = "failure-ucb"
    FAILURE_PI = "failure-pi"
    FAILURE_EI = "failure-ei"
    """The forms of the paper's released code: they seek failure."""
    STRADDLE = "straddle"
    """Seeks the border between better and worse than the mean (Bryan et al. 2005)."""


class StartRule(StrEnum):
    """How a skill chooses what it starts from."""

    DEFAULT = "default"
    """Straight above the goal, whatever is known."""
    MIXTURE = "mixture"
    """The densest candidate of a mixture fitted to successful starts."""
    LOWER_BOUND = "lower-bound"
    """Where the success map's lower confidence bound is highest."""


class Over(StrEnum):
    """Over what practice is sought."""

    AUTO = "auto"
    """Over the start, if that foretells anything; else over both; else nowhere in particular."""
    START = "start"
    BOTH = "both"
    """Start and error of the goal's estimate together."""
