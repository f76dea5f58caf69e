"""Where plugs that have touched down are led: a spiral, then to wherever their holes may still be.

The yaw of keyed plugs swings, or is sought with x and y.
"""

import numpy as np

from skills.belief import Belief
from skills.cell import Flags, Indices, Vector
from skills.insertion import Insertion
from skills.lead import Lead
from skills.sensed import Sensed

_LEAST_PACE = 0.1
_LOOKING_N, _THERE_M, _THERE_RAD = 2.0, 1e-5, 1e-4


class Seeking:
    """The search of ``n`` attempts, in the frames of their estimated goals."""

    def __init__(self, insertion: Insertion, n: int, period_s: float, lead: Lead, touch: Vector) -> None:
        """They have touched down at ``touch`` (2,) [m], and are led from there."""
        self.lead, self.period_s, self._touch = lead, period_s, touch
        self.keyed, self.drags = insertion.needs_yaw, insertion.drags
        """Whether yaw must be met, and whether its mate turns along: then it swings fast, not sought."""
        others_play_m = insertion.clearance_m * (insertion.loose_fits - 1)
        self.reach_m = lead.reach_m + others_play_m + insertion.astray_m
        """How far to each side of its estimate the goal is looked for [m]."""
        self._swing_rad = lead.dragging_reach_rad if self.drags else lead.yaw_reach_rad
        self._swing_rate = lead.fast_swing_rate if self.drags else lead.swing_rate
        self._trailing_m = lead.fast_trailing_m if self.drags else lead.trailing_m
        self._pitch_m = lead.pitch_share * insertion.clearance_m
        self._gone, self.angle, self._swing = np.zeros(n), np.zeros(n), np.zeros(n)
        """(n,) way gone of the slide [m], angle on the spiral [rad], phase of the swing."""
        sought = lead.yaw_reach_rad if self.keyed and not self.drags else 0.0
        self._belief = Belief(insertion, n, self.reach_m, sought, self._swing_rad if self.drags else 0.0)
        self._aim, self._aimed = np.zeros((n, 3)), np.zeros(n, bool)
        """(n, 3) x, y [m] and yaw [rad] that is gone to next, once there is such a place."""

    def begin(self, rows: Indices) -> None:
        """Start the search of attempts ``rows`` anew."""
        for state in (self._gone, self.angle, self._swing):
            state[rows] = 0.0
        self._belief.begin(rows)
        self._aimed[rows] = False

    def lead_on(self, led: Vector, sensed: Sensed, rows: Flags, since_s: Vector, behind_m: Vector) -> None:
        """Move ``led`` (n, 3), x and y [m] and yaw [rad], on by a control period for ``rows``.

        ``since_s`` (n,) is how long they have been at it, ``behind_m`` (n,) how far they trail.
        """
        pressed = np.flatnonzero(rows & (sensed.wrench[:, 2] > _LOOKING_N))
        self._belief.looked(pressed, sensed.places[pressed])
        sought = rows & (since_s > self.lead.spiral_s) & (self.lead.spiral > 0.0)
        self._spiral(led, sensed, rows & ~sought, behind_m)
        if np.any(sought):
            self._go(led, sensed, sought)

    def swung(self, sensed: Sensed, rows: Flags) -> Vector:
        """Yaw of the swing for ``rows``, one control period on [rad]; zero for what needs none."""
        amplitude = self._swing_rad * self.lead.spiral
        if not self.keyed or amplitude == 0.0:
            return np.zeros(int(rows.sum()))
        phase, torque = self._swing[rows], sensed.wrench[rows, 5]
        back = np.where((phase - 0.25) % 1.0 < 0.5, torque, -torque) > self.lead.turned_back_nm
        phase = np.where(back, 0.5 - phase, phase) + self._swing_rate * self.period_s / (4 * amplitude)
        self._swing[rows] = phase % 1.0
        return np.asarray(amplitude * (np.abs((self._swing[rows] + 0.75) % 1.0 - 0.5) * 4.0 - 1.0))

    def _spiral(self, led: Vector, sensed: Sensed, rows: Flags, behind_m: Vector) -> None:
        """Slide to the estimated goal, then spiral out again and again; the yaw swings.

        The path waits for a plug that trails it.
        """
        lead, pitch = self.lead, self._pitch_m
        pace = np.clip(1.5 - behind_m / self._trailing_m, _LEAST_PACE, 1.0)
        pace = np.where(rows, pace, 0.0) * lead.path_speed * self.period_s
        length = max(float(np.linalg.norm(self._touch)), 1e-9)
        sliding = self._gone < length
        self._gone += np.where(sliding, pace, 0.0)
        radius = pitch * self.angle / (2 * np.pi)
        self.angle += np.where(sliding, 0.0, lead.spiral * pace / np.maximum(radius, pitch / 2))
        self.angle[radius > self.reach_m] = 0.0
        radius = pitch * self.angle / (2 * np.pi)
        spiral = radius[:, None] * np.column_stack([np.cos(self.angle), np.sin(self.angle)])
        slide = self._touch * (1.0 - np.minimum(self._gone / length, 1.0))[:, None]
        led[rows, :2] = (slide + spiral)[rows]
        led[rows, 2] = self.swung(sensed, rows)

    def _go(self, led: Vector, sensed: Sensed, rows: Flags) -> None:
        """Go to the nearest place that the hole may be at, and from there to the next."""
        lead = self.lead
        step, turn = lead.path_speed * self.period_s, self._swing_rate * self.period_s
        ahead = self._ahead(led)
        arrived = np.linalg.norm(ahead[:, :2], axis=1) < _THERE_M
        held = -np.sign(ahead[:, 2]) * sensed.wrench[:, 5] > lead.turned_back_nm
        arrived &= held | (np.abs(ahead[:, 2]) < _THERE_RAD)
        left = np.flatnonzero(rows & self._aimed & arrived)
        self._belief.led(left, self._aim[left])
        free = np.flatnonzero(rows & (arrived | ~self._aimed))
        self._aim[free] = self._belief.best(free, led[free], lead.path_speed, self._swing_rate)
        self._aimed[free] = True
        ahead = self._ahead(led)[rows]
        led[rows, :2] += within(ahead[:, :2], step)
        led[rows, 2] += np.where(held[rows], 0.0, np.clip(ahead[:, 2], -turn, turn))
        if self.drags:
            led[rows, 2] = self.swung(sensed, rows)

    def _ahead(self, led: Vector) -> Vector:
        """(n, 3) from where plugs are led to what is sought next, in x, y [m] and yaw [rad]."""
        ahead = self._aim - led
        return ahead * [1.0, 1.0, 0.0] if self.drags else ahead


def within(points: Vector, radius_m: float | Vector) -> Vector:
    """``points`` (n, 2), those farther than ``radius_m`` from the origin drawn back to it."""
    distance = np.linalg.norm(points, axis=1)
    return np.asarray(points * np.minimum(1.0, radius_m / np.maximum(distance, 1e-9))[:, None])
