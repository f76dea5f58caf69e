"""A skill on disk: a directory with ``skill.json`` and, for a learned policy, ``weights.safetensors``.

A skill says what it is for (the geometry of its step), what its policy sees and does, how it came about and
how well it did. Directories are written whole or not at all, and nothing that is read can run code.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from sequences.assembly import Assembly, Part, Step
from skills.initialization import Initialization
from skills.interface import Layout

FORMAT = "dovetail-skill/2"
READABLE = ("dovetail-skill/1", FORMAT)
"""The first format had no initializations."""
RECORD, WEIGHTS = "skill.json", "weights.safetensors"
Weights = Mapping[str, NDArray[Any]]


class SkillError(Exception):
    """A skill cannot be used; says which file is wrong and how."""

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what
        super().__init__(f"{path}: {what}")

    def __reduce__(self) -> tuple[type["SkillError"], tuple[Path, str]]:
        """So that it comes whole out of another process."""
        return type(self), (self.path, self.what)


class Misfit(SkillError):
    """A skill was made for other geometry than the step has."""


class Skill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of one skill, without its weights."""

    format: str = FORMAT
    name: str
    version: int
    policy: str
    """What runs it: ``search``, ``push``, or the kind of network."""
    settings: dict[str, Any] = {}
    """What the policy is run with."""
    geometries: tuple[str, ...]
    """``geometry_of`` each step that it was made for."""
    observation: Layout | None = None
    """What a learned policy sees; None for a scripted one."""
    action: Layout | None = None
    """What a learned policy does; None for a scripted one."""
    weights: str | None = None
    """SHA-256 of the weights' file; None for a scripted policy."""
    record: dict[str, Any] = {}
    """How it was made: seed, budget, versions, parent."""
    initializations: dict[str, Initialization] = {}
    """By ``geometry_of`` a step: where to start it from, once that is known."""
    evaluation: dict[str, Any] = {}
    """How well it did, with the seeds and the command that measured it."""


def geometry_of(assembly: Assembly, step: Step) -> str:
    """A hash of all that contact in ``step`` depends on: the plug, its mates, where they stand, its grasp.

    Colours, titles and the rest of the product do not count.
    """
    mates = [mate for mate in step.mates if mate != assembly.base.part]
    places = [assembly.step_of(mate).goal.model_dump(mode="json") for mate in mates]
    parts = [assembly.parts[name] for name in (step.part, *step.mates)]
    shapes = [_shape(part) for part in parts]
    grasps = [grasp.model_dump(mode="json") for grasp in parts[0].grasps]
    facts = [shapes, places, step.goal.model_dump(mode="json"), step.clearance_mm, step.depth_mm, grasps]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _shape(part: Part) -> Any:
    """What makes a part's shape: its layers, or the hash of its files."""
    if part.mesh is not None:
        return part.mesh.sha256
    return [layer.model_dump(mode="json") for layer in part.layers]


def version_text(skill: Skill, assembly: Assembly, step: Step) -> str:
    """What ran at ``step``, for records: policy, version and the step's geometry."""
    return f"{skill.policy}-{skill.version}-{geometry_of(assembly, step)}"


def save(
    skill: Skill,
    directory: Path,
    weights: Weights | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> Skill:
    """Write ``skill`` to ``directory``, which must not exist yet, and return it with its weights' hash.

    ``beside`` holds more files to be kept with it, by name.
    """
    tensors = (
        None if weights is None else save_tensors({k: np.ascontiguousarray(v) for k, v in weights.items()})
    )
    digest = None if tensors is None else hashlib.sha256(tensors).hexdigest()
    skill = msgspec.structs.replace(skill, weights=digest)
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        if tensors is not None:
            _write(unfinished / WEIGHTS, tensors)
        for name, content in (beside or {}).items():
            _write(unfinished / name, content)
        _write(unfinished / RECORD, msgspec.json.format(msgspec.json.encode(skill), indent=2) + b"\n")
        if directory.exists():
            raise SkillError(directory, "is there already; a version is never overwritten")
        unfinished.chmod(0o755)
        unfinished.rename(directory)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return skill


def load(directory: Path) -> tuple[Skill, dict[str, NDArray[Any]]]:
    """Read a skill and its weights (empty for a scripted one). Raises SkillError."""
    skill = read_record(directory)
    return skill, {} if skill.weights is None else _weights(directory / WEIGHTS, skill.weights)


def read_record(directory: Path) -> Skill:
    """Read a skill without its weights. Raises SkillError."""
    record = directory / RECORD
    try:
        skill = msgspec.json.decode(record.read_bytes(), type=Skill)
    except OSError as error:
        raise SkillError(record, f"cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise SkillError(record, f"is not a skill: {error}") from error
    if skill.format not in READABLE:
        raise SkillError(record, f"has format '{skill.format}'; this version reads '{FORMAT}' and older")
    return skill


def check_fits(skill: Skill, assembly: Assembly, step: Step, directory: Path) -> None:
    """Refuse a skill that was made for other geometry. Raises Misfit."""
    found = geometry_of(assembly, step)
    if found not in skill.geometries:
        made_for = ", ".join(skill.geometries) or "none"
        raise Misfit(
            directory / RECORD,
            f"'{skill.name}' was made for geometry {made_for}; step '{step.part}' has {found}",
        )


def _weights(path: Path, digest: str) -> dict[str, NDArray[Any]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SkillError(path, f"cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise SkillError(path, "is not the file that was written: its hash is another")
    try:
        return dict(load_tensors(content))
    except SafetensorError as error:
        raise SkillError(path, f"is not a safetensors file: {error}") from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
