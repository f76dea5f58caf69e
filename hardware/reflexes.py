"""When a simulated FR3 stops by itself, as the robot does when it is hit, driven too hard or led abruptly.

The names are libfranka's (``franka::Errors``), the limits those of Franka's data sheet for the FR3.
"""

from dataclasses import dataclass, field

import numpy as np

from hardware.arm import CollisionLimits
from skills.cell import Vector

ERROR_NAMES = (
    "joint_position_limits_violation",
    "cartesian_position_limits_violation",
    "self_collision_avoidance_violation",
    "joint_velocity_violation",
    "cartesian_velocity_violation",
    "force_control_safety_violation",
    "joint_reflex",
    "cartesian_reflex",
    "max_goal_pose_deviation_violation",
    "max_path_pose_deviation_violation",
    "cartesian_velocity_profile_safety_violation",
    "joint_position_motion_generator_start_pose_invalid",
    "joint_motion_generator_position_limits_violation",
    "joint_motion_generator_velocity_limits_violation",
    "joint_motion_generator_velocity_discontinuity",
    "joint_motion_generator_acceleration_discontinuity",
    "cartesian_position_motion_generator_start_pose_invalid",
    "cartesian_motion_generator_elbow_limit_violation",
    "cartesian_motion_generator_velocity_limits_violation",
    "cartesian_motion_generator_velocity_discontinuity",
    "cartesian_motion_generator_acceleration_discontinuity",
    "cartesian_motion_generator_elbow_sign_inconsistent",
    "cartesian_motion_generator_start_elbow_invalid",
    "force_controller_desired_force_tolerance_violation",
    "start_elbow_sign_inconsistent",
    "communication_constraints_violation",
    "power_limit_violation",
    "cartesian_motion_generator_joint_position_limits_violation",
    "cartesian_motion_generator_joint_velocity_limits_violation",
    "cartesian_motion_generator_joint_velocity_discontinuity",
    "cartesian_motion_generator_joint_acceleration_discontinuity",
    "cartesian_position_motion_generator_invalid_frame",
    "controller_torque_discontinuity",
)
"""libfranka's errors by their place among the flags of a state."""

Q_MIN = np.array([-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159])
Q_MAX = np.array([2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159])
DQ_MAX = np.array([2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26])
DDQ_MAX = 10.0
"""Angles [rad], velocities [rad/s] and accelerations [rad/s²] of the joints."""
SPEED_MAX, ANGULAR_SPEED_MAX = 3.0, 2.5
ACCELERATION_MAX, ANGULAR_ACCELERATION_MAX = 9.0, 17.0
"""Of the TCP [m/s, rad/s, m/s², rad/s²]."""
TORQUE_STEP_NM = 1.0
"""Largest change of a commanded torque in a millisecond [N·m]."""
START_RAD, START_M = 0.01, 0.005
"""How far a motion may begin from where the arm is."""
ROUNDING = 1.05
TICK_S = 0.001


@dataclass(slots=True)
class Measured:
    """What the robot measures in one millisecond."""

    q: Vector
    dq: Vector
    jacobian: Vector
    wrench: Vector
    """(6,) force [N] and torque [N·m] of the outside on the tool, base axes."""
    external_torques: Vector


@dataclass(slots=True)
class Reflexes:
    """The limits that a robot is set to, and its memory of the last command."""

    collision: CollisionLimits = field(default_factory=lambda: CollisionLimits())
    _last: Vector | None = None
    _speed: Vector | None = None

    def forget(self) -> None:
        """A motion begins, or a command was lost: what comes next follows on from nothing."""
        self._last = self._speed = None

    def measured(self, now: Measured) -> str | None:
        """The error that a state of the moving arm means, None when all is well."""
        if np.any(now.q <= Q_MIN) or np.any(now.q >= Q_MAX):
            return "joint_position_limits_violation"
        if np.any(np.abs(now.dq) > DQ_MAX):
            return "joint_velocity_violation"
        velocity = now.jacobian @ now.dq
        if _norm(velocity[:3]) > SPEED_MAX or _norm(velocity[3:]) > ANGULAR_SPEED_MAX:
            return "cartesian_velocity_violation"
        bound = np.repeat([self.collision.force_n, self.collision.torque_nm], 3)
        if np.any(np.abs(now.wrench) > bound):
            return "cartesian_reflex"
        if np.any(np.abs(now.external_torques) > np.asarray(self.collision.joint_torque_nm)):
            return "joint_reflex"
        return None

    def torques(self, commanded: Vector, ticks: int = 1) -> str | None:
        """The error that commanded torques (7,) mean [N·m], ``ticks`` after those before."""
        before, self._last = self._last, commanded
        if not np.all(np.isfinite(commanded)):
            return "controller_torque_discontinuity"
        if before is not None and np.abs(commanded - before).max() > TORQUE_STEP_NM * ROUNDING * ticks:
            return "controller_torque_discontinuity"
        return None

    def joints(self, commanded: Vector, q: Vector, ticks: int = 1) -> str | None:
        """The error that commanded joint angles (7,) mean, with the arm at ``q`` (7,) [rad].

        ``ticks`` is how many milliseconds lie between them and those before.
        """
        before, speed_before = self._last, self._speed
        self._last = commanded
        if np.any(commanded < Q_MIN) or np.any(commanded > Q_MAX) or not np.all(np.isfinite(commanded)):
            return "joint_motion_generator_position_limits_violation"
        if before is None:
            far = np.abs(commanded - q).max() > START_RAD
            return "joint_position_motion_generator_start_pose_invalid" if far else None
        self._speed = speed = (commanded - before) / (ticks * TICK_S)
        if np.any(np.abs(speed) > DQ_MAX * ROUNDING):
            return "joint_motion_generator_velocity_limits_violation"
        if (
            speed_before is not None
            and np.abs(speed - speed_before).max() > DDQ_MAX * ticks * TICK_S * ROUNDING
        ):
            return "joint_motion_generator_velocity_discontinuity"
        return None

    def pose(self, commanded: Vector, tcp: Vector, ticks: int = 1) -> str | None:
        """The error that a commanded pose (4, 4) means, with the TCP at ``tcp`` (4, 4).

        ``ticks`` is how many milliseconds lie between it and the one before.
        """
        before, speed_before = self._last, self._speed
        self._last = commanded
        turn = commanded[:3, :3]
        if not np.all(np.isfinite(commanded)) or np.abs(turn @ turn.T - np.eye(3)).max() > 1e-4:
            return "cartesian_position_motion_generator_invalid_frame"
        if before is None:
            far = _norm(commanded[:3, 3] - tcp[:3, 3]) > START_M
            return "cartesian_position_motion_generator_start_pose_invalid" if far else None
        self._speed = speed = np.concatenate(
            [commanded[:3, 3] - before[:3, 3], small_turn(turn @ before[:3, :3].T)]
        )
        speed /= ticks * TICK_S
        if _norm(speed[:3]) > SPEED_MAX or _norm(speed[3:]) > ANGULAR_SPEED_MAX:
            return "cartesian_motion_generator_velocity_limits_violation"
        if speed_before is None:
            return None
        change = (speed - speed_before) / (ticks * TICK_S)
        if _norm(change[:3]) > ACCELERATION_MAX * 1.5 or _norm(change[3:]) > ANGULAR_ACCELERATION_MAX * 1.5:
            return "cartesian_motion_generator_velocity_discontinuity"
        return None


def flags(error: str | None) -> bytes:
    """The flags of a state that carries ``error``."""
    raised = bytearray(41)
    if error is not None:
        raised[ERROR_NAMES.index(error)] = 1
    return bytes(raised)


def _norm(vector: Vector) -> float:
    return float(np.sqrt(vector @ vector))


def small_turn(rotation: Vector) -> Vector:
    """The rotation vector of a small rotation (3, 3)."""
    return (
        np.array(
            [
                rotation[2, 1] - rotation[1, 2],
                rotation[0, 2] - rotation[2, 0],
                rotation[1, 0] - rotation[0, 1],
            ]
        )
        * 0.5
    )
