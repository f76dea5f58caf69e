"""What a robot felt and was told, control period by control period, as arrays in a file.

The file is a compressed ``.npz`` of numbers and words; it is read without pickle.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from executive.board import Board
from executive.operator.hold import HeldCell
from skills.cell import Observation, Vector

WORDS = "doing"
FACT = "fact_"
"""Columns in words, and how the names of facts begin in the file."""


class Sample(NamedTuple):
    """One control period, as it is kept in memory."""

    seen: Observation
    command: RigidTransform | None
    command_width_m: float | None
    step: int
    attempt: int
    phase: int
    doing: str


@dataclass(frozen=True, slots=True)
class Track:
    """``n`` control periods, oldest first; poses in the base frame: position [m], quaternion x, y, z, w."""

    time_s: Vector
    """(n,) the cell's clock; it runs on while the arm is held [s]."""
    joints: Vector
    """(n, 7) [rad]."""
    tcp: Vector
    """(n, 7) pose of the TCP."""
    wrench: Vector
    """(n, 6) contact on the tool along the base frame's axes [N, N·m]."""
    peak_force_n: Vector
    """(n,) largest contact force of each period [N]."""
    width_m: Vector
    """(n,) between the fingers [m]."""
    grasped: Vector
    """(n,) 1 where the fingers hold something."""
    command: Vector
    """(n, 7) where the TCP was told to be; where it was, as long as it had been told nothing."""
    command_width_m: Vector
    """(n,) how wide the fingers were told to be [m]."""
    step: Vector
    """(n,) place of the step in the assembly; -1 for none."""
    attempt: Vector
    """(n,) from 1 within the step."""
    phase: Vector
    """(n,) how far the attempt had come (:class:`executive.board.Phase`)."""
    doing: NDArray[np.str_]
    """(n,) what the arm was doing, in words."""
    facts: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def lasted_s(self) -> float:
        """From the first period to the last [s]."""
        return float(self.time_s[-1] - self.time_s[0]) if len(self) else 0.0

    def to_bytes(self) -> bytes:
        """The file's content."""
        out = io.BytesIO()
        columns = {name: getattr(self, name) for name in COLUMNS}
        facts = {f"{FACT}{name}": np.array(value) for name, value in self.facts.items()}
        np.savez_compressed(out, allow_pickle=False, **columns, **facts)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Track":
        """Read back what ``to_bytes`` wrote. Raises ValueError, KeyError, OSError, zipfile.BadZipFile."""
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            facts = {n.removeprefix(FACT): str(kept[n]) for n in kept.files if n.startswith(FACT)}
            columns: dict[str, Any] = {name: kept[name] for name in COLUMNS}
        numbers = {name: array.astype(np.float64) for name, array in columns.items() if name != WORDS}
        return cls(**{**columns, **numbers}, facts=facts)

    @classmethod
    def of(cls, samples: Sequence[Sample], facts: Mapping[str, str]) -> "Track":
        """The track of at least one sample."""
        seen = [sample.seen for sample in samples]
        told = [sample.seen.tcp_in_base if sample.command is None else sample.command for sample in samples]
        widths = [
            sample.seen.gripper_width_m if sample.command_width_m is None else sample.command_width_m
            for sample in samples
        ]
        return cls(
            time_s=np.array([one.time_s for one in seen]),
            joints=np.array([one.joint_positions for one in seen], dtype=np.float32),
            tcp=_poses([one.tcp_in_base for one in seen]),
            wrench=np.array([one.wrench for one in seen], dtype=np.float32),
            peak_force_n=np.array([one.peak_force_n for one in seen], dtype=np.float32),
            width_m=np.array([one.gripper_width_m for one in seen], dtype=np.float32),
            grasped=np.array([one.grasped for one in seen], dtype=np.int8),
            command=_poses(told),
            command_width_m=np.array(widths, dtype=np.float32),
            step=np.array([sample.step for sample in samples], dtype=np.int16),
            attempt=np.array([sample.attempt for sample in samples], dtype=np.int16),
            phase=np.array([sample.phase for sample in samples], dtype=np.int8),
            doing=np.array([sample.doing for sample in samples], dtype=np.str_),
            facts=dict(facts),
        )


COLUMNS = tuple(field.name for field in fields(Track) if field.name != "facts")


def sampled(board: Board, cell: HeldCell) -> Sample:
    """The control period that has just passed."""
    progress = board.progress
    return Sample(
        cell.newest or cell.inner.observe(), cell.commanded, cell.commanded_width_m, progress.index,
        progress.tried, int(board.phase), board.message,
    )  # fmt: skip


def _poses(poses: Sequence[RigidTransform]) -> Vector:
    """(n, 7) positions [m] and quaternions."""
    together = RigidTransform.concatenate(list(poses))
    return np.column_stack([together.translation, together.rotation.as_quat()])
