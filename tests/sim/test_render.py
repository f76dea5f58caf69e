"""Pictures and films, where this machine can draw; and that drawing changes nothing."""

from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from sequences.load import load
from sim import render, views
from sim.cell import SimCell
from sim.film import Film
from sim.opengl import NoRenderer, backend
from sim.portrait import Portrait
from sim.render import Renderer

PRODUCTS = ("bearing_block", "connector_panel", "gearbox", "motor", "valve_manifold")


def _no_renderer() -> str:
    try:
        backend()
    except NoRenderer as error:
        return str(error)
    return ""


NO_RENDERER = _no_renderer()
drawing = pytest.mark.skipif(bool(NO_RENDERER), reason=NO_RENDERER or "it can draw")


@pytest.fixture
def cell() -> SimCell:
    return SimCell(load("connector_panel"), seed=5)


def stepped(cell: SimCell, periods: int, film: Film | None = None) -> np.ndarray:
    goal = cell.locate("power").pose_in_base
    above = cell.observe().tcp_in_base
    cell.move(type(above).from_components(goal.translation + np.array([0, 0, 0.2]), above.rotation))
    states = []
    for _ in range(periods):
        cell.advance()
        if film is not None:
            film.passed("moving")
        states.append(cell.data.qpos.copy())
    return np.array(states)


def test_a_cell_holds_nothing_that_is_only_for_show(cell: SimCell) -> None:
    """Surfaces to look at weigh and measure: they would change a run in its last bits."""
    idle = [
        cell.model.geom(geom).name
        for geom in range(cell.model.ngeom)
        if cell.model.geom_contype[geom] == 0 and cell.model.geom_conaffinity[geom] == 0
    ]
    assert idle == []
    assert Portrait(cell).model.ngeom != cell.model.ngeom


def test_a_likeness_stands_where_the_cell_stands(cell: SimCell) -> None:
    portrait = Portrait(cell)
    stepped(cell, 10)
    portrait.update()
    for name in ("hand", "left_finger", "part/power", "part/coax", "part/panel"):
        np.testing.assert_allclose(portrait.data.body(name).xpos, cell.data.body(name).xpos, atol=1e-12)
        np.testing.assert_allclose(portrait.data.body(name).xquat, cell.data.body(name).xquat, atol=1e-12)


def test_only_a_simulated_cell_can_be_drawn() -> None:
    with pytest.raises(TypeError, match="only a simulated cell can be drawn, not a object"):
        Renderer(object())


@drawing
def test_filming_changes_nothing_and_leaves_one_whole_file(cell: SimCell, tmp_path: Path) -> None:
    alone = stepped(SimCell(load("connector_panel"), seed=5), 100)
    with Film(cell, tmp_path / "films" / "run.mp4") as film:
        filmed = stepped(cell, 100, film)
    np.testing.assert_array_equal(alone, filmed)
    assert film.speed == pytest.approx(6.0)
    assert film.frames == 100 // film.stride
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(film.path))
    assert frames == film.frames
    assert seconds == pytest.approx(frames / film.fps, abs=0.06)
    assert [path.name for path in film.path.parent.iterdir()] == ["run.mp4"]
    film.close()


@drawing
def test_a_run_that_is_broken_off_keeps_its_film(cell: SimCell, tmp_path: Path) -> None:
    path = tmp_path / "run.mp4"

    def broken_off() -> None:
        with Film(cell, path) as film:
            film.shoot("begun")
            assert not path.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert imageio_ffmpeg.count_frames_and_secs(str(path))[0] == 1


@drawing
def test_a_film_of_nothing_leaves_nothing(cell: SimCell, tmp_path: Path) -> None:
    Film(cell, tmp_path / "run.mp4").close()
    assert list(tmp_path.iterdir()) == []


@drawing
def test_the_cells_picture_shows_cell_and_fixture(cell: SimCell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "CELL_PX", (160, 160))
    monkeypatch.setattr(render, "CLOSE_UP_PX", (160, 160))
    picture = Renderer(cell).picture()
    assert picture.shape == (160, 320, 3)
    near = picture[:, 160:].reshape(-1, 3).astype(int)
    panel = np.array([0x39, 0x42, 0x4E])
    assert np.count_nonzero(np.abs(near - panel).max(axis=1) < 30) > 1000
    assert picture.max(axis=2).mean() < 245


@drawing
def test_the_views_of_a_product_are_lit_and_not_burnt_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "WIDTH_PX", 240)
    monkeypatch.setattr(views, "ASSEMBLED_HEIGHT_PX", 180)
    monkeypatch.setattr(views, "LEAST_HEIGHT_PX", 100)
    monkeypatch.setattr(views, "GREATEST_HEIGHT_PX", 300)
    pictures = views.product_views(load("gearbox"))
    assert set(pictures) == {"assembled", "exploded"}
    for picture in pictures.values():
        levels = picture.mean(axis=2)
        assert levels[0].min() > 220, "the backdrop is light and the product within the frame"
        assert (levels < 90).mean() > 0.02
        assert (levels >= 254).mean() < 0.01


@drawing
@pytest.mark.parametrize("product", PRODUCTS)
def test_every_part_is_seen_in_the_exploded_view(product: str) -> None:
    assert views.exploded_layout(load(product)).least_seen > 0.15
