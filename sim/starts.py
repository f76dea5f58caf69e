"""Starts that somebody chose, as a bank: the plug in a settled grasp at given poses."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of taking hold at ``k`` starts; rows are starts."""

    states: Vector
    """(k, state) rows of ``mjSTATE_INTEGRATION``; zeros where it cannot be had."""
    starts: Vector
    """(k, 6) the plug's true pose in its goal's frame [m, rad]."""
    had: Flags
    """(k,) whether the start can be had: the others are out of reach or meet something."""


def settled(
    assembly: Assembly,
    step: Step,
    insertion: Insertion,
    starts: Vector,
    errors: Vector,
    rng: np.random.Generator,
    *,
    region: Region = NARROW,
    physics: Physics = NOMINAL,
) -> Settled:
    """Take hold of the plug at ``starts`` (k, 6), with grasps as in ``region``.

    A start is in the frame of the goal's estimate, which is wrong by its row of ``errors`` (k, 4) [m, rad].
    """
    worlds = Worlds(step_scene(assembly, step, physics), step.part, min(len(starts), CHUNK))
    goal, k = assembly.goal_in_base(step), len(starts)
    wanted = (goal * offsets_of(errors) * posed(starts)).as_matrix()
    states, real, had = np.zeros((k, worlds.states.shape[1])), np.zeros((k, 6)), np.zeros(k, bool)
    for _ in range(TRIES):
        missing = np.flatnonzero(~had)
        for begin in range(0, len(missing), worlds.n):
            some = missing[begin : begin + worlds.n]
            plugs = RigidTransform.from_matrix(wanted[np.resize(some, worlds.n)])
            good = grasped(worlds, assembly, step, insertion, plugs, region, rng)[: len(some)]
            poses = rows_of(goal.inv() * poses_of(worlds.plug))[: len(some)]
            states[some[good]] = worlds.states[: len(some)][good]
            real[some[good]], had[some[good]] = poses[good], True
    return Settled(states, real, had)


def bank_at(
    assembly: Assembly,
    step: Step,
    insertion: Insertion,
    starts: Vector,
    rng: np.random.Generator,
    *,
    goal_errors: Vector | None = None,
    region: Region = NARROW,
) -> tuple[Bank, Flags]:
    """A bank of those of ``starts`` (k, 6) that can be had, and (k,) which they are.

    Starts are as :func:`settled` takes them. ``goal_errors`` (k, 4) says how wrong each estimate is; where it
    is NaN the error is drawn anew for every episode, and the start is in the goal's own frame. Raises
    ValueError when none can be had.
    """
    errors = np.zeros((len(starts), 4)) if goal_errors is None else np.nan_to_num(goal_errors)
    found = settled(assembly, step, insertion, starts, errors, rng, region=region)
    had = found.had
    if not had.any():
        raise ValueError(f"'{step.part}': none of {len(starts)} starts can be had")
    kept = None if goal_errors is None else goal_errors[had]
    return Bank(found.states[had], found.starts[had], kept), had


def posed(rows: Vector) -> RigidTransform:
    """Poses from (n, 6) rows of position and rotation vector."""
    return RigidTransform.from_components(rows[:, :3], Rotation.from_rotvec(rows[:, 3:]))


def offsets_of(errors: Vector) -> RigidTransform:
    """Estimated goals in their true ones, from (n, 4) rows of x, y, z [m] and yaw [rad]."""
    turns = np.zeros((len(errors), 3))
    turns[:, 2] = errors[:, 3]
    return RigidTransform.from_components(errors[:, :3], Rotation.from_rotvec(turns))
