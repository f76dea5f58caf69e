"""Every attempt of a run, control period by control period, kept beside the journal for those who learn."""

import contextlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from executive.board import Board
from executive.journal import Event
from executive.places import episodes_folder
from executive.track import Sample, Track
from sequences.files import write_whole

MOST = 20_000
"""Control periods that are kept of one attempt."""
ENDS = {"step_done": True, "attempt_failed": False}
"""Events that end an attempt, and whether it came off."""


class EpisodeKeeper:
    """Keeps the attempts of one run, but for one that began in another process: half of it is lost."""

    def __init__(self, runs_dir: Path, run: int, board: Board) -> None:
        self.folder, self.board, self.run = episodes_folder(runs_dir, run), board, run
        self._rows: list[Sample] | None = None

    def look(self, sample: Sample) -> None:
        """Take in one control period."""
        if self._rows is not None and len(self._rows) < MOST:
            self._rows.append(sample)

    def happened(self, event: Event) -> None:
        """Begin with an attempt, and end with it. What cannot be written is given up."""
        if event.kind == "attempt_began":
            self._rows = []
        elif event.kind in ENDS and self._rows and event.step is not None:
            rows, self._rows = self._rows, None
            record = (event.data or {}).get("record") or {}
            step = self.board.assembly.steps[event.step]
            facts = {
                "run": str(self.run), "product": self.board.assembly.name, "part": step.part,
                "skill": step.skill, "attempt": str(event.attempt), "seated": str(int(ENDS[event.kind])),
                "cause": str(record.get("cause") or ""), "helped": str(record.get("helped") or ""),
            }  # fmt: skip
            with contextlib.suppress(OSError):
                name = f"{event.step + 1:02d}-{step.part}-{event.attempt}.npz"
                write_whole(self.folder / name, Track.of(rows, facts).to_bytes())


@dataclass(frozen=True, slots=True)
class Episode:
    """One attempt that was kept."""

    path: Path
    track: Track

    @property
    def seated(self) -> bool:
        """The robot took the part to be in place."""
        return self.track.facts.get("seated") == "1"

    @property
    def task(self) -> str:
        """What was to be done, in words."""
        return f"insert {self.track.facts['part']} of {self.track.facts['product']}"


def episodes_of(runs_dir: Path, run: int) -> Iterator[Episode]:
    """The attempts of a run in the order in which they began; files that are none are passed over."""
    found = []
    for path in sorted(episodes_folder(runs_dir, run).glob("*.npz")):
        with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
            track = Track.from_bytes(path.read_bytes())
            if len(track) and {"part", "product"} <= track.facts.keys():
                found.append(Episode(path, track))
    yield from sorted(found, key=lambda episode: float(episode.track.time_s[0]))
