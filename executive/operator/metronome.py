"""Keeps a run in a simulated cell at a pace that a person can follow."""

import time
from collections.abc import Callable

from executive.board import Board
from executive.observers import Silent
from skills.cell import Cell


class Metronome(Silent):
    """Lets every control period take its time: ``pace`` 1 is the cell's own clock, 2 twice as fast."""

    def __init__(
        self,
        pace: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.pace, self._clock, self._sleep = pace, clock, sleep
        self._period_s, self._last_s = 0.0, clock()

    def began(self, board: Board, cell: Cell) -> None:
        """See :class:`executive.observers.Observer`."""
        self._period_s, self._last_s = cell.control_period_s, self._clock()

    def ticked(self, board: Board) -> None:
        """See :class:`executive.observers.Observer`; what was lost is not made up for."""
        left_s = self._last_s + self._period_s / self.pace - self._clock()
        if left_s > 0.0:
            self._sleep(left_s)
        self._last_s = self._clock()
