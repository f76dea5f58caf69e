"""From what a person calls a step or a skill to the steps that are meant."""

from collections.abc import Iterator
from pathlib import Path

from executive.errors import UnknownStep
from sequences.assembly import Assembly, Step
from sequences.errors import suggest
from sequences.load import SUFFIXES, bundled, load

Task = tuple[Assembly, Step]
"""A step of a product."""


def name_of(task: Task) -> str:
    """``PRODUCT/PART``."""
    assembly, step = task
    return f"{assembly.name}/{step.part}"


def tasks_named(name: str) -> tuple[Task, ...]:
    """The steps that ``name`` means: one for ``PRODUCT/PART``, all that use it for the name of a skill.

    A product is a bundled one's name or the path of a file; ``FILE.yaml/SKILL`` names a skill of a file by
    the last word of its name. Raises UnknownStep, AssemblyError.
    """
    product, _, last = name.rpartition("/")
    if product in bundled() or product.endswith(SUFFIXES):
        assembly = load(product)
        found = tuple((assembly, step) for step in assembly.steps if step.part == last)
        found = found or tuple((assembly, s) for s in assembly.steps if s.skill.split("/")[-1] == last)
        if found:
            return found
        raise UnknownStep(name, suggest(last, [step.part for step in assembly.steps]))
    for assembly in _likely_first(product):
        if found := tuple((assembly, step) for step in assembly.steps if step.skill == name):
            return found
    skills = {step.skill for each in bundled() for step in load(each).steps}
    raise UnknownStep(name, suggest(name, skills))


def skills_named(names: list[str], products: list[str]) -> dict[str, tuple[Task, ...]]:
    """Skill → the steps of its product that use it, for steps and skills that are named, and for all of
    ``products``. Raises UnknownStep, AssemblyError."""
    meant = [task for name in names for task in tasks_named(name)]
    for product in products:
        assembly = load(product)
        meant += [(assembly, step) for step in assembly.steps]
    skills: dict[str, tuple[Task, ...]] = {}
    for assembly, step in meant:
        skills[step.skill] = tuple((assembly, s) for s in assembly.steps if s.skill == step.skill)
    return skills


def is_a_path(name: str) -> bool:
    """Whether a person means a file or folder rather than a name."""
    return name.startswith((".", "/", "~")) or Path(name).exists()


def _likely_first(product: str) -> Iterator[Assembly]:
    """The bundled products; first those that are called nearly as the first word of the skill."""
    alike = product.replace("-", "_")
    for name in sorted(bundled(), key=lambda name: name != alike):
        yield load(name)
