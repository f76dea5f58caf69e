"""Small assemblies that are drawn here, and the real ones where they are at hand."""

from collections.abc import Callable
from pathlib import Path

import manifold3d
import numpy as np
import pytest
import trimesh

Body = manifold3d.Manifold
DATA = Path(__file__).parents[3] / "shared" / "data"


def mesh_of(body: Body) -> trimesh.Trimesh:
    surface = body.to_mesh64()
    return trimesh.Trimesh(
        np.asarray(surface.vert_properties)[:, :3], np.asarray(surface.tri_verts), process=False
    )


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    """A folder with one STL a body, named by its keyword."""

    def drawn(scale: float = 1.0, **bodies: Body) -> Path:
        folder = tmp_path / "drawn"
        folder.mkdir(exist_ok=True)
        for name, body in bodies.items():
            mesh = mesh_of(body)
            mesh.apply_scale(scale)
            mesh.export(folder / f"{name}.stl")
        return folder

    return drawn


@pytest.fixture(scope="session")
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip("../shared/data is not there")
    return DATA
