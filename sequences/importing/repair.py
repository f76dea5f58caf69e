"""A surface that was drawn becomes a body: merged, turned outside out, closed, or refused with its defect."""

from dataclasses import dataclass, field
from pathlib import Path

import manifold3d
import numpy as np
import trimesh
from numpy.typing import NDArray

from sequences.importing.manifolds import triangles
from sequences.importing.problems import refused
from sequences.importing.reading import Raw

SAME_MM = 1e-4
"""Corners nearer than this are one."""
SLIVER_MM = 0.002
"""How far corners may move when slivers are taken out."""
LEAST_MM3 = 0.5
LEAST_MM = 0.2
CROSSING_MM3 = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A part as a body [mm] in the frame of the assembly."""

    name: str
    file: Path
    body: manifold3d.Manifold
    notes: list[str] = field(default_factory=list)
    """What was done to it."""


def repaired(raw: Raw, factor: float) -> Drawn:
    """The body of what was read, ``factor`` millimetres to its unit. Raises AssemblyError."""
    notes: list[str] = []
    mesh = _merged(raw, factor)
    _not_flat(raw, mesh)
    if not mesh.is_watertight:
        before = len(mesh.faces)
        mesh.fill_holes()
        if mesh.is_watertight:
            notes.append(f"closed small holes with {len(mesh.faces) - before} triangles")
    if not mesh.is_watertight:
        _open(raw, mesh)
    if not mesh.is_winding_consistent or mesh.volume < 0:
        trimesh.repair.fix_normals(mesh, multibody=True)  # type: ignore[no-untyped-call]
        notes.append("turned triangles that faced inwards")
    body = _whole(raw, mesh, notes)
    return Drawn(raw.name, raw.file, body, notes)


def _merged(raw: Raw, factor: float) -> trimesh.Trimesh:
    """Corners merged and what has no area left out, in millimetres."""
    used = np.unique(raw.faces)
    index = np.zeros(len(raw.vertices), dtype=np.int64)
    index[used] = np.arange(len(used))
    mesh = trimesh.Trimesh(raw.vertices[used] * factor, index[raw.faces], process=False)
    digits = round(-np.log10(SAME_MM))
    mesh.merge_vertices(merge_tex=True, merge_norm=True, digits_vertex=digits)
    mesh.update_faces(mesh.unique_faces())
    corners = np.sort(mesh.faces, axis=1)
    mesh.update_faces((np.diff(corners, axis=1) != 0).all(axis=1))
    mesh.remove_unreferenced_vertices()
    return mesh


def _not_flat(raw: Raw, mesh: trimesh.Trimesh) -> None:
    sides = np.ptp(mesh.vertices, axis=0) if len(mesh.faces) else np.zeros(3)
    if sides.min() < LEAST_MM:
        x, y, z = sides
        raise refused(
            raw.file,
            f"is no body: it is {x:.3g} × {y:.3g} × {z:.3g} mm",
            "give the part a thickness, or check the unit (--units)",
        )


def _open(raw: Raw, mesh: trimesh.Trimesh) -> None:
    """Refuse a surface that is not closed, with the place and the length of the gap."""
    count = np.bincount(mesh.edges_unique_inverse)
    single = mesh.edges_unique[count == 1]
    many = mesh.edges_unique[count > 2]
    hint = "close it in the CAD program, or export the body as a solid and not as a surface"
    if len(single):
        at, length = _place(mesh, single)
        raise refused(raw.file, f"is not closed: {len(single)} open edges, {length:.3g} mm, near {at}", hint)
    at, _ = _place(mesh, many)
    raise refused(raw.file, f"is not a body: {len(many)} edges have more than two faces, near {at}", hint)


def _place(mesh: trimesh.Trimesh, edges: NDArray[np.int64]) -> tuple[str, float]:
    ends = mesh.vertices[edges]
    x, y, z = ends.mean(axis=1)[0]
    return f"({x:.2f}, {y:.2f}, {z:.2f}) mm", float(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum())


def _whole(raw: Raw, mesh: trimesh.Trimesh, notes: list[str]) -> manifold3d.Manifold:
    """One body, its overlapping bodies united."""
    solid = manifold3d.Manifold(
        manifold3d.Mesh64(
            vert_properties=np.asarray(mesh.vertices), tri_verts=np.asarray(mesh.faces, dtype=np.uint64)
        )
    )
    if solid.status() != manifold3d.Error.NoError:
        why = str(solid.status()).rpartition(".")[2]
        raise refused(raw.file, f"is not a body ({why})", "export it again as a solid")
    bodies = [body for body in solid.decompose() if abs(body.volume()) > LEAST_MM3 * 0.01]
    outer = [body for body in bodies if body.volume() > 0]
    hollow = [body for body in bodies if body.volume() < 0]
    if not outer or sum(body.volume() for body in bodies) < LEAST_MM3:
        raise refused(
            raw.file,
            f"encloses {solid.volume():.3g} mm³",
            "check the unit (--units), and that the surface encloses the material",
        )
    for body in outer:
        _no_crossing(raw, body)
    whole = manifold3d.Manifold.batch_boolean(outer, manifold3d.OpType.Add)
    if hollow:
        notes.append(f"{len(hollow)} hollows inside, which nothing can reach, were filled")
    if len(outer) > 1:
        notes.append(f"{len(outer)} bodies were united")
    pieces = [piece for piece in whole.decompose() if piece.volume() > LEAST_MM3 * 0.01]
    if len(pieces) > 1:
        sizes = ", ".join(f"{piece.volume():.3g}" for piece in pieces[:4])
        hint = "give each its own file if they are several parts"
        raise refused(raw.file, f"is {len(pieces)} separate bodies ({sizes} mm³)", hint)
    return whole.simplify(SLIVER_MM)


def _no_crossing(raw: Raw, body: manifold3d.Manifold) -> None:
    """Refuse a surface that runs through itself: there, a section is inside twice, or less than nothing."""
    for axis, turn in (("z", (0.0, 0.0, 0.0)), ("x", (0.0, -90.0, 0.0)), ("y", (90.0, 0.0, 0.0))):
        turned = body.rotate(turn)
        _, _, low, _, _, high = turned.bounding_box()
        for share in np.linspace(0.013, 0.987, 25):
            height = low + share * (high - low)
            rings = turned.slice(height).to_polygons()
            doubtful = section_error(body=turned, height=height, rings=rings)
            if doubtful > 0.01 + 1e-3 * abs(turned.volume()) / (high - low):
                raise refused(
                    raw.file,
                    f"runs through itself: {doubtful:.3g} mm² at {share:.0%} of its extent along {axis}",
                    "unite the crossing bodies in the CAD program and export one solid",
                )


def section_error(body: manifold3d.Manifold, height: float, rings: list[NDArray[np.float64]]) -> float:
    """Area [mm²] by which a section differs from the flux through the surface above ``height``.

    The signed area of the closed surface above a plane, seen from above, is minus that of the section; where
    the surface runs through itself, the section's polygons cover less or more.
    """
    corners, faces = triangles(body)
    segments = _cut(corners, faces, height)
    signed = float(np.sum(segments[:, 0, 0] * segments[:, 1, 1] - segments[:, 1, 0] * segments[:, 0, 1])) / 2
    area = sum(_area(ring) for ring in rings)
    return abs(abs(signed) - abs(area))


def _area(ring: NDArray[np.float64]) -> float:
    x, y = np.asarray(ring).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _cut(corners: NDArray[np.float64], faces: NDArray[np.int64], height: float) -> NDArray[np.float64]:
    """(n, 2, 2) the segments, in x and y, in which a surface meets a level plane, in the faces' sense."""
    side = corners[:, 2] > height
    met = faces[side[faces].any(axis=1) & (~side[faces]).any(axis=1)]
    ends = np.zeros((len(met), 2, 2))
    for start, stop in ((0, 1), (1, 2), (2, 0)):
        a, b = met[:, start], met[:, stop]
        rows = np.flatnonzero(side[a] != side[b])
        one, two = corners[a[rows]], corners[b[rows]]
        share = (height - one[:, 2]) / (two[:, 2] - one[:, 2])
        leaving = side[a[rows]].astype(np.intp)
        ends[rows, 1 - leaving] = (one + share[:, None] * (two - one))[:, :2]
    return ends
