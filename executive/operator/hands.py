"""A person's hands at a simulated cell, told by notes what to do: for practice, and for rehearsed runs.

A note ``hands: PART away`` takes a part off the tray, ``back`` puts it into its place in the tray, ``in``
into its place in the product. In the scripted cell ``jams`` lets it jam at its next insertion. Other notes
are none of the hands' business.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from scipy.spatial.transform import RigidTransform

from executive.journal import Event
from executive.operator.attendant import Attendant, Watched
from executive.operator.stand_in import Workbench
from skills.trouble import Trouble, TroubleKind

WORD = "hands:"
ASIDE_M = 0.2
"""How far outwards from the tray a part is laid [m]."""


@runtime_checkable
class Scripted(Protocol):
    """A cell in which mishaps can be scripted."""

    troubles: list[Trouble]


class Hands:
    """Stands beside another attendant and does what its operator's notes say."""

    def __init__(self, world: Workbench, attendant: Attendant) -> None:
        self.world, self.attendant = world, attendant
        self._watched: Watched | None = None
        self._notes: list[str] = []

    def began(self, watched: Watched) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self._watched = watched
        self.attendant.began(watched)

    def happened(self, event: Event) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        data = event.data or {}
        if event.kind == "operator" and str(data.get("note", "")).startswith(WORD):
            self._notes.append(str(data["note"]))
        self.attendant.happened(event)

    def turn(self) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self.attendant.turn()
        while self._notes:
            self._do(self._notes.pop(0).removeprefix(WORD).split())

    def ended(self, outcome: str) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self.attendant.ended(outcome)

    def _do(self, words: list[str]) -> None:
        """Carry a note out; one that nobody understands moves nothing."""
        if self._watched is None or len(words) != 2:
            return
        part, what = words
        board = self._watched.board
        step = next((step for step in board.assembly.steps if step.part == part), None)
        if step is None:
            return
        deeds: dict[str, Callable[[], None]] = {
            "away": lambda: self.world.place(part, _aside(self.world.true_pose(part))),
            "back": lambda: self.world.place(part, board.robot().locate(part).pose_in_base),
            "in": lambda: self.world.place(part, board.assembly.goal_in_base(step)),
            "jams": lambda: self._jam(part),
        }
        deeds.get(what, lambda: None)()

    def _jam(self, part: str) -> None:
        if isinstance(self.world, Scripted):
            self.world.troubles.append(Trouble(TroubleKind.JAM, part))


def _aside(pose: RigidTransform) -> RigidTransform:
    outwards = float(np.copysign(ASIDE_M, pose.translation[1]))
    return RigidTransform.from_translation([0.0, outwards, 0.0]) * pose
