"""Is it seated? Judged from the tool's pose and the wrench alone: a push down and a tug to each side.

A plug that rests on the face is too high and can be led sideways against nothing but friction; a plug that is
wedged in the mouth is too high; one that is home stands at the right depth below the face it touched, does
not sink under a push, and pushes back when it is led sideways. All of that is also true of a plug that has
come down in another place than its own, so it must also be near the goal's estimate.
"""

import numpy as np
from scipy.spatial.transform import RigidTransform

from skills.cell import Cell, Vector
from skills.insert import SEARCHING, Inserting, Pressing
from skills.insertion import Attempt
from skills.routine import Cause
from skills.script import Failed, Script

PUSH_N = 12.0
PUSH_S = 0.4
TUG_PRESS_N = 2.0
TUG_N = 5.0
"""Sideways force that says that walls stand around the plug [N]."""
TUG_STEP_M = 0.0005
SINK_M = 0.0005
"""How far a seated plug may sink under the push [m]."""
HIGH_M, LOW_M = 0.0008, 0.0020
"""How far above and below its seat a plug's height may be read: it may have slipped up in the grasp [m]."""
ASIDE_M = 0.004
"""How far beside the goal's estimate, beyond its play, a seated plug may be found [m]: the estimate errs by
up to 2 mm along x and y, and the plug creeps in the grasp. What is further away sits on something else."""
GUESSED_M = 0.0025
"""The same where the seat's height is only estimated [m]."""


class CheckSeated(Inserting):
    """Push, compare the depth, tug to two sides."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt)

    def script(self, cell: Cell) -> Script:
        """Fails with what is wrong; returns when the plug is seated as far as a robot can tell."""
        cell.compliance(SEARCHING)
        pressing = Pressing(self.plug(cell.observe()))
        before = float(self.plug(cell.observe()).translation[2])
        yield from self._pushed(cell, pressing, PUSH_N, PUSH_S)
        plug = self.plug(cell.observe())
        height = float(plug.translation[2])
        if before - height > SINK_M:
            raise Failed(Cause.NOT_SEATED, f"sank by {1e3 * (before - height):.1f} mm under a push")
        self._check_depth(height)
        self._check_place(plug)
        for side in (plug.rotation.apply([1.0, 0.0, 0.0]), plug.rotation.apply([0.0, 1.0, 0.0])):
            yield from self._tugged(cell, pressing, side[:2])

    def _check_depth(self, height: float) -> None:
        above = height - self.attempt.hand_at_seat_m
        known = self.attempt.face_height_m is not None
        if above > (HIGH_M if known else GUESSED_M) or above < -(LOW_M if known else GUESSED_M):
            raise Failed(Cause.NOT_SEATED, f"stands {1e3 * above:+.1f} mm from its seat")

    def _check_place(self, plug: RigidTransform) -> None:
        off = (self.attempt.goal_in_base.inv() * plug).translation
        aside = float(np.hypot(off[0], off[1]))
        if aside > ASIDE_M + self.insertion.play_m + self.insertion.uncentred_m:
            raise Failed(Cause.NOT_SEATED, f"stands {1e3 * aside:.1f} mm beside where it belongs")

    def _pushed(self, cell: Cell, pressing: Pressing, force_n: float, duration_s: float) -> Script:
        xy = self.plug(cell.observe()).translation[:2]
        for _ in range(round(duration_s / cell.control_period_s)):
            self._press(cell, pressing, force_n, xy)
            yield "pushing to see whether it is seated"

    def _tugged(self, cell: Cell, pressing: Pressing, side: Vector) -> Script:
        """Lead the plug to one side until something holds it."""
        start = self.plug(cell.observe()).translation[:2]
        free = 2.0 * self.insertion.play_m + 0.0015
        for index in range(1, 40):
            observation = cell.observe()
            held = -float(observation.wrench[:2] @ side)
            if held > TUG_N:
                break
            if float((self.plug(observation).translation[:2] - start) @ side) > free:
                raise Failed(Cause.NOT_SEATED, "nothing holds it sideways")
            self._press(cell, pressing, TUG_PRESS_N, start + side * index * TUG_STEP_M)
            yield "tugging to see whether it is seated"
        yield from self._pushed(cell, pressing, TUG_PRESS_N, 0.18)

    def _press(self, cell: Cell, pressing: Pressing, force_n: float, xy: Vector) -> None:
        observation = cell.observe()
        self.watch(observation)
        plug = self.plug(observation)
        force = float(observation.wrench[2])
        target = pressing.toward(plug, force, force_n, np.asarray(xy), plug.rotation, cell.control_period_s)
        cell.servo(target * self.insertion.tcp_in_plug)
