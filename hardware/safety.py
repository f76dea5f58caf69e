"""The limits that no client can switch off: what a command may ask for, and when a robot is stopped.

A command is checked before it reaches the arm: it passes, is toned down (speeds, forces, springs), or is
refused. Independently of any command every state is checked: beyond a soft limit the arm is told to hold and
says so, and a client may recover; beyond a hard one it stops, and only an operator's reset lets it go on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hardware.arm import ArmState
from hardware.messages import Pose, Spring
from skills.cell import Compliance, Fault

JOINT_LOWEST = (-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159)
"""The FR3's joint limits [rad]."""
JOINT_HIGHEST = (2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159)
OPENING_M = 0.08
HARD_SPEED = 2.0
"""How many times the speed limit is a hard limit."""
SPEED_SLACK = 1.25
"""How far over the speed limit the measured speed may be before the arm holds."""
HARD_EXCURSION_M = 0.03
"""How far outside the workspace is a hard limit [m]."""
OUTSIDE_SLACK_M = 0.003
HARD_MARGIN = 0.2
"""What is left of the joint margin at its hard limit."""
REARMED = 1.15
"""How much more than at recovery a quantity may be that was over its soft limit then."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the arm may do. The defaults are slow and soft."""

    workspace_min_m: tuple[float, float, float] = (0.20, -0.50, 0.0)
    """Corner of the box that the TCP stays in, base frame [m]."""
    workspace_max_m: tuple[float, float, float] = (0.70, 0.50, 0.60)
    speed: float = 0.25
    """Of the TCP [m/s]."""
    acceleration: float = 2.0
    """Of commanded motion of the TCP [m/s²]."""
    turn_speed: float = 1.0
    """Of the TCP's rotation [rad/s]."""
    turn_acceleration: float = 8.0
    """Of commanded rotation [rad/s²]."""
    joint_speed: float = 0.2
    """Fraction of the robot's own joint speeds."""
    servo_step_m: float = 0.05
    """How far a servo target may be from the one before [m]."""
    servo_step_rad: float = 0.35
    soft_force_n: float = 40.0
    """Contact force at which the arm holds [N]."""
    hard_force_n: float = 80.0
    """Contact force at which the arm stops for good [N]."""
    soft_torque_nm: float = 8.0
    hard_torque_nm: float = 16.0
    gripper_force_n: float = 60.0
    """Largest squeezing force [N]."""
    stiffness: float = 3000.0
    """Stiffest translational spring [N/m]."""
    rotational_stiffness: float = 200.0
    """Stiffest rotational spring [N·m/rad]."""
    joint_margin_rad: float = 0.05
    """Distance to keep from the joint limits [rad]."""
    lease_s: float = 0.05
    """Silence of the client in control after which the arm holds [s]."""
    servo_timeout_s: float = 0.5
    """Time without a new servo target after which the arm holds [s]."""
    state_timeout_s: float = 0.1
    """Time without a new state of the robot after which the connection counts as lost [s]."""


SIMULATED = Limits(
    acceleration=6.0,
    turn_speed=2.5,
    turn_acceleration=30.0,
    soft_force_n=150.0,
    hard_force_n=400.0,
    soft_torque_nm=25.0,
    hard_torque_nm=60.0,
    servo_step_m=0.1,
    servo_step_rad=0.7,
    state_timeout_s=1.0,
)
"""For a robot that cannot hurt anybody: as strong as routines ask, and no faster than one whose client falls
silent can be brought to rest within 150 ms."""


class LimitBroken(Exception):
    """A command asks for more than a limit allows."""

    def __init__(self, fault: Fault, what: str) -> None:
        self.fault, self.what = fault, what
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Violation:
    """A state that is beyond a limit."""

    quantity: str
    fault: Fault
    hard: bool
    what: str


def outside_m(limits: Limits, position: Sequence[float]) -> float:
    """How far a position (3,) is outside the workspace, negative inside [m]."""
    x, y, z = position
    (x0, y0, z0), (x1, y1, z1) = limits.workspace_min_m, limits.workspace_max_m
    return max(x0 - x, x - x1, y0 - y, y - y1, z0 - z, z - z1)


def check_target(limits: Limits, target: Pose) -> None:
    """Raise LimitBroken when ``target`` is outside the workspace."""
    if (excess := outside_m(limits, target.position_m)) > 0.0:
        where = ", ".join(f"{1000 * x:.0f}" for x in target.position_m)
        raise LimitBroken(
            Fault.WORKSPACE, f"target [{where}] mm is {1000 * excess:.0f} mm outside the workspace"
        )


def check_step(limits: Limits, target: Pose, last: Pose) -> None:
    """Raise LimitBroken when a servo target is too far from the one before."""
    step, turn = math.dist(target.position_m, last.position_m), angle_between(target, last)
    if step > limits.servo_step_m:
        what = f"servo step of {1000 * step:.0f} mm, at most {1000 * limits.servo_step_m:.0f} mm are allowed"
        raise LimitBroken(Fault.CONTROL, what)
    if turn > limits.servo_step_rad:
        allowed = math.degrees(limits.servo_step_rad)
        what = f"servo turn of {math.degrees(turn):.0f}°, at most {allowed:.0f}° are allowed"
        raise LimitBroken(Fault.CONTROL, what)


def check_joints(limits: Limits, joint_positions: Sequence[float]) -> None:
    """Raise LimitBroken when a joint target is too close to a joint's end."""
    joint, room = tightest(joint_positions)
    if room < limits.joint_margin_rad:
        raise LimitBroken(Fault.CONTROL, f"joint {joint} would come {_end(room)}")


def tightest(joint_positions: Sequence[float]) -> tuple[int, float]:
    """The joint (from 1) that is nearest to its end, and how far from it [rad]."""
    room = [
        min(q - low, high - q)
        for q, low, high in zip(joint_positions, JOINT_LOWEST, JOINT_HIGHEST, strict=True)
    ]
    joint = min(range(len(room)), key=room.__getitem__)
    return joint + 1, room[joint]


def toned_down(limits: Limits, spring: Spring) -> Compliance:
    """The spring that is asked for, no stiffer than allowed and weaker than the soft limits everywhere."""
    stiffness = _within(spring.stiffness, 1.0, limits.stiffness)
    turning = _within(spring.rotational_stiffness, 0.1, limits.rotational_stiffness)
    x, y, z = (_within(c, 0.0, limits.soft_force_n / stiffness) for c in spring.clip_m)
    return Compliance(
        stiffness=stiffness,
        rotational_stiffness=turning,
        clip_m=(x, y, z),
        rotational_clip_rad=_within(spring.rotational_clip_rad, 0.0, limits.soft_torque_nm / turning),
        damping_ratio=_within(spring.damping_ratio, 0.1, 2.0),
    )


def allowed_speed(limits: Limits, speed: float) -> float:
    """``speed`` as far as it is allowed [m/s]. Raises LimitBroken when it is none."""
    if not speed > 0.0:
        raise LimitBroken(Fault.CONTROL, f"a speed of {speed:g} m/s is none")
    return min(speed, limits.speed)


def allowed_grip(limits: Limits, width_m: float, force_n: float) -> tuple[float, float]:
    """Width [m] and force [N] of a grasp as far as they are allowed."""
    return _within(width_m, 0.0, OPENING_M), _within(force_n, 1.0, limits.gripper_force_n)


def angle_between(a: Pose, b: Pose) -> float:
    """The angle of the rotation from ``b`` to ``a`` [rad]."""
    (x, y, z, w), (p, q, r, s) = a.quaternion, b.quaternion
    return 2.0 * math.acos(min(1.0, abs(x * p + y * q + z * r + w * s)))


class Watch:
    """Compares every state with the limits.

    What was over its soft limit when the arm recovered may stay there, so that the arm can be moved out of
    it; it trips again when it grows, and is as sensitive as before once it has been under the limit.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._forgiven: dict[str, float] = {}

    def look(self, state: ArmState) -> list[Violation]:
        """Everything that is beyond a limit in ``state``."""
        found = []
        for quantity, fault, value, soft, hard in self._quantities(state):
            if value <= soft:
                self._forgiven.pop(quantity, None)
            elif value > hard or not math.isfinite(value):
                found.append(Violation(quantity, fault, True, _said(quantity, value, state)))
            elif value > self._forgiven.get(quantity, soft):
                found.append(Violation(quantity, fault, False, _said(quantity, value, state)))
        return found

    def forgive(self, state: ArmState) -> None:
        """Accept what is over a soft limit in ``state``, but little more."""
        self._forgiven = {
            quantity: soft + REARMED * (value - soft) + 0.1 * abs(soft)
            for quantity, _, value, soft, _ in self._quantities(state)
            if value > soft
        }

    def _quantities(self, state: ArmState) -> list[tuple[str, Fault, float, float, float]]:
        """Name, fault, value, soft limit and hard limit of everything that is watched."""
        limits = self.limits
        velocity, wrench = state.tcp_velocity.tolist(), state.wrench.tolist()
        force = max(math.hypot(*wrench[:3]), state.peak_force_n)
        outside = outside_m(limits, state.tcp_in_base.translation.tolist())
        room, margin = tightest(state.joint_positions.tolist())[1], limits.joint_margin_rad
        speed, turn = limits.speed, limits.turn_speed
        return [
            ("force", Fault.REFLEX, force, limits.soft_force_n, limits.hard_force_n),
            ("torque", Fault.REFLEX, math.hypot(*wrench[3:]), limits.soft_torque_nm, limits.hard_torque_nm),
            ("speed", Fault.CONTROL, math.hypot(*velocity[:3]), speed * SPEED_SLACK, speed * HARD_SPEED),
            ("turn", Fault.CONTROL, math.hypot(*velocity[3:]), turn * SPEED_SLACK, turn * HARD_SPEED),
            ("workspace", Fault.WORKSPACE, outside, OUTSIDE_SLACK_M, HARD_EXCURSION_M),
            ("joints", Fault.CONTROL, -room, -margin, -HARD_MARGIN * margin),
        ]


def _said(quantity: str, value: float, state: ArmState) -> str:
    """A violation in words."""
    match quantity:
        case "force":
            return f"contact force of {value:.0f} N"
        case "torque":
            return f"contact torque of {value:.1f} N·m"
        case "speed":
            return f"TCP at {value:.2f} m/s"
        case "turn":
            return f"TCP turning at {value:.2f} rad/s"
        case "workspace":
            return f"TCP {1000 * value:.0f} mm outside the workspace"
        case _:
            return f"joint {tightest(state.joint_positions.tolist())[0]} {_end(-value)}"


def _end(room: float) -> str:
    return f"within {math.degrees(max(room, 0.0)):.1f}° of its end"


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
