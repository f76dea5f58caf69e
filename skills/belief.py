"""Where a plug's hole may still be, given where the plug has been pressed on the face and has not dropped.

Search as a sequence of looks: one that would have found the hole with probability p and did not leaves 1 - p
of the belief in that place (B. O. Koopman, "The theory of search II: target detection", Operations Research
4(5), 1956). What is looked at is where the plug is, and not where it was led: dry joints, a grasp that gives
and a policy of its own put it elsewhere. A place that it was led to loses half of its belief at each time, so
that one which cannot be reached is not tried for ever.
"""

import numpy as np

from skills.cell import Indices, Vector
from skills.insertion import Insertion

_SPACING, _MOST = 0.8, 41
"""Distance of places as a multiple of what the hole forgives, and most places along an axis."""
_WIDTH, _TURN_WIDTH, _WIDEST_RAD = 0.6, 0.5, float(np.deg2rad(6.0))
"""Standard deviations of a look: shares of the clearance and of the play in yaw, and the most that counts."""
_FOUND, _LED = 0.3, 0.5
"""Chance that a look right at the hole finds it; belief that a place loses which a plug was led to."""
_EDGE_M, _BEYOND_M = 0.001, 0.0003
_EDGE_RAD, _BEYOND_RAD = float(np.deg2rad(4.0)), float(np.deg2rad(1.0))
"""Over how much the belief falls to nothing at the ends of the reach, and how far beyond them."""
_PATIENCE_S = 0.5
"""A place that takes so much longer to get to is e times less worth going to."""


class Belief:
    """Of ``n`` attempts, in x and y [m] and yaw [rad] of the frames of their estimated goals."""

    def __init__(
        self, insertion: Insertion, n: int, reach_m: float, yaw_reach_rad: float, swung_rad: float = 0.0
    ) -> None:
        """Places as far as ``reach_m`` either way along x and y and ``yaw_reach_rad`` in yaw.

        Without a reach in yaw that is not sought: it does not matter, or swings by ``swung_rad`` either way.
        """
        play = min(insertion.yaw_play_rad, _WIDEST_RAD)
        self._widths = _WIDTH * insertion.clearance_m, _TURN_WIDTH * play
        self._along, self._turns = _places(reach_m, _SPACING * insertion.clearance_m), np.zeros(1)
        along = _ending(self._along, reach_m + _BEYOND_M, _EDGE_M)
        turned = np.ones(1)
        if yaw_reach_rad > 0.0:
            self._turns = _places(yaw_reach_rad, _SPACING * play)
            turned = _ending(self._turns, yaw_reach_rad + _BEYOND_RAD, _EDGE_RAD)
        self._found = _FOUND * (play / swung_rad if swung_rad > play else 1.0)
        self._prior = along[:, None, None] * along[:, None] * turned
        self._belief = np.tile(self._prior, (n, 1, 1, 1))

    def begin(self, rows: Indices) -> None:
        """Forget what is known of the attempts ``rows``."""
        self._belief[rows] = self._prior

    def looked(self, rows: Indices, places: Vector) -> None:
        """The plugs of attempts ``rows`` are pressed on the face at ``places`` (k, 3), and do not drop."""
        self._lower(rows, places, self._found)

    def led(self, rows: Indices, places: Vector) -> None:
        """Attempts ``rows`` were led to ``places`` (k, 3), whether they got there or not."""
        self._lower(rows, places, _LED)

    def best(self, rows: Indices, led: Vector, speed: float, rate: float) -> Vector:
        """(k, 3) where attempts ``rows``, now led to ``led`` (k, 3), had best be led next.

        ``speed`` [m/s] and ``rate`` [rad/s] are how fast they are led.
        """
        x, y = (np.abs(self._along - led[:, axis, None]) for axis in (0, 1))
        way_s = np.hypot(x[:, :, None], y[:, None, :])[..., None] / speed
        turn_s = np.abs(self._turns - led[:, 2, None])[:, None, None] / rate if self._turns.any() else 0.0
        worth = self._belief[rows] * np.exp(-np.maximum(way_s, turn_s) / _PATIENCE_S)
        chosen = worth.reshape(len(rows), self._prior.size).argmax(axis=1)
        i, j, k = np.unravel_index(chosen, self._prior.shape)
        return np.column_stack([self._along[i], self._along[j], self._turns[k]])

    def _lower(self, rows: Indices, places: Vector, share: float) -> None:
        width, turn_width = self._widths
        x, y = (_bell(self._along - places[:, axis, None], width) for axis in (0, 1))
        yaw = np.ones((len(rows), 1))
        if self._turns.any():
            yaw = _bell(self._turns - places[:, 2, None], turn_width)
        self._belief[rows] *= 1.0 - share * np.einsum("ni,nj,nk->nijk", x, y, yaw)


def _places(reach: float, apart: float) -> Vector:
    """Numbers from ``-reach`` to ``reach`` with zero, no farther ``apart`` if that is not too many."""
    half = min(int(np.ceil(reach / apart)), _MOST // 2)
    return np.linspace(-reach, reach, 2 * half + 1)


def _ending(places: Vector, end: float, over: float) -> Vector:
    """1 for most of ``places``, falling to 0 at ``end`` on both sides over the last of it."""
    return np.clip((end - np.abs(places)) / over, 0.0, 1.0)


def _bell(offsets: Vector, width: float) -> Vector:
    return np.asarray(np.exp(-0.5 * (offsets / width) ** 2))
