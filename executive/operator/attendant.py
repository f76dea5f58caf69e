"""Who stands beside a run and passes on what an operator wants: a station for screens, or a stand-in."""

from dataclasses import dataclass
from typing import Protocol

from py_trees.behaviour import Behaviour

from executive.board import Board
from executive.journal import Event
from executive.kit import Kit
from executive.operator.helm import Helm
from executive.options import RunOptions


@dataclass(frozen=True, slots=True)
class Watched:
    """A run, as its attendant sees it."""

    run: int
    options: RunOptions
    board: Board
    root: Behaviour
    helm: Helm
    kit: Kit


class Attendant(Protocol):
    """Told of a run's beginning and end, and given a turn once a control period, before the tree's."""

    def began(self, watched: Watched) -> None:
        """The run begins, or goes on."""
        ...

    def happened(self, event: Event) -> None:
        """Something was written to the journal."""
        ...

    def turn(self) -> None:
        """Bring wishes to the helm. May wait a little while the run waits itself."""
        ...

    def ended(self, outcome: str) -> None:
        """The run is over, or broken off."""
        ...


class Nobody:
    """The attendant of a run that is left to itself."""

    def began(self, watched: Watched) -> None:
        """See :class:`Attendant`."""

    def happened(self, event: Event) -> None:
        """See :class:`Attendant`."""

    def turn(self) -> None:
        """See :class:`Attendant`."""

    def ended(self, outcome: str) -> None:
        """See :class:`Attendant`."""
