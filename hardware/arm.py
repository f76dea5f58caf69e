"""What the bridge's server needs from a robot: an arm with a hand that never makes it wait.

Every call returns at once (within about 5 ms) and is meant for one caller thread. Positions are in the base
frame, SI units, radians; the TCP is the seam's (see :mod:`skills.cell`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from scipy.spatial.transform import RigidTransform

from skills.cell import Compliance, Vector


class Mode(StrEnum):
    """What an arm is doing."""

    IDLE = "idle"
    TRACKING = "tracking"
    MOVING = "moving"
    REFLEX = "reflex"
    STOPPED = "stopped"
    LOST = "lost"


class ArmError(Exception):
    """An arm refused what was asked of it: ``name`` for programs, ``what`` for people."""

    def __init__(self, name: str, what: str) -> None:
        self.name, self.what = name, what
        super().__init__(f"{name}: {what}")


@dataclass(frozen=True, slots=True)
class CollisionLimits:
    """Forces and torques of the outside at which the robot itself stops with a reflex."""

    force_n: float = 40.0
    """Along each axis of the base frame [N]."""
    torque_nm: float = 20.0
    """About each axis of the base frame [N·m]."""
    joint_torque_nm: tuple[float, float, float, float, float, float, float] = (
        40.0,
        40.0,
        40.0,
        40.0,
        10.0,
        10.0,
        10.0,
    )
    """At each of the seven joints [N·m]."""


@dataclass(frozen=True, slots=True)
class ArmState:
    """What an arm knows of itself at one instant."""

    time_s: float
    """The robot's clock [s]."""
    joint_positions: Vector
    """(7,) joint angles [rad]."""
    joint_velocities: Vector
    """(7,) joint velocities [rad/s]."""
    tcp_in_base: RigidTransform
    """Pose of the TCP in the base frame."""
    tcp_velocity: Vector
    """(6,) velocity of the TCP [m/s] and of its rotation [rad/s], base axes."""
    wrench: Vector
    """(6,) force [N] and torque [N·m] on the tool about the TCP, base axes; gravity and payload removed,
    zero since ``zero_wrench``."""
    peak_force_n: float
    """Largest norm of the force since the previous ``state`` [N]."""
    joint_torques_external: Vector
    """(7,) torques that the outside exerts on the joints [N·m]."""
    gripper_width_m: float
    """Distance between the finger pads [m]."""
    grasped: bool
    """The fingers have stopped on something before they met."""
    moving: bool
    """A motion through free space or of the fingers is in progress."""
    mode: str
    """One of :class:`Mode`."""
    fault: str | None
    """The driver's name of what stopped the arm (``cartesian_reflex``), None when it is well."""
    fault_detail: str
    """What the robot itself said of it."""


@runtime_checkable
class Arm(Protocol):
    """An arm with a hand. Commands return at once; ``state`` tells what came of them."""

    def state(self) -> ArmState:
        """The newest state."""
        ...

    def compliance(self, compliance: Compliance) -> None:
        """Set the spring that ``track`` uses from now on."""
        ...

    def track(self, tcp_in_base: RigidTransform, velocity: Vector | None = None) -> None:
        """Pull the TCP towards a target with the spring; starts the tracker when needed.

        ``velocity`` (6,) is the target's [m/s, rad/s], base axes: the damper lets the TCP move with it.
        Raises ArmError.
        """
        ...

    def move(self, tcp_in_base: RigidTransform, speed: float) -> None:
        """Begin a straight motion through free space at up to ``speed`` [m/s]. Raises ArmError."""
        ...

    def move_joints(self, joint_positions: Vector, speed: float) -> None:
        """Begin a joint motion to (7,) [rad] at ``speed`` (0 to 1 of the robot's own). Raises ArmError."""
        ...

    def grasp(self, width_m: float, force_n: float) -> None:
        """Begin closing on something about ``width_m`` wide, squeezing with ``force_n``. Raises ArmError."""
        ...

    def release(self, width_m: float) -> None:
        """Begin opening the fingers to ``width_m``. Raises ArmError."""
        ...

    def zero_wrench(self) -> None:
        """Take the present wrench as zero (the tool must be free of contact)."""
        ...

    def hold(self) -> None:
        """Stand where it is on a soft spring. Always accepted."""
        ...

    def stop(self) -> None:
        """Stop safely; nothing moves until ``recover``. Always accepted."""
        ...

    def recover(self) -> None:
        """Begin clearing the robot's errors; afterwards it holds where it is. Raises ArmError."""
        ...

    def limits(self, collision: CollisionLimits) -> None:
        """Set the forces and torques at which the robot itself stops. Raises ArmError."""
        ...

    def diagnose(self) -> dict[str, object]:
        """Versions, brakes, FCI, gripper, success rate: what a person would ask about."""
        ...

    def close(self) -> None:
        """Let go of the robot."""
        ...
