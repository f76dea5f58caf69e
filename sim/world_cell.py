"""One world of a batch as a cell, so that a routine written for a robot can be scored a thousand times.

Only what insertion routines use is there; the batch advances all its cells together.
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from skills.cell import CellError, Compliance, Observation, PoseEstimate, Vector
from skills.sensed import Sensed

if TYPE_CHECKING:
    from sim.insertions import Insertions


class WorldCell:
    """Implements the part of :class:`skills.cell.Cell` that an insertion needs, on world ``row``."""

    def __init__(self, insertions: "Insertions", row: int, period_s: float) -> None:
        self._insertions, self._row, self._period_s = insertions, row, period_s
        self._bias = np.zeros(6)
        self._seen: tuple[Sensed, Observation] | None = None
        self.target = self.observe().tcp_in_base

    @property
    def control_period_s(self) -> float:
        """See :class:`skills.cell.Cell`."""
        return self._period_s

    def observe(self) -> Observation:
        """See :class:`skills.cell.Cell`."""
        sensed = self._insertions.sensed
        if self._seen is None or self._seen[0] is not sensed:
            self._seen = sensed, self._observation(sensed)
        return self._seen[1]

    def _observation(self, sensed: Sensed) -> Observation:
        row, here = self._row, self._insertions
        pose = sensed.tcp[row]
        return Observation(
            time_s=float(sensed.time_s[row]),
            joint_positions=sensed.joints[row],
            tcp_in_base=RigidTransform.from_components(
                pose[:3], Rotation.from_quat(pose[3:], scalar_first=True)
            ),
            wrench=here.wrench[row] - self._bias,
            peak_force_n=float(here.worlds.felt.peak_n[row]),
            gripper_width_m=float(here.worlds.width_m[row]),
            grasped=True,
            moving=False,
            faults=(),
        )

    def servo(self, tcp_in_base: RigidTransform) -> None:
        """See :class:`skills.cell.Cell`."""
        self.target = tcp_in_base

    def compliance(self, compliance: Compliance) -> None:
        """See :class:`skills.cell.Cell`."""
        self._insertions.worlds.compliance(np.array([self._row]), compliance)

    def zero_wrench(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._bias, self._seen = self._insertions.wrench[self._row].copy(), None

    def locate_goal(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`; the same estimate throughout an episode."""
        here = self._insertions
        bound = here.variation
        return PoseEstimate(here.estimate(self._row), bound.goal_position_m, bound.goal_yaw_rad)

    def close(self) -> None:
        """See :class:`skills.cell.Cell`."""

    def _never(self, what: str) -> CellError:
        return CellError(f"a world of a batch cannot {what}: it has one part, which is in the hand")

    def move(self, tcp_in_base: RigidTransform, *, speed: float = 0.25) -> None:
        """Not in a batch. Raises CellError."""
        raise self._never("move through free space")

    def grasp(self, width_m: float, force_n: float = 40.0) -> None:
        """Not in a batch. Raises CellError."""
        raise self._never("grasp")

    def release(self, width_m: float = 0.08) -> None:
        """Not in a batch. Raises CellError."""
        raise self._never("release")

    def advance(self) -> None:
        """Not in a batch, whose worlds advance together. Raises CellError."""
        raise self._never("advance by itself")

    def stop(self) -> None:
        """Hold still."""
        self.target = self.observe().tcp_in_base

    def recover(self) -> None:
        """Nothing to recover from."""

    def locate(self, part: str) -> PoseEstimate:
        """Not in a batch. Raises CellError."""
        raise self._never("locate a part in a tray")


def target_rows(cells: list[WorldCell]) -> Vector:
    """(k, 7) targets of ``cells``: position [m], quaternion w first."""
    return np.array(
        [np.concatenate([c.target.translation, c.target.rotation.as_quat(scalar_first=True)]) for c in cells]
    )
