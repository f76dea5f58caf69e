"""STL files: one a part, in millimetres, whole or not at all."""

from pathlib import Path

import pytest
import trimesh

from sequences.export import write_stl
from sequences.load import load
from sequences.solid import solid_of


def test_one_watertight_file_a_part_in_millimetres(tmp_path: Path) -> None:
    assembly = load("gearbox")
    paths = write_stl(assembly, tmp_path / "stl")
    assert [path.name for path in paths] == [f"gearbox-{name}.stl" for name in assembly.parts]
    assert sorted((tmp_path / "stl").iterdir()) == sorted(paths)
    for path, part in zip(paths, assembly.parts.values(), strict=True):
        mesh = trimesh.load_mesh(path)
        assert mesh.is_watertight
        assert mesh.bounds[0, 2] == pytest.approx(0.0, abs=1e-6)
        assert mesh.volume * 1e-9 == pytest.approx(solid_of(part).volume, rel=1e-4)


def test_a_failed_write_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assembly = load("motor")
    first, *_ = write_stl(assembly, tmp_path)
    before = first.read_bytes()

    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_stl(assembly, tmp_path)
    assert first.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == len(assembly.parts)
