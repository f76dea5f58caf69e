"""What came of a run: the attempts, the steps, the whole. These are the rows of every report."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

Profile = tuple[tuple[float, float], ...]
"""Contact force over time: pairs of time since the attempt began [s] and force [N]."""


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    ASSEMBLED = "assembled"
    FAILED = "failed"
    FAULT = "fault"

    @property
    def finished(self) -> bool:
        """Nothing is left to resume."""
        return self is RunState.ASSEMBLED


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt and its verdict."""

    step: int
    """Place of the step in the assembly, from 0."""
    part: str
    number: int
    """From 1 within the step."""
    seated: bool
    """The robot's own verdict."""
    judged: bool
    """The attempt came as far as the policy, so that the verdict says something about the insertion."""
    cause: str | None
    """Why it failed; None when it did not."""
    initialization: tuple[float, ...] | None
    """(6,) the plug's start in the goal's frame [m, rad]."""
    peak_force_n: float
    duration_s: float
    """On the cell's clock [s]."""
    truth_seated: bool | None = None
    """What the simulator knows; None where there is no simulator."""
    position_error_m: float | None = None
    """Distance of the part from its goal, as the simulator knows it [m]."""
    force_profile: Profile = ()
    message: str = ""
    """What the routine that failed said; empty when none did."""
    helped: str = ""
    """Who stepped in, and how; empty when nobody did."""
    found_off_m: tuple[float, float] | None = None
    """Where the part was let go of, less where its goal had been measured, base axes x, y [m]; None unless
    it is seated and nobody stepped in."""
    lay_high_m: float | None = None
    """How much higher the part was felt to stand than by where the hand had it at the face, and so had lain
    in the tray than located [m]; None where it was not felt, stands too high, or somebody stepped in."""

    @property
    def agrees(self) -> bool | None:
        """The verdict agrees with the truth; None where either is silent."""
        return None if self.truth_seated is None or not self.judged else self.seated == self.truth_seated

    def as_json(self, *, profile: bool = True) -> dict[str, Any]:
        """The record as plain JSON values, without the force profile if not wanted."""
        record = asdict(self)
        if not profile:
            del record["force_profile"]
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "AttemptRecord":
        """Read back what ``as_json`` wrote."""
        values = dict(record)
        if values["initialization"] is not None:
            values["initialization"] = tuple(values["initialization"])
        if (off := values.get("found_off_m")) is not None:
            values["found_off_m"] = (float(off[0]), float(off[1]))
        values["force_profile"] = tuple((t, f) for t, f in values.get("force_profile", ()))
        return cls(**values)


class Outcome(StrEnum):
    """How a step ended."""

    OPEN = "open"
    PLACED = "placed"
    FAILED = "failed"
    SKIPPED = "skipped"
    DISPLACED = "displaced"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of the assembly and what came of it."""

    index: int
    part: str
    skill: str
    outcome: Outcome
    attempts: int
    cause: str | None
    initialization: tuple[float, ...] | None
    """(6,) start of the last attempt [m, rad]."""
    peak_force_n: float
    duration_s: float
    note: str = ""
    """For a person: why the step was not tried, who stepped in."""

    @property
    def seated(self) -> bool:
        """The robot takes the part to be where it belongs."""
        return self.outcome is Outcome.PLACED

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return {**asdict(self), "outcome": str(self.outcome)}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "StepRecord":
        """Read back what ``as_json`` wrote."""
        values = dict(record, outcome=Outcome(record["outcome"]))
        if values["initialization"] is not None:
            values["initialization"] = tuple(values["initialization"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run of one product."""

    run: int
    """Number in the journal."""
    product: str
    seed: int
    policy: str
    noise: str
    state: RunState
    steps: tuple[StepRecord, ...]
    attempts: tuple[AttemptRecord, ...]
    interventions: int
    """How often a person stepped in, or the rule that stands in for one had to decide."""
    wall_s: float
    simulated_s: float
    faults: tuple[str, ...] = ()
    truth: dict[str, bool] = field(default_factory=dict)
    """Part → the simulator's word on whether it stands where it belongs at the end."""
    skills: dict[str, str] = field(default_factory=dict)
    """Part → version of the skill that inserts it."""
    notes: tuple[str, ...] = ()
    """For a person: what was not as it was asked for."""

    @property
    def assembled(self) -> bool:
        """By the robot's own verdicts, every part is in place."""
        return self.state is RunState.ASSEMBLED

    @property
    def truth_assembled(self) -> bool | None:
        """What the simulator knows; None where there is no simulator."""
        return all(self.truth.values()) if self.truth else None

    def agreement(self) -> dict[str, int]:
        """Counts of verdicts against the truth: agreed, false_seated, missed_seated, judged."""
        judged = [a for a in self.attempts if a.agrees is not None]
        return {
            "judged": len(judged),
            "agreed": sum(a.agrees is True for a in judged),
            "false_seated": sum(a.seated and not a.truth_seated for a in judged),
            "missed_seated": sum(not a.seated and a.truth_seated is True for a in judged),
        }

    def _step_json(self, step: StepRecord) -> dict[str, Any]:
        return {
            "step": step.part,
            "skill": step.skill,
            "attempts": step.attempts,
            "seated": step.seated,
            "truth_seated": self.truth.get(step.part),
            "cause": step.cause,
            "initialization": None if step.initialization is None else list(step.initialization),
            "peak_force_n": step.peak_force_n,
            "duration_s": step.duration_s,
            "note": step.note,
        }

    def as_json(self, *, profiles: bool = False) -> dict[str, Any]:
        """The object that ``--json`` prints: plain JSON values only."""
        return {
            "run": self.run,
            "product": self.product,
            "seed": self.seed,
            "policy": self.policy,
            "noise": self.noise,
            "state": str(self.state),
            "assembled": self.assembled,
            "truth_assembled": self.truth_assembled,
            "steps": [self._step_json(s) for s in self.steps],
            "attempts": [a.as_json(profile=profiles) for a in self.attempts],
            "verdict_agreement": self.agreement(),
            "interventions": self.interventions,
            "faults": list(self.faults),
            "skills": self.skills,
            "notes": list(self.notes),
            "wall_s": round(self.wall_s, 3),
            "simulated_s": self.simulated_s,
        }
