"""The library of trained skills: which version is found, and that one is there whole or not at all."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sequences.load import load as load_assembly
from skills import library
from skills.artifact import RECORD, WEIGHTS, SkillError, load
from skills.learned import crew
from skills.library import Found, everything, fitting, latest, next_version, own_folder, publish, versions
from skills.tasks import insertion_of

PRODUCT = load_assembly("bearing_block")
STEP, OTHER = PRODUCT.step_of("bolt_left"), PRODUCT.step_of("bushing")
INSERTION = insertion_of(PRODUCT, STEP)
Make = Callable[..., Found]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The own folder and that of the shipped skills, both empty."""
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    monkeypatch.setenv("DOVETAIL_SKILLS", str(own))
    monkeypatch.setattr(library, "SHIPPED", shipped)
    return own, shipped


def put(found: Found, folder: Path) -> Path:
    return publish(found.skill, found.weights, folder)


def test_own_skills_come_before_shipped_ones(places: tuple[Path, Path], make_found: Make) -> None:
    own, shipped = places
    assert latest(STEP.skill) is None
    put(make_found(PRODUCT, STEP, version=7), shipped)
    found = fitting(PRODUCT, STEP)
    assert found is not None
    assert (found.skill.version, found.path) == (7, shipped / STEP.skill / "7")
    put(make_found(PRODUCT, STEP, version=2), own)
    found = fitting(PRODUCT, STEP)
    assert found is not None
    assert (found.skill.version, found.path) == (2, own / STEP.skill / "2")
    assert fitting(PRODUCT, STEP, folder=shipped).skill.version == 7  # type: ignore[union-attr]


def test_the_newest_version_is_the_largest_number(places: tuple[Path, Path], make_found: Make) -> None:
    own, _ = places
    for version in (9, 10, 2):
        put(make_found(PRODUCT, STEP, version=version), own)
    (own / STEP.skill / "11").mkdir()
    (own / STEP.skill / ".12.unfinished").mkdir()
    assert list(versions(STEP.skill, own)) == [2, 9, 10]
    assert latest(STEP.skill).skill.version == 10  # type: ignore[union-attr]
    assert next_version(STEP.skill, own) == 11


def test_other_presets_are_there_to_be_asked_for(places: tuple[Path, Path], make_found: Make) -> None:
    own, _ = places
    put(make_found(PRODUCT, STEP, version=1), own)
    put(make_found(PRODUCT, STEP, version=2, policy="automate"), own)
    assert latest(STEP.skill).skill.version == 1  # type: ignore[union-attr]
    assert latest(STEP.skill, preset="automate").skill.version == 2  # type: ignore[union-attr]
    assert latest(STEP.skill, preset="other") is None


def test_everything_is_listed(places: tuple[Path, Path], make_found: Make) -> None:
    own, shipped = places
    put(make_found(PRODUCT, STEP, version=2), own)
    put(make_found(PRODUCT, STEP, version=1), shipped)
    put(make_found(PRODUCT, OTHER), shipped)
    names = [(skill.name, skill.version, path.parents[2]) for skill, path in everything()]
    assert names == [(STEP.skill, 1, shipped), (STEP.skill, 2, own), (OTHER.skill, 1, shipped)]


def test_a_skill_for_other_geometry_is_refused(places: tuple[Path, Path], make_found: Make) -> None:
    own, _ = places
    path = put(make_found(PRODUCT, OTHER, name=STEP.skill), own)
    with pytest.raises(SkillError, match="was made for geometry") as caught:
        fitting(PRODUCT, STEP)
    assert caught.value.path == path / RECORD


def test_a_version_is_published_whole_or_not_at_all(
    places: tuple[Path, Path], make_found: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _ = places
    found = make_found(PRODUCT, STEP)
    writes: list[int] = []

    def full_disk(descriptor: int) -> None:
        writes.append(descriptor)
        if len(writes) == 2:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space left"):
            publish(found.skill, found.weights, own, {"curve.json": b"{}"})
    assert list((own / STEP.skill).iterdir()) == []
    path = publish(found.skill, found.weights, own, {"curve.json": b"{}"})
    assert sorted(entry.name for entry in path.iterdir()) == ["curve.json", RECORD, WEIGHTS]
    with pytest.raises(SkillError, match="never overwritten"):
        publish(found.skill, found.weights, own)


@pytest.mark.parametrize("harm", ["flipped", "truncated", "missing"])
def test_damaged_weights_name_their_file(places: tuple[Path, Path], make_found: Make, harm: str) -> None:
    own, _ = places
    path = put(make_found(PRODUCT, STEP), own) / WEIGHTS
    content = bytearray(path.read_bytes())
    content[-3] ^= 0xFF
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(bytes(content) if harm == "flipped" else bytes(content[:-40]))
    with pytest.raises(SkillError) as caught:
        latest(STEP.skill)
    assert caught.value.path == path
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said", "file"),
    [
        ({"policy": "alchemy"}, "nothing here runs a policy 'alchemy'", RECORD),
        ({"settings": {"frames": "many"}}, "its settings cannot be read", RECORD),
        ({"observation": None}, "trained on other observations or actions", RECORD),
    ],
)
def test_a_skill_that_cannot_be_run_says_so(
    make_found: Make, changes: dict[str, Any], said: str, file: str
) -> None:
    with pytest.raises(SkillError, match=said) as caught:
        crew(make_found(PRODUCT, STEP, **changes), INSERTION, 1, 0.06)
    assert caught.value.path.name == file


def test_foreign_weights_are_refused_by_name(make_found: Make) -> None:
    found = make_found(PRODUCT, STEP)
    for weights, said in (
        ({"layer": np.zeros(3)}, "obs_normalizer._mean"),
        ({**found.weights, "mlp.2.weight": np.zeros((4, 8)), "mlp.2.bias": np.zeros(4)}, "other vectors"),
    ):
        with pytest.raises(SkillError, match=said) as caught:
            crew(Found(found.skill, weights, found.path), INSERTION, 1, 0.06)
        assert caught.value.path.name == WEIGHTS


def test_an_error_comes_whole_out_of_another_process(tmp_path: Path) -> None:
    with pytest.raises(SkillError) as caught:
        load(tmp_path)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.path, str(again)) == (caught.value.path, str(caught.value))


def test_own_skills_have_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOVETAIL_SKILLS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert own_folder() == Path("/data/dovetail/skills")
