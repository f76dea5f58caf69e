"""What an operator decides about the step in hand, as the tree is told."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from executive.codec import pose_from_json, pose_to_json
from skills.insertion import Attempt
from skills.start import MARGIN_M


class Decision(StrEnum):
    """What is to be done about a step."""

    HERE = "retry from here"
    """Another attempt, begun above where the part is held now."""
    ELSEWHERE = "retry from another start"
    """Another attempt with the part as it is held, from the next initialization."""
    REGRASP = "regrasp"
    """Another attempt, the part put back and picked anew."""
    BY_HAND = "done by hand"
    """A person has put the part in; it is checked by touch."""
    SKIP = "skip"
    """The step is left out and the run goes on."""
    ABORT = "abort"
    """The step is given up, and the run with it."""

    @property
    def again(self) -> bool:
        """Another attempt follows."""
        return self in (Decision.HERE, Decision.ELSEWHERE, Decision.REGRASP)

    @property
    def keeps_hold(self) -> bool:
        """A part in the hand stays there."""
        return self in (Decision.HERE, Decision.ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Order:
    """A decision, and whose it is."""

    decision: Decision
    who: str
    """The operator; empty when a rule stands in for one."""
    tcp_in_base: RigidTransform | None = None
    """Where the tool was when it was given."""
    led: bool = False
    """A person had moved the tool there: it is above where the part belongs."""

    @property
    def by(self) -> str:
        """Who decided, for people."""
        return self.who or "the rule"

    def as_json(self) -> dict[str, Any]:
        """The order as plain JSON values."""
        tcp = None if self.tcp_in_base is None else pose_to_json(self.tcp_in_base)
        return {"decision": str(self.decision), "who": self.who, "tcp_in_base": tcp, "led": self.led}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Order":
        """Read back what ``as_json`` wrote."""
        tcp = record["tcp_in_base"]
        pose = None if tcp is None else pose_from_json(tcp)
        return cls(Decision(record["decision"]), record["who"], pose, record["led"])


def start_from(order: Order, attempt: Attempt) -> None:
    """Let ``attempt`` begin above where the tool was when ``order`` was given.

    Where a person had led the tool there, the goal is taken to be straight below it: its x, y and yaw are the
    plug's, its height and tilt the estimate's. Else the estimate stands and the start is beside it.
    """
    if order.tcp_in_base is None:
        return
    insertion, goal = attempt.insertion, attempt.goal_in_base
    plug_in_goal = goal.inv() * order.tcp_in_base * insertion.tcp_in_plug.inv()
    x, y, _ = plug_in_goal.translation
    yaw = float(plug_in_goal.rotation.as_euler("ZYX")[0])
    start = np.array([x, y, insertion.clear_height_m + MARGIN_M, 0.0, 0.0, yaw])
    if order.led:
        turn = Rotation.from_rotvec([0.0, 0.0, yaw])
        attempt.goal_in_base = goal * RigidTransform.from_components([x, y, 0.0], turn)
        start[[0, 1, 5]] = 0.0
    attempt.initialization = start
