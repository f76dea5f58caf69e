"""The walk of the scripted operator with real processes: ``dovetail run`` in one, the screen in this one."""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from textual.app import App
from textual.pilot import Pilot

from executive.journal import Journal
from executive.operator.feed import LiveFeed
from executive.operator.screen import OperatorApp
from executive.operator.walk import SIZE, script, walk
from executive.options import CellName, PolicyName

ENDING_S = 60.0


class Processes:
    """Starts the command, one after the other."""

    def __init__(self, runs_dir: Path, first: Sequence[str], every: Sequence[str]) -> None:
        self.runs_dir, self.first, self.every = runs_dir, first, every
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, words: Sequence[str]) -> None:
        """Start ``dovetail`` with ``words``, once the one before has ended."""
        self.ended()
        more = self.first if words[0] == "run" else ()
        line = [*words, *more, *self.every, "--runs-dir", str(self.runs_dir), "--quiet"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "executive.main", *line],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def ended(self) -> None:
        """Wait for the one that runs."""
        if self._process is not None:
            self._process.wait(ENDING_S)
            self._process = None

    def kill(self) -> None:
        """End the one that runs, if any, at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Piloted:
    """A terminal that exists only in this process."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """See :class:`executive.operator.walk.Terminal`."""
        await self.pilot.press(*keys)

    def text(self) -> str:
        """See :class:`executive.operator.walk.Terminal`."""
        return text_of(self.pilot.app)


def text_of(app: App[Any]) -> str:
    """What stands on the screen of ``app``."""
    console = Console(
        width=app.size.width, height=app.size.height, file=StringIO(), force_terminal=True,
        color_system="truecolor", record=True, legacy_windows=False,
    )  # fmt: skip
    console.print(app.screen._compositor.render_update(full=True))
    return console.export_text(styles=False)


def walked(
    runs_dir: Path,
    cell: CellName,
    policy: PolicyName,
    pace: float,
    shot: Callable[[str, str], None] = lambda name, text: None,
) -> dict[str, Any]:
    """Walk through one product; what the journal says of it. Raises executive.operator.walk.Stuck."""
    first = ("--cell", str(cell), "--policy", str(policy))
    processes = Processes(runs_dir, first, ("--hands", "--pace", f"{pace:g}"))
    began, cpu_s = time.monotonic(), time.process_time()

    async def play() -> None:
        feed = LiveFeed(runs_dir, None, "walker")
        try:
            async with OperatorApp(feed).run_test(size=SIZE) as pilot:
                beats = script(jams=cell is CellName.FAKE)
                await walk(beats, Piloted(pilot), processes.start, shot)
        finally:
            feed.close()

    try:
        asyncio.run(play())
        processes.ended()
    finally:
        processes.kill()
    took = {"wall_s": time.monotonic() - began, "screen_cpu_s": time.process_time() - cpu_s}
    return {"cell": str(cell), **summed_up(runs_dir), **{name: round(t, 1) for name, t in took.items()}}


def summed_up(runs_dir: Path) -> dict[str, Any]:
    """What the journal of a walk says."""
    journal = Journal(runs_dir)
    try:
        row = journal.row()
        events = journal.events(row.run)
    finally:
        journal.close()
    wishes = Counter(str((e.data or {})["wish"]) for e in events if e.kind == "operator")
    result = row.result or {}
    return {
        "run": row.run,
        "state": str(row.state),
        "truth_assembled": result.get("truth_assembled"),
        "interventions": result.get("interventions"),
        "attempts": len(result.get("attempts", ())),
        "resumed": sum(event.kind == "resumed" for event in events),
        "not_believed": sum(event.kind == "not_believed" for event in events),
        "wishes": dict(sorted(wishes.items())),
    }
