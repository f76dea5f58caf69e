"""The kinds of learned policy by name: what flies them, what learns them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from skills.insertion import Insertion
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


DOVETAIL = Preset("dovetail", Guided(), GuidedPilot, LearnerSettings())
PRESETS: dict[str, Preset] = {preset.name: preset for preset in (DOVETAIL,)}


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
