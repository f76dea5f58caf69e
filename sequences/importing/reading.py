"""From a folder to triangles: which files are parts, and what they hold, read with suspicion.

Sizes and counts are looked at before anything is parsed, since a small file can claim to be a large one.
"""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

from sequences.importing.problems import refused

MESHES = (".stl", ".obj")
STEP = (".step", ".stp")
MOST_PARTS = 40
LARGEST_FILE = 60_000_000
"""[bytes]"""
MOST_TRIANGLES = 500_000
MOST_BELIEVED = 50_000_000
"""Triangles that a header may claim; more is a header of something else."""
PACKED = (".zip", ".gz", ".3mf", ".bz2", ".xz", ".7z", ".tar", ".tgz", ".rar", ".zst")
OTHER_MESHES = (".ply", ".glb", ".gltf", ".dae", ".off", ".iges", ".igs", ".fcstd", ".sldprt", ".f3d", ".amf")
NAME = re.compile(r"[^a-z0-9_-]+")
MADE_HERE = ".yaml"


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """A part as it was read, in the file's units."""

    name: str
    """What the assembly will call it."""
    file: Path
    vertices: NDArray[np.float64]
    """(n, 3)"""
    faces: NDArray[np.int64]
    """(m, 3) indices of vertices."""


def part_files(folder: Path) -> list[Path]:
    """The files of ``folder`` that are parts, by name. Raises AssemblyError."""
    if not folder.exists():
        raise refused(folder, "does not exist", "give a folder with one STL, OBJ or STEP file a part")
    if not folder.is_dir():
        raise refused(folder, "is not a folder", "give the folder in which the file lies, one file a part")
    found = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    parts = [path for path in found if path.suffix.lower() in MESHES + STEP]
    if not parts:
        raise refused(folder, "holds no part", _what_else(found))
    if len(parts) == 1 and parts[0].suffix.lower() in MESHES:
        raise refused(
            folder,
            f"holds one part only, '{parts[0].name}'",
            "an assembly has two parts or more: one file for each, all in their assembled pose",
        )
    if len(parts) > MOST_PARTS:
        raise refused(folder, f"holds {len(parts)} parts", f"at most {MOST_PARTS} make a product")
    return parts


def _what_else(found: list[Path]) -> str:
    """A hint from the files that lie there instead."""
    if not found:
        return "the folder is empty; put one STL, OBJ or STEP file a part into it"
    packed = [path.name for path in found if path.suffix.lower() in PACKED]
    if packed:
        return f"archives such as '{packed[0]}' are not opened; unpack it and give the folder"
    other = [path.name for path in found if path.suffix.lower() in OTHER_MESHES]
    if other:
        return f"'{other[0]}' is of a kind that is not read; export every part as STL, OBJ or STEP"
    return f"it has {', '.join(path.name for path in found[:4])}; parts are .stl, .obj or .step files"


def read(path: Path) -> list[Raw]:
    """The parts of one file: one of a mesh, any number of a STEP file. Raises AssemblyError."""
    size = path.stat().st_size
    if size == 0:
        raise refused(path, "is empty", "export the part again")
    if size > LARGEST_FILE:
        raise refused(
            path,
            f"is {size / 1e6:.0f} MB large, more than {LARGEST_FILE // 1_000_000} MB",
            "export it with a coarser mesh: 0.01 mm of chord error is enough",
        )
    suffix = path.suffix.lower()
    if suffix in STEP:
        from sequences.importing.step_files import read_step

        return read_step(path)
    data = path.read_bytes()
    mesh = _stl(path, data) if suffix == ".stl" else _obj(path, data)
    return [Raw(part_name(path.stem), path, *_checked(path, mesh))]


def part_name(text: str) -> str:
    """A name for a part from whatever a file is called."""
    name = NAME.sub("-", text.lower()).strip("-_") or "part"
    return (name if name[0].isalpha() else f"part-{name}")[:40]


def _stl(path: Path, data: bytes) -> trimesh.Trimesh:
    claimed = int.from_bytes(data[80:84], "little") if len(data) >= 84 else 0
    if len(data) >= 84 and len(data) == 84 + 50 * claimed:
        _count(path, claimed)
    elif data[:512].lstrip().lower().startswith(b"solid") and b"facet" in data[:4096]:
        _count(path, data.count(b"endfacet"))
    else:
        holds = max((len(data) - 84) // 50, 0)
        hint = "export the part again; a binary STL is 84 bytes and 50 for each triangle"
        if 0 < claimed < MOST_BELIEVED and holds < claimed:
            raise refused(path, f"is cut off: it claims {claimed} triangles and has room for {holds}", hint)
        raise refused(path, "is not an STL file", hint)
    return _parsed(path, data, "stl")


def _obj(path: Path, data: bytes) -> trimesh.Trimesh:
    if b"\0" in data[:4096]:
        raise refused(path, "is not an OBJ file: it holds binary data", "export the part again as OBJ or STL")
    faces = len(re.findall(rb"^f[ \t]", data, re.MULTILINE))
    if faces == 0:
        raise refused(path, "has no faces", "export the part as triangles, not as lines or points")
    _count(path, faces)
    plain = b"\n".join(
        line for line in data.splitlines() if line.lstrip().startswith((b"v ", b"v\t", b"f ", b"f\t"))
    )
    return _parsed(path, re.sub(rb"(?<=\d)/[\d/]*", b"", plain) + b"\n", "obj")


def _count(path: Path, triangles: int) -> None:
    if triangles == 0:
        raise refused(path, "has no triangles", "export the part again")
    if triangles > MOST_TRIANGLES:
        raise refused(
            path,
            f"has {triangles:,} triangles, more than {MOST_TRIANGLES:,}",
            "export it with a coarser mesh: 0.01 mm of chord error is enough",
        )


def _parsed(path: Path, data: bytes, kind: str) -> trimesh.Trimesh:
    try:
        mesh = trimesh.load(io.BytesIO(data), file_type=kind, force="mesh", process=False)
    except Exception as error:  # a parser of foreign bytes may raise anything
        message = f"cannot be read as {kind.upper()}: {error}"
        raise refused(path, message, "export the part again") from None
    if not isinstance(mesh, trimesh.Trimesh):
        raise refused(path, "has no surface", "export the part again as triangles")
    return mesh


def _checked(path: Path, mesh: trimesh.Trimesh) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    vertices, faces = np.asarray(mesh.vertices, dtype=float), np.asarray(mesh.faces, dtype=np.int64)
    if len(faces) == 0 or len(vertices) == 0:
        raise refused(path, "has no triangles", "export the part again")
    _count(path, len(faces))
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise refused(path, "has faces with corners that do not exist", "export the part again")
    if not np.isfinite(vertices[np.unique(faces)]).all():
        raise refused(path, "has corners at infinity or that are no numbers", "export the part again")
    return vertices, faces
