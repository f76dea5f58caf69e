"""Fewer contacts between parts that already stand where they belong.

Where a broad part lies on its seat, hundreds of pieces may touch, and each costs time in every step of the
physics, though few of them decide where the part can go. Those that do are found by trying: the part is put
to many poses about its seat, and pairs of pieces are kept until none of these poses is held less by what is
kept than by all.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import mujoco
import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation
from scipy.stats import qmc

from sequences.assembly import Assembly, Step
from sequences.solid import solid_of
from sim.physics import Physics
from sim.robot import PART
from sim.scene import as_qpos, body_name
from skills.cell import Vector

LOST_M = 0.0001
"""How much farther a part's top may go for want of what is left out: as much as an import may err [m]."""
DEEP_M = 0.0003
"""How deep parts sink into each other at the most [m]."""
POSES = 2048
"""Poses that are tried, a power of two."""
_SUNK_M, _LEAN_RAD, _TURN_RAD = 0.0001, float(np.deg2rad(3.0)), float(np.deg2rad(3.0))
_SEAT, _WALL = 0, 1
_OUT_OF_THE_WAY_M = (5.0, 5.0, 5.0)
_STEEP = 0.7
"""Vertical share of a contact's normal from which on it counts as the seat's and not a wall's."""

Touches: TypeAlias = dict[tuple[int, int], Vector]
"""By pair of geoms, (poses, 2) how deep they meet, as a seat and as walls [m]."""


def thin(spec: mujoco.MjSpec, assembly: Assembly, loose: Sequence[str], physics: Physics) -> None:
    """Leave out of ``spec`` what is not needed of the contacts of each part in ``loose`` with what stands.

    Parts that are drawn in layers have few pieces and keep all contacts.
    """
    many = [part for part in loose if not solid_of(assembly.parts[part]).exact]
    if not many:
        return
    spec.option.jacobian = mujoco.mjtJacobian.mjJAC_SPARSE
    model = spec.compile()
    apart: set[tuple[str, str]] = set()
    kept: set[tuple[int, int]] = set()
    for part in many:
        touches = _touches(model, assembly, loose, part)
        apart |= {_bodies(model, pair) for pair in touches}
        kept |= needed(touches, LOST_M / _lever(assembly, assembly.step_of(part)))
    for one, other in sorted(apart):
        spec.add_exclude(bodyname1=one, bodyname2=other)
    for pair in sorted(kept):
        _add_pair(spec, model, pair, physics)


def _lever(assembly: Assembly, step: Step) -> float:
    """How many times as far as it sinks in on one side a part moves at its top, at least once."""
    width_x, width_y, height = np.ptp(solid_of(assembly.parts[step.part]).bounds, axis=0)
    return max(1.0, float(height / max(width_x, width_y, step.depth_mm / 1000.0)))


def needed(touches: Touches, lost_m: float) -> set[tuple[int, int]]:
    """Few pairs, chosen one by one, with which no pose lets the part sink ``lost_m`` deeper than with all."""
    if not touches:
        return set()
    pairs = list(touches)
    depths = np.array([touches[pair].ravel() for pair in pairs])
    wanted = depths.max(axis=0) - lost_m
    held = np.zeros(len(wanted))
    kept: set[tuple[int, int]] = set()
    while np.any(held < wanted):
        gains = np.clip(np.minimum(depths, wanted) - held, 0.0, None).sum(axis=1)
        best = int(np.argmax(gains))
        kept.add(pairs[best])
        held = np.maximum(held, depths[best])
    return kept


def _touches(model: mujoco.MjModel, assembly: Assembly, loose: Sequence[str], part: str) -> Touches:
    """How deep ``part`` meets what stands in poses about its seat, everything else in its place.

    Poses in which they would meet deeper than ``DEEP_M`` are left out, since no part gets there.
    """
    alone, data = _only(model, part), mujoco.MjData(model)
    for joint in np.flatnonzero(model.jnt_type == mujoco.mjtJoint.mjJNT_FREE):
        data.qpos[model.jnt_qposadr[joint] :][:3] = _OUT_OF_THE_WAY_M
    for other in loose:
        data.joint(body_name(other)).qpos = as_qpos(assembly.goal_in_base(assembly.step_of(other)))
    touches: Touches = {}
    for index, pose in enumerate(_poses(assembly, assembly.step_of(part))):
        data.joint(body_name(part)).qpos = as_qpos(pose)
        mujoco.mj_kinematics(alone, data)
        mujoco.mj_collision(alone, data)
        deep = -data.contact.dist
        if deep.max(initial=0.0) > DEEP_M:
            continue
        kinds = np.where(np.abs(data.contact.frame[:, 2]) > _STEEP, _SEAT, _WALL)
        for (one, other), kind, depth in zip(data.contact.geom.tolist(), kinds, deep, strict=True):
            depths = touches.setdefault((one, other), np.zeros((POSES, 2)))
            depths[index, kind] = max(depths[index, kind], depth)
    return touches


def _only(model: mujoco.MjModel, part: str) -> mujoco.MjModel:
    """The model in which nothing but ``part`` meets the pieces of other parts."""
    alone = copy.copy(model)
    mine = model.geom_bodyid == model.body(body_name(part)).id
    alone.geom_contype[:] = np.where(mine, model.geom_contype & PART, 0)
    alone.geom_conaffinity[:] = np.where(mine, 0, model.geom_contype & PART)
    return alone


def _poses(assembly: Assembly, step: Step) -> Iterator[RigidTransform]:
    """Poses about the goal of ``step`` in the base frame: aside, turned, leaning, on the seat or raised."""
    low, high = solid_of(assembly.parts[step.part]).bounds
    reach = float(np.linalg.norm((high - low)[:2])) / 2
    room, depth = step.clearance_mm / 1000.0 + DEEP_M, step.depth_mm / 1000.0
    turn = np.pi if step.symmetry == 0 else _TURN_RAD
    steepest = min(2.0 * room / depth, _LEAN_RAD)
    goal = assembly.goal_in_base(step) * RigidTransform.from_translation([0.0, 0.0, depth / 2])
    back = RigidTransform.from_translation([0.0, 0.0, -depth / 2])
    for aside, way, sunk, lifted, yaw, lean, leaning in qmc.Sobol(7, seed=0).random(POSES):
        tilt = steepest * lean**2
        offset = room * aside * _direction(way)
        offset[2] = (2.0 * sunk - 1.0) * _SUNK_M + lifted * reach * np.sin(tilt)
        turned = Rotation.from_rotvec(tilt * _direction(leaning))
        turned = turned * Rotation.from_euler("z", (2.0 * yaw - 1.0) * turn)
        yield goal * RigidTransform.from_components(offset, turned) * back


def _direction(share: float) -> Vector:
    """The level unit vector at ``share`` of a whole turn."""
    return np.array([np.cos(2.0 * np.pi * share), np.sin(2.0 * np.pi * share), 0.0])


def _bodies(model: mujoco.MjModel, pair: tuple[int, int]) -> tuple[str, str]:
    one, other = sorted(model.body(model.geom_bodyid[geom]).name for geom in pair)
    return one, other


def _add_pair(spec: mujoco.MjSpec, model: mujoco.MjModel, pair: tuple[int, int], physics: Physics) -> None:
    """A contact as the engine would make it of the two geoms, but for friction about the normal.

    What stands touches at many points, whose friction holds it against turning.
    """
    sliding, spinning, rolling = model.geom_friction[list(pair)].max(axis=0)
    spec.add_pair(
        geomname1=model.geom(pair[0]).name,
        geomname2=model.geom(pair[1]).name,
        condim=3,
        friction=[sliding, sliding, spinning, rolling, rolling],
        solref=physics.solref,
        solimp=physics.solimp,
    )
