"""Folders that are no assembly: each is refused with the file, the defect and a way out, and quickly."""

import gzip
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import manifold3d
import numpy as np
import pytest
import trimesh

from sequences.errors import AssemblyError
from sequences.importing.product import Wishes, found_in
from sequences.importing.reading import LARGEST_FILE, MOST_TRIANGLES

Body = manifold3d.Manifold
Maker = Callable[[Path], None]


def mesh_of(body: Body) -> trimesh.Trimesh:
    surface = body.to_mesh64()
    return trimesh.Trimesh(
        np.asarray(surface.vert_properties)[:, :3], np.asarray(surface.tri_verts), process=False
    )


PLATE = mesh_of(
    Body.cube((60, 60, 15)).translate((-30, -30, 0)) - Body.cube((13, 13, 20)).translate((-6.5, -6.5, 5))
)
PEG = mesh_of(Body.cube((12, 12, 45)).translate((-6, -6, 5)))


def with_peg(mesh: trimesh.Trimesh) -> Maker:
    def make(folder: Path) -> None:
        PLATE.export(folder / "plate.stl")
        mesh.export(folder / "bad.stl")

    return make


def bytes_beside_plate(name: str, content: bytes) -> Maker:
    def make(folder: Path) -> None:
        PLATE.export(folder / "plate.stl")
        (folder / name).write_bytes(content)

    return make


def good(factor: float) -> Maker:
    def make(folder: Path) -> None:
        for name, mesh in (("plate", PLATE), ("peg", PEG)):
            scaled = mesh.copy()
            scaled.apply_scale(factor)
            scaled.export(folder / f"{name}.stl")

    return make


def without_a_face() -> trimesh.Trimesh:
    mesh = mesh_of(Body.cube((12, 12, 45)).refine(3).translate((-6, -6, 5)))
    mesh.update_faces(np.arange(len(mesh.faces)) > 40)
    return mesh


def crossing() -> trimesh.Trimesh:
    def through(points: np.ndarray) -> np.ndarray:
        moved = points.copy()
        top = (points[:, 2] > 49.9) & (np.abs(points[:, 0]) < 4) & (np.abs(points[:, 1]) < 4)
        moved[top, 2] = -20.0
        return moved

    return mesh_of(Body.cube((12, 12, 45)).translate((-6, -6, 5)).refine(5).warp_batch(through))


def flat() -> trimesh.Trimesh:
    corners = np.array([(0, 0, 0), (10, 0, 0), (10, 10, 0), (0, 10, 0)], dtype=float)
    return trimesh.Trimesh(corners, [(0, 1, 2), (0, 2, 3)], process=False)


def fan() -> trimesh.Trimesh:
    """Three leaves on one edge."""
    corners = np.array([(0, 0, 0), (0, 0, 20), (10, 0, 5), (-8, 6, 5), (-8, -6, 5)], dtype=float)
    return trimesh.Trimesh(corners, [(0, 1, 2), (0, 1, 3), (0, 1, 4)], process=False)


def stl_that_claims(count: int) -> bytes:
    return b"\0" * 80 + struct.pack("<I", count) + b"\0" * 500


def huge_stl(path: Path) -> None:
    """2 million triangles without their bytes: the file is sparse, as large as it claims."""
    PLATE.export(path / "plate.stl")
    with (path / "huge.stl").open("wb") as file:
        file.write(b"\0" * 80 + struct.pack("<I", 2_000_000))
        file.truncate(84 + 50 * 2_000_000)


def many_triangles(path: Path) -> None:
    PLATE.export(path / "plate.stl")
    count = MOST_TRIANGLES + 1
    with (path / "fine.stl").open("wb") as file:
        file.write(b"\0" * 80 + struct.pack("<I", count))
        file.truncate(84 + 50 * count)


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path / "parts.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("part.stl", b"\0" * 50_000_000)


def gzipped(path: Path) -> None:
    (path / "part.stl.gz").write_bytes(gzip.compress(b"\0" * 10_000_000))


def twice(path: Path) -> None:
    for name in ("Peg.stl", "peg .stl"):
        PEG.export(path / name)


def nan_obj() -> bytes:
    return b"v 0 0 0\nv nan 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 1 3 4\nf 2 3 4\n"


def many_parts(path: Path) -> None:
    for index in range(41):
        PEG.export(path / f"peg{index}.stl")


INPUTS: dict[str, tuple[Maker, str, Wishes]] = {
    "empty folder": (lambda folder: None, "the folder is empty", Wishes()),
    "one part": (lambda folder: PEG.export(folder / "peg.stl"), "holds one part only", Wishes()),
    "only notes": (lambda folder: (folder / "a.txt").write_text("hello"), "holds no part", Wishes()),
    "a zip bomb": (bomb, "archives such as 'parts.zip' are not opened", Wishes()),
    "a gzipped mesh": (gzipped, "archives such as 'part.stl.gz' are not opened", Wishes()),
    "another format": (
        lambda f: (f / "a.glb").write_bytes(b"glTF"),
        "is of a kind that is not read",
        Wishes(),
    ),
    "too many parts": (many_parts, "holds 41 parts", Wishes()),
    "two names alike": (twice, "two parts called 'peg'", Wishes()),
    "an empty file": (bytes_beside_plate("a.stl", b""), "a.stl: is empty", Wishes()),
    "binary junk": (bytes_beside_plate("a.stl", bytes(range(256)) * 9), "a.stl: is", Wishes()),
    "junk as OBJ": (bytes_beside_plate("a.obj", b"\0\1\2" * 99), "holds binary data", Wishes()),
    "text as STL": (bytes_beside_plate("a.stl", b"dear reader, " * 9), "is not an STL file", Wishes()),
    "a cut-off STL": (bytes_beside_plate("a.stl", stl_that_claims(900)), "is cut off", Wishes()),
    "a claim of 4 billion": (
        bytes_beside_plate("a.stl", stl_that_claims(2**32 - 1)),
        "is not an STL file",
        Wishes(),
    ),
    "2 million triangles": (huge_stl, f"more than {LARGEST_FILE // 1_000_000} MB", Wishes()),
    "too many triangles": (many_triangles, "triangles, more than 500,000", Wishes()),
    "an OBJ without faces": (bytes_beside_plate("a.obj", b"v 0 0 0\nv 1 0 0\n"), "has no faces", Wishes()),
    "an OBJ with wrong corners": (bytes_beside_plate("a.obj", b"v 0 0 0\nf 1 2 9\n"), "a.obj: ", Wishes()),
    "no numbers": (bytes_beside_plate("a.obj", nan_obj()), "are no numbers", Wishes()),
    "an open mesh": (with_peg(without_a_face()), "is not closed", Wishes()),
    "a sheet": (with_peg(flat()), "is no body", Wishes()),
    "a fan": (with_peg(fan()), "bad.stl: is not", Wishes()),
    "a mesh through itself": (with_peg(crossing()), "runs through itself", Wishes()),
    "two bodies in a file": (
        with_peg(trimesh.util.concatenate([PEG, PEG.copy().apply_translation((20, 0, 20))])),
        "is 2 separate bodies",
        Wishes(),
    ),
    "millimetres read as metres": (good(1.0), "were mm meant? give --units mm", Wishes(units="m")),
    "metres read as millimetres": (good(0.001), "were m meant? give --units m", Wishes(units="mm")),
    "a house": (good(5000.0), "no size for this robot", Wishes()),
    "zero volume": (with_peg(trimesh.util.concatenate([flat(), flat()])), "is no body", Wishes()),
    "drawn into each other": (with_peg(PEG.copy().apply_translation((20, 0, 0))), "is drawn into", Wishes()),
    "a base that is not there": (good(1.0), "has no part 'lid'", Wishes(base="lid")),
    "STEP without its reader": (bytes_beside_plate("a.step", b"ISO-10303-21;"), "a.step: ", Wishes()),
    "a link to nowhere": (lambda f: (f / "a.stl").symlink_to(f / "b.stl"), "holds no part", Wishes()),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("what", INPUTS)
def test_it_is_refused_with_a_way_out(what: str, tmp_path: Path) -> None:
    make, said, wishes = INPUTS[what]
    make(tmp_path)
    with pytest.raises(AssemblyError) as error:
        found_in(tmp_path, wishes)
    assert said in str(error.value)
    assert all(problem.hint for problem in error.value.problems)


def test_a_file_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    PEG.export(tmp_path / "peg.stl")
    with pytest.raises(AssemblyError, match="is not a folder"):
        found_in(tmp_path / "peg.stl", Wishes())
    with pytest.raises(AssemblyError, match="does not exist"):
        found_in(tmp_path / "nowhere", Wishes())


@pytest.mark.parametrize("turned", ["inverted", "mixed"])
def test_normals_are_put_right(turned: str, tmp_path: Path) -> None:
    bad = PEG.copy()
    if turned == "inverted":
        bad.invert()
    else:
        bad.faces[::3] = bad.faces[::3, ::-1]
    with_peg(bad)(tmp_path)
    product = found_in(tmp_path, Wishes())
    assert product.order[0].body.volume() == pytest.approx(PEG.volume, rel=1e-3)
    assert "turned triangles that faced inwards" in product.order[0].notes
