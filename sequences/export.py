"""Parts as STL files in millimetres, for printing."""

from pathlib import Path

import trimesh

from sequences.assembly import Assembly, Part
from sequences.files import write_whole
from sequences.solid import solid_of


def write_stl(assembly: Assembly, directory: Path) -> tuple[Path, ...]:
    """Write one binary STL [mm] per part as ``<assembly>-<part>.stl``, in the parts' order.

    Each file is written whole or not at all. The directory is made if it is missing. Raises OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, part in assembly.parts.items():
        path = directory / f"{assembly.name}-{name}.stl"
        write_whole(path, stl_of(part))
        paths.append(path)
    return tuple(paths)


def stl_of(part: Part) -> bytes:
    """The part's surface as a binary STL in millimetres, standing on z = 0 as printed."""
    solid = solid_of(part)
    standing = (solid.mesh.vertices - (0.0, 0.0, solid.bounds[0, 2])) * 1000.0
    exported = trimesh.Trimesh(standing, solid.mesh.faces, process=False).export(file_type="stl")
    if not isinstance(exported, bytes):
        raise TypeError(f"trimesh wrote {type(exported).__name__} instead of bytes")
    return exported
