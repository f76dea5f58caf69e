"""Which trained skill a training may start from."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from calibration import similarity
from calibration.similarity import geometry, most_similar, signature
from sequences.load import load
from sim.insertions import Insertions
from skills.library import Found, publish
from skills.presets import AUTOMATE, DOVETAIL
from skills.tasks import insertion_of

PRODUCT = load("bearing_block")
BOLT, BUSHING, CUP = (PRODUCT.step_of(part) for part in ("bolt_left", "bushing", "oil_cup"))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty library, and no need to feel anything."""
    monkeypatch.setenv("DOVETAIL_SKILLS", str(tmp_path / "own"))
    monkeypatch.setattr("skills.library.SHIPPED", tmp_path / "shipped")
    monkeypatch.setattr(similarity, "signature", lambda task, insertion: np.zeros(6))
    return tmp_path / "own"


def test_a_keyed_plug_starts_from_another_keyed_one(own: Path, make_found: Callable[..., Found]) -> None:
    tasks = [(PRODUCT, BOLT)]
    assert most_similar(tasks, DOVETAIL) is None
    for step in (BUSHING, BOLT, CUP):
        found = make_found(PRODUCT, step)
        publish(found.skill, found.weights, own)
    nearest = most_similar(tasks, DOVETAIL)
    assert nearest is not None
    assert nearest.skill.name == CUP.skill
    assert most_similar(tasks, AUTOMATE) is None


def test_the_same_geometry_is_no_distance() -> None:
    one, other = (
        geometry(insertion_of(PRODUCT, PRODUCT.step_of(part))) for part in ("bolt_left", "bolt_right")
    )
    assert one.shape == (10,)
    assert np.linalg.norm(one - other) < 0.3
    assert np.linalg.norm(one - geometry(insertion_of(PRODUCT, BUSHING))) > 1.0


def test_a_signature_is_what_is_felt(banks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "Insertions", partial(Insertions, bank_size=16))
    monkeypatch.setattr(similarity, "SIGNATURE_WORLDS", 2)
    insertion = insertion_of(PRODUCT, BOLT)
    felt = signature((PRODUCT, BOLT), insertion)
    assert felt.shape == (6,)
    assert 0.5 < felt[0] < 4.0
    assert np.array_equal(felt, signature((PRODUCT, BOLT), insertion))
