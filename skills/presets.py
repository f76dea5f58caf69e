"""The kinds of learned policy by name: what flies them, what learns them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from skills.automate import Automate, AutomatePilot
from skills.insertion import Insertion
from skills.lead import Lead
from skills.learner_settings import LearnerSettings
from skills.pilot import Guided, GuidedPilot, Pilot


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of learned policy."""

    name: str
    settings: Any
    """Settings of its pilot, a frozen dataclass."""
    fly: Callable[[Insertion, int, float, Any], Pilot]
    """Makes the pilot: insertion, number of attempts, control period [s], settings."""
    learner: LearnerSettings
    reward: str = "dovetail"
    """What it is rewarded for in training: ``dovetail`` or ``automate``."""
    practice: Any = None
    """Settings of the pilot in training, where they differ."""
    curriculum: bool = False
    """In training, start heights follow AutoMate's sampling-based curriculum."""
    revision: int = 1
    """Raised whenever its pilot flies otherwise with the same settings and weights: what was measured before
    then does not hold any more."""


PATIENCE_S = 24.0
"""Attempts at work end sooner in training, where only little is learned from what comes late [s]."""
DOVETAIL = Preset(
    "dovetail",
    Guided(),
    GuidedPilot,
    LearnerSettings(),
    practice=Guided(lead=Lead(work_s=PATIENCE_S)),
    revision=2,
)
AUTOMATE = Preset(
    "automate",
    Automate(),
    AutomatePilot,
    LearnerSettings(
        hidden=(128, 64),
        critic_hidden=(256, 128, 64),
        recurrent=128,
        recurrent_layers=2,
        epochs=8,
        batches=2,
        learning_rate=3e-4,
        kl=None,
        std=0.8,
        final_std=0.3,
    ),
    reward="automate",
    curriculum=True,
)
"""AutoMate as it was released, to compare with. Theirs is an LSTM of 2 x 256 units before 256-128-64; this
is half as wide, so that five skills stay small. Their learning rate is 1e-4 over six million steps; here a
training has a few hundred thousand, and three times the rate."""
PRESETS: dict[str, Preset] = {preset.name: preset for preset in (DOVETAIL, AUTOMATE)}


class UnknownPreset(KeyError):
    """A preset was named that does not exist."""

    def __init__(self, name: str) -> None:
        self.name, self.known = name, tuple(PRESETS)
        super().__init__(name)

    def __str__(self) -> str:
        return f"there is no preset '{self.name}'; there are {', '.join(self.known)}"


def preset(name: str) -> Preset:
    """The preset called ``name``. Raises UnknownPreset."""
    try:
        return PRESETS[name]
    except KeyError:
        raise UnknownPreset(name) from None


def as_record(settings: Any) -> dict[str, Any]:
    """Settings of a pilot as plain values, for a skill's record."""
    record: dict[str, Any] = msgspec.to_builtins(asdict(settings))
    return record


def from_record(kind: Preset, record: Mapping[str, Any]) -> Any:
    """Settings of a pilot of ``kind`` from a skill's record. Raises msgspec.ValidationError."""
    return msgspec.convert(dict(record), type=type(kind.settings), strict=False)
