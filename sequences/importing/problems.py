"""How an import says what is wrong: one sentence that names the file, and what would help."""

from pathlib import Path

from sequences.errors import AssemblyError, Problem


def refused(where: Path | str, message: str, hint: str, part: str = "") -> AssemblyError:
    """What is wrong with a folder, with a file of it, or with one ``part``; to be raised."""
    return AssemblyError(str(where), [Problem((part,) if part else (), message, hint)])
