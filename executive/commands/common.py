"""What the commands share: their settings, their consoles, and how an error is shown.

This module and its neighbours import nothing heavy at the top, so that ``--help`` and completion are quick.
"""

import functools
import json
import os
import re
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from executive.journal import Journal

ASSEMBLED, NOT_ASSEMBLED, BAD_INPUT, CELL_FAULT, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes."""

Answer = TypeVar("Answer")


def product_names() -> list[str]:
    """The bundled products, found without reading them."""
    library = files("sequences") / "library"
    if not library.is_dir():
        return []
    names = (entry.name for entry in library.iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def complete_product(incomplete: str) -> list[str]:
    """Product names for the shell."""
    return [name for name in product_names() if name.startswith(incomplete)]


def step_names() -> list[str]:
    """``PRODUCT/PART`` of every step of the bundled products and the names of their skills, found without
    checking the files."""
    names: set[str] = set()
    for product in product_names():
        text = (files("sequences") / "library" / f"{product}.yaml").read_text(encoding="utf-8")
        steps = text[text.rfind("\nsteps:") :]
        names |= {f"{product}/{part}" for part in re.findall(r"^  - part: (\S+)", steps, re.MULTILINE)}
        names |= set(re.findall(r"^    skill: (\S+)", steps, re.MULTILINE))
    return sorted(names)


def complete_step(incomplete: str) -> list[str]:
    """Steps and skills for the shell."""
    return [name for name in step_names() if name.startswith(incomplete)]


def complete_policy(incomplete: str) -> list[str]:
    """Policies for the shell."""
    names = ("learned", "general", "dovetail", "automate", "search", "push")
    return [name for name in names if name.startswith(incomplete)]


def numbers_of(text: str) -> list[int]:
    """``0,1,2`` as numbers, none of them negative. Raises typer.BadParameter."""
    try:
        numbers = [int(word) for word in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 0:
        raise typer.BadParameter(f"'{text}' is no list of numbers such as 0 or 0,1,2")
    return numbers


Product = Annotated[
    str,
    typer.Argument(
        metavar="PRODUCT",
        help="A bundled product's name, or the path of an assembly file.",
        autocompletion=complete_product,
    ),
]
RunsDir = Annotated[
    Path | None,
    typer.Option(
        "--runs-dir", help="Where runs are journaled; else $DOVETAIL_HOME or the user's data directory."
    ),
]
KeptRunsDir = Annotated[Path | None, typer.Option(help="Keep the runs here, not in a temporary directory.")]
RowsFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Keep rows here; those that it holds are not redone.")
]
OneProduct = Annotated[
    str, typer.Option(help="The product that is assembled.", autocompletion=complete_product)
]
Products = Annotated[
    list[str] | None, typer.Option(help="Only these products.", autocompletion=complete_product)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the result.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Runs at a time, each in a process.")]


def compute_with_one_thread() -> None:
    """Keep numerical libraries that are not loaded yet to one thread: small products are faster so."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def stdout() -> "Console":
    """For results."""
    from rich.console import Console

    return Console()


def stderr() -> "Console":
    """For everything that is not the result."""
    from rich.console import Console

    return Console(stderr=True)


def print_json(value: Any) -> None:
    """Print ``value`` as strict JSON on standard output."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))


def open_journal(runs_dir: Path | None) -> "Journal":
    """The journal in ``runs_dir`` or in the default place."""
    from executive.journal import Journal
    from executive.places import default_runs_dir

    return Journal(runs_dir or default_runs_dir())


def one_screen_errors(command: Callable[..., Answer]) -> Callable[..., Answer]:
    """Show an error that is the user's or the cell's to mend in a few lines, with its exit code."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Answer:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            code = _exit_code(error)
            if code is None:
                raise
            typer.secho(f"{error}", err=True, fg=None if code == BAD_INPUT else typer.colors.RED)
            raise typer.Exit(code) from None

    return wrapped


def _exit_code(error: Exception) -> int | None:
    """The exit code of an error that has one; None for a mistake of the program's own."""
    from executive.errors import CellUnavailable, ExecutiveError
    from sequences.errors import AssemblyError

    if isinstance(error, CellUnavailable):
        return CELL_FAULT
    if isinstance(error, ExecutiveError | AssemblyError):
        return BAD_INPUT
    if isinstance(error, OSError) and error.filename is not None:
        return BAD_INPUT
    if _is_one_of(error, USERS_TO_MEND):
        return BAD_INPUT
    return CELL_FAULT if _is_one_of(error, (("skills.cell", "CellError"),)) else None


USERS_TO_MEND = (
    ("skills.artifact", "SkillError"),
    ("skills.policies", "UnknownPolicy"),
    ("skills.presets", "UnknownPreset"),
    ("calibration.training", "CheckpointError"),
    ("calibration.touch_plan", "NothingToTouch"),
    ("hardware.keys", "KeyTrouble"),
    ("sim.bank", "NoStart"),
    ("sim.drift", "DriftError"),
)
"""Errors of the floors below that a person can do something about: module and class."""


def _is_one_of(error: Exception, kinds: tuple[tuple[str, str], ...]) -> bool:
    """Whether ``error`` is of one of these classes; a module that nobody imported has raised nothing."""
    known = ((sys.modules.get(module), name) for module, name in kinds)
    return any(module is not None and isinstance(error, getattr(module, name)) for module, name in known)
