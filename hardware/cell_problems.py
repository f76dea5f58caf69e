"""What is wrong with a cell file, in the words of the person who wrote it."""

from collections.abc import Mapping

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from sequences.errors import Problem, suggest
from sequences.reading import Node


def problem_of(details: ErrorDetails, root: Node, model: type[BaseModel]) -> Problem:
    """One thing that pydantic found, in the words of the person who wrote the file."""
    kind, path = details["type"], details["loc"]
    node, reached = root.find(path)
    fields = _fields(model, path[:-1])
    last = str(path[-1]) if path else ""
    if kind == "missing" and isinstance(path[-1], int):
        return Problem(path[:-1], "has too few entries", "write [x, y, z]", node.show(), node.line)
    if kind == "missing":
        return Problem(path, "is missing", f"add '{last}: …'{_example(fields, last)}", line=node.line)
    if kind == "extra_forbidden":
        return Problem(path, "is not a field here", suggest(last, fields), node.show(), node.line)
    said = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    value = node.show() if reached == path else ""
    hint = f"write {_meaning(last)}{_example(fields, last)}"
    if kind == "value_error":
        hint = "correct one of these values"
    if kind == "literal_error":
        hint = f"write {details['ctx']['expected']}"
    return Problem(path, said[:1].lower() + said[1:], hint, value, node.line)


_MEANING = {
    "_mm": "a length in millimetres", "_deg": "an angle in degrees", "_ms": "a time in milliseconds",
    "_n": "a force in newtons", "_nm": "a torque in N·m", "_mm_s": "a speed in mm/s",
    "_port": "a port's number", "_hz": "a rate in Hz",
    "address": "the robot's address in the network, 'simulated' or 'scripted'",
}  # fmt: skip


def _meaning(name: str) -> str:
    return next((meaning for end, meaning in _MEANING.items() if name.endswith(end)), "what belongs there")


def _fields(model: type[BaseModel], path: tuple[int | str, ...]) -> Mapping[str, object]:
    """The fields, with their defaults, of the mapping at ``path``."""
    for key in path:
        field = model.model_fields.get(str(key))
        inner = [t for t in _types(field.annotation if field else None) if issubclass(t, BaseModel)]
        if not inner:
            break
        model = inner[0]
    return {name: field.get_default() for name, field in model.model_fields.items()}


def _types(annotation: object) -> list[type]:
    return [t for t in (annotation, *getattr(annotation, "__args__", ())) if isinstance(t, type)]


def _example(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if isinstance(value, tuple):
        value = list(value)
    return f", for instance {value}" if isinstance(value, int | float | str | list) else ""
