"""Routines written as scripts: straight-line code in which every ``yield`` is one control period.

A script yields what it is doing, in words; returning means success and raising :class:`Failed` means
failure with a named cause. The primitives here are scripts too, to be used with ``yield from``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from skills.cell import Cell, Vector
from skills.routine import Cause, Progress

Script = Iterator[str]

MOTION_TIMEOUT_S = 15.0
SNAG_N = 30.0
"""Contact force that nothing in free space should exert [N]."""


class Failed(Exception):
    """A script gave up."""

    def __init__(self, cause: Cause, message: str) -> None:
        self.cause, self.message = cause, message
        super().__init__(f"{cause}: {message}")


class ScriptedRoutine(ABC):
    """A routine (``skills.routine.Routine``) that runs :meth:`script`."""

    def __init__(self) -> None:
        self._cause: Cause | None = None
        self._message = ""
        self._script: Script | None = None

    @property
    def cause(self) -> Cause | None:
        """See :class:`skills.routine.Routine`."""
        return self._cause

    @property
    def message(self) -> str:
        """See :class:`skills.routine.Routine`."""
        return self._message

    @abstractmethod
    def script(self, cell: Cell) -> Script:
        """The routine itself."""

    def start(self, cell: Cell) -> None:
        """See :class:`skills.routine.Routine`."""
        self._cause, self._message = None, ""
        self._script = self.script(cell)

    def update(self, cell: Cell) -> Progress:
        """See :class:`skills.routine.Routine`."""
        if self._script is None:
            self.start(cell)
        assert self._script is not None
        try:
            self._message = next(self._script)
        except StopIteration:
            return Progress.SUCCEEDED
        except Failed as failure:
            self._cause, self._message = failure.cause, failure.message
            return Progress.FAILED
        return Progress.RUNNING


def waited(cell: Cell, duration_s: float, what: str) -> Script:
    """Let time pass with the present commands."""
    for _ in range(max(1, round(duration_s / cell.control_period_s))):
        yield what


def moved(
    cell: Cell, tcp_in_base: RigidTransform, what: str, *, speed: float = 0.25, snag_n: float = SNAG_N
) -> Script:
    """Move through free space; fails when something is in the way."""
    cell.move(tcp_in_base, speed=speed)
    begun = cell.observe().time_s
    yield what
    while (observation := cell.observe()).moving:
        if observation.peak_force_n > snag_n:
            raise Failed(
                Cause.PART_DISPLACED, f"ran into something while {what} ({observation.peak_force_n:.0f} N)"
            )
        if observation.time_s - begun > MOTION_TIMEOUT_S:
            raise Failed(Cause.TIMEOUT, f"{what} did not end")
        yield what


def closed(cell: Cell, width_m: float, force_n: float, what: str) -> Script:
    """Close the fingers and wait until they are still."""
    cell.grasp(width_m, force_n)
    yield what
    yield from _fingers(cell, what)


def opened(cell: Cell, width_m: float, what: str) -> Script:
    """Open the fingers and wait until they are still."""
    cell.release(width_m)
    yield what
    yield from _fingers(cell, what)


def _fingers(cell: Cell, what: str) -> Script:
    begun = cell.observe().time_s
    while (observation := cell.observe()).moving and observation.time_s - begun < 2.5:
        yield what
    yield what


def at_height(tcp_in_base: RigidTransform, height_m: float) -> RigidTransform:
    """The same pose at another height above the robot's base frame."""
    translation = tcp_in_base.translation.copy()
    translation[2] = height_m
    return RigidTransform.from_components(translation, tcp_in_base.rotation)


def raised(tcp_in_base: RigidTransform, by_m: float) -> RigidTransform:
    """The same pose, higher."""
    return at_height(tcp_in_base, float(tcp_in_base.translation[2]) + by_m)


def turned(tcp_in_base: RigidTransform, yaw_rad: float) -> RigidTransform:
    """The same place, turned about the vertical."""
    turn = Rotation.from_rotvec([0.0, 0.0, yaw_rad])
    return RigidTransform.from_components(tcp_in_base.translation, turn * tcp_in_base.rotation)


def shifted(tcp_in_base: RigidTransform, offset: Vector) -> RigidTransform:
    """The same orientation, moved by ``offset`` along the base frame's axes [m]."""
    return RigidTransform.from_components(tcp_in_base.translation + np.asarray(offset), tcp_in_base.rotation)
