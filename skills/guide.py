"""The scripted part of a learned insertion, for any number of attempts at once: rows are attempts.

Touch down beside the goal for a reference in height, then lead the plug to where the goal should be and
around there, pressing lightly. A policy adds to that lead: offsets of the target and of the force, each
control period. Everything is in the frame of the estimated goal, in metres, radians and newtons.
"""

from enum import IntEnum

import numpy as np

from skills.cell import Flags, Indices, Vector
from skills.insertion import Insertion
from skills.lead import Lead
from skills.seeking import Seeking, within
from skills.sensed import Sensed


class Phase(IntEnum):
    """What an attempt is at."""

    RISE = 0
    CROSS = 1
    DESCEND = 2
    SETTLE = 3
    WORK = 4


_RISE_SPEED, _CROSS_SPEED, _APPROACH_SPEED, _TOUCH_SPEED = 0.10, 0.05, 0.04, 0.012
_NEAR_M, _OVERRUN_M, _TOUCH_N = 0.0075, 0.010, 4.0
_TURN_SPEED = 0.8
_SETTLE_ROWS, _STILL_M = 4, 0.0001
_SINK_SPEED, _LANDING_SPEED, _LANDING_M = 0.012, 0.005, 0.002
_PULL, _PULL_STEP_M, _PULL_STEP_RAD = 0.12, 0.002, 0.05
_FREE_BOUND_M, _SEARCH_BOUND_M, _ENTERED_BOUND_M, _TURN_BOUND_RAD = 0.006, 0.005, 0.002, 0.06
_DROP_M = 0.0010
_STRETCH_M = 0.009
_STUCK_S, _LEAVE_EVERY_S, _LEAVE_S, _BREATH_HZ, _BREATH_N = 0.6, 5.0, 0.9, 0.8, 1.0
_EASE_FROM_M, _EASE_OVER_M = 0.0006, 0.0008
_SLIP_SPEED, _SLIP_BAND_M = 0.00035, 0.0004
_HOME_M, _REST_M, _REST_S = 0.0006, 0.0002, 0.36
_GUESSED_M = 0.0025


SIDEWAYS_M, SIDEWAYS_RAD = 0.0008, float(np.deg2rad(4.0))
"""How far beyond the script's own reach a plug may be led at all: nothing that far away is its hole."""


class Guide:
    """Leads ``n`` attempts at one insertion."""

    def __init__(self, insertion: Insertion, n: int, period_s: float, lead: Lead | None = None) -> None:
        self.insertion, self.n, self.period_s = insertion, n, period_s
        lead = lead or Lead()
        self.lead = lead.finely() if insertion.fine else lead.level() if insertion.drags else lead
        touch = insertion.touch
        self._touch = np.zeros(2) if touch is None else np.array(touch.offset_m)
        self._touch_height = insertion.depth_m if touch is None else touch.height_m
        self._seeking = Seeking(insertion, n, period_s, self.lead, self._touch)
        self._bound_m = self._seeking.reach_m + SIDEWAYS_M + insertion.clearance_m
        self._bound_rad = self.lead.yaw_reach_rad + min(insertion.yaw_play_rad, SIDEWAYS_RAD)
        self._stretch_m, self._search_bound_m = _STRETCH_M, _SEARCH_BOUND_M
        self.phase = np.zeros(n, int)
        self.target, self.turn = np.zeros((n, 3)), np.zeros((n, 3))
        """Target of the plug: position (n, 3) [m] and rotation vector (n, 3) [rad]."""
        self.led = np.zeros((n, 3))
        """(n, 3) scripted x, y [m] and yaw [rad] of the target."""
        self.face_m, self.slip_m = np.zeros(n), np.zeros(n)
        """(n,) height of the plug's frame when it rested on the face, and its creep in the grasp [m]."""
        self.work_began_s = np.full(n, np.inf)
        self.lowest = np.zeros((n, 4))
        """(n, 4) x, y [m], yaw [rad] and height below the face [m] of the deepest point met so far."""
        self._pull, self._twist = np.zeros((n, 3)), np.zeros((n, 3))
        self._heights = np.zeros((n, _SETTLE_ROWS))
        self._settled = np.zeros(n, int)
        self._low, self._low_since = np.zeros(n), np.zeros(n)
        self._deep_s, self._offset = np.zeros(n), np.zeros((n, 2))

    def begin(self, rows: Indices, sensed: Sensed) -> None:
        """Start the attempts ``rows`` from where their plugs are; ``sensed`` holds all n rows."""
        self.phase[rows] = Phase.RISE
        self.target[rows], self.turn[rows] = sensed.position[rows], sensed.rotation[rows]
        self.led[rows, :2], self.led[rows, 2] = sensed.position[rows, :2], 0.0
        self.face_m[rows], self.slip_m[rows] = self._touch_height, 0.0
        self.work_began_s[rows] = np.inf
        self.lowest[rows], self._heights[rows], self._settled[rows] = 0.0, 0.0, 0
        self._pull[rows], self._twist[rows], self._offset[rows] = 0.0, 0.0, 0.0
        self._deep_s[rows] = 0.0
        self._seeking.begin(rows)

    # -- what can be asked ----------------------------------------------------------------------------

    @property
    def working(self) -> Flags:
        """(n,) whether the policy has a say: the plug has touched down."""
        return np.asarray(self.phase == Phase.WORK)

    @property
    def free(self) -> Flags:
        """(n,) whether the plug is still on its way to the face."""
        return np.asarray(self.phase < Phase.SETTLE)

    def depth(self, sensed: Sensed) -> Vector:
        """(n,) how far the plug is below the face that it touched, creep in the grasp allowed for [m]."""
        return np.asarray(self.face_m - self.slip_m - sensed.position[:, 2])

    def dropped(self, sensed: Sensed) -> Flags:
        """(n,) whether the plug has entered."""
        return np.asarray(self.working & (self.depth(sensed) > _DROP_M))

    def home(self, sensed: Sensed) -> Flags:
        """(n,) whether the plug rests at the depth of its seat, untilted, as far as the hand can tell."""
        resting = sensed.time_s - self._low_since > _REST_S
        return np.asarray(self._deep(sensed) & (self._deep_s > _REST_S) & resting)

    def _deep(self, sensed: Sensed) -> Flags:
        allowance = _HOME_M if self.insertion.touch is not None else _GUESSED_M
        return np.asarray(self.working & (self.depth(sensed) > self._touch_height - allowance))

    def late(self, sensed: Sensed) -> Flags:
        """(n,) whether the time to work is over."""
        return np.asarray(sensed.time_s - self.work_began_s > self.lead.work_s)

    def lost(self, sensed: Sensed) -> Flags:
        """(n,) whether there was no face to touch down on."""
        below = self.target[:, 2] < self._touch_height - _OVERRUN_M
        return np.asarray((self.phase == Phase.DESCEND) & below)

    # -- one control period ---------------------------------------------------------------------------

    def command(self, sensed: Sensed, action: Vector) -> tuple[Vector, Vector]:
        """Next target of the plugs, position (n, 3) [m] and rotation vector (n, 3) [rad] in the goal's frame.

        ``action`` (n, 6) in [-1, 1] is the policy's: x, y, pressing force, turns about x, y and z; it counts
        only for attempts that have touched down.
        """
        self._approach(sensed)
        working = self.working
        if np.any(working):
            self._work(sensed, np.clip(action, -1.0, 1.0), working)
        self._pull_on(sensed)
        return self.target + self._pull, self.turn + self._twist

    def scripted(self, sensed: Sensed) -> None:
        """Move the script on, to be called once before the policy acts: it may look at ``led``."""
        entered = self.dropped(sensed)
        stuck, leaving = self._stuck(sensed)
        leading = self.working & (~entered | leaving)
        if np.any(leading):
            self._search(sensed, leading)
        self._lead_inside(sensed, entered & ~leaving)
        self.led[stuck, 2] = self._loosened(sensed, stuck)
        self._remember(sensed)

    def _stuck(self, sensed: Sensed) -> tuple[Flags, Flags]:
        """(n,) which plugs have entered and sink no more above their depth, and which had better come out."""
        since = sensed.time_s - self._low_since
        stuck = self.dropped(sensed) & ~self._deep(sensed) & (since > _STUCK_S)
        return stuck, stuck & (since % _LEAVE_EVERY_S > _LEAVE_EVERY_S - _LEAVE_S)

    # -- before the policy ----------------------------------------------------------------------------

    def _approach(self, sensed: Sensed) -> None:
        period, position = self.period_s, sensed.position
        early = self.free & (self.phase != Phase.RISE)
        turn = self.turn[early]
        size = np.linalg.norm(turn, axis=1, keepdims=True)
        self.turn[early] = turn * np.maximum(0.0, 1.0 - _TURN_SPEED * period / np.maximum(size, 1e-9))

        rising = self.phase == Phase.RISE
        ceiling = self.insertion.clear_height_m
        self.target[rising, 2] = np.maximum(
            np.minimum(self.target[rising, 2] + _RISE_SPEED * period, ceiling), self.target[rising, 2]
        )
        self.phase[rising & (position[:, 2] > ceiling - 0.0015)] = Phase.CROSS

        crossing = self.phase == Phase.CROSS
        way = self._touch - self.target[:, :2]
        distance = np.linalg.norm(way, axis=1)
        share = np.minimum(1.0, _CROSS_SPEED * period / np.maximum(distance, 1e-9))
        self.target[crossing, :2] += (way * share[:, None])[crossing]
        there = np.linalg.norm(self._touch - position[:, :2], axis=1) < 0.0015
        upright = np.linalg.norm(self.turn, axis=1) < 0.02
        self.phase[crossing & (distance < 1e-4) & there & upright] = Phase.DESCEND

        descending = self.phase == Phase.DESCEND
        near = self.target[:, 2] < self._touch_height + _NEAR_M
        speed = np.where(near, _TOUCH_SPEED, _APPROACH_SPEED)
        self.target[descending, 2] -= (speed * period)[descending]
        self.phase[descending & (sensed.wrench[:, 2] > _TOUCH_N)] = Phase.SETTLE

        settling = self.phase == Phase.SETTLE
        if np.any(settling):
            self._settle(sensed, settling)

    def _settle(self, sensed: Sensed, settling: Flags) -> None:
        """Press until the height stands still: that is the face."""
        self._press(sensed, np.full(self.n, self.lead.searching_n), settling)
        self.turn[settling] = 0.0
        pressed = settling & (sensed.wrench[:, 2] > _TOUCH_N)
        self._heights[pressed] = np.roll(self._heights[pressed], -1, axis=1)
        self._heights[pressed, -1] = sensed.position[pressed, 2]
        self._settled[pressed] += 1
        still = pressed & (self._settled >= _SETTLE_ROWS) & (np.ptp(self._heights, axis=1) < _STILL_M)
        self.face_m[still] = self._heights[still].mean(axis=1)
        self.phase[still] = Phase.WORK
        self.work_began_s[still] = sensed.time_s[still]
        self.led[still, :2], self.led[still, 2] = self._touch, 0.0
        self.lowest[still, :2] = self._touch
        self._low[still], self._low_since[still] = sensed.position[still, 2], sensed.time_s[still]

    # -- with the policy ------------------------------------------------------------------------------

    def _work(self, sensed: Sensed, action: Vector, working: Flags) -> None:
        lead, entered = self.lead, self.dropped(sensed)
        self._offset[working] = (lead.offset_m * action[:, :2])[working]
        searching = self._searching_n(self._behind(sensed))
        stuck, leaving = self._stuck(sensed)
        breath = np.where((sensed.time_s * _BREATH_HZ) % 1.0 < 0.6, lead.homing_n, _BREATH_N)
        homing = np.where(leaving, lead.force_n[0], np.where(stuck, breath, lead.homing_n))
        press = np.where(entered, homing, searching) + lead.press_n * action[:, 2]
        self._press(sensed, np.clip(press, *lead.force_n), working)
        here, goal = sensed.position[:, :2], self._asked()
        self.target[working, :2] = (here + np.clip(goal - here, -self._stretch_m, self._stretch_m))[working]
        yaw = np.clip(self.led[:, 2] + lead.yaw_rad * action[:, 5], -self._bound_rad, self._bound_rad)
        tilt = np.where(self._deep(sensed)[:, None], 0.0, lead.tilt_rad * action[:, 3:5])
        self.turn[working] = self._attitude(tilt, yaw)[working]

    def _asked(self) -> Vector:
        """(n, 2) where plugs are asked to be: where the script leads, put off by the policy [m]."""
        farthest = np.maximum(self._bound_m, np.linalg.norm(self.led[:, :2], axis=1))
        return within(self.led[:, :2] + self._offset, farthest)

    def _behind(self, sensed: Sensed) -> Vector:
        """(n,) how far plugs are from where they are asked to be [m]."""
        return np.asarray(np.linalg.norm(sensed.position[:, :2] - self._asked(), axis=1))

    def _searching_n(self, behind: Vector) -> Vector:
        """(n,) pressing force while searching, for plugs that are so far ``behind`` the path [N]."""
        eased = np.clip((behind - _EASE_FROM_M) / _EASE_OVER_M, 0.0, 1.0)
        return np.asarray(self.lead.searching_n + eased * (self.lead.eased_n - self.lead.searching_n))

    def _attitude(self, tilt: Vector, yaw: Vector) -> Vector:
        """(n, 3) rotation vector of plugs that are turned by ``tilt`` (n, 2) and ``yaw`` (n,) [rad]."""
        return np.column_stack([tilt, yaw])

    def _pull_on(self, sensed: Sensed) -> None:
        """Integrate what is missing, which joint friction leaves behind; pressing follows the force."""
        missing = np.clip(self.target - sensed.position, -_PULL_STEP_M, _PULL_STEP_M)
        searching = np.where(self.dropped(sensed), _ENTERED_BOUND_M, self._search_bound_m)
        bound = np.where(self.working, searching, _FREE_BOUND_M)
        self._pull = np.clip(self._pull + _PULL * missing, -bound[:, None], bound[:, None])
        self._pull[self.phase >= Phase.DESCEND, 2] = 0.0
        turn = np.clip(self.turn - sensed.rotation, -_PULL_STEP_RAD, _PULL_STEP_RAD)
        self._twist = np.clip(self._twist + _PULL * turn, -_TURN_BOUND_RAD, _TURN_BOUND_RAD)

    def _press(self, sensed: Sensed, press_n: Vector, rows: Flags) -> None:
        """Let the height follow the missing force, so that the plug neither stalls nor drops too fast."""
        landing = self.depth(sensed) > self._touch_height - _LANDING_M
        fastest = np.where(landing & self.working, _LANDING_SPEED, _SINK_SPEED)
        gain = _SINK_SPEED / np.maximum(np.abs(press_n), 6.0)
        speed = np.clip((press_n - sensed.wrench[:, 2]) * gain, -_SINK_SPEED, fastest)
        height = self.target[:, 2] - speed * self.period_s
        height = np.clip(height, sensed.position[:, 2] - 0.006, sensed.position[:, 2] + 0.004)
        self.target[rows, 2] = height[rows]

    def _search(self, sensed: Sensed, rows: Flags) -> None:
        """The script's lead: a spiral, and after a while to wherever the hole may still be."""
        since_s = sensed.time_s - self.work_began_s
        self._seeking.lead_on(self.led, sensed, rows, since_s, self._behind(sensed))

    def _lead_inside(self, sensed: Sensed, rows: Flags) -> None:
        """Lead ``rows``, which have entered, to where they are, circling a little."""
        phase = 2 * np.pi * self.lead.wobble_hz * sensed.time_s[rows]
        circle = self.lead.wobble_m * np.column_stack([np.cos(phase), np.sin(phase)])
        self.led[rows, :2] = within(sensed.position[rows, :2], self._bound_m) + circle
        self.led[rows, 2] = np.clip(sensed.rotation[rows, 2], -self._bound_rad, self._bound_rad)

    def _loosened(self, sensed: Sensed, rows: Flags) -> Vector:
        """Yaw to lead the plugs ``rows`` to, which have entered and are stuck [rad]."""
        return self._seeking.swung(sensed, rows)

    def _remember(self, sensed: Sensed) -> None:
        """Keep the deepest point, follow the creep in the grasp, and see when the plug last sank."""
        working, depth = self.working, self.depth(sensed)
        deeper = working & (depth > self.lowest[:, 3])
        self.lowest[deeper, :2] = sensed.position[deeper, :2]
        self.lowest[deeper, 2], self.lowest[deeper, 3] = sensed.rotation[deeper, 2], depth[deeper]
        height = sensed.position[:, 2]
        sank = working & (height < self._low - _REST_M)
        self._low[sank], self._low_since[sank] = height[sank], sensed.time_s[sank]
        error = np.where(np.abs(depth) < _SLIP_BAND_M, depth, 0.0)
        pressed = working & (sensed.wrench[:, 2] > 4.0)
        self._deep_s = np.where(self._deep(sensed), self._deep_s + self.period_s, 0.0)
        fastest = _SLIP_SPEED * self.period_s
        self.slip_m += np.where(pressed, np.clip(0.1 * error, -fastest, fastest), 0.0)
