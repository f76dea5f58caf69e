"""How a run is to be made: what the operator chose, recorded with the run and read back on resume."""

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from calibration.terms import Criterion, Noise, Start

__all__ = ["CellName", "Criterion", "Noise", "OnFailure", "PhysicsName", "PolicyName", "RunOptions", "Start"]


class PolicyName(StrEnum):
    """Which policy inserts the parts."""

    LEARNED = "learned"
    """The trained skill of each step; the search where there is none."""
    GENERAL = "general"
    """The trained skill of each step; where there is none, the one trained on many steps of its kind."""
    SEARCH = "search"
    PUSH = "push"


class PhysicsName(StrEnum):
    """Which physics an evaluation runs in."""

    NOMINAL = "nominal"
    VERIFY = "verify"


class OnFailure(StrEnum):
    """What to do, with nobody there to ask, when every attempt at a step has failed."""

    STOP = "stop"
    SKIP = "skip"
    ASK = "ask"
    """Hold and wait for an operator."""


class CellName(StrEnum):
    """Which cell to assemble in."""

    SIM = "sim"
    SIMULATED_FR3 = "simulated-fr3"
    FR3 = "fr3"
    FAKE = "fake"

    @property
    def rehearses(self) -> bool:
        """An assembled run here is a dry run of one on the robot."""
        return self in (CellName.SIM, CellName.SIMULATED_FR3)

    @property
    def lasting(self) -> bool:
        """The world is still there, or can be brought back, when the process that drove it is gone."""
        return self is not CellName.SIMULATED_FR3


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The settings of one run."""

    seed: int = 0
    """Seed of the cell's world."""
    cell: CellName = CellName.SIM
    """The cell to open."""
    noise: Noise = Noise.FIXED
    """``fixed``: the goal is measured once an attempt; ``resampled``: anew every control period."""
    policy: PolicyName = PolicyName.LEARNED
    """The policy that inserts."""
    attempts: int = 3
    """Attempts at each step before the operator is asked."""
    on_failure: OnFailure = OnFailure.STOP
    """What stands in for the operator."""
    force_limit_n: float = 150.0
    """Contact force at which an attempt is broken off [N]."""
    routine_limit_s: float = 90.0
    """Longest time that one routine may take, on the cell's clock [s]."""
    cell_file: str | None = None
    """The cell file; what a robot is reached with, and what a simulated cell is laid out after."""
    slow: bool = False
    """Free-space motions are made at two fifths of their speed."""
    drift: str = ""
    """How a simulated cell is no longer as it was set up: see :func:`sim.drift.drift_from`."""
    without_dry_run: bool = False
    """A robot moves though no dry run has shown that it may."""

    def as_json(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return {name: str(v) if isinstance(v, StrEnum) else v for name, v in asdict(self).items()}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "RunOptions":
        """Read back what ``as_json`` wrote; settings that this version does not know are ignored."""
        kinds = {"cell": CellName, "noise": Noise, "policy": PolicyName, "on_failure": OnFailure}
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: v for k, v in record.items() if k in known}
        for name in kinds.keys() & values.keys():
            values[name] = kinds[name](values[name])
        return cls(**values)
