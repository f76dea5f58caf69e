"""What can be known about pictures without drawing any."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from sequences.load import load
from sim import opengl
from sim.camera import Viewpoint, framed
from sim.crisp import corner_normals
from sim.explode import GAP_M, exploded, vertices
from sim.labels import Label, label, placed
from sim.opengl import NoRenderer
from sim.render import save_png
from sim.shading import encoded, linear

PRODUCTS = ("bearing_block", "connector_panel", "gearbox", "motor", "valve_manifold")


def test_a_machine_without_renderer_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opengl, "_works", lambda name: False)
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    opengl.backend.cache_clear()
    with pytest.raises(NoRenderer, match=r"egl, osmesa.*libegl1 libgl1-mesa-dri.*libosmesa6"):
        opengl.new_context(64, 64)
    opengl.backend.cache_clear()


@pytest.mark.parametrize(
    ("asked", "tried"), [("osmesa", ["osmesa"]), ("egl", ["egl"]), ("", ["egl", "osmesa"])]
)
def test_the_environment_may_choose_the_backend(
    asked: str, tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[str] = []
    monkeypatch.setattr(opengl, "_works", lambda name: bool(asked_for.append(name)))
    monkeypatch.setenv("MUJOCO_GL", asked)
    opengl.backend.cache_clear()
    with pytest.raises(NoRenderer):
        opengl.backend()
    opengl.backend.cache_clear()
    assert asked_for == tried


def test_the_module_is_imported_without_any_graphics_library() -> None:
    code = "import sim.render, sys; print('OpenGL' in sys.modules)"
    environment = {**os.environ, "MUJOCO_GL": "off"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "False\n"


def test_the_middle_of_the_picture_is_the_target_and_up_is_up() -> None:
    view = Viewpoint((0.1, 0.2, 0.3), 35.0, -20.0, 1.5)
    middle, above = view.pixels(np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 0.4]]), 640, 480)
    np.testing.assert_allclose(middle, (320, 240), atol=1e-9)
    assert above[0] == pytest.approx(320)
    assert above[1] < 240
    ray = view.rays(641, 481)[240, 320]
    np.testing.assert_allclose(ray, view.axes[2], atol=1e-6)


@pytest.mark.parametrize("azimuth", [0.0, 122.0, 250.0])
@pytest.mark.parametrize("aspect", [0.6, 1.0, 1.8])
def test_a_frame_holds_every_point_and_wastes_no_room(azimuth: float, aspect: float) -> None:
    points = np.random.default_rng(3).uniform((-0.1, -0.05, 0.0), (0.1, 0.05, 0.3), (50, 3))
    view = framed(points, azimuth, -25.0, aspect, (0.6, 0.9))
    at = view.pixels(points, 1000, round(1000 / aspect)) / (1000, 1000 / aspect)
    np.testing.assert_allclose((at.min(axis=0) + at.max(axis=0)) / 2, (0.5, 0.5), atol=0.005)
    filled = np.ptp(at, axis=0) / (0.6, 0.9)
    assert filled.max() == pytest.approx(1.0, abs=0.01)


def test_a_box_keeps_its_edges_and_a_cylinder_is_round() -> None:
    box = trimesh.creation.box((1, 2, 3))
    np.testing.assert_allclose(
        corner_normals(box), np.repeat(box.face_normals[:, None], 3, axis=1), atol=1e-12
    )
    cylinder = trimesh.creation.cylinder(1.0, 2.0, sections=48)
    normals = corner_normals(cylinder)
    corners = cylinder.vertices[cylinder.faces]
    side = np.abs(cylinder.face_normals[:, 2]) < 0.5
    np.testing.assert_allclose(normals[side][..., :2], corners[side][..., :2], atol=0.04)
    np.testing.assert_allclose(np.abs(normals[~side][..., 2]), 1.0, atol=1e-12)


@pytest.mark.parametrize("product", PRODUCTS)
def test_no_two_parts_of_an_exploded_view_meet(product: str) -> None:
    assembly = load(product)
    floating = exploded(assembly)
    assert [item.part for item in floating] == [assembly.base.part, *(step.part for step in assembly.steps)]
    boxes = []
    for item in floating:
        points = vertices(assembly, item.part, item.pose)
        boxes.append((points.min(axis=0), points.max(axis=0)))
    for i, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:i]:
            apart = np.maximum(low - other_high, other_low - high)
            assert apart.max() > 0, "their boxes meet"
            assert apart[2] >= GAP_M - 1e-9 or apart[:2].max() > 0


def test_labels_of_one_side_keep_their_distance() -> None:
    labels = [Label(str(i), (50.0, 100.0 + i), i % 2 == 0) for i in range(8)]
    rows = {
        left: sorted(p.row for p in placed(labels, 400, 30.0) if p.label.left is left)
        for left in (True, False)
    }
    for side in rows.values():
        assert np.diff(side).min() > 29.0
        assert side[0] >= 30.0
        assert side[-1] <= 370.0


def test_a_label_comes_from_the_side_that_is_free() -> None:
    seen = np.full((100, 200), -1, np.int32)
    seen[30:70, 80:100] = 1
    seen[20:80, 10:60] = 2
    found = label("plug", 1, seen, seen >= 0)
    assert found is not None
    assert not found.left
    column, row = (int(x) for x in found.at)
    assert seen[row, column] == 1
    assert label("hidden", 7, seen, seen >= 0) is None


def test_light_and_srgb_are_each_others_inverse() -> None:
    levels = np.arange(0, 200) / 255.0
    np.testing.assert_allclose(encoded(linear(levels)), np.arange(0, 200), atol=1)


def test_a_small_thing_keeps_its_colour_in_a_small_file(tmp_path: Path) -> None:
    shades = np.linspace(90, 240, 600).astype(np.uint8)
    picture = np.repeat(np.tile(shades, (400, 1))[..., None], 3, axis=2)
    picture[200:208, 300:308] = (201, 162, 39)
    path = save_png(picture, tmp_path / "pictures" / "one.png")
    read = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert np.abs(read[203, 303] - (201, 162, 39)).max() < 8
    assert np.abs(read - picture).max(axis=2).mean() < 4
    assert path.stat().st_size < 100_000
    assert [p.name for p in path.parent.iterdir()] == ["one.png"]
