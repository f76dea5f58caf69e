"""The files of a part that is given as a mesh: its surface as OBJ, its sections and convex pieces as JSON.

Lengths in both are millimetres. Nothing that is read can run code, and both files are held to one hash, so
that a surface and the pieces that stand for it in contact belong together.
"""

import hashlib
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import trimesh
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from sequences.assembly import MeshFiles
from sequences.body import Hull, Prism, Slab, Solid, SolidError, weighed

FORMAT = "dovetail-contact/1"
LARGEST_FILE = 80_000_000
"""[bytes]"""
SAME_MM = 2e-4
"""Corners of a prism lie above each other within this."""
Ring = list[tuple[float, float]]


class SectionRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A slab: two heights and the polygons between them, each its outline and then its holes [mm]."""

    from_mm: float
    to_mm: float
    polygons: list[list[Ring]]


class ContactRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an import makes of a surface."""

    format: str
    sections: list[SectionRecord]
    """From the lowest up, without gaps; they lie inside the part."""
    pieces: list[list[tuple[float, float, float]]]
    """The corners of each convex piece [mm]."""


class MeshParts:
    """A surface, its sections and its pieces, to be written or as they were read."""

    def __init__(self, surface: bytes, contact: bytes) -> None:
        self.surface, self.contact = surface, contact

    @cached_property
    def sha256(self) -> str:
        """Of the surface and then the contact record."""
        return hashlib.sha256(self.surface + self.contact).hexdigest()


def encoded(sections: list[SectionRecord], pieces: list[NDArray[np.float64]]) -> bytes:
    """A contact record as JSON; coordinates are rounded to 10 nm."""
    record = ContactRecord(FORMAT, sections, [rounded(piece) for piece in pieces])
    return msgspec.json.encode(record) + b"\n"


def surface_of(corners: NDArray[np.float64], faces: NDArray[np.int64]) -> bytes:
    """A surface as an OBJ, from its corners (n, 3) [mm] and triangles (m, 3); rounded to 10 nm."""
    lines = [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in np.asarray(corners) + 0.0]
    lines += [f"f {a} {b} {c}" for a, b, c in np.asarray(faces) + 1]
    return ("\n".join(lines) + "\n").encode()


def rounded(points: NDArray[np.float64]) -> list[tuple[float, float, float]]:
    """(n, 3) coordinates [mm] to 10 nm."""
    return [(x, y, z) for x, y, z in np.round(np.asarray(points, dtype=float) + 0.0, 5).tolist()]


def read_solid(files: MeshFiles, mass_kg: float | None, density_kg_m3: float | None) -> Solid:
    """The body that the files of a part describe. Raises SolidError."""
    found = MeshParts(_bytes(files.surface), _bytes(files.contact))
    if found.sha256 != files.sha256:
        raise SolidError(
            f"'{files.surface}' and '{files.contact}' are not the files that were imported: their hash is "
            f"another; import the part again"
        )
    return solid_from(found, files.surface, files.contact, mass_kg, density_kg_m3)


def solid_from(
    found: MeshParts, surface: str, contact: str, mass_kg: float | None, density_kg_m3: float | None
) -> Solid:
    """The body that a surface and a record describe, which messages call by their files' names.

    Raises SolidError.
    """
    record = _record(found.contact, contact)
    mesh = _surface(found.surface, surface)
    slabs = tuple(_slab(section, contact) for section in record.sections)
    points = [np.array(piece) / 1000.0 for piece in record.pieces]
    if not slabs or any(len(piece) < 4 for piece in points):
        raise SolidError(f"'{contact}' has no sections, or a piece without volume")
    prisms = [as_prism(piece) for piece in points]
    mass, centre_of_mass, inertia = weighed(mesh, mass_kg, density_kg_m3)
    return Solid(
        mesh=mesh,
        slabs=slabs,
        prisms=tuple(prism for prism in prisms if prism is not None),
        volume=float(mesh.volume),
        mass_kg=mass,
        centre_of_mass=centre_of_mass,
        inertia=inertia,
        bounds=np.asarray(mesh.bounds),
        hulls=tuple(Hull(piece) for piece, prism in zip(points, prisms, strict=True) if prism is None),
        exact=False,
    )


def as_prism(points: NDArray[np.float64]) -> Prism | None:
    """The prism that has these corners (n, 3) [m]; None when they are not two equal polygons above each
    other."""
    low, high = points[:, 2].min(), points[:, 2].max()
    lower = np.abs(points[:, 2] - low) < SAME_MM / 1000.0
    upper = np.abs(points[:, 2] - high) < SAME_MM / 1000.0
    if 2 * lower.sum() != len(points) or 2 * upper.sum() != len(points) or (lower & upper).any():
        return None
    one, two = _around(points[lower, :2]), _around(points[upper, :2])
    start = int(np.argmin(np.linalg.norm(two - one[0], axis=1)))
    if np.abs(np.roll(two, -start, axis=0) - one).max() > SAME_MM / 1000.0:
        return None
    return Prism(one, float(low), float(high))


def _around(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of a convex polygon, counter-clockwise."""
    rays = corners - corners.mean(axis=0)
    return np.asarray(corners[np.argsort(np.arctan2(rays[:, 1], rays[:, 0]))])


def _bytes(name: str) -> bytes:
    path = Path(name)
    try:
        if not path.is_file():
            raise SolidError(f"'{name}' is not there; it belongs beside the assembly file")
        if path.stat().st_size > LARGEST_FILE:
            raise SolidError(f"'{name}' is larger than {LARGEST_FILE // 1_000_000} MB")
        return path.read_bytes()
    except OSError as error:
        raise SolidError(f"'{name}' cannot be read: {error.strerror}") from None


def _record(data: bytes, name: str) -> ContactRecord:
    try:
        record = msgspec.json.decode(data, type=ContactRecord)
    except msgspec.MsgspecError as error:
        raise SolidError(f"'{name}' is not a contact record: {error}") from None
    if record.format != FORMAT:
        raise SolidError(f"'{name}' has format '{record.format}'; this version reads '{FORMAT}'")
    return record


def _surface(data: bytes, name: str) -> trimesh.Trimesh:
    """An OBJ of plain corners and triangles [mm] as a surface [m]."""
    rows = [line.split() for line in data.splitlines() if line[:2] in (b"v ", b"f ")]
    try:
        corners = np.array([row[1:] for row in rows if row[0] == b"v"], dtype=np.float64).reshape(-1, 3)
        faces = np.array([row[1:] for row in rows if row[0] == b"f"], dtype=np.int64).reshape(-1, 3) - 1
    except ValueError:
        raise SolidError(f"'{name}' is not an OBJ of plain triangles; import the part again") from None
    if len(faces) == 0 or faces.min() < 0 or faces.max() >= len(corners) or not np.isfinite(corners).all():
        raise SolidError(f"'{name}' has no triangles, or corners that are none; import the part again")
    mesh = trimesh.Trimesh(corners / 1000.0, faces, process=False)
    if not mesh.is_watertight or not mesh.volume > 0:
        raise SolidError(f"'{name}' is not watertight; import the part again")
    if abs(mesh.bounds[0, 2]) > 1e-5:
        raise SolidError(f"'{name}' does not stand on z = 0; import the part again")
    return mesh


def _slab(section: SectionRecord, name: str) -> Slab:
    polygons = [Polygon(rings[0], rings[1:]) for rings in section.polygons if rings]
    flat = MultiPolygon([Polygon(p.exterior, p.interiors) for p in polygons])
    if not section.to_mm > section.from_mm or not flat.is_valid:
        raise SolidError(f"'{name}': the section from {section.from_mm:g} to {section.to_mm:g} mm is no area")
    scaled = [
        Polygon(
            np.asarray(p.exterior.coords) / 1000.0, [np.asarray(ring.coords) / 1000.0 for ring in p.interiors]
        )
        for p in polygons
    ]
    whole = scaled[0] if len(scaled) == 1 else MultiPolygon(scaled)
    return Slab(section.from_mm / 1000.0, section.to_mm / 1000.0, whole)
