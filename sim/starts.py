"""Starts that somebody chose, as a bank: the plug in a settled grasp at given poses."""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly, Step
from sim.bank import CHUNK, NARROW, Bank, Region, grasped, poses_of, rows_of, step_scene
from sim.physics import NOMINAL, Physics
from sim.worlds import Worlds
from skills.cell import Flags, Vector
from skills.insertion import Insertion

TRIES = 4
"""Grasps that are tried at a start before it is given up."""


def bank_at(
    assembly: Assembly,
    step: Step,
    insertion: Insertion,
    starts: Vector,
    rng: np.random.Generator,
    *,
    goal_errors: Vector | None = None,
    region: Region = NARROW,
    physics: Physics = NOMINAL,
) -> tuple[Bank, Flags]:
    """A bank of ``starts`` (k, 6) in the frame of the goal's estimate [m, rad], with grasps as in ``region``.

    ``goal_errors`` (k, 4) says how wrong each estimate is; a NaN means that it is drawn anew for every
    episode, and the start is then taken to be in the goal's own frame. Returns the bank of those starts that
    can be had and (k,) which they are: the others are out of reach or meet something. Raises ValueError when
    none can be had.
    """
    scene = step_scene(assembly, step, physics)
    worlds = Worlds(scene, step.part, min(len(starts), CHUNK))
    errors = np.zeros((len(starts), 4)) if goal_errors is None else np.nan_to_num(goal_errors)
    wanted = assembly.goal_in_base(step) * offsets_of(errors) * posed(starts)
    states: list[Vector | None] = [None] * len(starts)
    found = np.zeros((len(starts), 6))
    for _ in range(TRIES):
        missing = np.array([row for row, state in enumerate(states) if state is None])
        for begin in range(0, len(missing), worlds.n):
            rows = np.resize(missing[begin : begin + worlds.n], worlds.n)
            plugs = RigidTransform.from_matrix(wanted.as_matrix()[rows])
            good = grasped(worlds, assembly, step, insertion, plugs, region, rng)
            real = rows_of(assembly.goal_in_base(step).inv() * poses_of(worlds.plug))
            for world in np.flatnonzero(good):
                if states[rows[world]] is None:
                    states[rows[world]], found[rows[world]] = worlds.states[world].copy(), real[world]
    had = np.array([state is not None for state in states])
    if not had.any():
        raise ValueError(f"'{step.part}': none of {len(starts)} starts can be had")
    kept = Bank(np.array([state for state in states if state is not None]), found[had])
    return replace(kept, goal_errors=None if goal_errors is None else goal_errors[had]), had


def posed(rows: Vector) -> RigidTransform:
    """Poses from (n, 6) rows of position and rotation vector."""
    return RigidTransform.from_components(rows[:, :3], Rotation.from_rotvec(rows[:, 3:]))


def offsets_of(errors: Vector) -> RigidTransform:
    """Estimated goals in their true ones, from (n, 4) rows of x, y, z [m] and yaw [rad]."""
    turns = np.zeros((len(errors), 3))
    turns[:, 2] = errors[:, 3]
    return RigidTransform.from_components(errors[:, :3], Rotation.from_rotvec(turns))
