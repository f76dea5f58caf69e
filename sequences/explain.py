"""What pydantic found wrong with a file, in the words of the person who wrote the file."""

import math
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic_core import ErrorDetails

from sequences.assembly import Assembly
from sequences.errors import Path, Problem, suggest
from sequences.reading import Node

Schema = Mapping[str, Any]

_QUANTITY = re.compile(
    r"\s*([-+]?[0-9][0-9_ ]*[.,]?[0-9]*(?:[eE][-+]?[0-9]+)?)\s*([a-zA-Zµ°%\"/³]+[0-9³]?)?\s*\Z"
)
_MEANING = {
    "_mm": "a length in millimetres",
    "_deg": "an angle in degrees",
    "_g": "a mass in grams",
    "_kg_m3": "a density in kg/m³ (steel 7850, aluminium 2700, PLA 1240)",
}
_FACTORS = {
    _MEANING["_mm"]: {"cm": 10.0, "m": 1000.0, "in": 25.4, '"': 25.4, "µm": 1e-3},
    _MEANING["_deg"]: {"rad": 180 / math.pi},
    _MEANING["_g"]: {"kg": 1000.0, "mg": 1e-3},
    _MEANING["_kg_m3"]: {"g/cm³": 1000.0, "g/cm3": 1000.0},
}
"""How much of a field's unit another unit is."""
_SHAPE_OF = {
    "object": "a mapping ('key: value')",
    "array": "a list ([…])",
    "string": "text",
    "boolean": "true or false",
}


def explain(errors: Iterable[ErrorDetails], root: Node) -> list[Problem]:
    """One problem for each thing that pydantic found, with the line where it stands."""
    found: dict[tuple[Path, str], Problem] = {}
    for error in errors:
        problem = _explained(error, root)
        if problem is not None:
            found.setdefault((problem.path, problem.message), problem)
    return list(found.values())


def _explained(error: ErrorDetails, root: Node) -> Problem | None:
    """One problem in plain words; None for a mere consequence of others."""
    kind, last = error["type"], error["loc"][-1] if error["loc"] else ""
    path, holder, schema = _along(error["loc"], root)
    node, _ = root.find(path)
    count = len(node.content) if isinstance(node.content, dict | list) else 0
    if kind == "missing" and isinstance(last, str):
        return Problem((*path, last), "is missing", _missing_hint(last, schema), line=node.line)
    if kind == "missing" or (kind == "too_long" and "prefixItems" in schema):
        return Problem(path, f"has {count} entries", _tuple_hint(schema), node.show(), node.line)
    if kind == "too_short" and count >= error["ctx"]["min_length"]:
        return None
    if kind == "extra_forbidden":
        hint = suggest(str(last), holder.get("properties", ()))
        return Problem(path, "is not a field here", hint, node.show(), node.line)
    if last == "[key]":
        return Problem(path, "is not a name", _NAME_HINT, line=node.line)
    message, hint = _refused(kind, error.get("ctx", {}), node, path, error["msg"])
    return Problem(path, message, hint, node.show() if path else "", node.line)


_NAME_HINT = "names are lower-case letters, digits, '-' and '_', at most 48, and begin with a letter"
_PATTERN_HINTS = {
    "#": "a colour is written '#rrggbb', in quotes, for instance '#9aa0a6'",
    "/": "a skill is written 'name' or 'family/name' in lower-case letters, digits, '-' and '_'",
}


def _refused(kind: str, context: Mapping[str, Any], node: Node, path: Path, said: str) -> tuple[str, str]:
    """What is wrong with a value, and what would be right."""
    meaning = _meaning(path)
    match kind:
        case "float_type" | "int_type" | "int_from_float":
            return _not_a_number(node, meaning, whole=kind != "float_type")
        case "finite_number":
            return "is not a finite number", f"write {meaning}"
        case "string_type" | "bool_type" | "tuple_type" | "dict_type" | "model_type" if node.content is None:
            return "has no value", "write one; text that begins with '#' must stand in quotes, as '#9aa0a6'"
        case "string_type":
            return "is not text", f"put it in quotes: '{node.text}'" if node.text else "write text"
        case "bool_type":
            return "is neither true nor false", "write true or false, without quotes"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return _out_of_bounds(kind, context, meaning)
        case "literal_error":
            return "is not one of the values allowed here", f"write {context.get('expected', 'one of them')}"
        case "string_pattern_mismatch":
            pattern = str(context.get("pattern", ""))
            known = (hint for mark, hint in _PATTERN_HINTS.items() if mark in pattern)
            return "is not written as it must be", next(known, _NAME_HINT)
        case "too_short":
            return "has too few entries", f"at least {context['min_length']} needed"
        case "too_long":
            return (
                f"has more than {context['max_length']} entries",
                f"at most {context['max_length']} are allowed",
            )
        case "tuple_type" | "list_type":
            return f"is not a list but {_kind_of(node)}", "write a list: [1, 2, 3], or one '- ' a line"
        case "dict_type" | "model_type" | "model_attributes_type" | "dataclass_type":
            return f"is not a mapping but {_kind_of(node)}", "write 'key: value' lines, without '- '"
        case "value_error" | "assertion_error":
            return _own_words(said, node, meaning)
        case _:
            return said[:1].lower() + said[1:], f"write {meaning}"


def _own_words(said: str, node: Node, meaning: str) -> tuple[str, str]:
    """A validator's own sentence; what follows a ';' is what it found."""
    sentence = said.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    wanted, _, found = sentence.partition("; got ")
    if found:
        return f"has {found}", wanted
    scalar = not isinstance(node.content, dict | list)
    return sentence, f"write {meaning}" if scalar else "correct one of these values"


def _not_a_number(node: Node, meaning: str, *, whole: bool) -> tuple[str, str]:
    """A number was expected and something else stands there."""
    wanted = "a whole number" if whole else "a number"
    if isinstance(node.content, dict | list):
        return f"is not {wanted} but {_kind_of(node)}", f"write {meaning}"
    if node.content is None:
        return "has no value", f"write {meaning}"
    quantity = _QUANTITY.match(node.text)
    if quantity is None:
        return f"is not {wanted}", f"write {meaning}"
    number, unit = float(re.sub("[_ ]", "", quantity[1]).replace(",", ".")), quantity[2]
    if unit:
        number *= _FACTORS.get(meaning, {}).get(unit, 1.0)
        return f"is not {wanted}: it carries a unit", f"write {number:g}; the field is {meaning}"
    if isinstance(node.content, str):
        return f"is text, not {wanted}", f"write {number:g}, without quotes or separators"
    return f"is not {wanted}", f"write {math.floor(number)}" if whole else f"write {meaning}"


def _out_of_bounds(kind: str, context: Mapping[str, Any], meaning: str) -> tuple[str, str]:
    """A number is too large or too small."""
    words = {
        "greater_than": ("gt", "too small", "greater than"),
        "greater_than_equal": ("ge", "too small", "at least"),
        "less_than": ("lt", "too large", "less than"),
        "less_than_equal": ("le", "too large", "at most"),
    }
    key, verdict, relation = words[kind]
    return f"is {verdict}", f"write {meaning}, {relation} {context[key]:g}"


def _kind_of(node: Node) -> str:
    """What a value is, in words."""
    match node.content:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "empty"
        case str():
            return "text"
        case bool():
            return "true or false"
        case _:
            return "a number"


def _meaning(path: Path) -> str:
    """What a field holds, from the unit in its name."""
    name = next((key for key in reversed(path) if isinstance(key, str)), "")
    return next((meaning for suffix, meaning in _MEANING.items() if name.endswith(suffix)), "a number")


def _missing_hint(name: str, schema: Schema) -> str:
    """How to write a field that is not there."""
    wanted = _resolved(schema.get("properties", {}).get(name, {}))
    if name == "format":
        return "add 'format: dovetail-assembly/1'"
    if wanted.get("type") in ("number", "integer"):
        return f"add '{name}: …', {_meaning((name,))}"
    return f"add '{name}: …', {_SHAPE_OF.get(str(wanted.get('type')), 'see a bundled product')}"


def _tuple_hint(schema: Schema) -> str:
    """How to write a list of fixed length."""
    names = ("x", "y", "z")[: len(schema.get("prefixItems", ()))]
    return f"write [{', '.join(names)}]"


def _along(loc: tuple[int | str, ...], root: Node) -> tuple[Path, Schema, Schema]:
    """The path in the file that an error's location means, the schema of what holds its end, and its own.

    A location ends in a key that may not be there (a missing field) or in ``[key]`` (a key that is no name).
    """
    path: Path = ()
    schema = holder = _resolved(_schema())
    for key in loc:
        deeper = (*path, key)
        if root.find(deeper)[1] != deeper:
            break
        path, holder, schema = deeper, schema, _below(schema, key)
    return path, holder, schema


@cache
def _schema() -> Schema:
    return Assembly.model_json_schema()


def _resolved(schema: Schema) -> Schema:
    """``schema`` with its reference followed and an optional value's null left out."""
    while "$ref" in schema:
        schema = _schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    return _resolved(choices[0]) if len(choices) == 1 else schema


def _below(schema: Schema, key: int | str) -> Schema:
    """The schema of a field, of a named entry or of a list's entry."""
    if isinstance(key, str):
        others = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
        named = schema.get("properties", {}).get(key, others)
    else:
        named = schema.get("items")
    return _resolved(named) if isinstance(named, Mapping) else {}
