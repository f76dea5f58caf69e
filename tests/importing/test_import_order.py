"""Order and directions by taking apart, and assemblies that cannot be built."""

import math
from collections.abc import Callable
from pathlib import Path

import manifold3d
import pytest

from sequences.errors import AssemblyError
from sequences.heights import yaw_play
from sequences.importing.product import Product, Wishes, found_in
from sequences.importing.writing import write
from sequences.load import load
from sequences.solid import _solid

Body = manifold3d.Manifold
PALM_MM = (60.0, 200.0)
"""The palm of the Franka hand across and along the fingers' travel."""
Draw = Callable[..., Path]


def block(x: float, y: float, z: float, at: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Body:
    """A block that stands on the middle of its foot."""
    return Body.cube((x, y, z)).translate((at[0] - x / 2, at[1] - y / 2, at[2]))


def plate(*holes: Body) -> Body:
    body = block(80, 60, 15)
    for hole in holes:
        body -= hole
    return body


def peg_and_plate(gap: float = 0.4) -> dict[str, Body]:
    return {
        "plate": plate(block(12 + 2 * gap, 12 + 2 * gap, 20, (0, 0, 5))),
        "peg": block(12, 12, 45, (0, 0, 5)),
    }


def refusal(folder: Path, wishes: Wishes | None = None) -> str:
    with pytest.raises(AssemblyError) as error:
        found_in(folder, wishes or Wishes())
    return str(error.value)


@pytest.fixture(scope="module")
def peg(tmp_path_factory: pytest.TempPathFactory) -> Product:
    return found_in(_drawn(tmp_path_factory.mktemp("peg"), peg_and_plate()), Wishes())


def _drawn(folder: Path, bodies: dict[str, Body]) -> Path:
    import numpy as np
    import trimesh

    for name, body in bodies.items():
        mesh = body.to_mesh64()
        corners = np.asarray(mesh.vert_properties)[:, :3]
        trimesh.Trimesh(corners, np.asarray(mesh.tri_verts), process=False).export(folder / f"{name}.stl")
    return folder


def test_a_peg_goes_into_its_plate(peg: Product) -> None:
    assert (peg.base.name, [part.name for part in peg.order]) == ("plate", ["peg"])
    fit = peg.fits["peg"]
    assert fit.play_mm == pytest.approx(0.4, abs=0.02)
    assert fit.depth_mm == pytest.approx(10.0, abs=0.8)
    assert fit.symmetry == 4
    assert peg.verdicts[0].error_mm < 0.06
    assert not peg.reliefs


def test_its_best_grasp_is_square_and_clear_of_the_plate(peg: Product) -> None:
    grasp = peg.grasps["peg"][0].grasp
    assert grasp.width_mm == pytest.approx(12.0, abs=0.05)
    assert grasp.yaw_deg % 90.0 == pytest.approx(0.0)
    assert grasp.position_mm[2] - 8.5 > 10.0 + 6.0


def test_what_is_written_is_read_as_any_product(peg: Product, tmp_path: Path) -> None:
    path, assembly = write(peg, "peg", tmp_path / "out")
    assert load(path) == assembly
    assert assembly.steps[0].goal.position_mm == pytest.approx((0.0, 0.0, 5.0))
    assert assembly.steps[0].clearance_mm == pytest.approx(0.4, abs=0.02)


def test_a_changed_file_is_noticed(peg: Product, tmp_path: Path) -> None:
    path, _ = write(peg, "peg", tmp_path / "out")
    surface = tmp_path / "out" / "parts" / "peg.obj"
    surface.write_bytes(surface.read_bytes() + b"\n")
    _solid.cache_clear()
    with pytest.raises(AssemblyError, match="are not the files that were imported"):
        load(path)


def test_no_room_is_relieved_and_reported(tmp_path: Path) -> None:
    product = found_in(_drawn(tmp_path, peg_and_plate(gap=0.0)), Wishes())
    relief = product.reliefs[0]
    assert (relief.part, relief.against) == ("peg", ("plate",))
    assert relief.depth_mm == pytest.approx(0.25, abs=0.05)
    assert relief.low[2] == pytest.approx(5.0, abs=0.01)
    assert relief.high[2] == pytest.approx(15.0, abs=0.1)
    assert product.fits["peg"].play_mm == pytest.approx(0.25, abs=0.02)


def test_equal_parts_share_a_skill(tmp_path: Path) -> None:
    holes = [block(12.8, 8.8, 20, (x, 0, 5)) for x in (-20, 20)]
    pegs = {f"peg{i}": block(12, 8, 45, (x, 0, 5)) for i, x in enumerate((-20, 20))}
    product = found_in(_drawn(tmp_path, {"plate": plate(*holes), **pegs}), Wishes())
    assert {product.frames[name].shape for name in pegs} == {product.order[0].name}


def test_a_link_on_a_post_turns_about_the_post(tmp_path: Path) -> None:
    def eye(x: float, across: float = 18.0, hole: float = 11.0) -> Body:
        ring = Body.cylinder(25, across / 2, circular_segments=48)
        return (ring - Body.cylinder(25, hole / 2, circular_segments=48)).translate((x, 0, 15))

    post = Body.cylinder(20, 5.0, circular_segments=48).translate((20, 0, 10))
    link = eye(20) + eye(-5) + block(12, 6, 25, (7.5, 0, 15))
    product = found_in(_drawn(tmp_path, {"plate": plate() + post, "link": link}), Wishes())
    assert product.fits["link"].axis_mm == pytest.approx((20.0, 0.0), abs=0.1)
    _, assembly = write(product, "link", tmp_path / "out")
    step = assembly.steps[0]
    assert step.goal.position_mm == pytest.approx((20.0, 0.0, 15.0), abs=0.1)
    assert yaw_play(assembly, step) == pytest.approx(math.radians(20.0))


def test_the_hand_fetches_parts_beside_tall_ones_that_stand(tmp_path: Path) -> None:
    far = (-180, -150)
    holes = [block(12.8, 8.8, 20, (x, -38, 5)) for x in far]
    pegs = {f"peg{i}": block(12, 8, 95, (x, -38, 5)) for i, x in enumerate(far)}
    base = block(380, 100, 15) - holes[0] - holes[1]
    product = found_in(_drawn(tmp_path, {"plate": base, **pegs}), Wishes())
    _, assembly = write(product, "tall", tmp_path / "out")
    for place in assembly.tray.places.values():
        beside = all(abs(place.position_mm[0] - 520.0 - x) > PALM_MM[0] / 2 for x in far)
        assert beside or place.position_mm[1] < -38.0 - 4.0 - PALM_MM[1] / 2


def test_a_part_that_ends_flush_cannot_be_held(tmp_path: Path) -> None:
    hole = block(12.8, 12.8, 20, (0, 0, 5))
    lid = block(40, 30, 6, (0, 0, 15)) + block(12, 12, 25, (10, 0, 20))
    bodies = {
        "plate": plate(hole),
        "a_lid": lid,
        "peg": block(12, 12, 10, (0, 0, 5)) - block(4, 4, 3, (0, 0, 12)),
    }
    said = refusal(_drawn(tmp_path, bodies))
    assert "peg: cannot be grasped" in said or "peg: cannot come out" in said


def test_a_snap_fit_is_refused_by_name(tmp_path: Path) -> None:
    pocket = block(30.8, 20.8, 20, (0, 0, 5))
    hooks = block(30.8, 2, 2, (0, 10, 11)) + block(30.8, 2, 2, (0, -10, 11))
    lid = block(30, 20, 5, (0, 0, 5)) + block(12, 12, 30, (0, 0, 9))
    said = refusal(_drawn(tmp_path, {"housing": plate(pocket) + hooks, "lid": lid}))
    assert "lid: cannot come out straight up: 'housing' is in its way" in said


def test_a_link_is_refused_by_name(tmp_path: Path) -> None:
    arch = block(8, 40, 40, (0, 0, 15)) - block(8, 24, 32, (0, 0, 15))
    ring = (block(30, 12, 30, (0, 0, 17)) - block(14, 12, 14, (0, 0, 25))).translate((0, 0, 12))
    ring = ring - block(14, 14, 14, (0, 0, 42))
    said = refusal(_drawn(tmp_path, {"frame": plate() + arch, "ring": ring}))
    assert "ring" in said
    assert "frame" in said


def test_a_dovetailed_slider_is_told_its_way(tmp_path: Path) -> None:
    slot = block(10.8, 60, 20, (0, 0, 8)) + block(20.8, 60, 5.8, (0, 0, 4))
    slider = block(10, 58, 40, (0, 0, 8)) + block(20, 58, 5, (0, 0, 4))
    said = refusal(_drawn(tmp_path, {"rail": plate(slot), "slider": slider}))
    assert "slider: cannot come out straight up: 'rail' is in its way" in said
    assert "it comes out along +y" in said


def test_a_part_too_wide_for_the_hand_is_refused(tmp_path: Path) -> None:
    wide = block(90, 90, 30, (0, 0, 5))
    base = block(120, 120, 15) - block(91, 91, 20, (0, 0, 5))
    said = refusal(_drawn(tmp_path, {"tub": base, "wide": wide}))
    assert "wide: cannot be grasped at its place" in said


def test_a_floating_part_is_refused(tmp_path: Path) -> None:
    bodies = peg_and_plate() | {"moon": block(12, 12, 20, (30, 0, 60))}
    assert "moon: rests on nothing" in refusal(_drawn(tmp_path, bodies))


def test_an_order_can_be_fixed_and_must_be_whole(tmp_path: Path) -> None:
    folder = _drawn(tmp_path, peg_and_plate())
    assert [p.name for p in found_in(folder, Wishes(order=("peg",), base="plate")).order] == ["peg"]
    assert "has no part 'pig'" in refusal(folder, Wishes(order=("pig",)))
    assert "name every part but the base once" in refusal(folder, Wishes(order=("peg", "plate")))
