"""Assemblies that nobody here drew; they lie beside the checkout, where they are at hand."""

from pathlib import Path

import pytest

from sequences.importing.product import Product, Wishes, found_in
from sequences.importing.proof import MOST_ERROR_MM
from sequences.importing.writing import write

PAIRS = ("00190", "00346", "00681", "01036", "01053")
FABRICA = {
    "beam": ("part-6", [{"part-2", "part-3"}, {"part-0", "part-1"}]),
    "plumbers_block": ("part-2", [{"part-0"}, {"part-3"}, {"part-1", "part-4"}]),
    "stool_circular": (
        "part-2",
        [{f"part-{i}" for i in (1, 3, 5, 7)}, {f"part-{i}" for i in (0, 4, 6, 8)}],
    ),
}


def check(product: Product, out: Path) -> None:
    assert max(verdict.error_mm for verdict in product.verdicts) <= MOST_ERROR_MM
    path, assembly = write(product, "real", out)
    assert path.is_file()
    assert all(part.grasps for name, part in assembly.parts.items() if name != assembly.base.part)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("pair", PAIRS)
def test_an_automate_pair(pair: str, data: Path, tmp_path: Path) -> None:
    product = found_in(data / "automate" / pair, Wishes())
    assert (product.unit, product.base.name) == ("m", "asset_socket")
    assert [part.name for part in product.order] == ["asset_plug"]
    assert not product.reliefs
    check(product, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FABRICA)
def test_a_fabrica_assembly(name: str, data: Path, tmp_path: Path) -> None:
    product = found_in(data / "fabrica" / name, Wishes())
    base, groups = FABRICA[name]
    assert (product.unit, product.base.name) == ("cm", base)
    order = [part.name for part in product.order]
    for group in groups:
        assert set(order[: len(group)]) == group
        order = order[len(group) :]
    if name == "plumbers_block":
        assert "part-0" in {relief.part for relief in product.reliefs}
    check(product, tmp_path)


def test_a_through_hole_has_a_floor(data: Path, tmp_path: Path) -> None:
    product = found_in(data / "automate" / "00346", Wishes())
    _, assembly = write(product, "through", tmp_path)
    assert assembly.steps[0].goal.position_mm[2] == pytest.approx(-0.2, abs=0.05)
