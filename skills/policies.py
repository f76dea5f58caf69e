"""The policies that need no learning, by name."""

from collections.abc import Callable
from dataclasses import asdict

from sequences.assembly import Assembly, Step
from skills.artifact import Skill, geometry_of
from skills.insertion import Attempt
from skills.push import StraightPush
from skills.routine import Routine
from skills.search import Search, SearchSettings

SCRIPTED_VERSION = 1
"""Raised whenever a scripted policy behaves differently."""
POLICIES: dict[str, Callable[[Attempt], Routine]] = {"search": Search, "push": StraightPush}


class UnknownPolicy(KeyError):
    """A policy was named that nobody wrote."""

    def __init__(self, name: str) -> None:
        self.name, self.known = name, tuple(POLICIES)
        super().__init__(name)

    def __str__(self) -> str:
        return f"there is no policy '{self.name}'; there are {', '.join(self.known)}"


def scripted_skill(name: str, assembly: Assembly, step: Step) -> Skill:
    """The policy called ``name`` as a skill for ``step``, the record that a learned one comes with."""
    settings = asdict(SearchSettings()) if name == "search" else {}
    numbers = {key: float(value) for key, value in settings.items() if isinstance(value, int | float)}
    return Skill(
        name=step.skill,
        version=SCRIPTED_VERSION,
        policy=name,
        settings=numbers,
        geometries=(geometry_of(assembly, step),),
    )


def policy(name: str, attempt: Attempt) -> Routine:
    """The policy called ``name`` for one attempt. Raises UnknownPolicy."""
    try:
        return POLICIES[name](attempt)
    except KeyError:
        raise UnknownPolicy(name) from None
