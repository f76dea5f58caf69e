"""A simulated cell's whole state as bytes: msgpack with a schema, nothing that could run."""

from typing import Any

import msgspec
import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from skills.cell import CellError, Compliance

Pose = tuple[float, float, float, float, float, float, float]
"""Position [m] and quaternion (x, y, z, w)."""


class SavedMotion(msgspec.Struct, frozen=True):
    """A motion in progress."""

    start: Pose
    goal: Pose
    speed: float
    elapsed_s: float
    pull: list[float]
    turn: list[float]


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that a cell goes on from."""

    world: str
    state: bytes
    """MuJoCo's integration state, as float64."""
    target: Pose
    motion: SavedMotion | None
    holding: bool
    spring: Compliance
    gripper: tuple[float, float, float]
    """Goal [m], drive [m], force [N]."""
    wrench: list[float]
    peak_n: float
    reading: list[float]
    bias: list[float]
    faults: list[str]
    rng: str

    def encode(self) -> bytes:
        """As bytes."""
        return msgspec.msgpack.encode(self)


def decode(written: bytes) -> Snapshot:
    """Read back what ``encode`` wrote. Raises CellError."""
    try:
        return msgspec.msgpack.decode(written, type=Snapshot)
    except msgspec.MsgspecError as error:
        raise CellError(f"the snapshot cannot be read: {error}") from error


def numbers(pose: RigidTransform) -> Pose:
    """A pose as seven numbers."""
    x, y, z = (float(value) for value in pose.translation)
    a, b, c, d = (float(value) for value in pose.rotation.as_quat())
    return x, y, z, a, b, c, d


def pose(numbers: Pose) -> RigidTransform:
    """Seven numbers as a pose."""
    return RigidTransform.from_components(numbers[:3], Rotation.from_quat(numbers[3:]))


def rng_text(rng: np.random.Generator) -> str:
    """A generator's state as JSON; its integers have 128 bits, so they are written as text."""
    return msgspec.json.encode(_as_text(rng.bit_generator.state)).decode()


def set_rng(rng: np.random.Generator, text: str) -> None:
    """Put a generator into a state that ``rng_text`` wrote."""
    rng.bit_generator.state = _with_numbers(msgspec.json.decode(text))


def _as_text(state: object) -> object:
    if isinstance(state, dict):
        return {key: _as_text(value) for key, value in state.items()}
    return f"int:{state}" if isinstance(state, int) else state


def _with_numbers(state: dict[str, Any]) -> dict[str, Any]:
    def number(value: object) -> object:
        if isinstance(value, dict):
            return _with_numbers(value)
        return int(value[4:]) if isinstance(value, str) and value.startswith("int:") else value

    return {key: number(value) for key, value in state.items()}
