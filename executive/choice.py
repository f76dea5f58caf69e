"""Which skill inserts each part of a run: the one trained for its step, else a general one or the search."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from executive.options import PolicyName
from sequences.assembly import Assembly, Step
from skills.artifact import Misfit, geometry_of, version_text
from skills.initialization import Initialization
from skills.insertion import Attempt, Insertion
from skills.learned import Learned, crew
from skills.library import Found, fitting, general
from skills.policies import policy, scripted_skill
from skills.routine import Routine

CHECKED_AT_S = 0.06
"""A control period to try a skill's pieces with; any would do [s]."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What inserts one part."""

    version: str
    """As ``skills.artifact.version_text`` writes it."""
    make: Callable[[Attempt], Routine]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What inserts each part of a product."""

    by_part: Mapping[str, Choice]
    known: Mapping[str, Initialization] = field(default_factory=dict)
    """Part → where its skill knows to start from; none for a skill that does not."""
    notes: tuple[str, ...] = ()
    """For a person: where something else was chosen than was asked for."""

    @property
    def versions(self) -> dict[str, str]:
        """Part → version of the skill that inserts it."""
        return {part: choice.version for part, choice in self.by_part.items()}


def chosen(assembly: Assembly, name: PolicyName, insertions: Mapping[str, Insertion]) -> Chosen:
    """What the policy called ``name`` means for each step of ``assembly``.

    Skills are read and checked here, before anything moves. A general skill stands in for one that was made
    for other geometry where general skills are asked for. Raises SkillError for one that is corrupt, was made
    for other geometry, or cannot be run by this version.
    """
    if name not in (PolicyName.LEARNED, PolicyName.GENERAL):
        return Chosen({step.part: _scripted(str(name), assembly, step) for step in assembly.steps})
    choices: dict[str, Choice] = {}
    known: dict[str, Initialization] = {}
    lacking: dict[tuple[str, str], list[str]] = {}
    for step in assembly.steps:
        found, why = _own(assembly, step, name)
        if found is None:
            found = general(insertions[step.part]) if name is PolicyName.GENERAL else None
            what = "search" if found is None else "a general skill"
            lacking.setdefault((why, what), []).append(step.part)
        if found is None:
            choices[step.part] = _scripted(str(PolicyName.SEARCH), assembly, step)
        else:
            crew(found, insertions[step.part], 1, CHECKED_AT_S)
            choices[step.part] = Choice(version_text(found.skill, assembly, step), _learned(found))
            if (where := found.skill.initializations.get(geometry_of(assembly, step))) is not None:
                known[step.part] = where
    notes = tuple(f"{why} for {', '.join(parts)}: {what} is used" for (why, what), parts in lacking.items())
    return Chosen(choices, known, notes)


def _own(assembly: Assembly, step: Step, name: PolicyName) -> tuple[Found | None, str]:
    """The skill that was trained for ``step``; what to say where there is none to use."""
    try:
        return fitting(assembly, step), "no trained skill"
    except Misfit:
        if name is not PolicyName.GENERAL:
            raise
        return None, "only a skill for other geometry"


def _scripted(name: str, assembly: Assembly, step: Step) -> Choice:
    skill = scripted_skill(name, assembly, step)
    return Choice(version_text(skill, assembly, step), lambda attempt: policy(name, attempt))


def _learned(found: Found) -> Callable[[Attempt], Routine]:
    return lambda attempt: Learned(attempt, found)
