"""The flight recorder: the last half minute, always kept in memory and written when something goes wrong."""

import contextlib
import zipfile
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from executive.board import Board
from executive.episodes import EpisodeKeeper
from executive.journal import Event
from executive.operator.hold import HeldCell
from executive.places import flights_folder
from executive.records import RunState
from executive.track import Sample, Track, sampled
from sequences.files import write_whole

KEPT_S = 30.0
"""How far back it reaches [s]."""
TROUBLE = ("attempt_failed", "step_failed", "displaced", str(RunState.FAULT), str(RunState.INTERRUPTED))
"""Events that have it written."""


class FlightRecorder:
    """One run's, with its attempts as they pass by.

    A recording that cannot be written is given up: it must not stop an arm.
    """

    def __init__(self, runs_dir: Path, run: int, board: Board, cell: HeldCell) -> None:
        self.folder = flights_folder(runs_dir, run)
        self.board, self.cell = board, cell
        self._ring: deque[Sample] = deque(maxlen=max(1, round(KEPT_S / cell.control_period_s)))
        self._written: Sample | None = None
        self._episodes = EpisodeKeeper(runs_dir, run, board)

    def look(self) -> None:
        """Take in one control period."""
        self._ring.append(sampled(self.board, self.cell))
        self._episodes.look(self._ring[-1])

    def happened(self, event: Event) -> None:
        """Write what is kept if ``event`` is trouble."""
        self._episodes.happened(event)
        if event.kind not in TROUBLE:
            return
        data = event.data or {}
        record = data.get("record") or data.get("step") or {}
        why = str(record.get("cause") or ", ".join(data.get("faults") or ()) or "")
        self.write(f"{event.kind.replace('_', ' ')}{': ' if why else ''}{why}")

    def write(self, why: str) -> None:
        """Write what is kept, and why; not twice for the same moment."""
        if not self._ring or self._ring[-1] is self._written:
            return
        last = self._written = self._ring[-1]
        steps = self.board.assembly.steps
        part = steps[last.step].part if 0 <= last.step < len(steps) else ""
        facts = {"why": why, "part": part, "at": datetime.now(UTC).isoformat(timespec="milliseconds")}
        with contextlib.suppress(OSError):
            number = 1 + max((int(file.stem) for file in _files(self.folder)), default=0)
            write_whole(self.folder / f"{number}.npz", Track.of(self._ring, facts).to_bytes())


@dataclass(frozen=True, slots=True)
class Flight:
    """A recording that was written."""

    number: int
    path: Path
    track: Track

    @property
    def why(self) -> str:
        """What went wrong."""
        return self.track.facts.get("why", "")

    @property
    def part(self) -> str:
        """The part of the step in hand; empty for none."""
        return self.track.facts.get("part", "")

    @property
    def peak_n(self) -> float:
        """The largest contact force [N]."""
        return float(self.track.peak_force_n.max())

    def as_json(self) -> dict[str, str | float | int]:
        """What there is, without the arrays."""
        return {
            "number": self.number, "why": self.why, "part": self.part, "at": self.track.facts.get("at", ""),
            "attempt": int(self.track.attempt[-1]), "seconds": round(self.track.lasted_s, 2),
            "peak_force_n": round(self.peak_n, 1), "doing": str(self.track.doing[-1]), "file": str(self.path),
        }  # fmt: skip


def flights_of(runs_dir: Path, run: int) -> list[Flight]:
    """The recordings of a run, oldest first; files that are none are passed over."""
    found = []
    for path in sorted(_files(flights_folder(runs_dir, run)), key=lambda path: int(path.stem)):
        with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
            track = Track.from_bytes(path.read_bytes())
            if len(track):
                found.append(Flight(int(path.stem), path, track))
    return found


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.npz") if path.stem.isdigit()]
