"""What is wrong with an assembly, in words that a person can act on.

``AssemblyError`` is the one exception that loading and validating raise. It carries every problem found, each
with its line, field, value, what is wrong and what would be right.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

MOST_PROBLEMS_SHOWN = 18
LONGEST_VALUE = 60
LONGEST_SENTENCE = 240
LONGEST_FIELD = 100

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an assembly."""

    path: Path
    """Where: keys and list indices from the top of the file."""
    message: str
    """What is wrong, as the rest of a sentence that starts with the field."""
    hint: str
    """What would be right."""
    value: str = ""
    """The value as it stands in the file; empty where there is none to show."""
    line: int | None = None
    """Line of the file, counted from 1; None for an assembly that came from no file."""

    @property
    def field(self) -> str:
        """``path`` as people write it, for instance ``steps[2].goal.yaw_deg``; empty for the file itself."""
        return field_text(self.path)


class AssemblyError(ValueError):
    """An assembly cannot be built as it is written."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__(_report(file, self.problems))


class UnknownProduct(AssemblyError):
    """A name is neither a bundled product nor a file."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        problem = Problem((), "is neither a bundled product nor a file that exists", suggest(name, known))
        super().__init__(name, (problem,))


def field_text(path: Path) -> str:
    """``('steps', 2, 'goal')`` as ``steps[2].goal``."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += f".{key}" if text else key
    return text


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint for a name that does not exist: the nearest one that does, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    if not names:
        return "there is none to choose from"
    shown = ", ".join(names[:12])
    return f"there is {shown}" + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def clipped(text: str, longest: int = LONGEST_VALUE) -> str:
    """``text`` on one line, at most ``longest`` characters, with nothing in it that a terminal would obey."""
    head = text[: longest + 1]
    safe = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in head
    )
    return safe if len(safe) <= longest else safe[: longest - 1] + "…"


def _report(file: str, problems: tuple[Problem, ...]) -> str:
    """All problems on one screen."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    name = clipped(file, LONGEST_SENTENCE)
    lines = [f"{name}: {count}"]
    for problem in problems[:MOST_PROBLEMS_SHOWN]:
        lines += _lines(name, problem)
    if len(problems) > MOST_PROBLEMS_SHOWN:
        lines.append(f"and {len(problems) - MOST_PROBLEMS_SHOWN} more")
    return "\n".join(lines)


def _lines(name: str, problem: Problem) -> list[str]:
    """One problem: where and what, then what would be right."""
    where = name if problem.line is None else f"{name}:{problem.line}"
    subject = clipped(problem.field, LONGEST_FIELD)
    if problem.value:
        value = clipped(problem.value)
        subject = f"{subject} = {value}" if subject else value
    subject = f"{subject}: " if subject else ""
    lines = [f"{where}: {subject}{clipped(problem.message, LONGEST_SENTENCE)}"]
    if problem.hint:
        lines.append(f"    → {clipped(problem.hint, LONGEST_SENTENCE)}")
    return lines
