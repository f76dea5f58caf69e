"""A run as it goes: a live table on a terminal, plain lines elsewhere.

The observer only keeps references; rich's own thread draws a few times a second, so a control period costs
the run next to nothing.
"""

import time
from types import TracebackType
from typing import ClassVar

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from executive.board import Board
from executive.journal import Event
from executive.observers import Silent
from executive.records import Outcome, RunResult
from executive.views.runs import OUTCOME_STYLE
from skills.cell import Cell, Observation

REDRAWS_PER_S = 6
FORCE_SCALE_N = 60.0
ASKED = "help it with: dovetail operate"


class LiveDisplay(Silent):
    """The product's steps, what the arm is doing, how hard it presses, how fast time goes."""

    def __init__(self, console: Console, force_limit_n: float) -> None:
        self._console, self._limit_n = console, force_limit_n
        self._board: Board | None = None
        self._seen: Observation | None = None
        self._outcomes: dict[int, Outcome] = {}
        self._attempts: dict[int, int] = {}
        self._message, self._current = "", -1
        self._wall_began = self._sim_began = 0.0
        self._live = Live(get_renderable=self.picture, console=console, refresh_per_second=REDRAWS_PER_S)

    def __enter__(self) -> "LiveDisplay":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def began(self, board: Board, cell: Cell) -> None:
        """See :class:`executive.observers.Observer`."""
        self._board, self._seen = board, board.seen()
        self._outcomes = {i: record.outcome for i, record in board.results.items()}
        self._attempts = {i: record.attempts for i, record in board.results.items()}
        self._current, self._message = -1, ""
        self._wall_began, self._sim_began = time.perf_counter(), self._seen.time_s
        self._live.start()

    def ticked(self, board: Board) -> None:
        """See :class:`executive.observers.Observer`."""
        self._seen, self._message = board.observation, board.message
        self._current = board.progress.index
        self._attempts[self._current] = board.progress.tried

    def happened(self, event: Event) -> None:
        """See :class:`executive.observers.Observer`."""
        data = event.data or {}
        if event.kind == "note":
            self._console.print(data["note"], style="yellow", highlight=False, markup=False)
        if event.kind == "asked":
            self._console.print(f"{data['note']}; {ASKED}", style="bold yellow", highlight=False)
        if "step" in data:
            self._outcomes[data["step"]["index"]] = Outcome(data["step"]["outcome"])

    def ended(self, result: RunResult) -> None:
        """See :class:`executive.observers.Observer`."""
        self._outcomes = {step.index: step.outcome for step in result.steps}
        self._attempts = {step.index: step.attempts for step in result.steps}
        self._current, self._message = -1, str(result.state)
        self._live.stop()

    def picture(self) -> Group | Text:
        """What is drawn; called from rich's thread."""
        board, seen = self._board, self._seen
        if board is None or seen is None:
            return Text("opening the cell")
        table = Table(box=None, pad_edge=False)
        for column in ("", "part", "skill", "attempt", "doing"):
            table.add_column(column, no_wrap=True)
        for i, step in enumerate(board.assembly.steps):
            table.add_row(*self._line(i, step.part, step.skill))
        return Group(Text(board.assembly.title, style="bold"), table, self._footer(seen, len(table.rows)))

    def _line(self, index: int, part: str, skill: str) -> tuple[Text, str, Text, str, Text]:
        outcome = self._outcomes.get(index, Outcome.OPEN)
        now = index == self._current and outcome is Outcome.OPEN
        sign = {"placed": "✓", "failed": "✗", "displaced": "✗", "skipped": "–"}.get(
            outcome, "▸" if now else "·"
        )
        tried = self._attempts.get(index, 0)
        doing = self._message if now else "" if outcome is Outcome.OPEN else str(outcome)
        style = "cyan" if now else OUTCOME_STYLE[outcome]
        return Text(sign, style), part, Text(skill, "dim"), str(tried) if tried else "", Text(doing, style)

    def _footer(self, seen: Observation, steps: int) -> Table:
        placed = sum(outcome is not Outcome.OPEN for outcome in self._outcomes.values())
        wall = time.perf_counter() - self._wall_began
        simulated = seen.time_s - self._sim_began
        force = min(seen.peak_force_n, self._limit_n)
        style = "green" if force < FORCE_SCALE_N / 2 else "yellow" if force < FORCE_SCALE_N else "red"
        grid = Table.grid(padding=(0, 1))
        bar = ProgressBar(FORCE_SCALE_N, min(force, FORCE_SCALE_N), width=24, complete_style=style)
        grid.add_row("force", bar, f"{force:5.1f} N")
        grid.add_row("steps", ProgressBar(steps, placed, width=24), f"{placed}/{steps}")
        pace = f"{simulated / wall:.0f}× real time" if wall > 0.5 else ""
        grid.add_row("time", Text(f"{simulated:.1f} s in {wall:.1f} s"), pace)
        return grid


class PlainLines(Silent):
    """One line for each thing that happens, for logs and pipes."""

    WORDS: ClassVar = {
        "attempt_began": "begins",
        "attempt_failed": "failed",
        "step_done": "in place",
        "step_skipped": "skipped",
        "step_failed": "given up",
        "displaced": "displaced",
        "reopened": "to be placed once more",
        "asked": f"needs help; {ASKED}",
        "not_believed": "not found in place",
    }

    def __init__(self, console: Console) -> None:
        self._console = console
        self._board: Board | None = None

    def began(self, board: Board, cell: Cell) -> None:
        """See :class:`executive.observers.Observer`."""
        self._board = board
        self._console.print(f"{board.assembly.title}: {len(board.assembly.steps)} steps", highlight=False)

    def happened(self, event: Event) -> None:
        """See :class:`executive.observers.Observer`."""
        data = event.data or {}
        if event.kind == "note":
            self._console.print(data["note"], highlight=False, markup=False)
        if event.kind not in self.WORDS or self._board is None:
            return
        index = data["step"]["index"] if "step" in data else event.step
        part = "" if index is None else self._board.assembly.steps[index].part
        cause = (data.get("record") or {}).get("cause") or (data.get("step") or {}).get("note") or ""
        words = self.WORDS[event.kind]
        time_s = f"{event.sim_time_s or 0.0:8.2f} s"
        number = f"attempt {event.attempt}: " if event.attempt else ""
        line = f"{time_s}  {part}  {number}{words}{': ' if cause else ''}{cause}"
        self._console.print(line, highlight=False, markup=False)
