"""A plug and its socket on paper, for the fake cell: what fits, what walls hold."""

from dataclasses import dataclass

import numpy as np

from skills.cell import Vector
from skills.fake_geometry import Matrix, shifted, wrapped, yaw_of
from skills.insertion import Insertion

YAW_FIT_RAD = np.radians(8.0)
"""How far a keyed plug may be turned and still enter, and turn between the walls [rad]."""


@dataclass(frozen=True, slots=True)
class Socket:
    """Where one plug belongs."""

    goal: Matrix
    """The seated plug in the base frame."""
    insertion: Insertion

    def offset(self, plug: Matrix) -> tuple[Vector, float]:
        """Where ``plug`` is in the goal's frame: (3,) [m] and yaw, modulo its symmetry [rad]."""
        turn = self.goal[:3, :3].T
        offset = turn @ (plug[:3, 3] - self.goal[:3, 3])
        symmetry = self.insertion.symmetry
        yaw = yaw_of(turn @ plug[:3, :3])
        return offset, 0.0 if symmetry == 0 else wrapped(yaw, 2 * np.pi / symmetry)

    def sideways_m(self, plug: Matrix) -> float:
        """How far ``plug`` is from the socket's axis [m]."""
        offset, _ = self.offset(plug)
        return float(np.hypot(offset[0], offset[1]))

    def holds(self, plug: Matrix) -> bool:
        """The plug is below the face, between the walls."""
        offset, _ = self.offset(plug)
        near = self.sideways_m(plug) <= self.insertion.clearance_m + 1e-6
        return near and float(offset[2]) < self.insertion.depth_m - 2e-4

    def entered_by(self, plug: Matrix) -> bool:
        """The plug is about to go below the face, into the socket."""
        offset, yaw = self.offset(plug)
        return float(offset[2]) < self.insertion.depth_m and self.takes(self.sideways_m(plug), yaw)

    def takes(self, sideways_m: float, yaw: float) -> bool:
        """A plug so far aside [m] and so far turned [rad] can enter."""
        return sideways_m <= self.insertion.clearance_m + 1e-9 and bool(abs(yaw) <= YAW_FIT_RAD)

    def straightened(self, plug: Matrix) -> Matrix:
        """The plug turned back, where it stands, as far as the walls let it turn."""
        _, yaw = self.offset(plug)
        too_far = yaw - float(np.clip(yaw, -YAW_FIT_RAD, YAW_FIT_RAD))
        return shifted(plug, np.zeros(3), -too_far) if too_far else plug

    def guided(self, plug: Matrix) -> Matrix:
        """The plug held sideways by the walls."""
        clearance, sideways = self.insertion.clearance_m, self.sideways_m(plug)
        offset, _ = self.offset(plug)
        if float(offset[2]) >= self.insertion.depth_m or sideways <= clearance:
            return plug
        inside = offset * np.array([clearance / sideways, clearance / sideways, 1.0])
        guided = plug.copy()
        guided[:3, 3] = self.goal[:3, :3] @ inside + self.goal[:3, 3]
        return guided
