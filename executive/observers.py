"""Who may watch a run: displays, recordings, reports. They read and never decide."""

from typing import Protocol

from executive.board import Board
from executive.journal import Event
from executive.records import RunResult
from skills.cell import Cell


class Observer(Protocol):
    """Told of a run's beginning, each control period, each event and its end. Must return at once."""

    def began(self, board: Board, cell: Cell) -> None:
        """The run begins, or goes on."""
        ...

    def ticked(self, board: Board) -> None:
        """A control period has passed."""
        ...

    def happened(self, event: Event) -> None:
        """Something was written to the journal."""
        ...

    def ended(self, result: RunResult) -> None:
        """The run is over, or broken off."""
        ...


class Silent:
    """An observer that does nothing; the base of those that watch only some things."""

    def began(self, board: Board, cell: Cell) -> None:
        """See :class:`Observer`."""

    def ticked(self, board: Board) -> None:
        """See :class:`Observer`."""

    def happened(self, event: Event) -> None:
        """See :class:`Observer`."""

    def ended(self, result: RunResult) -> None:
        """See :class:`Observer`."""
