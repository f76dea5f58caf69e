"""A part as a body: its exact mesh, its convex pieces for contact, and its mass properties.

A part is a stack of extrusions along z. Between two neighbouring heights at which a layer begins or ends, its
cross-section is constant: the part is a stack of *slabs*, and each slab's polygon is decomposed on its own.
A part that is given as a mesh is read with the sections and pieces that its import has made.
"""

from functools import lru_cache
from itertools import pairwise

import manifold3d
import numpy as np
import trimesh
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, set_precision, union_all
from shapely.geometry.polygon import orient

from sequences.assembly import Part
from sequences.body import Hull, Prism, Slab, Solid, SolidError, weighed
from sequences.decompose import convex_pieces, parts
from sequences.mesh_files import read_solid
from sequences.shapes import ShapeError, polygon

GRID_M = 1e-9

__all__ = ["Hull", "Prism", "Slab", "Solid", "SolidError", "extruded", "solid_of"]


def solid_of(part: Part) -> Solid:
    """The part's body. Parts are immutable and their bodies are computed once.

    Raises ShapeError for a profile without area and SolidError for layers that do not connect or a mesh that
    cannot be used.
    """
    return _solid(part)


@lru_cache(maxsize=256)
def _solid(part: Part) -> Solid:
    mass_kg = None if part.mass_g is None else part.mass_g / 1000.0
    if part.mesh is not None:
        return read_solid(part.mesh, mass_kg, part.density_kg_m3)
    slabs = _slabs(part)
    mesh = _mesh(_body(slabs))
    mass, centre_of_mass, inertia = weighed(mesh, mass_kg, part.density_kg_m3)
    return Solid(
        mesh=mesh,
        slabs=slabs,
        prisms=_prisms(slabs),
        volume=float(mesh.volume),
        mass_kg=mass,
        centre_of_mass=centre_of_mass,
        inertia=inertia,
        bounds=np.asarray(mesh.bounds),
    )


def _slabs(part: Part) -> tuple[Slab, ...]:
    """The layers sorted into slabs; neighbours with the same section are one slab."""
    for i, layer in enumerate(part.layers):
        if layer.to_mm <= layer.from_mm:
            raise SolidError(f"layers[{i}]: to_mm {layer.to_mm:g} must be above from_mm {layer.from_mm:g}")
    profiles = [polygon(layer.shape) for layer in part.layers]
    heights = sorted({h for layer in part.layers for h in (layer.from_mm, layer.to_mm)})
    slabs: list[Slab] = []
    for low, high in pairwise(heights):
        inside = [
            profile
            for layer, profile in zip(part.layers, profiles, strict=True)
            if layer.from_mm <= low and layer.to_mm >= high
        ]
        if not inside:
            raise SolidError(f"no layer covers the heights from {low:g} to {high:g} mm: the part falls apart")
        section = _tidy(inside)
        if slabs and slabs[-1].section.equals(section):
            slabs[-1] = Slab(slabs[-1].z_lo, high / 1000.0, section)
        else:
            slabs.append(Slab(low / 1000.0, high / 1000.0, section))
    return tuple(slabs)


def _tidy(profiles: list[Polygon | MultiPolygon]) -> Polygon | MultiPolygon:
    """The union on the common grid, without corners that are none."""
    joined = union_all([set_precision(profile, GRID_M) for profile in profiles], grid_size=GRID_M)
    polygons = [orient(part) for part in parts(joined.simplify(GRID_M))]
    if not polygons:
        raise ShapeError("nothing is left of a layer")
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def _prisms(slabs: tuple[Slab, ...]) -> tuple[Prism, ...]:
    return tuple(Prism(corners, s.z_lo, s.z_hi) for s in slabs for corners in convex_pieces(s.section))


def extruded(section: Polygon | MultiPolygon, z_lo: float, z_hi: float) -> manifold3d.Manifold:
    """The section from one height to another as a solid, in millimetres (from [m])."""
    rings = [
        np.asarray(ring.coords, dtype=float)[:-1] * 1000.0
        for part in parts(section)
        for ring in (orient(part).exterior, *orient(part).interiors)
    ]
    profile = manifold3d.CrossSection(rings, manifold3d.FillRule.EvenOdd)
    low, high = round(z_lo * 1000.0, 9), round(z_hi * 1000.0, 9)

    def lifted(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Exactly to the two heights, so that slabs above each other share theirs to the last bit."""
        return np.column_stack([vertices[:, :2], np.where(vertices[:, 2] > 0.5, high, low)])

    return profile.extrude(1.0).warp_batch(lifted)


def _body(slabs: tuple[Slab, ...]) -> manifold3d.Manifold:
    """The union of the slabs [mm]; refuses a part that is more than one body."""
    solids = [extruded(slab.section, slab.z_lo, slab.z_hi) for slab in slabs]
    body = manifold3d.Manifold.batch_boolean(solids, manifold3d.OpType.Add)
    pieces = len(body.decompose())
    if pieces != 1:
        raise SolidError(f"the layers make {pieces} separate bodies; let them overlap or touch over an area")
    return body


def _mesh(body: manifold3d.Manifold) -> trimesh.Trimesh:
    surface = body.to_mesh64()
    return trimesh.Trimesh(
        vertices=np.asarray(surface.vert_properties)[:, :3] / 1000.0,
        faces=np.asarray(surface.tri_verts),
        process=False,
    )
