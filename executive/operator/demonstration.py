"""What a person shows the robot with the tool in hand: kept like an attempt's trace, for those who learn."""

import numpy as np

from executive.board import Board
from executive.codec import trace_to_bytes
from executive.journal import Demonstration
from executive.operator.hold import HeldCell
from executive.recorder import Recorder

LEAST_ROWS = 2
MOST_ROWS = 20_000
STILL_M = 0.00005
"""A row is kept only when the tool has moved by more than this since the last [m]..."""
STILL_S = 1.0
"""...or so long has passed [s]."""


class Hand:
    """Watches the tool while a person moves it."""

    def __init__(self, board: Board, cell: HeldCell, recorder: Recorder) -> None:
        self.board, self.cell, self.recorder = board, cell, recorder
        self._who, self._how = "", ""
        self._rows: list[tuple[float, ...]] = []

    def begin(self, who: str, how: str) -> None:
        """A person moves the tool; what it does is kept from now on."""
        self._who, self._how = who, how
        self.look()

    def look(self) -> None:
        """Keep where the plug is, relative to its goal's estimate, and what it feels."""
        attempt = self.board.attempt
        if not self._who or attempt is None or len(self._rows) >= MOST_ROWS:
            return
        seen = self.cell.inner.observe()
        plug = seen.tcp_in_base * attempt.insertion.tcp_in_plug.inv()
        in_goal = attempt.goal_in_base.inv() * plug
        row = (
            seen.time_s, *in_goal.translation, *in_goal.rotation.as_rotvec(), *seen.wrench,
            seen.gripper_width_m,
        )  # fmt: skip
        if self._rows:
            last = self._rows[-1]
            moved = float(np.linalg.norm(np.subtract(row[1:4], last[1:4])))
            if moved < STILL_M and row[0] - last[0] < STILL_S:
                return
        self._rows.append(row)

    def end(self) -> None:
        """The tool is let go; what was shown goes into the journal."""
        rows, attempt = self._rows, self.board.attempt
        who, how, self._who, self._rows = self._who, self._how, "", []
        if len(rows) < LEAST_ROWS or attempt is None:
            return
        progress = self.board.progress
        shown = Demonstration(
            step=progress.index, attempt=progress.tried, product=self.board.assembly.name,
            part=attempt.insertion.part, skill=attempt.insertion.skill, who=who, how=how,
            trace=trace_to_bytes(rows),
        )  # fmt: skip
        self.recorder.demonstrated(shown)
