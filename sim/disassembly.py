"""Disassembly paths to learn assembly from: a plug is lifted out of its goal and carried off.

Scripted, after AutoMate (Tang et al., RSS 2024, section IV-A): straight up, then to a random pose.
"""

from pathlib import Path

import mujoco
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly, Step
from sequences.files import write_whole
from sim.bank import NoStart, Region, bank, default_cache, fingerprint
from sim.cell import MOTION
from sim.curriculum import RESTING_M
from sim.worlds import Worlds
from skills.cell import Vector
from skills.handling import GRIP_N
from skills.insertion import Insertion

FORMAT = 1
"""Raised whenever paths would come out differently from the same inputs."""
PERIODS = 64
"""Control periods of the lift, and of the way to the random pose."""
_LIFT, _AIR_M = 3.0, 0.005
"""The lift as a multiple of the depth, and the air over what stands around [m]."""
_AWAY_M, _SPREAD_M, _TURN_RAD = 0.05, 0.05, float(np.deg2rad(10.0))


def disassembly_paths(
    assembly: Assembly,
    step: Step,
    insertion: Insertion,
    model: mujoco.MjModel,
    *,
    size: int = 100,
    seed: int = 0,
    cache: Path | None = None,
) -> Vector:
    """(size, 128, 3) TCP positions in the frame of the TCP's goal [m], from assembled to free.

    From ``cache`` (the user's, when None) if they are there; else ``step``'s plug is pulled out in ``model``.
    """
    folder = cache or default_cache()
    path = folder / f"{fingerprint(model, insertion, ['paths', FORMAT, size, seed])}.safetensors"
    try:
        return np.asarray(load_tensors(path.read_bytes())["paths"])
    except (OSError, SafetensorError, KeyError):
        pass
    paths = _pulled_out(assembly, step, insertion, model, size, seed, folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, save_tensors({"paths": paths}))
    return paths


def _pulled_out(
    assembly: Assembly,
    step: Step,
    insertion: Insertion,
    model: mujoco.MjModel,
    size: int,
    seed: int,
    folder: Path,
) -> Vector:
    resting = RESTING_M - insertion.depth_m
    held = bank(
        assembly, step, insertion, model,
        region=Region(above_m=(resting, resting), grasp_m=0.0, grasp_pitch_rad=0.0), size=size, seed=seed,
        cache=folder,
    )  # fmt: skip
    rng, paths = np.random.default_rng(seed), [np.zeros((0, 2 * PERIODS, 3))]
    worlds, goal = Worlds(model, step.part, size), assembly.goal_in_base(step)
    while sum(len(rows) for rows in paths) < size:
        worlds.put(np.arange(size), held.states)
        worlds.compliance(np.arange(size), MOTION)
        worlds.grip(np.arange(size), GRIP_N)
        logged = np.empty((size, 2 * PERIODS, 3))
        for period, targets in enumerate(_targets(worlds, insertion, rng)):
            worlds.advance(targets)
            logged[:, period] = worlds.tcp()[0]
        out = goal.inv().apply(worlds.plug[:, :3])[:, 2] > insertion.depth_m
        if not out.any():
            raise NoStart(f"'{step.part}': it cannot be pulled out of its goal")
        home = goal * insertion.tcp_in_plug
        paths.append((home.inv().apply(logged.reshape(-1, 3)).reshape(logged.shape))[out])
    found = np.concatenate(paths)[:size]
    return np.asarray(found - found[:, :1])


def _targets(worlds: Worlds, insertion: Insertion, rng: np.random.Generator) -> Vector:
    """(periods, n, 7) TCP targets in the base frame: straight up, then to a random pose in free air."""
    n, (position, turn) = worlds.n, worlds.tcp()
    upright = Rotation.from_matrix(turn)
    lift = max(_LIFT * insertion.depth_m, insertion.clear_height_m + _AIR_M)
    over = position + np.array([0.0, 0.0, lift])
    away = rng.uniform(-_SPREAD_M, _SPREAD_M, (n, 3)) + np.array([0.0, 0.0, _AWAY_M])
    away[:, 2] = np.maximum(away[:, 2], insertion.clear_height_m + _AIR_M)
    turned = Rotation.from_euler("xyz", rng.uniform(-_TURN_RAD, _TURN_RAD, (n, 3))) * upright
    rows = []
    for share in np.linspace(1 / PERIODS, 1.0, PERIODS):
        rows.append(_rows(position + share * (over - position), upright))
    for share in np.linspace(1 / PERIODS, 1.0, PERIODS):
        part = Rotation.from_rotvec(share * (turned * upright.inv()).as_rotvec()) * upright
        rows.append(_rows(over + share * (position + away - over), part))
    return np.array(rows)


def _rows(position: Vector, rotation: Rotation) -> Vector:
    poses = RigidTransform.from_components(position, rotation)
    return np.hstack([poses.translation, poses.rotation.as_quat(scalar_first=True)])
