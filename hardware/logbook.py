"""The bridge's journal: one line of JSON for everything that happened, appended and never changed.

Lines are handed to the operating system before the server waits for its next message, so they survive its
death; what matters most is written at once and forced to disk, by a thread of its own, so that the control
loop never waits for a disk.
"""

import logging
import os
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec

LARGEST_FILE = 64_000_000
"""A file of this size is put aside as ``NAME.1`` and a new one begun [bytes]."""
MOST_WAITING = 64
SPEAKING = 20
"""How many lines of one kind about one client are written in a row before they are only counted."""
QUIET_S = 1.0
"""Time after which counted lines are summed up and lines are written again [s]."""

log = logging.getLogger("dovetail.bridge")


class Logbook:
    """Writes to ``path``, or only to :mod:`logging` without one."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._file = -1 if path is None else _opened(path)
        self._size = 0 if path is None else os.fstat(self._file).st_size
        self._waiting: list[tuple[float, float, str, dict[str, Any]]] = []
        self._durable: SimpleQueue[int | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._force, name="logbook", daemon=True)
        self._thread.start()

    def write(self, kind: str, *, durable: bool = False, **facts: Any) -> None:
        """Add a line; ``durable`` also writes everything out now and has it forced to disk soon."""
        log.info("%s %s", kind, facts)
        if self._file < 0:
            return
        self._waiting.append((time.time(), time.monotonic(), kind, facts))
        if durable or len(self._waiting) >= MOST_WAITING:
            self.flush()
        if durable:
            self._durable.put(os.dup(self._file))

    def flush(self) -> None:
        """Hand the lines that wait to the operating system."""
        if not self._waiting:
            return
        lines = b"".join(map(_line, self._waiting))
        self._waiting.clear()
        os.write(self._file, lines)
        self._size += len(lines)
        if self._size > LARGEST_FILE:
            self._turn_the_page()

    def close(self) -> None:
        """Force everything to disk and let go of the file."""
        self.flush()
        self._durable.put(None)
        self._thread.join()
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
            self._file = -1

    def _force(self) -> None:
        while (file := self._durable.get()) is not None:
            os.fsync(file)
            os.close(file)

    def _turn_the_page(self) -> None:
        assert self.path is not None
        os.close(self._file)
        self.path.replace(self.path.with_name(self.path.name + ".1"))
        self._file, self._size = _opened(self.path), 0


class Complaints:
    """Writes refusals to a logbook without letting a flood of them fill the disk."""

    def __init__(self, logbook: Logbook) -> None:
        self.logbook = logbook
        self.totals: Counter[str] = Counter()
        """How many of each kind there were in all."""
        self._recent: Counter[tuple[str, str]] = Counter()
        self._since_s = 0.0

    def refused(self, who: str, why: str, detail: str, now: float) -> None:
        """Note that something of ``who`` was refused."""
        self.totals[why] += 1
        if now - self._since_s > QUIET_S:
            self.sum_up(now)
        self._recent[who, why] += 1
        if self._recent[who, why] <= SPEAKING and len(self._recent) <= 10 * SPEAKING:
            self.logbook.write("refused", who=who, why=why, detail=detail)

    def sum_up(self, now: float) -> None:
        """Write how many were only counted, and begin anew."""
        unsaid = {
            f"{who}: {why}": count - SPEAKING
            for (who, why), count in self._recent.most_common(10)
            if count > SPEAKING
        }
        if unsaid:
            self.logbook.write("refused many", more=unsaid)
        self._recent.clear()
        self._since_s = now


def _line(entry: tuple[float, float, str, dict[str, Any]]) -> bytes:
    """One line of the file."""
    time_s, monotonic_s, kind, facts = entry
    now = datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds")
    record = {"time": now, "monotonic_s": round(monotonic_s, 4), "kind": kind, **facts}
    return msgspec.json.encode(record, enc_hook=str) + b"\n"


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
