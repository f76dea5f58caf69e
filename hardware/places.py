"""Where parts wait and where they belong, as a cell without a camera knows it: from its calibration.

The assembly says where the tray and the fixture nominally are; the cell file may say where they really are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly, Place, Pose, Tray
from skills.cell import PoseEstimate, UnknownPart

Error = Callable[[], RigidTransform]
"""Draws the error of one measurement of a goal, in the goal's frame."""


def _none() -> RigidTransform:
    return RigidTransform.identity()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How well places are known."""

    tray_m: float = 0.003
    """Largest error of a part's place in the tray, per axis [m]."""
    tray_rad: float = float(np.deg2rad(5.0))
    goal_m: float = 0.002
    """Largest error of a goal, per axis [m]."""
    goal_rad: float = float(np.deg2rad(10.0))


def placed(
    assembly: Assembly, base_in_base: RigidTransform | None, tray_in_base: RigidTransform | None
) -> Assembly:
    """``assembly`` with its fixture and its tray where a cell has them, as far as an assembly can say that:
    upright. None leaves them where they are."""
    base, tray = assembly.base, assembly.tray
    if base_in_base is not None:
        base = base.model_copy(update={"pose": upright(base_in_base)})
    if tray_in_base is not None:
        moved, places = upright(tray_in_base), {}
        for part, place in tray.places.items():
            at = Pose(position_mm=(*place.position_mm, tray.height_mm), yaw_deg=place.yaw_deg)
            pose = upright(moved.transform * at.transform)
            places[part] = Place(position_mm=pose.position_mm[:2], yaw_deg=pose.yaw_deg)
        tray = Tray(height_mm=tray.height_mm + moved.position_mm[2], places=places)
    return assembly.model_copy(update={"base": base, "tray": tray})


def upright(pose: RigidTransform) -> Pose:
    """What is left of a pose when only its turn about the vertical is kept."""
    x, y, z = (round(1000.0 * float(v), 4) for v in pose.translation)
    ahead = pose.rotation.apply([1.0, 0.0, 0.0])
    yaw = round(float(np.degrees(np.arctan2(ahead[1], ahead[0]))), 4)
    return Pose(position_mm=(x, y, z), yaw_deg=yaw)


class Places:
    """A pose source that reads the calibration."""

    def __init__(
        self,
        assembly: Assembly,
        *,
        base_in_base: RigidTransform | None = None,
        tray_in_base: RigidTransform | None = None,
        bounds: Bounds | None = None,
        error: Error = _none,
    ) -> None:
        self.assembly, self.bounds, self.error = assembly, bounds or Bounds(), error
        """``base_in_base`` is the base part's frame in the robot's base frame, as calibrated;
        ``tray_in_base`` moves the tray from where the assembly says."""
        self.base_in_base = assembly.base.pose.transform if base_in_base is None else base_in_base
        self.tray_in_base = RigidTransform.identity() if tray_in_base is None else tray_in_base

    def locate(self, part: str) -> PoseEstimate:
        """Where ``part`` waits in the tray. Raises UnknownPart."""
        tray = self.assembly.tray
        if part not in tray.places:
            raise UnknownPart(part, tuple(tray.places))
        place = tray.places[part]
        lowest = self.assembly.parts[part].lowest_mm
        position = np.array([*place.position_mm, tray.height_mm - lowest]) / 1000.0
        turn = Rotation.from_euler("z", place.yaw_deg, degrees=True)
        pose = self.tray_in_base * RigidTransform.from_components(position, turn)
        return PoseEstimate(pose, self.bounds.tray_m, self.bounds.tray_rad)

    def locate_goal(self, part: str) -> PoseEstimate:
        """Where ``part`` belongs. Raises UnknownPart."""
        try:
            step = self.assembly.step_of(part)
        except KeyError:
            raise UnknownPart(part, tuple(step.part for step in self.assembly.steps)) from None
        pose = self.base_in_base * step.goal.transform * self.error()
        return PoseEstimate(pose, self.bounds.goal_m, self.bounds.goal_rad)
