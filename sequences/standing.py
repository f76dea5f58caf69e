"""A part where it stands in the product: its sections and its solid in the base part's frame [mm]."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import manifold3d
import numpy as np
from shapely import MultiPolygon, Polygon, affinity

from sequences.assembly import Assembly, Pose, Step
from sequences.solid import Solid

Flat: TypeAlias = Polygon | MultiPolygon


@dataclass(frozen=True)
class Slice:
    """A piece of constant cross-section."""

    z_lo: float
    """[mm]"""
    z_hi: float
    flat: Flat
    """Cross-section [mm]."""


@dataclass(frozen=True, eq=False)
class Standing:
    """A part at its goal, or the base at its origin."""

    name: str
    solid: Solid
    position_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw_deg: float = 0.0

    @cached_property
    def slices(self) -> tuple[Slice, ...]:
        """Cross-sections from the lowest up."""
        lift = self.position_mm[2]
        return tuple(
            Slice(
                slab.z_lo * 1000 + lift,
                slab.z_hi * 1000 + lift,
                placed_mm(slab.section, self.position_mm, self.yaw_deg),
            )
            for slab in self.solid.slabs
        )

    @cached_property
    def body(self) -> manifold3d.Manifold:
        """The solid."""
        mesh = manifold3d.Mesh64(
            vert_properties=np.asarray(self.solid.mesh.vertices) * 1000.0,
            tri_verts=np.asarray(self.solid.mesh.faces, dtype=np.uint64),
        )
        return manifold3d.Manifold(mesh).rotate((0.0, 0.0, self.yaw_deg)).translate(self.position_mm)

    @property
    def top_mm(self) -> float:
        """Height of its highest point."""
        return self.slices[-1].z_hi

    @property
    def bottom_mm(self) -> float:
        """Height of its lowest point."""
        return self.slices[0].z_lo


def standing(name: str, solid: Solid, pose: Pose) -> Standing:
    """A part at a pose in the base part's frame."""
    return Standing(name, solid, pose.position_mm, pose.yaw_deg)


def before(assembly: Assembly, step: int, solids: dict[str, Solid]) -> list[Standing]:
    """The base and all parts that stand when ``assembly.steps[step]`` begins, as far as they have solids."""
    base = assembly.base.part
    there = [Standing(base, solids[base])] if base in solids else []
    return there + [at_goal(earlier, solids) for earlier in assembly.steps[:step] if earlier.part in solids]


def at_goal(step: Step, solids: dict[str, Solid]) -> Standing:
    """The part of a step, seated."""
    return standing(step.part, solids[step.part], step.goal)


def placed_mm(section: Flat, position_mm: tuple[float, ...], yaw_deg: float) -> Flat:
    """A section [m, part's frame] turned and moved into the frame of ``position_mm`` [mm]."""
    cos, sin = 1000 * np.cos(np.radians(yaw_deg)), 1000 * np.sin(np.radians(yaw_deg))
    moved: Flat = affinity.affine_transform(section, [cos, -sin, sin, cos, position_mm[0], position_mm[1]])
    return moved
