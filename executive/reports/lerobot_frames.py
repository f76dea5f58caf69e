"""The frames of a LeRobot dataset: an attempt's track on an even clock, and their statistics."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from executive.episodes import Episode
from executive.track import Track
from skills.cell import Vector

POSE = ("x", "y", "z", "qx", "qy", "qz", "qw")
VECTORS: dict[str, tuple[str, ...]] = {
    "observation.state": (*(f"joint_{i}" for i in range(1, 8)), *POSE, "gripper_width"),
    "observation.wrench": ("fx", "fy", "fz", "tx", "ty", "tz"),
    "action": (*POSE, "gripper_width"),
}
"""Feature → the names of its numbers; SI units, poses of the TCP in the base frame."""
SCALARS = {
    "next.done": "bool", "next.success": "bool", "timestamp": "float32", "frame_index": "int64",
    "episode_index": "int64", "index": "int64", "task_index": "int64",
}  # fmt: skip
QUANTILES = (1, 10, 50, 90, 99)
Columns = dict[str, Vector]


def frames_of(episode: Episode, fps: int, number: int, first: int, task: int) -> Columns:
    """The frames of an episode: feature → (frames,) or (frames, numbers)."""
    track = episode.track
    times = track.time_s - track.time_s[0]
    count = int(times[-1] * fps + 1e-6) + 1
    at = np.arange(count) / fps
    ends = np.arange(count) == count - 1
    return {
        "observation.state": _state(track, times, at),
        "observation.wrench": _between(times, track.wrench, at).astype(np.float32),
        "action": _action(track, times, at),
        "next.done": ends,
        "next.success": ends & episode.seated,
        "timestamp": at.astype(np.float32),
        "frame_index": np.arange(count),
        "episode_index": np.full(count, number),
        "index": first + np.arange(count),
        "task_index": np.full(count, task),
    }


def _state(track: Track, times: Vector, at: Vector) -> Vector:
    pose = np.column_stack([_between(times, track.tcp[:, :3], at), _turned(times, track.tcp[:, 3:], at)])
    width = np.interp(at, times, track.width_m)
    return np.column_stack([_between(times, track.joints, at), pose, width]).astype(np.float32)


def _action(track: Track, times: Vector, at: Vector) -> Vector:
    """What was commanded in the period that each frame falls into: the track shows it a period later."""
    told = np.column_stack([track.command, track.command_width_m])
    told = np.concatenate([told[1:], told[-1:]])
    period = np.clip(np.searchsorted(times, at + 1e-6, side="right") - 1, 0, len(times) - 1)
    return np.asarray(told[period], dtype=np.float32)


def _between(times: Vector, values: Vector, at: Vector) -> Vector:
    return np.column_stack([np.interp(at, times, column) for column in values.T])


def _turned(times: Vector, quaternions: Vector, at: Vector) -> Vector:
    """Rotations in between, as quaternions that do not jump to their opposites."""
    if len(times) < 2:
        return np.repeat(quaternions, len(at), axis=0)
    found = Slerp(times, Rotation.from_quat(quaternions))(np.minimum(at, times[-1])).as_quat()
    flips = np.cumprod(np.concatenate([[1.0], np.where((found[1:] * found[:-1]).sum(axis=1) < 0, -1.0, 1.0)]))
    return np.asarray(found * flips[:, None])


def statistics(parts: Sequence[Columns]) -> dict[str, dict[str, list[Any]]]:
    """Feature → min, max, mean, std, count and quantiles over all frames of ``parts``."""
    found = {}
    for name in (*VECTORS, *SCALARS):
        values = np.concatenate([part[name] for part in parts]).astype(np.float64)
        values = values.reshape(len(values), -1)
        numbers = {
            "min": values.min(axis=0), "max": values.max(axis=0), "mean": values.mean(axis=0),
            "std": values.std(axis=0),
            **{f"q{q:02d}": np.percentile(values, q, axis=0) for q in QUANTILES},
        }  # fmt: skip
        found[name] = {key: value.tolist() for key, value in numbers.items()} | {"count": [len(values)]}
    return found
