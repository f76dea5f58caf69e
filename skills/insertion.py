"""What a routine is told about one insertion: the step of the assembly, in SI units and robot terms."""

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from skills.cell import Vector

KEYED_RAD = float(np.deg2rad(15.0))
"""A plug with more play in yaw than this finds its way in whatever the goal's estimate says [rad]."""


FINE_RAD = float(np.deg2rad(2.0))
"""A keyed plug with less play in yaw than this is led finely, or tilted onto one of its fits first [rad]."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A sideways offset from the goal at which the plug is sure to land on a flat face, however wrong
    the goal's estimate is within its bounds."""

    offset_m: tuple[float, float]
    """Offset of the plug's frame from the goal, along the goal frame's x and y [m]."""
    height_m: float
    """Height of the plug's frame above the goal when it rests there [m]."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Where closed fingertips can rest on the seated part, to feel how high it stands."""

    offset_m: tuple[float, float]
    """From the grasp, along the plug frame's x and y [m]."""
    height_m: float
    """Height of the TCP above the plug's frame when the fingertips rest on it [m]."""


@dataclass(frozen=True, slots=True)
class Leading:
    """The one of several fits far apart that a tilted plug meets first."""

    offset_m: tuple[float, float]
    """From the plug's frame, along its x and y [m]."""
    spread_m: float
    """How much farther back the next fit lies, along the way from the leading fit to the plug's frame [m]."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """One step, as the routines need it. Built by ``skills.tasks.insertion_of``."""

    part: str
    skill: str
    tcp_in_plug: RigidTransform
    """Nominal grasp: the TCP's pose in the plug's frame."""
    grip_width_m: float
    """Width between the pads when the grasp is right [m]."""
    cross_width_m: float | None
    """Width across the other direction, for centring; None where it cannot be squeezed [m]."""
    mass_kg: float
    depth_m: float
    """Travel between entering and being seated [m]."""
    clearance_m: float
    """Gap on each side [m]."""
    tolerance_m: float
    """Error in depth that still counts as seated [m]."""
    symmetry: int
    """Number of turns about the vertical that look alike; 0 when round."""
    touch: Touch | None
    """Where to touch down for a height reference; None where no face is sure to be hit."""
    clear_height_m: float
    """Height of the plug's frame above the goal at which it clears all that stands around [m]."""
    travel_height_m: float
    """Height of the TCP in the base frame at which the part may be carried across the cell [m]."""
    loose_fits: int = 1
    """How many fits lie between the fixture and the seated plug: each adds its clearance to the play."""
    yaw_play_rad: float = float(np.deg2rad(3.0))
    """How far the seated plug can turn either way before it meets its socket [rad]."""
    enters_turned: bool = False
    """It can begin to enter whatever its yaw, as with a round guide that comes before the rest."""
    mate_turns: bool = False
    """What it goes onto can itself turn freely, and follows a plug that turns slowly."""
    cross_offset_m: tuple[float, float] = (0.0, 0.0)
    """From the grasp to the middle of the part where it is squeezed for centring, along its x and y [m]."""
    fetch_width_m: float = 0.0
    """How far the hand may open over the part in the tray and clear what waits beside it [m]."""
    probe: Probe | None = None
    """Where to feel from above whether it stayed; None where nothing of it is open to touch."""
    sway_m: float = 0.0
    """How far a slender mate can lean to either side where this plug meets it [m]."""
    uncentred_m: float = 0.0
    """How far off the plug may sit in the hand because it cannot be centred before it is grasped [m]."""
    leading: Leading | None = None
    """Of a plug that enters finely: the fit to be met first; None where it has only one."""

    @property
    def play_m(self) -> float:
        """How far the seated plug can move to either side [m]."""
        return self.clearance_m * self.loose_fits + self.sway_m

    @property
    def astray_m(self) -> float:
        """How much farther from the goal's estimate than that errs the plug may have to be led [m]."""
        return math.hypot(self.sway_m, self.uncentred_m)

    @property
    def keyed(self) -> bool:
        """Yaw matters to get in: the estimate may be wrong by more than the play."""
        return self.yaw_play_rad < KEYED_RAD

    @property
    def fine(self) -> bool:
        """It enters within a degree or two only."""
        return self.needs_yaw and self.yaw_play_rad < FINE_RAD

    @property
    def needs_yaw(self) -> bool:
        """The yaw must be right before anything enters."""
        return self.keyed and not self.enters_turned

    @property
    def drags(self) -> bool:
        """The mate whose yaw must be met can turn freely, and stands as it was left."""
        return self.needs_yaw and self.mate_turns


@dataclass(slots=True)
class Attempt:
    """One try at an insertion: what it started from and what the routines learned on the way."""

    insertion: Insertion
    goal_in_base: RigidTransform
    """The seated pose of the plug as this attempt believes it."""
    lying_m: float = 0.0
    """How much higher than where the cell locates them parts lie in the tray [m]."""
    initialization: Vector = field(default_factory=lambda: np.zeros(6))
    """(6,) the plug's starting pose in the goal's frame: position [m] and rotation vector [rad]."""
    face_height_m: float | None = None
    """Height of the plug's frame in the base frame when it first rested on the face [m]."""
    slip_m: float = 0.0
    """How far the plug has crept up in the grasp since then: the hand sinks by as much [m]."""
    released_tcp: RigidTransform | None = None
    """Where the TCP was, in the base frame, when the part was let go."""
    felt_height_m: float | None = None
    """Height of the plug's frame in the base frame as felt from above after it was let go [m]."""
    peak_force_n: float = 0.0
    """Largest contact force seen [N]."""
    trace: list[tuple[float, ...]] = field(default_factory=list)
    """One row a control period: time [s], plug position in the goal's frame (3) [m], rotation vector (3)
    [rad], wrench (6) [N, N·m], gripper width [m]."""

    @property
    def seat_height_m(self) -> float:
        """Height of the plug frame in the base frame when seated: from the face, else as estimated [m]."""
        touch = self.insertion.touch
        if self.face_height_m is not None and touch is not None:
            return self.face_height_m - touch.height_m
        return float(self.goal_in_base.translation[2])

    @property
    def hand_at_seat_m(self) -> float:
        """The same as the hand sees it: where a plug that crept up in the grasp seems to be [m]."""
        return self.seat_height_m - self.slip_m

    @property
    def start_in_base(self) -> RigidTransform:
        """Pose of the plug at the initialization, in the base frame."""
        return self.goal_in_base * _pose(self.initialization)


def _pose(initialization: Vector) -> RigidTransform:
    return RigidTransform.from_components(initialization[:3], Rotation.from_rotvec(initialization[3:]))
