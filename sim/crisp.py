"""Meshes whose edges look like edges: a corner is smooth only among faces that nearly face the same way."""

import mujoco
import numpy as np
import trimesh
from numpy.typing import NDArray

SMOOTH_WITHIN_DEG = 32.0
"""Facets of a round surface meet at less, the flanks of a tooth and the rim of a hole at more."""


def corner_normals(mesh: trimesh.Trimesh, within_deg: float = SMOOTH_WITHIN_DEG) -> NDArray[np.float64]:
    """(faces, 3, 3) unit normals at each face's corners.

    Each is the mean of the normals of the faces around the corner that differ by less than ``within_deg``
    from the face's own, weighted by their angles at the corner; a face without area keeps its own.
    """
    faces, normals = np.asarray(mesh.faces), np.asarray(mesh.face_normals)
    weighted = normals[:, None, :] * np.asarray(mesh.face_angles)[:, :, None]
    least = np.cos(np.deg2rad(within_deg))
    result = np.empty((len(faces), 3, 3))
    order = np.argsort(faces.ravel(), kind="stable")
    _, first = np.unique(faces.ravel()[order], return_index=True)
    for corners in np.split(order, first[1:]):
        face, corner = corners // 3, corners % 3
        alike = normals[face] @ normals[face].T > least
        result[face, corner] = alike @ weighted[face, corner]
    lengths = np.linalg.norm(result, axis=2, keepdims=True)
    flat = np.broadcast_to(normals[:, None, :], result.shape)
    return np.where(lengths > 0.0, result / np.where(lengths > 0.0, lengths, 1.0), flat)


def add_crisp_mesh(spec: mujoco.MjSpec, name: str, mesh: trimesh.Trimesh) -> None:
    """Add ``mesh`` [m] to ``spec`` under ``name``, with a normal of its own at every corner."""
    vertices = np.asarray(mesh.vertices)[np.asarray(mesh.faces)].reshape(-1, 3)
    order = np.arange(len(vertices), dtype=np.int32)
    spec.add_mesh(
        name=name,
        uservert=vertices.ravel(),
        userface=order,
        usernormal=corner_normals(mesh).ravel(),
        userfacenormal=order,
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
    )
