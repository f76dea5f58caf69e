"""Guards: behaviours that are asked before the work each control period and fail when it must stop."""

import math
from abc import ABC, abstractmethod

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from executive.board import Board, Halt
from skills.routine import Cause

PROFILE_PERIOD_S = 0.2
"""Spacing of the points of a force profile [s]."""


class Guard(Behaviour, ABC):
    """Succeeds while all is well. It reads and never commands, so it may be stopped at any time."""

    def __init__(self, name: str, board: Board) -> None:
        super().__init__(name)
        self.board = board

    @abstractmethod
    def trouble(self) -> str | None:
        """What is wrong; None while all is well."""

    def update(self) -> Status:
        """Fail as soon as something is wrong."""
        trouble = self.trouble()
        self.feedback_message = trouble or "well"
        return Status.SUCCESS if trouble is None else Status.FAILURE


class NoFault(Guard):
    """The cell reports no fault."""

    def trouble(self) -> str | None:
        """The cell's faults, if any."""
        faults = self.board.seen().faults
        if not faults:
            return None
        self.board.cause = Cause.FAULT
        self.board.halt = Halt.FAULT
        return f"the cell reports: {', '.join(faults)}"


class NoStop(Guard):
    """The operator has not asked for a stop."""

    def trouble(self) -> str | None:
        """The operator's wish, if any."""
        if not self.board.stop_requested:
            return None
        self.board.halt = Halt.OPERATOR
        return "stopped by the operator"


class ForceLimit(Guard):
    """The contact force stays under a limit [N]."""

    def __init__(self, name: str, board: Board, limit_n: float) -> None:
        super().__init__(name, board)
        self.limit_n = limit_n

    def trouble(self) -> str | None:
        """The force, if it is too large."""
        peak = self.board.seen().peak_force_n
        if peak <= self.limit_n and math.isfinite(peak):
            return None
        self.board.cause = Cause.FORCE_LIMIT
        return f"contact force {peak:.0f} N is over the limit of {self.limit_n:.0f} N"


class Watch(Guard):
    """Keeps the attempt's peak force, force profile and trace, and measures the goal anew if asked to."""

    def __init__(self, name: str, board: Board, *, resample: bool) -> None:
        super().__init__(name, board)
        self.resample = resample

    def trouble(self) -> str | None:
        """Never any: it only looks."""
        attempt, seen, progress = self.board.attempt, self.board.seen(), self.board.progress
        if attempt is None or progress.tried == 0:
            return None
        attempt.peak_force_n = max(attempt.peak_force_n, seen.peak_force_n)
        time = seen.time_s - progress.attempt_began_s
        profile = progress.profile
        if not profile or time >= profile[-1][0] + PROFILE_PERIOD_S:
            profile.append((round(time, 3), round(seen.peak_force_n, 2)))
        elif seen.peak_force_n > profile[-1][1]:
            profile[-1] = (profile[-1][0], round(seen.peak_force_n, 2))
        if self.resample:
            attempt.goal_in_base = self.board.goal(attempt.insertion.part)
        return None
