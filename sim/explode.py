"""Where the parts of a product float in its exploded view."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation
from shapely import MultiPoint, Polygon

from sequences.assembly import Assembly
from sequences.solid import solid_of

GAP_M = 0.022
"""Room between a part and the part below it."""
ASIDE_M = 0.002
"""Parts nearer to each other than this, seen along the insertion, are kept above each other."""


@dataclass(frozen=True, slots=True)
class Floating:
    """One part of an exploded view, in the base part's frame."""

    part: str
    seated: RigidTransform
    shift: NDArray[np.float64]
    """(3,) from where it is seated to where it floats [m]."""

    @property
    def pose(self) -> RigidTransform:
        """Where it floats."""
        return RigidTransform.from_components(self.seated.translation + self.shift, self.seated.rotation)


@dataclass(frozen=True, slots=True)
class _Shadow:
    """A part seen along an insertion."""

    outline: Polygon
    low: float
    high: float


def seated_poses(assembly: Assembly) -> dict[str, RigidTransform]:
    """Each part's seated pose in the base part's frame, the base first, then in the order of the steps."""
    poses = {assembly.base.part: RigidTransform.identity()}
    return poses | {step.part: step.goal.transform for step in assembly.steps}


def vertices(assembly: Assembly, part: str, pose: RigidTransform) -> NDArray[np.float64]:
    """(n, 3) the part's corners when it is at ``pose`` [m]."""
    return np.asarray(pose.apply(np.asarray(solid_of(assembly.parts[part]).mesh.vertices)))


def exploded(assembly: Assembly) -> list[Floating]:
    """Every part drawn back against its insertion, just far enough to clear what was inserted before it.

    Parts that are not in each other's way float side by side.
    """
    seated = seated_poses(assembly)
    floating = [Floating(assembly.base.part, seated[assembly.base.part], np.zeros(3))]
    for step in assembly.steps:
        back = -np.asarray(step.direction) / np.linalg.norm(step.direction)
        turn = Rotation.align_vectors([[0.0, 0.0, 1.0]], [back])[0]
        mine = _seen(assembly, step.part, seated[step.part], turn)
        near = mine.outline.buffer(ASIDE_M)
        below = [_seen(assembly, other.part, other.pose, turn) for other in floating]
        top = max((other.high for other in below if near.intersects(other.outline)), default=mine.low)
        floating.append(Floating(step.part, seated[step.part], (top + GAP_M - mine.low) * back))
    return floating


def _seen(assembly: Assembly, part: str, pose: RigidTransform, turn: Rotation) -> _Shadow:
    points = turn.apply(vertices(assembly, part, pose))
    return _Shadow(
        MultiPoint(points[:, :2]).convex_hull, float(points[:, 2].min()), float(points[:, 2].max())
    )
