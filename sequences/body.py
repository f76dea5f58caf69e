"""What a part is as a body: its surface, its cross-sections, its convex pieces, its mass properties."""

from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from sequences.decompose import Corners

DEFAULT_DENSITY_KG_M3 = 1200.0
"""Printed plastic, for a part that states neither density nor mass."""


class SolidError(ValueError):
    """A part whose layers make no single body."""


@dataclass(frozen=True, slots=True)
class Slab:
    """A piece of the part with a constant cross-section."""

    z_lo: float
    """[m] in the part's frame."""
    z_hi: float
    section: Polygon | MultiPolygon
    """Cross-section [m]."""


@dataclass(frozen=True, slots=True)
class Prism:
    """A convex polygon extruded along z."""

    corners: Corners
    """(n, 2) corners, counter-clockwise, in the part's frame [m]."""
    z_lo: float
    z_hi: float

    @property
    def volume(self) -> float:
        """[m³]"""
        x, y = (self.corners - self.corners[0]).T
        return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2 * (self.z_hi - self.z_lo)

    @property
    def vertices(self) -> NDArray[np.float64]:
        """(2 n, 3) corners, the lower ones first [m]."""
        n = len(self.corners)
        return np.column_stack([np.tile(self.corners, (2, 1)), np.repeat([self.z_lo, self.z_hi], n)])


@dataclass(frozen=True, slots=True, eq=False)
class Hull:
    """The convex hull of some points."""

    vertices: NDArray[np.float64]
    """(n, 3) corners in the part's frame [m]."""


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """What a part is made of, in the part's frame, SI units."""

    mesh: trimesh.Trimesh
    """Watertight surface [m]."""
    slabs: tuple[Slab, ...]
    """Constant cross-sections, from the lowest up, without gaps."""
    prisms: tuple[Prism, ...]
    """Convex pieces that are extrusions."""
    volume: float
    """[m³]"""
    mass_kg: float
    centre_of_mass: NDArray[np.float64]
    """(3,) [m]"""
    inertia: NDArray[np.float64]
    """(3, 3) about the centre of mass, along the part's axes [kg·m²]."""
    bounds: NDArray[np.float64]
    """(2, 3) least and greatest coordinates [m]."""
    hulls: tuple[Hull, ...] = ()
    """The other convex pieces. Together with the prisms they are the part, and have no common interior but
    for shallow pockets that a hull fills."""
    exact: bool = True
    """Whether the slabs are the part itself; else they lie inside of it, a stair where it is sloped."""

    @property
    def height(self) -> float:
        """From the lowest to the highest point [m]."""
        return float(self.bounds[1, 2] - self.bounds[0, 2])

    def section(self, z: float) -> Polygon | MultiPolygon:
        """The cross-section at height ``z`` [m]; at a step, the one just above. Empty outside the part."""
        for slab in self.slabs:
            if slab.z_lo <= z < slab.z_hi:
                return slab.section
        return MultiPolygon()


def weighed(
    mesh: trimesh.Trimesh, mass_kg: float | None, density_kg_m3: float | None
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Mass [kg], (3,) centre of mass [m], (3, 3) inertia about it [kg·m²] of what ``mesh`` [m] encloses."""
    mass = mass_kg
    if mass is None:
        mass = float(mesh.volume) * (density_kg_m3 or DEFAULT_DENSITY_KG_M3)
    properties = mesh.mass_properties
    inertia = np.asarray(properties.inertia) * mass / float(properties.mass)
    return mass, np.asarray(properties.center_mass), inertia
