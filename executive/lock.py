"""One process drives one run: a file lock that the system drops when its holder dies."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO

from executive.errors import RunBusy


class RunLock:
    """Held while a run is being driven. Raises RunBusy on entering when another process holds it."""

    def __init__(self, runs_dir: Path, run: int) -> None:
        self._path = runs_dir / "locks" / f"{run}.lock"
        self._run = run
        self._file: IO[str] | None = None

    def __enter__(self) -> "RunLock":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise RunBusy(self._run, holder) from None
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


def held(runs_dir: Path, run: int) -> bool:
    """Some process is driving ``run`` now."""
    try:
        with RunLock(runs_dir, run):
            return False
    except RunBusy:
        return True
