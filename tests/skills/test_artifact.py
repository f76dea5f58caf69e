"""Skills on disk, and what policies see and do."""

import json
from pathlib import Path

import numpy as np
import pytest

from sequences.load import load as load_assembly
from skills.artifact import RECORD, WEIGHTS, Skill, SkillError, check_fits, geometry_of, load, save
from skills.interface import Block, Layout

PRODUCT = load_assembly("bearing_block")
STEP = PRODUCT.steps[0]
SEEN = Layout((Block("position", 3, 0.004, "m"), Block("force", 3, 12.0, "N")))
DONE = Layout((Block("target_offset", 2, 0.004, "m"),))
TENSORS = {"layer.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "layer.bias": np.ones(2, np.float32)}


@pytest.fixture
def skill() -> Skill:
    return Skill(
        name=STEP.skill,
        version=1,
        policy="mlp",
        settings={"press_n": 12.0},
        geometries=(geometry_of(PRODUCT, STEP),),
        observation=SEEN,
        action=DONE,
        record={"seed": 7},
    )


def test_what_is_written_is_read(skill: Skill, tmp_path: Path) -> None:
    written = save(skill, tmp_path / "a", TENSORS)
    read, tensors = load(tmp_path / "a")
    assert read == written
    assert (read.observation, read.action) == (SEEN, DONE)
    assert {name: value.tolist() for name, value in tensors.items()} == {
        name: value.tolist() for name, value in TENSORS.items()
    }
    check_fits(read, PRODUCT, STEP, tmp_path / "a")


def test_a_scripted_skill_has_no_weights(skill: Skill, tmp_path: Path) -> None:
    save(skill, tmp_path / "a")
    assert load(tmp_path / "a")[1] == {}
    assert not (tmp_path / "a" / WEIGHTS).exists()


def test_a_version_is_never_overwritten(skill: Skill, tmp_path: Path) -> None:
    save(skill, tmp_path / "a", TENSORS)
    with pytest.raises(SkillError, match="never overwritten"):
        save(skill, tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("size", [0, 10, 60])
def test_truncated_weights_are_refused(skill: Skill, tmp_path: Path, size: int) -> None:
    save(skill, tmp_path / "a", TENSORS)
    path = tmp_path / "a" / WEIGHTS
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SkillError, match=r"weights\.safetensors: is not the file that was written"):
        load(tmp_path / "a")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not a skill"),
        ("{}", "missing required field `name`"),
        ('{"format": "x/9"', "is not a skill"),
        ("\x80\x04pickle", "is not a skill"),
    ],
)
def test_a_foreign_record_is_refused(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / RECORD).write_text(content)
    with pytest.raises(SkillError, match=words) as error:
        load(tmp_path)
    assert str(tmp_path / RECORD) in str(error.value)


def test_another_format_and_a_missing_file_are_named(skill: Skill, tmp_path: Path) -> None:
    save(skill, tmp_path / "a")
    record = json.loads((tmp_path / "a" / RECORD).read_text())
    (tmp_path / "a" / RECORD).write_text(json.dumps({**record, "format": "dovetail-skill/9"}))
    with pytest.raises(SkillError, match="this version reads 'dovetail-skill/2' and older"):
        load(tmp_path / "a")
    with pytest.raises(SkillError, match="cannot be read: No such file"):
        load(tmp_path / "nowhere")


def test_a_skill_is_for_one_geometry(skill: Skill, tmp_path: Path) -> None:
    other = PRODUCT.steps[1]
    with pytest.raises(SkillError, match=f"step '{other.part}' has {geometry_of(PRODUCT, other)}"):
        check_fits(skill, PRODUCT, other, tmp_path)
    recoloured = PRODUCT.parts[STEP.part].model_copy(update={"colour": "#000000"})
    painted = PRODUCT.model_copy(update={"parts": {**PRODUCT.parts, STEP.part: recoloured}})
    assert geometry_of(painted, STEP) in skill.geometries
    loosened = STEP.model_copy(update={"clearance_mm": 0.6})
    assert geometry_of(PRODUCT, loosened) not in skill.geometries
