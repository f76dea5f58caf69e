"""Policies to be measured at a step, by the names that people give them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calibration.crews import Crew, LearnedCrew, crew_of
from executive.errors import NoSkill
from executive.steps import Task, is_a_path, name_of
from sim.control import CONTROL_PERIOD_S
from skills.artifact import check_fits, load, version_text
from skills.insertion import Insertion
from skills.learned import crew
from skills.library import SHIPPED_PRESET, Found, fitting, general, latest
from skills.policies import POLICIES, scripted_skill
from skills.presets import PRESETS
from skills.tasks import insertion_of

LEARNED = "learned"
"""The kind of learned policy that runs use."""
GENERAL = "general"
"""The skill trained on many steps of a step's kind."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A policy at one step."""

    name: str
    version: str
    """As ``skills.artifact.version_text`` writes it."""
    crew: Callable[[Insertion], Crew]
    """Raises SkillError when it cannot be run."""
    revision: int | None = None
    """Of the preset of a learned policy."""


def contender(name: str, task: Task, *, force_geometry: bool = False) -> Contender:
    """The policy called ``name`` at a step: a scripted one, a skill from the library, or a folder.

    With ``force_geometry`` a skill may fly a step that it was not trained for. Raises NoSkill, SkillError.
    """
    assembly, step = task
    if name in POLICIES:
        version = version_text(scripted_skill(name, assembly, step), assembly, step)
        return Contender(name, version, lambda insertion: crew_of(insertion, name))
    found = _found(name, task, force_geometry)
    if found is None:
        hint = f"train it with 'dovetail train {step.skill}'"
        raise NoSkill(name, name_of(task), hint)

    def make(insertion: Insertion) -> Crew:
        crew(found, insertion, 1, CONTROL_PERIOD_S)
        return LearnedCrew(found, insertion)

    kind = PRESETS.get(found.skill.policy)
    version = version_text(found.skill, assembly, step)
    return Contender(name, version, make, kind.revision if kind else None)


def _found(name: str, task: Task, force_geometry: bool) -> Found | None:
    assembly, step = task
    if name == GENERAL:
        return general(insertion_of(*task))
    if name == LEARNED or name in PRESETS:
        preset = SHIPPED_PRESET if name == LEARNED else name
        return latest(step.skill, preset=preset) if force_geometry else fitting(*task, preset=preset)
    if not is_a_path(name):
        known = ", ".join((LEARNED, GENERAL, *PRESETS, *POLICIES))
        raise NoSkill(name, name_of(task), f"there are {known}, or give the folder of a skill")
    path = Path(name).expanduser()
    skill, weights = load(path)
    if not force_geometry:
        check_fits(skill, assembly, step, path)
    return Found(skill, weights, path)
