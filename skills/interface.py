"""What a policy sees and does: vectors with a stated meaning, so that a skill can say what it was made for.

An observation is a row of blocks and an action a row of bounded increments of the plug's target. Both carry
their specification; a policy refuses to run on another one than it was trained for.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from skills.cell import Observation, Vector
from skills.insertion import Attempt


@dataclass(frozen=True, slots=True)
class Block:
    """Some numbers of an observation that belong together."""

    name: str
    size: int
    scale: float
    """One unit of the vector in the block's own unit."""
    unit: str


@dataclass(frozen=True, slots=True)
class ObservationSpec:
    """The blocks of an observation, in order."""

    blocks: tuple[Block, ...]

    @property
    def size(self) -> int:
        """Length of the vector."""
        return sum(block.size for block in self.blocks)

    def vector(self, values: dict[str, Vector]) -> Vector:
        """(size,) the blocks' values, scaled, one behind the other; forces are squashed by tanh.

        Raises KeyError for a missing block and ValueError for one of the wrong length.
        """
        parts = []
        for block in self.blocks:
            value = np.asarray(values[block.name], dtype=np.float64) / block.scale
            if value.shape != (block.size,):
                raise ValueError(f"'{block.name}' has {value.shape} numbers, the specification {block.size}")
            parts.append(np.tanh(value) if block.unit in ("N", "N·m") else value)
        return np.concatenate(parts)


STANDARD_OBSERVATION = ObservationSpec(
    (
        Block("plug_position_in_goal", 3, 0.01, "m"),
        Block("plug_rotation_in_goal", 3, 0.2, "rad"),
        Block("force", 3, 10.0, "N"),
        Block("torque", 3, 0.5, "N·m"),
        Block("previous_action", 6, 1.0, "1"),
        Block("time", 1, 10.0, "s"),
    )
)
"""What a robot can know about an insertion; the goal is the attempt's estimate, not the truth."""


def observed(attempt: Attempt, observation: Observation, action: Vector, began_s: float) -> dict[str, Vector]:
    """The values of ``STANDARD_OBSERVATION`` at one control period.

    ``action`` is the previous action (6,) and ``began_s`` when the policy began [s]. Wrench about the TCP,
    along the base frame's axes; poses in the frame of the estimated goal.
    """
    plug = attempt.goal_in_base.inv() * observation.tcp_in_base * attempt.insertion.tcp_in_plug.inv()
    return {
        "plug_position_in_goal": plug.translation,
        "plug_rotation_in_goal": plug.rotation.as_rotvec(),
        "force": observation.wrench[:3],
        "torque": observation.wrench[3:],
        "previous_action": np.asarray(action, dtype=np.float64),
        "time": np.array([observation.time_s - began_s]),
    }


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """A bounded increment of the plug's target: six numbers in [-1, 1]."""

    position_m: float = 0.002
    """Largest step of the target along each axis of the goal's frame in a control period [m]."""
    rotation_rad: float = float(np.deg2rad(2.0))
    """Largest turn about each axis of the goal's frame in a control period [rad]."""
    size: int = 6

    def applied(self, action: Vector, target_in_goal: RigidTransform) -> RigidTransform:
        """The next target of the plug in the goal's frame; ``action`` (6,) is clipped to [-1, 1]."""
        step = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        return RigidTransform.from_components(
            target_in_goal.translation + self.position_m * step[:3],
            Rotation.from_rotvec(self.rotation_rad * step[3:]) * target_in_goal.rotation,
        )
