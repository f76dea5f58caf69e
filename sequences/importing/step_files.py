"""STEP files, through the optional extra ``step`` (cascadio, which wraps OpenCASCADE)."""

import tempfile
from pathlib import Path

import numpy as np
import trimesh

from sequences.importing.problems import refused
from sequences.importing.reading import MOST_TRIANGLES, Raw, part_name

CHORD_MM, ANGLE_RAD = 0.01, 0.1
"""How far a triangle may be from the true surface, and two neighbours may turn."""
LARGEST_FILE = 30_000_000
"""[bytes]"""


def read_step(path: Path) -> list[Raw]:
    """The bodies of a STEP file, in metres, each at its place in the assembly. Raises AssemblyError."""
    try:
        import cascadio
    except ImportError:
        raise refused(
            path,
            "is a STEP file, and what reads those is not installed",
            "pip install 'dovetail[step]', or export every part as STL or OBJ",
        ) from None
    if path.stat().st_size > LARGEST_FILE:
        raise refused(path, f"is larger than {LARGEST_FILE // 1_000_000} MB", "export one file for each part")
    if b"ISO-10303-21" not in path.read_bytes()[:512]:
        raise refused(path, "is not a STEP file", "export the part again")
    with tempfile.TemporaryDirectory() as folder:
        glb = Path(folder) / "read.glb"
        try:
            cascadio.step_to_glb(str(path), str(glb), tol_linear=CHORD_MM, tol_angular=ANGLE_RAD)
            scene = trimesh.load(glb, force="scene") if glb.is_file() and glb.stat().st_size else None
        except Exception as error:  # a parser of foreign bytes may raise anything
            message = f"cannot be read as STEP: {error}"
            raise refused(path, message, "export the part again") from None
    return _bodies(path, scene)


def _bodies(path: Path, scene: object) -> list[Raw]:
    if not isinstance(scene, trimesh.Scene) or not scene.geometry:
        raise refused(path, "holds no body", "export it again, with solids and not only with curves")
    raws: list[Raw] = []
    for node in scene.graph.nodes_geometry:
        pose, geometry = scene.graph[node]
        mesh = scene.geometry[geometry].copy().apply_transform(pose)
        name = part_name(node if len(scene.graph.nodes_geometry) > 1 else path.stem)
        raws.append(Raw(name, path, np.asarray(mesh.vertices), np.asarray(mesh.faces, dtype=np.int64)))
    if sum(len(raw.faces) for raw in raws) > MOST_TRIANGLES:
        raise refused(path, f"has more than {MOST_TRIANGLES:,} triangles", "leave out what is not assembled")
    return raws
