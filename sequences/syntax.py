"""What is wrong with a text that is not YAML, in plain words."""

import yaml

from sequences.errors import Problem, clipped


def syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    """A YAML syntax error in plain words."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character[:1])
        return Problem((), f"character U+{code:04X} cannot stand in YAML", "remove it", line=line)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem((), "is not YAML", "compare with a bundled product")
    line = error.problem_mark.line + 1
    content = _line_of(text, line)
    shown = f"`{clipped(content.strip(), 56)}`" if content.strip() else ""
    said = " ".join(part for part in (error.context, error.problem) if part)
    if "\\t" in said or "\t" in content[: len(content) - len(content.lstrip())]:
        return Problem((), "a tab is used for indentation", "indent with spaces", shown, line)
    for known, message, hint in _SYNTAX:
        if known in said:
            return Problem((), message, hint, shown, line)
    return Problem((), f"is not YAML: {said}", "compare with a bundled product", shown, line)


def _line_of(text: str, line: int) -> str:
    """A line of the text, counted from 1; empty past its end."""
    lines = text.splitlines()
    return lines[line - 1] if line <= len(lines) else ""


_SYNTAX = (
    (
        "mapping values are not allowed",
        "a ':' stands where none can",
        "put text that contains ': ' in quotes; check the indentation",
    ),
    (
        "while scanning a quoted scalar",
        "a quotation mark is not closed",
        "close it, or remove the one that opens",
    ),
    ("while parsing a flow sequence", "a '[' is not closed or a ',' is missing", "write lists as [1, 2, 3]"),
    (
        "while parsing a flow mapping",
        "a '{' is not closed or a ',' is missing",
        "write mappings as {a: 1, b: 2}",
    ),
    ("could not find expected ':'", "a key has no ':' after it", "write 'key: value'"),
    (
        "while parsing a block mapping",
        "the indentation does not fit what stands above",
        "give the keys of one mapping the same indentation",
    ),
    (
        "while parsing a block collection",
        "the indentation does not fit what stands above",
        "give the '-' of one list the same indentation",
    ),
    ("expected the node content", "a value is missing, or a bracket is one too many", "count the brackets"),
    ("unknown escape character", "a backslash in double quotes means something else", "use single quotes"),
    ("found character '%'", "a value cannot begin with '%'", "put it in quotes"),
    ("cannot start any token", "a value cannot begin with this character", "put it in quotes"),
    ("found duplicate anchor", "an anchor is given twice", "use another name"),
    (
        "found undefined tag handle",
        "a tag has an unknown prefix",
        "remove it; an assembly holds only plain values",
    ),
)
