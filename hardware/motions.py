"""The motions of franky that the driver uses, and the limits that Ruckig plans them within."""

from enum import Enum

import franky
import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from hardware.springs import affine
from sim.motion import WIDE_RAD, way_round
from skills.cell import Vector

ANGULAR_SPEED = 1.2
"""Of motions through free space [rad/s]."""
ACCELERATION, JERK = 8.5, 1500.0
ANGULAR_ACCELERATION, ANGULAR_JERK = 15.0, 3000.0
"""Of stops [m/s², m/s³, rad/s², rad/s³]; inside what the FR3 allows."""
RAMP_S, ROUND_S = 0.2, 0.05
"""Time that a motion takes to its full speed, and to its full acceleration, at least [s]."""
MOST_EAGER = 0.25
"""Largest share of ``ACCELERATION`` that a motion uses."""
LATE_S = 0.006
"""Until the brake begins: the age of what was last seen, and a tick [s]."""
TURNING = 0.02
"""A slower turn does not make the brake gentler [rad/s]."""
SLOWEST = 0.005
"""Of a motion [m/s]."""
NO_WAY = 1e-6
"""A way so short has no direction [m, rad]."""
JOINT_EASE = 0.15
"""Share of the joints' largest acceleration and jerk that a joint motion uses."""
TORQUE_RAMP_S, TORQUE_STOP_S = 0.03, 0.15


class Activity(Enum):
    """What the arm is doing, as far as the driver's orders go."""

    NONE = "none"
    TRACKING = "tracking"
    HOLDING = "holding"
    MOVING = "moving"
    MOVING_JOINTS = "moving joints"
    STOPPING = "stopping"

    @property
    def by_torque(self) -> bool:
        """Done with torques, as one spring follows another without a stop."""
        return self in (Activity.TRACKING, Activity.HOLDING)


def prepare(robot: franky.Robot) -> None:
    """Set the limits within which Ruckig plans."""
    robot.relative_dynamics_factor = 1.0
    robot.translation_acceleration_limit.set(ACCELERATION)
    robot.translation_jerk_limit.set(JERK)
    robot.rotation_velocity_limit.set(ANGULAR_SPEED)
    robot.rotation_acceleration_limit.set(ANGULAR_ACCELERATION)
    robot.rotation_jerk_limit.set(ANGULAR_JERK)


def cartesian_motion(
    robot: franky.Robot,
    start_in_base: RigidTransform,
    wrist_rad: float,
    tcp_in_base: RigidTransform,
    speed: float,
) -> franky.CartesianWaypointMotion:
    """A line from ``start_in_base``, where the TCP is, at up to ``speed`` [m/s]; joint 7 is at ``wrist_rad``.

    Ruckig bounds each axis of the tool's frame at the start by itself, so the bound of an axis is the share
    of the speed that falls to the one that goes furthest. A slow motion also begins and ends gently.
    """
    way = start_in_base.inv() * tcp_in_base
    turn = way_round(way.rotation.as_rotvec(), wrist_rad)
    fastest = float(robot.translation_velocity_limit.max)
    robot.translation_velocity_limit.set(
        float(np.clip(speed * _largest_share(way.translation), SLOWEST, fastest))
    )
    robot.rotation_velocity_limit.set(ANGULAR_SPEED * _largest_share(turn))
    eager = min(MOST_EAGER, speed / RAMP_S / ACCELERATION)
    ease = franky.RelativeDynamicsFactor(1.0, eager, eager * ACCELERATION / ROUND_S / JERK)
    points = [tcp_in_base]
    if np.linalg.norm(turn) > WIDE_RAD:
        half = RigidTransform.from_components(way.translation / 2.0, Rotation.from_rotvec(turn / 2.0))
        points.insert(0, start_in_base * half)
    return franky.CartesianWaypointMotion(
        [franky.CartesianWaypoint(affine(point)) for point in points], relative_dynamics_factor=ease
    )


def _largest_share(way: Vector) -> float:
    """The largest component of a direction (3,): 1 along an axis, 0.58 along a diagonal of space."""
    length = float(np.linalg.norm(way))
    return 1.0 if length < NO_WAY else float(np.abs(way).max()) / length


def _braking_way(velocity: Vector, acceleration: float, jerk: float) -> Vector:
    """The way (3,) to rest from ``velocity`` (3,) within these limits, with that until the brake begins."""
    speed = float(np.linalg.norm(velocity))
    rise_s = min(acceleration / jerk, float(np.sqrt(speed / jerk)))
    slowing = max(rise_s * jerk, NO_WAY)
    return velocity * (speed / slowing / 2.0 + rise_s / 2.0 + LATE_S)


def joint_motion(joint_positions: Vector, speed: float) -> franky.JointMotion:
    """To joint angles (7,) [rad] at ``speed`` (0 to 1) of the joints' fastest."""
    factor = franky.RelativeDynamicsFactor(float(np.clip(speed, 0.01, 1.0)), JOINT_EASE, JOINT_EASE)
    return franky.JointMotion(list(joint_positions), relative_dynamics_factor=factor)


def stopping(activity: Activity, commanded: RigidTransform, velocity: Vector) -> franky.Motion:
    """The motion that brings the arm to rest from another of its own kind.

    franky's own stop of a Cartesian motion brakes and then goes back to where it began to; this one goes to
    where the arm can come to rest soonest. ``commanded`` is where the TCP is led at this moment, ``velocity``
    (6,) how fast [m/s, rad/s], base axes.
    """
    if activity is Activity.MOVING:
        linear, angular = velocity[:3], velocity[3:]
        into_tool = commanded.rotation.inv()
        along, around = _largest_share(into_tool.apply(linear)), _largest_share(into_tool.apply(angular))
        share = min(along, around if np.linalg.norm(angular) > TURNING else 1.0)
        way = _braking_way(linear, ACCELERATION * share / along, JERK / along)
        turn = _braking_way(angular, ANGULAR_ACCELERATION * share / around, ANGULAR_JERK / around)
        goal = RigidTransform.from_components(
            commanded.translation + way, Rotation.from_rotvec(turn) * commanded.rotation
        )
        harsh = franky.RelativeDynamicsFactor(1.0, share, 1.0)
        return franky.CartesianMotion(affine(goal), relative_dynamics_factor=harsh)
    if activity is Activity.MOVING_JOINTS:
        return franky.JointStopMotion()
    return franky.TorqueStopMotion(ramp_duration=TORQUE_RAMP_S, max_duration=TORQUE_STOP_S)
