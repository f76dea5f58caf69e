"""A part of an assembly that is being imported: its body, its convex pieces, what it sweeps when it moves.

Bodies are in millimetres in the frame of the assembly, the insertion axis pointing up.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import manifold3d
import numpy as np
from numpy.typing import NDArray

from sequences.importing.convex import convex_parts
from sequences.importing.manifolds import triangles

FAR_MM = 600.0
"""A part that has travelled this far is out."""
DIRECTIONS = 16
"""Of level moves that are tried."""


@dataclass(frozen=True, eq=False)
class Member:
    """One part."""

    name: str
    file: Path
    body: manifold3d.Manifold
    notes: list[str] = field(default_factory=list)

    @cached_property
    def pieces(self) -> list[manifold3d.Manifold]:
        """Convex pieces that stand for it."""
        return convex_parts(self.body)

    @cached_property
    def below(self) -> manifold3d.Manifold:
        """What it sweeps on its way down and out of everything."""
        return self.swept((0.0, 0.0, -FAR_MM))

    @cached_property
    def above(self) -> manifold3d.Manifold:
        """What it sweeps on its way up and out of everything."""
        return self.swept((0.0, 0.0, FAR_MM))

    def swept(self, way: tuple[float, float, float]) -> manifold3d.Manifold:
        """What it sweeps when it moves straight by ``way`` [mm]."""
        hulls = [manifold3d.Manifold.batch_hull([piece, piece.translate(way)]) for piece in self.pieces]
        return manifold3d.Manifold.batch_boolean(hulls, manifold3d.OpType.Add)

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """(2, 3) [mm]"""
        return np.array(self.body.bounding_box()).reshape(2, 3)

    @cached_property
    def corners(self) -> NDArray[np.float64]:
        """(n, 3) [mm]"""
        return triangles(self.body)[0]

    @cached_property
    def centre(self) -> NDArray[np.float64]:
        """(3,) of its volume [mm]."""
        return centre_of(self.body)

    def with_body(self, body: manifold3d.Manifold, note: str = "") -> "Member":
        """The same part with another body."""
        return Member(self.name, self.file, body, [*self.notes, note] if note else self.notes)


def centre_of(body: manifold3d.Manifold) -> NDArray[np.float64]:
    """(3,) the centre of a body's volume [mm]."""
    corners, faces = triangles(body)
    a, b, c = corners[faces[:, 0]], corners[faces[:, 1]], corners[faces[:, 2]]
    volumes = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
    return np.asarray((volumes[:, None] * (a + b + c)).sum(axis=0) / (4 * volumes.sum()))


def level_directions(count: int = DIRECTIONS) -> list[tuple[float, float]]:
    """Unit vectors in the plane."""
    return [(math.cos(2 * math.pi * i / count), math.sin(2 * math.pi * i / count)) for i in range(count)]


def together(bodies: list[manifold3d.Manifold]) -> manifold3d.Manifold:
    """The union."""
    return manifold3d.Manifold.batch_boolean(bodies, manifold3d.OpType.Add)


def thickness_mm(common: manifold3d.Manifold) -> float:
    """How thick what two bodies share is: the thickest of its pieces, each by volume over half its area."""
    pieces = [piece for piece in common.decompose() if piece.volume() > 1e-6]
    return max((2.0 * piece.volume() / piece.surface_area() for piece in pieces), default=0.0)
