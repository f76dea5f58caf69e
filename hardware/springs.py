"""A :class:`skills.cell.Compliance` in franky's terms."""

import franky
import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from skills.cell import Compliance, Vector

HOLD = Compliance(stiffness=1000.0, rotational_stiffness=60.0, clip_m=(0.02, 0.02, 0.02), damping_ratio=2.0)
"""The spring of a safe hold, damped beyond what is critical: an arm that was led fast must not swing."""
COASTING_S = 0.02
"""An arm that is let onto this spring goes on for as long as it would in this time at its speed: until it is
seen, and until the damper has stopped it [s]."""
FURTHEST_M, FURTHEST_RAD = 0.005, 0.05
"""It is not taken to coast further [m, rad]."""
EFFECTIVE_MASS_KG, EFFECTIVE_INERTIA = 3.5, 0.08
"""What the arm weighs at the TCP [kg, kg m²], roughly; sets the damping of the spring."""
PASSING = np.array([0.1, 1.8])
"""Speeds that a spring at its clip can hold against its own damper [m/s, rad/s]."""
LED = np.repeat(0.5 * PASSING, 3)
"""(6,) How much of a target's velocity the damper moves with: a plug that is stuck feels at most half of the
clipped spring's force on top."""
POSTURE = np.array([0.0, -0.3, 0.0, -2.2, 0.0, 1.9, np.pi / 4])
"""Joint angles that the elbow is drawn towards while the TCP is led [rad]."""
POSTURE_STIFFNESS, POSTURE_TORQUE_NM = 15.0, 5.0
GAINS_S = 0.02
"""Time constant with which new gains come into force [s]."""
LIMIT_RAD = 0.1
"""Distance from a joint limit at which the controller pushes back [rad]."""


def tracking(compliance: Compliance, target: RigidTransform) -> franky.CartesianImpedanceTrackingMotion:
    """A motion that pulls the TCP towards ``target`` with the given spring until something ends it."""
    motion = franky.CartesianImpedanceTrackingMotion(
        translational_stiffness=compliance.stiffness,
        rotational_stiffness=compliance.rotational_stiffness,
        translational_error_clip=clip_in_base(compliance, target.rotation),
        rotational_error_clip=np.full(3, compliance.rotational_clip_rad),
        posture_task=franky.PostureTask(POSTURE, POSTURE_STIFFNESS, None, POSTURE_TORQUE_NM),
        max_delta_tau=0.9,
        joint_limit_activation_distance=LIMIT_RAD,
        gains_time_constant=GAINS_S,
    )
    motion.set_gains(gains(compliance))
    motion.set_reference(reference(target))
    return motion


def at_rest(tcp: RigidTransform, velocity: Vector) -> RigidTransform:
    """Where a TCP with ``velocity`` (6,) [m/s, rad/s], base axes, comes to rest in the damper of ``HOLD``.

    A spring that draws it to where it was seen would draw it back, slowly, for longer than it took to stop.
    """
    way, turn = (
        part * min(COASTING_S, furthest / max(float(np.linalg.norm(part)), 1e-9))
        for part, furthest in ((velocity[:3], FURTHEST_M), (velocity[3:], FURTHEST_RAD))
    )
    return RigidTransform.from_components(tcp.translation + way, Rotation.from_rotvec(turn) * tcp.rotation)


def gains(compliance: Compliance) -> franky.CartesianImpedanceGains:
    """Stiffness, and the damping that suits the arm's own mass.

    franky clips the spring's error but not its damper, so a spring clipped to a degree could hardly turn the
    tool: the damper is weak enough for the clipped spring to move at ``PASSING``.
    """
    stiffness = np.repeat([compliance.stiffness, compliance.rotational_stiffness], 3)
    weight = np.repeat([EFFECTIVE_MASS_KG, EFFECTIVE_INERTIA], 3)
    critical = 2.0 * compliance.damping_ratio * np.sqrt(stiffness * weight)
    clip = np.repeat([max(compliance.clip_m), compliance.rotational_clip_rad], 3)
    damping = np.minimum(critical, stiffness * clip / np.repeat(PASSING, 3))
    return franky.CartesianImpedanceGains.diagonal(stiffness, damping)


def clip_in_base(compliance: Compliance, rotation: Rotation) -> Vector:
    """The clip, given along the target's axes, along the base's, which is where franky clips [m]."""
    share = rotation.as_matrix() ** 2
    return np.asarray(share @ np.asarray(compliance.clip_m))


def reference(target: RigidTransform, velocity: Vector | None = None) -> franky.CartesianReference:
    """A target that moves with ``velocity`` (6,) [m/s, rad/s], base axes; None stands still."""
    if velocity is None:
        return franky.CartesianReference(affine(target))
    led = np.clip(velocity, -LED, LED)
    return franky.CartesianReference(affine(target), franky.Twist(led[:3], led[3:]))


def affine(pose: RigidTransform) -> franky.Affine:
    """A pose as franky takes it."""
    return franky.Affine(pose.translation, pose.rotation.as_quat())


def transform(pose: franky.Affine) -> RigidTransform:
    """A pose as franky gives it."""
    translation = np.asarray(pose.translation, dtype=np.float64).ravel()
    return RigidTransform.from_components(
        translation, Rotation.from_quat(np.asarray(pose.quaternion).ravel())
    )
