"""How a plug is led by the script of a learned insertion, and how far a policy may depart from that."""

import math
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Lead:
    """How the plug is led, and how far a policy may depart from it."""

    offset_m: float = 0.004
    """Largest offset of the target along x and y that a policy may ask for [m]."""
    tilt_rad: float = float(np.deg2rad(5.0))
    yaw_rad: float = float(np.deg2rad(12.0))
    """Largest offsets about x and y, and about the vertical [rad]."""
    press_n: float = 10.0
    """Largest change of the pressing force [N]."""
    force_n: tuple[float, float] = (-6.0, 20.0)
    """Bounds of the pressing force after the policy's change [N]."""
    spiral: float = 1.0
    """Share of the scripted spiral and swing that is led; 0 leads straight to the estimated goal."""
    searching_n: float = 7.0
    homing_n: float = 13.0
    """Scripted pressing force while searching and after the plug has dropped in [N]."""
    eased_n: float = 3.0
    """What the pressing force falls to while the plug hangs back on the face [N]."""
    wobble_m: float = 0.0004
    wobble_hz: float = 1.5
    """Radius [m] and rate [Hz] of the circle that a plug is led on while it is pushed home."""
    work_s: float = 60.0
    """Time from having touched down to giving up [s]."""
    clock_s: float = 24.0
    """Time that the clock which the policy sees takes to run down [s]."""
    spiral_s: float = 3.0
    """Time at work in which the spiral is led; then what has not been looked at is gone to [s]."""
    path_speed: float = 0.010
    """Speed along the slide and the spiral [m/s]."""
    pitch_share: float = 1.3
    """Distance between the spiral's turns, as a multiple of the clearance on each side."""
    reach_m: float = 0.003
    yaw_reach_rad: float = float(np.deg2rad(13.0))
    """How far to each side a goal that stands firm is looked for [m], and how far in yaw [rad]: of the spiral
    and the swing, and of what is gone to afterwards."""
    swing_rate: float = 0.4
    """Rate of yaw [rad/s]; what turns faster creeps in the grasp and falls behind."""
    dragging_reach_rad: float = float(np.deg2rad(18.0))
    """Amplitude of the yaw's swing for a plug whose mate turns along, and stands as it was left [rad].

    What the plug is led to stays within ``yaw_reach_rad`` and the play of its hole all the same.
    """
    fast_swing_rate: float = 2.2
    """The same for a plug that goes onto something that turns along with a slow one [rad/s]."""
    trailing_m: float = 0.0008
    fast_trailing_m: float = 0.003
    """How far a plug may be from where it is led before the path waits, and the same for one that swings
    fast, which shakes it to and fro [m]."""
    turned_back_nm: float = 0.3
    """Torque about the vertical at which the swing turns back, or a place is left that was turned to [N·m]:
    a held plug would turn in the grasp."""

    def level(self) -> "Lead":
        """The lead of a plug that swings fast, because what it goes onto turns along with a slow one.

        Tilted and shaken at once it creeps out of the grasp, by a centimetre in a minute: a policy may tilt
        it by no more than a fifth of a degree, which is left because an action has a scale.
        """
        return replace(self, tilt_rad=float(np.deg2rad(0.2)))

    def finely(self) -> "Lead":
        """The lead of a plug that enters within a degree or two only.

        It sweeps slowly enough to meet its hole at the right yaw, places to go to being too many, and presses
        so that it then drops; a policy cannot lead it off the sweep by more than the play of a hole.
        """
        return replace(
            self, offset_m=0.001, yaw_rad=0.05, searching_n=12.0, path_speed=0.0025, spiral_s=math.inf,
            yaw_reach_rad=float(np.deg2rad(11.0)),
        )  # fmt: skip
