"""How a plug with several fits far apart is tilted and led: the settings of :mod:`skills.tilted`."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Tilting:
    """How a plug is tilted and led; part of a skill's record."""

    spread_m: tuple[float, float] = (0.010, 0.050)
    """How far apart fits must be, and may be [m]: nearer ones give no arm to turn about, and a longer plug
    tilts in the grasp by more than there is to feel."""
    lean_rad: float = float(np.deg2rad(4.0))
    lean_rate: float = 0.08
    """Tilt while the leading fit is searched for [rad], and how fast it is tilted and laid down [rad/s]."""
    forces_n: tuple[float, float, float, float, float] = (8.0, 6.0, 6.0, 8.0, 8.0)
    """Pressing force at each stage [N]; the moment of a tilted plug is borne by the grip's friction."""
    give: float = 0.6
    """How fast the plug follows a torque while it is laid flat [rad/(N·m·s)]."""
    quiet_nm: float = 0.1
    quiet_s: float = 0.25
    level_s: tuple[float, float] = (0.6, 3.0)
    """It lies flat when the torque stayed so low for so long; shortest and longest time for that [s]."""
    flattest_rad: float = 0.1
    ahead_rad: float = 0.025
    """Largest turn about x and y that the grasp may need to lie flat, and how far ahead of the hand, held
    back by dry joints, it is asked for [rad]."""
    tilted_s: tuple[float, float] = (1.2, 1.8)
    """Time to be tilted by: if the hand has followed, else in any case [s]."""
    reach_m: float = 0.0028
    """How far from the estimate, along the arm from plug to leading fit, that fit is searched for [m]."""
    yaw_rad: float = float(np.deg2rad(10.0))
    across_m: float = 0.0024
    """The same across that arm: by so much yaw, and so much more [rad, m]."""
    pitch_m: float = 0.00035
    """Distance between the sweep's turns, along the arm [m]."""
    speed: float = 0.010
    slide_speed: float = 0.008
    """Of the leading fit in the sweep, and of the plug to where the sweep begins [m/s]."""
    trailing_m: float = 0.003
    """The sweep slows down for a fit that trails it by so much [m]."""
    stretch_m: float = 0.004
    """How far ahead of the plug it is led at the most [m]."""
    sunk_m: float = 0.0002
    memory_s: float = 0.8
    """A fit this far below its height of late may be caught [m], and how late that is [s]."""
    caught_m: float = 0.0005
    probe_s: float = 0.4
    """It is caught when it has sunk so far after so long [m, s]."""
    held_n: float = 12.0
    held_nm: float = 1.2
    held_s: float = 0.5
    settled_m: float = 0.0004
    long_s: float = 6.0
    """What is held by so much force or torque for so long is caught as well, if it has sunk so far below its
    height of longer ago [N, N·m, s, m, s]."""
    engaged_m: float = 0.0015
    """How far below the next fit the leading one is kept while the plug turns about it [m]."""
    turning_speed: float = 0.007
    turning_rad: float = float(np.deg2rad(8.0))
    turns: float = 2.0
    """Speed of the next fit around the leading one [m/s], how far either way [rad], and how often."""
    blocked_nm: float = 1.0
    blocked_s: float = 0.2
    """Torque about the vertical by which, for so long, the plug is taken to be held, and laid down."""
    give_yaw: float = 0.15
    give_way: float = 0.0001
    """How fast the plug then gives way to more [rad/(N·m·s)], and the fit to force [m/(N·s)]."""
    easy_nm: float = 0.3
    follow_yaw: float = 0.04
    follow_tilt: float = 0.02
    """Torque about the vertical that is borne once it is in [N·m], and by how much it gives way to more, and
    to what is not ``quiet_nm`` about x and y [rad/(N·m)]."""
