"""Routines: the things a cell can be asked to do, one control period at a time.

A routine is what a leaf of the behaviour tree runs. It never blocks: ``start`` is called once, then
``update`` once per control period until it stops returning ``RUNNING``; after each ``update`` the caller
lets the cell ``advance``. A routine that is interrupted is simply not updated any more, and the caller
tells the cell to hold.
"""

from enum import StrEnum
from typing import Protocol

from skills.cell import Cell


class Progress(StrEnum):
    """What ``update`` returns."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Cause(StrEnum):
    """Why an attempt failed; the vocabulary of journals, queues and reports."""

    GRASP_MISSED = "grasp missed"
    SLIP = "slip in the grasp"
    JAM = "jam"
    FORCE_LIMIT = "force limit"
    TIMEOUT = "timeout"
    NOT_SEATED = "not seated"
    PART_DISPLACED = "part displaced"
    FAULT = "fault"
    OPERATOR = "operator"
    """An operator broke it off, or put right what it did not."""


class Routine(Protocol):
    """Something a cell does over many control periods."""

    @property
    def cause(self) -> Cause | None:
        """Why it failed; None unless ``update`` returned ``FAILED``."""
        ...

    @property
    def message(self) -> str:
        """What it is doing or what came of it, for a person to read."""
        ...

    def start(self, cell: Cell) -> None:
        """Begin. Reads the cell and may command it; must not call ``advance``."""
        ...

    def update(self, cell: Cell) -> Progress:
        """Read the cell and command it for the next control period; must not call ``advance``."""
        ...
