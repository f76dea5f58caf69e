"""From a name or a file to an assembly that can be built: read, validated, checked down to its geometry."""

import json
import stat
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from sequences.assembly import Assembly
from sequences.errors import AssemblyError, Problem, UnknownProduct
from sequences.explain import explain
from sequences.reading import LARGEST_FILE, Node, read
from sequences.validate import check

SUFFIXES = (".yaml", ".yml")


@cache
def bundled() -> tuple[str, ...]:
    """Names of the products that come with Dovetail, in alphabetical order."""
    library = files("sequences") / "library"
    if not library.is_dir():
        return ()
    return tuple(
        sorted(
            entry.name.removesuffix(".yaml") for entry in library.iterdir() if entry.name.endswith(".yaml")
        )
    )


def load(path_or_name: str | Path) -> Assembly:
    """The assembly of a bundled product's name or of a file, valid down to its geometry.

    A text without a ``/`` or a YAML suffix is a name. Raises AssemblyError with everything that is wrong.
    """
    file, data = _bytes_of(path_or_name)
    return parse(data, file)


def parse(data: bytes, file: str) -> Assembly:
    """The assembly that the bytes of ``file`` hold. Raises AssemblyError with everything that is wrong."""
    root = read(data, file)
    assembly = _typed(root, file)
    problems = check(assembly)
    if problems:
        raise AssemblyError(file, _placed(problems, root))
    return assembly


def _typed(root: Node, file: str) -> Assembly:
    """The tree as an assembly, before its parts are looked at together. Raises AssemblyError."""
    if not isinstance(root.content, dict):
        problem = Problem(
            (),
            "the file is not a mapping",
            "begin with 'format: dovetail-assembly/1'",
            root.show(),
            root.line,
        )
        raise AssemblyError(file, [problem])
    try:
        assembly = Assembly.model_validate_json(json.dumps(root.plain), strict=True)
    except ValidationError as error:
        raise AssemblyError(file, explain(error.errors(include_url=False), root)) from None
    return _with_files(assembly, Path(file).resolve().parent)


def _with_files(assembly: Assembly, folder: Path) -> Assembly:
    """The assembly with the files of its parts where they are, ``folder`` being that of the assembly file."""
    parts = {
        name: part
        if part.mesh is None
        else part.model_copy(
            update={
                "mesh": part.mesh.model_copy(
                    update={
                        "surface": str(folder / part.mesh.surface),
                        "contact": str(folder / part.mesh.contact),
                    }
                )
            }
        )
        for name, part in assembly.parts.items()
    }
    return assembly.model_copy(update={"parts": parts})


def _placed(problems: Iterable[Problem], root: Node) -> list[Problem]:
    """Problems with the line and the text of what they are about."""
    placed = []
    for problem in problems:
        node, reached = root.find(problem.path)
        value = problem.value or (node.show() if reached == problem.path else "")
        placed.append(replace(problem, line=node.line, value=value))
    return placed


def _bytes_of(path_or_name: str | Path) -> tuple[str, bytes]:
    """What messages call the file, and its content. Raises AssemblyError."""
    name = str(path_or_name)
    if name in bundled():
        return f"{name}.yaml", (files("sequences") / "library" / f"{name}.yaml").read_bytes()
    looks_like_a_file = isinstance(path_or_name, Path) or "/" in name or name.endswith(SUFFIXES)
    if not looks_like_a_file:
        raise UnknownProduct(name, bundled())
    try:
        return name, _regular_bytes(Path(name))
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        problem = Problem(
            (), f"cannot be read: {said}", "give a YAML file or a bundled product: " + ", ".join(bundled())
        )
        raise AssemblyError(name, [problem]) from None


def _regular_bytes(path: Path) -> bytes:
    """The content of a regular file, at most one byte more than is allowed. Raises OSError, ValueError."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        return file.read(LARGEST_FILE + 1)
