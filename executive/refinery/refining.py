"""One skill from its failures to a better version, or to the reason why the old one stays.

Claim, reproduce, fine-tune, refit the initializations, try the candidates, and let the best of them meet the
old version on fresh episodes. What each stage finds is kept in a folder of the refinement until it has ended:
a refiner that takes it over goes on from the last stage.
"""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from calibration.gate import Comparison, compared
from calibration.refinement import FineTuning, Interrupted, Refinement, Round
from calibration.rollouts import Rollouts
from executive.lock import Held
from executive.refinery.candidates import Candidate, candidates_of, played, reproduced
from executive.refinery.report import evaluation_of, files_beside, headline, rounds_json
from executive.refinery.store import Claim, Ending, Refinery
from executive.steps import Task
from executive.workers import StopWanted, Tell
from sequences.assembly import Assembly
from sequences.files import write_whole
from skills.artifact import FORMAT, Skill, load
from skills.cell import Vector
from skills.library import Found, fitting, next_version, publish, refined_in
from skills.presets import PATIENCE_S, PRESETS, Preset, from_record

TRIAL_SEED, GATE_SEED = 700_000, 800_000
REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class RefineOrder:
    """One skill to be refined; plain enough to be sent to another process."""

    assembly: str
    """The product as JSON."""
    skill: str
    runs_dir: Path
    out: Path
    """The library that a better version is published to."""
    settings: FineTuning
    trial: int = 100
    """Episodes in which each candidate is tried, for each step."""
    episodes: int = 500
    """Episodes in which the best of them meets the old version, for each step."""
    asked_for: bool = False
    """Refine it though nothing waits."""


def refined(order: RefineOrder, tell: Tell, stop_wanted: StopWanted) -> dict[str, Any] | None:
    """Refine one skill; its row for tables, None when it was stopped before its end.

    Tells what it is doing as ``{"said": ...}``. Raises SkillError.
    """
    refinery = Refinery(order.runs_dir)
    try:
        with refinery.lock(order.skill):
            claim = refinery.claim(order.skill, asked_for=order.asked_for)
            if claim is None:
                return {"skill": order.skill, "state": "idle", "why": "nothing waits"}
            return _Work(order, refinery, claim, tell, stop_wanted).done()
    except Held as other:
        why = f"process {other.holder} is refining it"
        return {"skill": order.skill, "state": "busy", "why": why}
    except Interrupted:
        return None
    finally:
        refinery.close()


def folder_of(refinement: str) -> Path:
    """Where a refinement keeps its stages: under ``$XDG_STATE_HOME/dovetail/refinements``."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "dovetail" / "refinements" / refinement


class _Work:
    """A refinement in hand."""

    def __init__(
        self, order: RefineOrder, refinery: Refinery, claim: Claim, tell: Tell, stop: StopWanted
    ) -> None:
        self.order, self.refinery, self.claim, self.tell, self.stop = order, refinery, claim, tell, stop
        self.folder = folder_of(claim.refinement)
        self.folder.mkdir(parents=True, exist_ok=True)
        assembly = Assembly.model_validate_json(order.assembly)
        self.tasks: tuple[Task, ...] = tuple((assembly, s) for s in assembly.steps if s.skill == order.skill)
        self.began = time.process_time()

    def done(self) -> dict[str, Any]:
        """Every stage that is not done yet, then the end."""
        path = refined_in(self.order.skill, self.order.out, self.claim.refinement)
        if path is not None:
            return self._ended(Ending.PUBLISHED, json.loads((path / REPORT).read_text()), int(path.name))
        found, settings = self._pinned()
        if found is None:
            why = f"no skill to refine; train it with 'dovetail train {self.order.skill}'"
            return self._ended(Ending.KEPT, {"why": why})
        failed = self._failed()
        again = self._kept("reproduced", lambda: self._reproduce(found, failed))
        refinement = Refinement(found, self.tasks, own_preset(found), settings, self.folder, _starts(failed))
        refinement.run(self._round, stop=self.stop)
        everyone = candidates_of(found, self.tasks, refinement.rounds[0], refinement.best)
        if not everyone:
            why = "practice did no better, and too few episodes succeeded to know where to start from"
            return self._ended(Ending.KEPT, {**self._found_out(found, again, refinement), "why": why})
        trials = self._kept("trials", lambda: self._tries(everyone))
        chosen = max(everyone, key=lambda one: int(trials["seated"][one.name]))
        gate = self._kept("gate", lambda: self._gate(found, chosen))
        report = self._found_out(found, again, refinement)
        report |= {"trials": trials, "chosen": chosen.name, "gate": gate}
        report["why"] = headline(report)
        if not gate["better"]:
            return self._ended(Ending.KEPT, report)
        number = self._publish(found, chosen, refinement, report)
        return self._ended(Ending.PUBLISHED, report, number)

    # -- stages ---------------------------------------------------------------------------------------

    def _pinned(self) -> tuple[Found | None, FineTuning]:
        """The version that is refined and how, as they were when the refinement began."""
        facts = self._kept("plan", self._planned)
        settings = msgspec.convert(facts["settings"], FineTuning)
        if facts["path"] is None:
            return None, settings
        path = Path(facts["path"])
        return Found(*load(path), path), settings

    def _planned(self) -> dict[str, Any]:
        found = fitting(*self.tasks[0])
        path = None if found is None else str(found.path)
        return {"path": path, "settings": msgspec.to_builtins(asdict(self.order.settings))}

    def _failed(self) -> dict[str, list[dict[str, Any]]]:
        """By the step's part, the failures that say where they began."""
        rows = [row for row in self.claim.failures if row["initialization"] is not None]
        parts = [step.part for _, step in self.tasks]
        return {part: [row for row in rows if row["part"] == part] for part in parts}

    def _reproduce(self, found: Found, failed: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        self._say(f"reproducing {sum(map(len, failed.values()))} failures")
        return reproduced(found, self.tasks, failed, self.stop)

    def _round(self, done: Round) -> None:
        self._say(f"{100 * done.success:.1f} % from starts anywhere")

    def _tries(self, everyone: list[Candidate]) -> dict[str, Any]:
        self._say(f"trying {len(everyone)} candidates")
        seed = TRIAL_SEED + self.order.settings.seed
        results = {one.name: self._played(one, self.order.trial, seed) for one in everyone}
        seated = {name: sum(int(r.success.sum()) for r in result) for name, result in results.items()}
        return {"episodes": self.order.trial * len(self.tasks), "seated": seated}

    def _gate(self, found: Found, chosen: Candidate) -> dict[str, Any]:
        old = Candidate.of(found)
        self._say(f"old version against: {chosen.name}")
        seed = GATE_SEED + self.order.settings.seed
        results = [self._played(one, self.order.episodes, seed) for one in (old, chosen)]
        before, after = (np.concatenate([r.success for r in result]) for result in results)
        found_out: Comparison = compared(before, after)
        steps = evaluation_of(self.tasks, results[1])
        return {**found_out.as_json(), "words": found_out.words(), "steps": steps}

    def _played(self, one: Candidate, n: int, seed: int) -> list[Rollouts]:
        return [played(one, task, n, seed, self.stop) for task in self.tasks]

    # -- the end --------------------------------------------------------------------------------------

    def _found_out(self, found: Found, again: dict[str, Any], refinement: Refinement) -> dict[str, Any]:
        return {
            "parent": found.skill.version,
            "failures": len(self.claim.failures),
            "causes": dict(Counter(row["cause"] for row in self.claim.failures).most_common()),
            "reproduced": again,
            "rounds": rounds_json(refinement.rounds),
            "settings": msgspec.to_builtins(asdict(refinement.settings)),
            "cpu_s": round(time.process_time() - self.began, 1),
        }

    def _publish(
        self, found: Found, chosen: Candidate, refinement: Refinement, report: dict[str, Any]
    ) -> int:
        number = next_version(self.order.skill, self.order.out)
        old = found.skill.record
        practised = (len(refinement.rounds) - 1) * refinement.settings.steps if chosen.tuned else 0
        record = {
            **old, "parent": found.skill.version, "refinement": self.claim.refinement, "why": report["why"],
            "environment_steps": (old.get("environment_steps") or 0) + practised,
        }  # fmt: skip
        skill: Skill = msgspec.structs.replace(
            found.skill, format=FORMAT, version=number, record=record, initializations=chosen.initializations,
            evaluation={"steps": report["gate"]["steps"], "conditions": {"start": chosen.rule}},
        )  # fmt: skip
        beside = files_beside(self.tasks, refinement)
        beside[REPORT] = (json.dumps(report, indent=1) + "\n").encode()
        publish(skill, chosen.weights, self.order.out, beside)
        return number

    def _ended(self, ending: Ending, report: dict[str, Any], version: int | None = None) -> dict[str, Any]:
        self.refinery.finish(self.claim, ending, report, version)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._say(f"{ending}: {report['why']}")
        row = {"skill": self.order.skill, "state": str(ending), "version": version}
        return {**row, "taken_over": self.claim.taken_over, **report}

    def _kept(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What a stage found: from the folder if it is there."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            if self.stop():
                raise Interrupted
            write_whole(path, json.dumps(make()).encode())
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found

    def _say(self, what: str) -> None:
        self.tell({"said": what})


def own_preset(found: Found) -> Preset:
    """The preset that trained a skill, with the skill's own settings; practice ends attempts sooner."""
    kind = PRESETS[found.skill.policy]
    own = from_record(kind, found.skill.settings)
    if kind.practice is None:
        return replace(kind, settings=own)
    patience = min(own.lead.work_s, PATIENCE_S)
    return replace(kind, settings=own, practice=replace(own, lead=replace(own.lead, work_s=patience)))


def _starts(failed: dict[str, list[dict[str, Any]]]) -> dict[str, Vector]:
    return {part: np.array([row["initialization"] for row in rows]) for part, rows in failed.items() if rows}
