"""Locks that the system drops when their holder dies: one process drives one run, or refines one skill."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO

from executive.errors import RunBusy


class Held(Exception):
    """Another process holds the lock; ``holder`` is its number, or empty."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        super().__init__(f"held by process {holder}")


class FileLock:
    """A lock on a file, held from entering to leaving. Raises Held on entering when another has it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> "FileLock":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise Held(holder) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class RunLock(FileLock):
    """Held while a run is being driven. Raises RunBusy on entering when another process holds it."""

    def __init__(self, runs_dir: Path, run: int) -> None:
        super().__init__(runs_dir / "locks" / f"{run}.lock")
        self._run = run

    def __enter__(self) -> "RunLock":
        try:
            super().__enter__()
        except Held as other:
            raise RunBusy(self._run, other.holder) from None
        return self


def held(runs_dir: Path, run: int) -> bool:
    """Some process is driving ``run`` now."""
    try:
        with RunLock(runs_dir, run):
            return False
    except RunBusy:
        return True
