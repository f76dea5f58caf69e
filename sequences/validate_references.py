"""Names and order: every part exists, is placed once, and after all that guide it."""

import math
from collections.abc import Iterator

from sequences.assembly import Assembly, Step
from sequences.errors import Path, Problem, suggest

UNIT_TOLERANCE = 0.01
STEEPEST_DEG = 45.0


def check_references(assembly: Assembly) -> list[Problem]:
    """Problems with names, with the order of the steps and with their directions.

    What follows from a misspelt name is not reported beside it.
    """
    return [
        *_base(assembly),
        *_places(assembly),
        *_placed_once(assembly),
        *_never_placed(assembly),
        *(problem for index in range(len(assembly.steps)) for problem in _mates(assembly, index)),
        *(problem for index, step in enumerate(assembly.steps) for problem in _direction(index, step)),
    ]


def _unknown(assembly: Assembly, name: str, path: Path) -> Iterator[Problem]:
    if name not in assembly.parts:
        yield Problem(path, "is not among the parts", suggest(name, assembly.parts), name)


def _base(assembly: Assembly) -> Iterator[Problem]:
    yield from _unknown(assembly, assembly.base.part, ("base", "part"))


def _places(assembly: Assembly) -> Iterator[Problem]:
    """The tray holds every part that a step places, and nothing else."""
    for name in assembly.tray.places:
        path = ("tray", "places", name)
        if name == assembly.base.part:
            yield Problem(path, "is the base, which waits in the fixture", "remove it from the tray")
        elif name not in assembly.parts:
            yield Problem(path, "is not among the parts", suggest(name, assembly.parts), name)
    for step in assembly.steps:
        name = step.part
        if name in assembly.parts and name != assembly.base.part and name not in assembly.tray.places:
            path = ("tray", "places", name)
            yield Problem(
                path,
                "is missing: the part has no place in the tray",
                f"add '{name}: {{position_mm: [x, y]}}'",
            )


def _placed_once(assembly: Assembly) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, step in enumerate(assembly.steps):
        path = ("steps", index, "part")
        yield from _unknown(assembly, step.part, path)
        if step.part == assembly.base.part:
            yield Problem(path, "is the base, which stands in the fixture from the start", "remove the step")
        elif step.part in first:
            message = f"is placed by steps[{first[step.part]}] already"
            yield Problem(
                path, message, "a part is placed once; give a second piece a name of its own under parts"
            )
        first.setdefault(step.part, index)


def _never_placed(assembly: Assembly) -> Iterator[Problem]:
    named = [assembly.base.part, *(step.part for step in assembly.steps)]
    if len(set(named)) < len(named) or not assembly.parts.keys() >= set(named):
        return
    for name in assembly.parts:
        if name not in named:
            yield Problem(("parts", name), "is placed by no step", "add a step for it, or remove the part")


def _mates(assembly: Assembly, index: int) -> Iterator[Problem]:
    """All that guides a part stands before it comes."""
    step = assembly.steps[index]
    there = {assembly.base.part, *(earlier.part for earlier in assembly.steps[:index])}
    for position, mate in enumerate(step.mates):
        path = ("steps", index, "mates", position)
        if mate not in assembly.parts:
            yield from _unknown(assembly, mate, path)
        elif mate == step.part:
            yield Problem(path, "is the part itself", "name the parts that guide it")
        elif mate in step.mates[:position]:
            yield Problem(path, "is named twice", "name it once")
        elif mate not in there and assembly.base.part in assembly.parts:
            yield _too_late(assembly, index, mate, path)


def _too_late(assembly: Assembly, index: int, mate: str, path: Path) -> Problem:
    """A mate that does not stand yet: it comes later, never, or the two wait for each other."""
    part = assembly.steps[index].part
    later = next((k for k, step in enumerate(assembly.steps) if step.part == mate), None)
    if later is None:
        return Problem(path, "is never placed", f"add a step that places '{mate}' before this one")
    if part in assembly.steps[later].mates:
        message = f"waits for '{part}', which waits for '{mate}'"
        return Problem(path, message, "one of the two must go in without the other")
    return Problem(path, f"is placed only by steps[{later}]", f"move that step before steps[{index}]")


def _direction(index: int, step: Step) -> Iterator[Problem]:
    path = ("steps", index, "direction")
    length = math.hypot(*step.direction)
    if not math.isfinite(length) or length == 0:
        yield Problem(path, "is no direction", "write [0, 0, -1] for straight down")
        return
    if abs(length - 1) > UNIT_TOLERANCE:
        unit = ", ".join(f"{value / length:.4g}" for value in step.direction)
        yield Problem(path, f"is {length:.3g} long", f"a direction has length 1: [{unit}]")
    if -step.direction[2] / length < math.cos(math.radians(STEEPEST_DEG)) - 1e-9:
        yield Problem(
            path,
            f"is more than {STEEPEST_DEG:g}° from straight down",
            "the robot inserts downwards: [0, 0, -1]",
        )
