"""The scripted lead of a plug with several fits far apart: tilted onto one, then turned onto the rest.

A plate over four posts drops only where x, y and yaw are right at once, to half a millimetre and a degree.
Tilted, it needs no more than one post in one hole, which a sweep over a plane finds; held there, it is turned
about that post until the others fall in, a sweep along a line. The same has long been done with a single peg
tilted against the rim of its hole (e.g. H. Bruyninckx, S. Dutré, J. De Schutter, "Peg-on-hole: a model based
solution to peg and hole alignment", ICRA 1995).

Before it is tilted the plug is laid flat by its torque, which undoes what the grasp holds askew.
"""

from dataclasses import replace
from enum import IntEnum

import numpy as np
from scipy.spatial.transform import Rotation

from skills.cell import Flags, Indices, Vector
from skills.guide import Guide
from skills.insertion import Insertion
from skills.lead import Lead
from skills.sensed import Sensed
from skills.tilting import Tilting


class Stage(IntEnum):
    """What a plug that has touched down is at."""

    LEVEL = 0
    """It is turned until no torque about x and y is left: then it lies flat."""
    LEAN = 1
    """It is tilted, and slid to where its leading fit should be."""
    SWEEP = 2
    """The leading fit is led outwards around there."""
    PROBE = 3
    """It has sunk a little: it stands still under more force, to see whether it sinks on."""
    PIVOT = 4
    """The leading fit is held where it is caught, and the plug turns about it while it is laid down."""


_TILT_RAD, _PRESS_N, _GIVEN_RAD = 0.03, 4.0, 0.05
_SLIDING, _RETREAT_M, _INSIDE_M, _INSIDE_RAD = 1e-4, 0.0003, 0.0006, 0.02
_BOUND_M, _BOUND_RAD, _PULL_M = 0.0045, 0.35, 0.002
_LEAST_PACE, _PACE_AT_REST, _YAW_RATE, _ALONG_SPEED = 0.15, 1.8, 0.5, 0.008
_LONGEST_PIVOT_S = 15.0
_LOOSEN_RAD, _LOOSEN_HZ = float(np.deg2rad(1.0)), 0.7


class TiltedGuide(Guide):
    """Leads attempts at an insertion that has a leading fit."""

    def __init__(
        self,
        insertion: Insertion,
        n: int,
        period_s: float,
        lead: Lead | None = None,
        tilting: Tilting | None = None,
    ) -> None:
        super().__init__(insertion, n, period_s, lead)
        assert insertion.leading is not None
        leading, self.tilting = insertion.leading, tilting or Tilting()
        self.lead = replace(self.lead, tilt_rad=_TILT_RAD, press_n=_PRESS_N)
        self._bound_m, self._bound_rad, self._stretch_m = _BOUND_M, _BOUND_RAD, self.tilting.stretch_m
        self._search_bound_m = _PULL_M
        self._fit = np.array([*leading.offset_m, 0.0])
        self._arm, self._spread = float(np.linalg.norm(self._fit)), leading.spread_m
        self._axis = np.array([-self._fit[1], self._fit[0]]) / self._arm
        """About which a positive turn lowers the leading fit, in the plug's frame."""
        tilted = self.tilting
        self._widening = (tilted.yaw_rad * self._arm + tilted.across_m) / tilted.reach_m
        self.stage = np.full(n, Stage.LEVEL)
        self.flat, self.lean = np.zeros((n, 2)), np.zeros(n)
        """(n, 2) turn about x and y that lays the plug flat, and (n,) its tilt from there [rad]."""
        self._since, self._calm_s, self._held_s, self._blocked_s = (np.zeros(n) for _ in range(4))
        self._laid, self._level_at = np.zeros((n, 3)), np.zeros((n, 2))
        self._known, self._usual, self._before = np.zeros(n, bool), np.zeros(n), np.zeros(n)
        self._angle, self._along, self._turned, self._yaw = (np.zeros(n) for _ in range(4))
        self._caught_at = np.zeros((n, 2))

    @staticmethod
    def suits(insertion: Insertion, tilting: Tilting) -> bool:
        """Whether ``insertion`` has a leading fit, an arm to turn about it, and a face to be laid flat on."""
        leading, (least, most) = insertion.leading, tilting.spread_m
        return insertion.touch is not None and leading is not None and least < leading.spread_m < most

    def begin(self, rows: Indices, sensed: Sensed) -> None:
        """See :class:`Guide`."""
        super().begin(rows, sensed)
        self.stage[rows] = Stage.LEVEL
        for state in (
            self._since, self._calm_s, self._held_s, self._blocked_s, self._usual, self._before,
            self.lean, self.flat, self._laid, self._level_at, self._along, self._turned, self._yaw,
            self._caught_at,
        ):  # fmt: skip
            state[rows] = 0.0
        self._known[rows] = False

    def dropped(self, sensed: Sensed) -> Flags:
        """(n,) whether the plug has entered: one that is caught, with the next fit below the face too."""
        turn = Rotation.from_rotvec(sensed.rotation)
        next_fit = self._fit * (1.0 - self._spread / self._arm)
        height = sensed.position[:, 2] + turn.apply(np.tile(next_fit, (self.n, 1)))[:, 2]
        inside = self.face_m - self.slip_m - height > max(_INSIDE_M, _INSIDE_RAD * self._spread)
        return np.asarray(super().dropped(sensed) & inside & (self.stage == Stage.PIVOT))

    # -- the lead --------------------------------------------------------------------------------------

    def _search(self, sensed: Sensed, rows: Flags) -> None:
        """One control period of the stages of ``rows``."""
        again = rows & self.dropped(sensed)
        self._enter(Stage.LEAN, again)
        self.flat[again] = self._level_at[again]
        self._since[rows] += self.period_s
        fit = self._fit_seen(sensed)
        stage = self.stage.copy()
        self._level(sensed, rows & (stage == Stage.LEVEL))
        self._slide(sensed, fit, rows & (stage == Stage.LEAN))
        self._sweep(fit, rows & (stage == Stage.SWEEP))
        self._catch(sensed, fit, rows & ((stage == Stage.SWEEP) | ((stage == Stage.LEAN) & self._known)))
        self._probe(fit, rows & (stage == Stage.PROBE))
        self._pivot(sensed, fit, rows & (stage == Stage.PIVOT))

    def _level(self, sensed: Sensed, rows: Flags) -> None:
        """Turn the plug the way its torque wants, which is flat; its height is then the face's."""
        tilted = self.tilting
        torque, seen = _beyond(sensed.wrench[:, 3:5], tilted.quiet_nm / 2), _tilt_seen(sensed)
        wanted = self.flat + tilted.give * self.period_s * torque
        wanted = np.clip(wanted, seen - tilted.ahead_rad, seen + tilted.ahead_rad)
        self.flat[rows] = np.clip(wanted, -tilted.flattest_rad, tilted.flattest_rad)[rows]
        height = sensed.position[:, 2]
        self.face_m[rows], self._low[rows], self.slip_m[rows] = height[rows], height[rows], 0.0
        quiet = np.linalg.norm(sensed.wrench[:, 3:5], axis=1) < tilted.quiet_nm
        self._calm_s[rows] = np.where(quiet, self._calm_s + self.period_s, 0.0)[rows]
        least, most = tilted.level_s
        calm = (self._since > least) & (self._calm_s > tilted.quiet_s)
        done = rows & (calm | (self._since > most))
        self.flat[done] = self._level_at[done] = seen[done]
        self._laid[done] = sensed.rotation[done]
        self._enter(Stage.LEAN, done)

    def _slide(self, sensed: Sensed, fit: Vector, rows: Flags) -> None:
        """Tilt the plug, the first time see how high its leading fit then is, slide to the estimated goal."""
        tilted, period = self.tilting, self.period_s
        self.lean[rows] = np.minimum(tilted.lean_rad, self.lean + tilted.lean_rate * period)[rows]
        least, most = tilted.tilted_s
        followed = (sensed.rotation - self._laid)[:, :2] @ self._axis > 0.8 * tilted.lean_rad
        ready = (self.lean >= tilted.lean_rad) & (((self._since > least) & followed) | (self._since > most))
        first = rows & ~self._known & ready
        self._usual[first], self._before[first], self._known[first] = fit[first, 2], fit[first, 2], True
        going = rows & self._known
        way = np.linalg.norm(self.led[:, :2], axis=1)
        share = np.minimum(1.0, tilted.slide_speed * period / np.maximum(way, 1e-9))
        self.led[going, :2] *= (1.0 - share[going])[:, None]
        self.led[rows, 2] *= 0.9
        self._enter(Stage.SWEEP, going & (way < _SLIDING) & (self._since > least))

    def _sweep(self, fit: Vector, rows: Flags) -> None:
        """Lead the fit outwards on an ellipse that is as much longer across the arm as yaw makes it."""
        tilted, period = self.tilting, self.period_s
        turned = self._upright().apply(np.tile(self._fit, (self.n, 1)))
        trails = np.linalg.norm(self.led[:, :2] + turned[:, :2] - fit[:, :2], axis=1)
        pace = np.clip(_PACE_AT_REST - trails / tilted.trailing_m, _LEAST_PACE, 1.0)
        growth, angle = tilted.pitch_m / (2 * np.pi), self._angle
        radius = growth * angle
        along = growth * np.cos(angle) - radius * np.sin(angle)
        across = self._widening * (growth * np.sin(angle) + radius * np.cos(angle))
        step = pace * tilted.speed * period / np.maximum(np.hypot(along, across), 1e-4)
        self._angle[rows] += np.minimum(0.5, step)[rows]
        self._angle[rows & (radius > tilted.reach_m)] = 0.0
        radius = growth * self._angle
        yaw = self._widening * radius * np.sin(self._angle) / self._arm
        most = _YAW_RATE * period
        self.led[rows, 2] += np.clip(yaw - self.led[:, 2], -most, most)[rows]
        most = _ALONG_SPEED * period
        self._along[rows] += np.clip(radius * np.cos(self._angle) - self._along, -most, most)[rows]
        self.led[rows, :2] = (self._along[:, None] * turned[:, :2] / self._arm)[rows]

    def _catch(self, sensed: Sensed, fit: Vector, rows: Flags) -> None:
        """See whether the fit sinks, or is held."""
        tilted, period = self.tilting, self.period_s
        sunk, settled = self._usual - fit[:, 2], self._before - fit[:, 2]
        self._usual[rows] -= (sunk * period / tilted.memory_s)[rows]
        self._before[rows] -= (settled * period / tilted.long_s)[rows]
        held = (np.linalg.norm(sensed.wrench[:, :2], axis=1) > tilted.held_n) | (
            np.abs(sensed.wrench[:, 5]) > tilted.held_nm
        )
        longer = np.where(held, self._held_s + period, np.maximum(0.0, self._held_s - period / 2))
        self._held_s = np.where(rows, longer, 0.0)
        leaning = rows & (self.lean > 0.6 * tilted.lean_rad)
        caught = leaning & (self._held_s > tilted.held_s) & (settled > tilted.settled_m)
        sinking = leaning & (sunk > tilted.sunk_m) & ~caught
        self._hold(sensed, fit, sinking | caught)
        self._usual[caught] = np.maximum(self._usual, self._before)[caught]
        self._enter(Stage.PROBE, sinking)
        self._enter(Stage.PIVOT, caught)

    def _hold(self, sensed: Sensed, fit: Vector, rows: Flags) -> None:
        self._caught_at[rows], self._yaw[rows] = fit[rows, :2], sensed.rotation[rows, 2]
        self._turned[rows], self._held_s[rows], self._blocked_s[rows] = 0.0, 0.0, 0.0

    def _probe(self, fit: Vector, rows: Flags) -> None:
        """Stand still and press."""
        tilted = self.tilting
        self.led[rows, 2] = self._yaw[rows]
        self._about_the_fit(rows)
        over = rows & (self._since > tilted.probe_s)
        caught = over & (self._usual - fit[:, 2] > tilted.caught_m)
        self._caught_at[caught] = fit[caught, :2]
        self._usual[over & ~caught] = fit[over & ~caught, 2]
        self._enter(Stage.PIVOT, caught)
        self._enter(Stage.SWEEP, over & ~caught)

    def _pivot(self, sensed: Sensed, fit: Vector, rows: Flags) -> None:
        """Turn about the fit; what is held against turning has found the next one, and is laid down."""
        tilted, period = self.tilting, self.period_s
        blocked = np.abs(sensed.wrench[:, 5]) > tilted.blocked_nm
        longer = np.where(blocked, self._blocked_s + period, np.maximum(0.0, self._blocked_s - 0.3 * period))
        self._blocked_s[rows] = longer[rows]
        more = _beyond(sensed.wrench[:, 5], tilted.blocked_nm)
        self._yaw[rows] += (tilted.give_yaw * period * more)[rows]
        self._caught_at[rows] += (tilted.give_way * period * sensed.wrench[:, :2])[rows]
        free = rows & ~blocked & (self._blocked_s < tilted.blocked_s / 2)
        rate = tilted.turning_speed / self._spread
        self._turned[free] += rate * period / (4 * tilted.turning_rad)
        least = np.where(self._blocked_s > tilted.blocked_s, 0.0, tilted.engaged_m / self._spread)
        self.lean[rows] = np.maximum(least, self.lean - tilted.lean_rate * period)[rows]
        amplitude = np.where(self._turned < 1.0, 0.6, 1.0) * tilted.turning_rad
        self.led[rows, 2] = (self._yaw + amplitude * _triangle(self._turned))[rows]
        self._about_the_fit(rows)
        over = (self._turned > tilted.turns) | (self._since > _LONGEST_PIVOT_S)
        out = rows & (over | (fit[:, 2] > self._usual - _RETREAT_M))
        self._usual[out] = self._before[out] = fit[out, 2]
        self._enter(Stage.LEAN, out)

    # -- what a plug's attitude is ---------------------------------------------------------------------

    def _attitude(self, tilt: Vector, yaw: Vector) -> Vector:
        """See :class:`Guide`; besides what is asked for, the plug is laid flat and tilted."""
        return np.asarray((_about_vertical(yaw) * self._tilted(tilt)).as_rotvec())

    def _tilted(self, tilt: Vector | float = 0.0) -> Rotation:
        turn = self.flat + self.lean[:, None] * self._axis + tilt
        return Rotation.from_rotvec(np.column_stack([turn, np.zeros(self.n)]))

    def _upright(self) -> Rotation:
        return _about_vertical(self.led[:, 2])

    def _about_the_fit(self, rows: Flags) -> None:
        """Lead ``rows`` so that the leading fit stays where it was caught."""
        arm = (self._upright() * self._tilted()).apply(np.tile(self._fit, (self.n, 1)))
        self.led[rows, :2] = (self._caught_at - arm[:, :2])[rows]

    def _fit_seen(self, sensed: Sensed) -> Vector:
        """(n, 3) where the leading fit is, as far as the hand can tell [m]."""
        turn = Rotation.from_rotvec(sensed.rotation)
        return np.asarray(sensed.position + turn.apply(np.tile(self._fit, (self.n, 1))))

    # -- the rest --------------------------------------------------------------------------------------

    def _searching_n(self, behind: Vector) -> Vector:
        """See :class:`Guide`: by the stage."""
        return np.asarray(np.array(self.tilting.forces_n)[self.stage])

    def _lead_inside(self, sensed: Sensed, rows: Flags) -> None:
        """See :class:`Guide`; the plug is laid down, giving way to a twist before it turns in the grasp."""
        super()._lead_inside(sensed, rows)
        tilted = self.tilting
        laid = np.maximum(0.0, self.lean - tilted.lean_rate * self.period_s)
        self.lean[rows] = laid[rows]
        down = rows & (self.lean == 0.0)
        gives = tilted.follow_tilt * _beyond(sensed.wrench[:, 3:5], tilted.quiet_nm)
        follows = np.clip(
            _tilt_seen(sensed) + gives, self._level_at - _GIVEN_RAD, self._level_at + _GIVEN_RAD
        )
        self.flat[down] = follows[down]
        twist = _beyond(sensed.wrench[:, 5], tilted.easy_nm)
        self.led[rows, 2] = (sensed.rotation[:, 2] + tilted.follow_yaw * twist)[rows]

    def _loosened(self, sensed: Sensed, rows: Flags) -> Vector:
        """See :class:`Guide`: a little to and fro."""
        sway = _LOOSEN_RAD * np.sin(2 * np.pi * _LOOSEN_HZ * sensed.time_s[rows])
        return np.asarray(self.led[rows, 2] + sway)

    def _enter(self, stage: Stage, rows: Flags) -> None:
        self.stage[rows], self._since[rows] = stage, 0.0


def _about_vertical(yaw: Vector) -> Rotation:
    return Rotation.from_rotvec(np.column_stack([np.zeros((len(yaw), 2)), yaw]))


def _tilt_seen(sensed: Sensed) -> Vector:
    """(n, 2) the hand's turn about x and y, its yaw taken away [rad]."""
    turn = Rotation.from_rotvec(sensed.rotation)
    yaw = turn.as_euler("ZYX")[:, 0]
    return np.asarray((_about_vertical(yaw).inv() * turn).as_rotvec()[:, :2])


def _beyond(torque: Vector, borne: float) -> Vector:
    """``torque`` less what is ``borne`` of it, either way."""
    return np.asarray(np.sign(torque) * np.maximum(0.0, np.abs(torque) - borne))


def _triangle(phase: Vector) -> Vector:
    """A wave of period 1 that begins at 0 and goes to 1, to -1 and back."""
    return np.asarray(np.abs((phase + 0.75) % 1.0 - 0.5) * 4.0 - 1.0)
