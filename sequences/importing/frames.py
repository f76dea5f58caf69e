"""The frames of imported parts, and parts as they are written: in their own frame, standing on z = 0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sequences.assembly import Pose
from sequences.body import Solid
from sequences.importing.congruence import Twin, turned
from sequences.importing.fit import Fit
from sequences.importing.manifolds import triangles
from sequences.importing.members import Member
from sequences.importing.sections import sections_of
from sequences.mesh_files import MeshParts, encoded, solid_from, surface_of
from sequences.standing import Standing


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a part's own frame is, in the frame of the assembly."""

    shape: str
    """The part whose files it uses: itself, or the first that is equal to it."""
    origin_mm: tuple[float, float, float]
    yaw_deg: float = 0.0

    def goal(self, base: "Frame") -> Pose:
        """The frame's pose in the base part's frame."""
        x, y, z = (round(a - b, 4) + 0.0 for a, b in zip(self.origin_mm, base.origin_mm, strict=True))
        return Pose(position_mm=(x, y, z), yaw_deg=round(self.yaw_deg, 4))


def frames_of(
    base: Member,
    order: Sequence[Member],
    twins: Mapping[str, Twin],
    fits: Mapping[str, Fit],
    falls: Mapping[str, float],
) -> dict[str, Frame]:
    """Each part's frame: on the axis of what enters, at its lowest point; equal parts have equal ones."""
    (x0, y0, z0), (x1, y1, _) = base.bounds
    frames = {base.name: Frame(base.name, (float(x0 + x1) / 2, float(y0 + y1) / 2, float(z0)))}
    by_name = {part.name: part for part in order}
    for part in order:
        twin = twins[part.name]
        first = by_name[twin.first]
        x, y = fits[first.name].axis_mm
        origin = np.array([x, y, float(first.bounds[0, 2]) + falls.get(first.name, 0.0)])
        x, y, z = turned(origin, twin.yaw_deg) + twin.shift_mm
        at = (float(x), float(y), float(z) - falls.get(part.name, 0.0))
        frames[part.name] = Frame(first.name, at, twin.yaw_deg)
    return frames


def written(part: Member, frame: Frame, *, pieces: bool = True) -> MeshParts:
    """A part's files, in its own frame."""
    body = part.body.translate(tuple(-value for value in frame.origin_mm))
    x, y, z = frame.origin_mm
    _, _, low, _, _, _ = body.bounding_box()
    body = body.translate((0.0, 0.0, -low))
    own = [triangles(piece)[0] - (x, y, z + low) for piece in part.pieces] if pieces else []
    return MeshParts(surface_of(*triangles(body)), encoded(sections_of(body), own))


def solid_in(part: Member, frame: Frame, density_kg_m3: float | None = None) -> Solid:
    """A part's body in its own frame, without contact pieces. Raises SolidError."""
    return solid_from(written(part, frame, pieces=False), part.name, part.name, None, density_kg_m3)


def standing_of(part: Member) -> Standing:
    """A part where it is drawn, in the frame of the assembly."""
    frame = Frame(part.name, (0.0, 0.0, float(part.bounds[0, 2])))
    return Standing(part.name, solid_in(part, frame), frame.origin_mm)
