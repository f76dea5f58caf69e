"""An attempt as JSON and back, so that a run can be taken up again in the middle of a step.

Poses become ``{"position": [3], "quaternion": [4]}`` (x, y, z, w; metres). The trace is left out: it is
large, and only failed attempts keep theirs, in the refinement queue.
"""

import zlib
from dataclasses import fields
from typing import Any

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from skills.cell import Vector
from skills.insertion import Attempt, Insertion

TRACE_COLUMNS = 14


def pose_to_json(pose: RigidTransform) -> dict[str, list[float]]:
    """A transform [m] as position and quaternion."""
    return {"position": pose.translation.tolist(), "quaternion": pose.rotation.as_quat().tolist()}


def pose_from_json(record: dict[str, list[float]]) -> RigidTransform:
    """Read back what ``pose_to_json`` wrote."""
    return RigidTransform.from_components(record["position"], Rotation.from_quat(record["quaternion"]))


def attempt_to_json(attempt: Attempt) -> dict[str, Any]:
    """What an attempt has learned, without its insertion and its trace."""
    record: dict[str, Any] = {}
    for field in fields(attempt):
        if field.name in ("insertion", "trace"):
            continue
        value = getattr(attempt, field.name)
        if isinstance(value, RigidTransform):
            record[field.name] = pose_to_json(value)
        elif isinstance(value, np.ndarray):
            record[field.name] = value.tolist()
        elif isinstance(value, np.generic):
            record[field.name] = value.item()
        elif value is None or isinstance(value, bool | int | float | str):
            record[field.name] = value
    return record


def attempt_from_json(record: dict[str, Any], insertion: Insertion) -> Attempt:
    """Read back what ``attempt_to_json`` wrote; fields that this version does not have are ignored."""
    values: dict[str, Any] = {}
    for field in fields(Attempt):
        if field.name not in record:
            continue
        value = record[field.name]
        if isinstance(value, dict):
            value = pose_from_json(value)
        elif isinstance(value, list):
            value = np.asarray(value, dtype=np.float64)
        values[field.name] = value
    return Attempt(insertion=insertion, **values)


def trace_to_bytes(trace: list[tuple[float, ...]]) -> bytes:
    """An observation trace (rows, 14) as compressed little-endian float32."""
    return zlib.compress(np.asarray(trace, dtype="<f4").tobytes(), level=6)


def trace_from_bytes(blob: bytes) -> Vector:
    """Read back what ``trace_to_bytes`` wrote: (rows, 14)."""
    return np.frombuffer(zlib.decompress(blob), dtype="<f4").reshape(-1, TRACE_COLUMNS).astype(np.float64)
