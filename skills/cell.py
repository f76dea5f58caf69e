"""The seam: a cell is a robot with a gripper, a fixture and parts, real or simulated.

Everything above (routines, the executive) speaks to a :class:`Cell` and everything below (MuJoCo, the
bridge to an FR3, the scripted fake) implements one. Whatever only a simulator could know is not here.

Conventions: SI units, radians, N and N·m. ``a_in_b`` is a ``RigidTransform`` that maps coordinates in
frame a to coordinates in frame b. The base frame is the robot's. The TCP lies between the finger pads,
its z axis along the approach (downwards in the usual posture), its y axis along the closing direction.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

Vector = NDArray[np.float64]
Indices = NDArray[np.integer[Any]]
"""Which rows of arrays whose rows are worlds or attempts."""
Flags = NDArray[np.bool_]
"""A yes or no for each row."""


class Fault(StrEnum):
    """Why a cell refuses to move until it is told to recover."""

    STOPPED = "stopped"
    REFLEX = "reflex"
    CONNECTION = "connection"
    WORKSPACE = "workspace"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a robot knows of itself at one instant."""

    time_s: float
    """Time of the cell's clock [s]; it never runs backwards."""
    joint_positions: Vector
    """(7,) joint angles [rad]."""
    tcp_in_base: RigidTransform
    """Pose of the TCP in the base frame."""
    wrench: Vector
    """(6,) force [N] and torque [N·m] that contact exerts on the tool, about the TCP, along the base
    frame's axes; gravity and payload removed, bias removed by ``zero_wrench``."""
    peak_force_n: float
    """Largest norm of the contact force since the previous control period [N]."""
    gripper_width_m: float
    """Distance between the finger pads [m]."""
    grasped: bool
    """The fingers have stopped on something before they met."""
    moving: bool
    """A motion begun by ``move``, ``grasp`` or ``release`` is not over."""
    faults: tuple[Fault, ...] = ()
    """Why the cell refuses to move; empty when it is well."""


@dataclass(frozen=True, slots=True)
class Compliance:
    """Cartesian impedance: a stiff spring whose error is clipped, so force ≤ stiffness × clip."""

    stiffness: float = 2000.0
    """Translational stiffness [N/m]."""
    rotational_stiffness: float = 150.0
    """Rotational stiffness [N·m/rad]."""
    clip_m: tuple[float, float, float] = (0.008, 0.008, 0.008)
    """Largest position error that the spring sees, per axis of the target's frame [m]."""
    rotational_clip_rad: float = 0.1
    """Largest rotation error that the spring sees, per axis [rad]."""
    damping_ratio: float = 1.0
    """1 is critical for the arm's own mass."""


@dataclass(frozen=True, slots=True)
class PoseEstimate:
    """A pose with how well it is known."""

    pose_in_base: RigidTransform
    position_bound_m: float
    """Largest error to expect along each axis [m]."""
    yaw_bound_rad: float
    """Largest error to expect about the vertical [rad]."""


class CellError(Exception):
    """A cell could not do what was asked of it."""


class UnknownPart(CellError):
    """A part was named that the cell does not hold."""

    def __init__(self, part: str, known: tuple[str, ...]) -> None:
        self.part, self.known = part, known
        super().__init__(f"the cell has no part '{part}'; it has {', '.join(known)}")


@runtime_checkable
class Cell(Protocol):
    """A robot with a gripper, a fixture and parts. Commands return at once; time passes in ``advance``.

    After a fault or ``stop`` the arm holds where it is and motion commands are ignored until
    ``recover``; ``observe().faults`` says so.
    """

    @property
    def control_period_s(self) -> float:
        """Time that one ``advance`` takes [s]."""
        ...

    def observe(self) -> Observation:
        """The state after the last control period."""
        ...

    def servo(self, tcp_in_base: RigidTransform) -> None:
        """Set the impedance controller's target for the next control period."""
        ...

    def compliance(self, compliance: Compliance) -> None:
        """Set the spring that ``servo`` uses from now on."""
        ...

    def move(self, tcp_in_base: RigidTransform, *, speed: float = 0.25) -> None:
        """Begin a smooth straight motion through free space at up to ``speed`` [m/s]."""
        ...

    def grasp(self, width_m: float, force_n: float = 40.0) -> None:
        """Begin closing the fingers on something about ``width_m`` wide, squeezing with ``force_n``."""
        ...

    def release(self, width_m: float = 0.08) -> None:
        """Begin opening the fingers to ``width_m``."""
        ...

    def advance(self) -> None:
        """Let one control period pass."""
        ...

    def stop(self) -> None:
        """Hold still, compliant, at once. Always accepted."""
        ...

    def recover(self) -> None:
        """Clear faults and the stop; the arm holds where it is."""
        ...

    def zero_wrench(self) -> None:
        """Take the present wrench reading as zero (the tool must be free of contact)."""
        ...

    def locate(self, part: str) -> PoseEstimate:
        """Where ``part`` waits in the tray: the cell's best estimate of its frame.

        Raises UnknownPart.
        """
        ...

    def locate_goal(self, part: str) -> PoseEstimate:
        """Where ``part`` belongs: a fresh measurement of its seated pose (each call measures anew).

        Raises UnknownPart.
        """
        ...

    def close(self) -> None:
        """Let go of the robot or the simulator."""
        ...


@runtime_checkable
class Restorable(Protocol):
    """A cell whose whole world can be written down and brought back (simulation only)."""

    def snapshot(self) -> bytes:
        """The complete state, random generators included."""
        ...

    def restore(self, snapshot: bytes) -> None:
        """Return to a state that ``snapshot`` wrote. Raises CellError when it is of another world."""
        ...
