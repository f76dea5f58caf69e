"""YAML read with suspicion: bytes of a file become a tree of plain values that knows its lines.

The text is parsed event by event, without recursion, and nothing but mappings, lists and plain scalars
comes out. Plain scalars follow the YAML 1.2 core schema, so ``no`` is a word and ``1e3`` is a number.
Refused: tags, merge keys, duplicate and non-scalar keys, aliases that contain themselves, more than one
document, and anything beyond the bounds below (an alias counts as often as it is used).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import yaml

from sequences.errors import AssemblyError, Path, Problem, clipped
from sequences.syntax import syntax_problem

LARGEST_FILE = 1_000_000
"""[bytes]"""
MOST_NODES = 50_000
DEEPEST = 24

Scalar = str | int | float | bool | None
Plain = Scalar | list["Plain"] | dict[str, "Plain"]

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_CORE = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}


@dataclass(slots=True)
class Node:
    """A value of the file and where it stands."""

    line: int
    """Line, counted from 1, of the value or of the key that it belongs to."""
    content: "Scalar | list[Node] | dict[str, Node]"
    text: str = ""
    """A scalar as it was written."""
    size: int = 1
    """Number of nodes in the tree below and including this one."""

    @property
    def plain(self) -> Plain:
        """The value without its lines."""
        if isinstance(self.content, dict):
            return {key: node.plain for key, node in self.content.items()}
        if isinstance(self.content, list):
            return [node.plain for node in self.content]
        return self.content

    def find(self, path: Path) -> tuple["Node", Path]:
        """The deepest node along ``path`` and the part of ``path`` that leads to it."""
        node, reached = self, 0
        for key in path:
            content = node.content
            if isinstance(content, dict) and key in content:
                node = content[str(key)]
            elif isinstance(content, list) and isinstance(key, int) and key < len(content):
                node = content[key]
            else:
                break
            reached += 1
        return node, path[:reached]

    def show(self) -> str:
        """A scalar or a list of scalars, for a message; empty for what is too large to be shown."""
        if isinstance(self.content, dict):
            return ""
        if isinstance(self.content, list):
            shown = [node.show() for node in self.content[:6]]
            return "[" + ", ".join(shown) + "]" if all(shown) else "" if shown else "[]"
        quoted = isinstance(self.content, str) and not isinstance(_core_value(self.text), str)
        return f"'{self.text}'" if quoted else clipped(self.text)


def read(data: bytes, file: str) -> Node:
    """The tree that ``data`` holds, ``file`` being what messages call it.

    Raises AssemblyError with every problem up to the first that makes the rest unreadable.
    """
    text = _decoded(data, file)
    builder = _Builder(file)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.YAMLError as error:
        raise AssemblyError(file, [*builder.problems, syntax_problem(error, text)]) from None
    if builder.root is None:
        raise AssemblyError(file, [_EMPTY])
    if builder.problems:
        raise AssemblyError(file, builder.problems)
    return builder.root


_EMPTY = Problem(
    (),
    "the file is empty",
    "begin with 'format: dovetail-assembly/1'; a bundled product shows the rest",
    line=1,
)


def _decoded(data: bytes, file: str) -> str:
    """``data`` as text. Raises AssemblyError when it is none."""
    if len(data) > LARGEST_FILE:
        problem = Problem(
            (), f"the file is larger than {LARGEST_FILE // 1000} kB", "an assembly is a few kilobytes of YAML"
        )
        raise AssemblyError(file, [problem])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problem = Problem((), "the file is UTF-16 text", "save it as UTF-8", line=1)
        raise AssemblyError(file, [problem])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise AssemblyError(file, [Problem((), found, "save the file as UTF-8 text", line=line)]) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        problem = Problem(
            (), "the file is not text: it holds a zero byte", "an assembly is UTF-8 text in YAML", line=line
        )
        raise AssemblyError(file, [problem])
    return text


def _events(text: str) -> Iterator[yaml.Event]:
    """The YAML events of ``text``."""
    return iter(yaml.parse(text, Loader=yaml.SafeLoader))


def _core_value(text: str) -> Scalar:
    """What an unquoted scalar stands for."""
    if text in _CORE:
        return _CORE[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text


@dataclass(slots=True)
class _Open:
    """A mapping or list that has begun and not ended."""

    node: Node
    anchor: str | None
    key: str | None = None
    key_line: int = 0


class _Builder:
    """Puts the tree together from events."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Use the next event. Raises AssemblyError where reading on makes no sense."""
        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._give_up(
                        line,
                        "a second document begins here",
                        "keep one assembly in a file, without a second '---'",
                    )
            case yaml.ScalarEvent():
                self._refuse_tag(event, line)
                value = event.value if event.style else _core_value(event.value)
                node = Node(line, value, text=event.value)
                self._place(node, event.anchor)
            case yaml.AliasEvent():
                meant = self._meant(str(event.anchor), line)
                self._nodes += meant.size - 1
                self._place(meant, None)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._refuse_tag(event, line)
                if len(self._open) >= DEEPEST:
                    self._give_up(
                        line, f"nested deeper than {DEEPEST} levels", "an assembly needs no more than eight"
                    )
                node = Node(line, {} if isinstance(event, yaml.MappingStartEvent) else [])
                self._open.append(_Open(node, event.anchor))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                closed = self._open.pop()
                self._place(closed.node, closed.anchor)
            case _:
                pass

    @property
    def _path(self) -> Path:
        """Where the next value belongs."""
        path: list[str | int] = []
        for level in self._open:
            if isinstance(level.node.content, list):
                path.append(len(level.node.content))
            elif level.key is not None:
                path.append(level.key)
        return tuple(path)

    def _place(self, node: Node, anchor: str | None) -> None:
        """Put a finished value where it belongs: the root, a list, a key or the value of a key."""
        if anchor is not None:
            self._anchors[anchor] = node
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._give_up(
                node.line,
                f"more than {MOST_NODES} values, aliases included",
                "write the assembly without so many aliases",
            )
        if not self._open:
            self.root = node
            return
        level = self._open[-1]
        level.node.size += node.size
        content = level.node.content
        if isinstance(content, list):
            content.append(node)
        elif isinstance(content, dict) and level.key is None:
            level.key, level.key_line = self._key(node), node.line
        elif isinstance(content, dict):
            self._assign(level, content, node)

    def _key(self, node: Node) -> str:
        """The key that a node stands for."""
        if isinstance(node.content, dict | list):
            self._give_up(
                node.line,
                "a mapping or a list cannot be a key",
                "keys are plain words; is a '{' or '[' too many?",
            )
        return node.text

    def _assign(self, level: _Open, content: dict[str, Node], node: Node) -> None:
        """Give the open key its value."""
        key = level.key or ""
        if key == "<<":
            self._complain(level.key_line, "merge keys are not read", "write the fields out", node.show())
        elif key in content:
            first = content[key].line
            self._complain(
                level.key_line, f"was given already on line {first}", "keep one of the two", node.show()
            )
        else:
            content[key] = replace(node, line=level.key_line)
        level.key = None

    def _meant(self, anchor: str, line: int) -> Node:
        """The node that an alias stands for."""
        if any(level.anchor == anchor for level in self._open):
            self._give_up(line, f"alias *{anchor} stands inside what it refers to", "write the values out")
        if anchor not in self._anchors:
            self._give_up(
                line,
                f"alias *{anchor} refers to nothing",
                f"put &{anchor} before the value that is meant, or quote the text",
            )
        return self._anchors[anchor]

    def _refuse_tag(self, event: yaml.NodeEvent, line: int) -> None:
        tag: str | None = event.tag  # type: ignore[attr-defined]
        if tag is not None and tag not in ("!", "tag:yaml.org,2002:str"):
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self._complain(line, f"carries the tag {shown}", "remove it; an assembly holds only plain values")

    def _complain(self, line: int, message: str, hint: str, value: str = "") -> None:
        self.problems.append(Problem(self._path, message, hint, value, line))

    def _give_up(self, line: int, message: str, hint: str) -> None:
        self._complain(line, message, hint)
        raise AssemblyError(self.file, self.problems)
