"""Fetching a part from the tray.

A part lies within a few millimetres and degrees of where the tray says. Closing the fingers on flat faces
centres it along the closing direction and turns it straight; squeezing once across before the real grasp
centres it in the other direction too. After that only the goal's estimate is wrong.
"""

from collections.abc import Generator

import numpy as np
from scipy.spatial.transform import RigidTransform

from skills.cell import Cell, Observation
from skills.handling import FAST, GRIP_N, LADEN, LIFT_M, PULL_OUT_N, SLOW, Handling, relaxed
from skills.routine import Cause
from skills.script import Failed, Script, closed, moved, opened, raised, shifted, turned, waited

CENTRING_N = 15.0
PAD_REACH_M = 0.015
"""How much of a face the pads reach along [m]: less than their width, for they are soft."""
ASTRAY = (Cause.GRASP_MISSED, Cause.PART_DISPLACED)
"""Failures to fetch a part that may be mended by looking for it."""


class Pick(Handling):
    """Fetch the part from the tray."""

    def script(self, cell: Cell) -> Script:
        """Open, go there, centre, grasp, lift, and see that it came along."""
        part = self.insertion.part
        grasp = self.in_tray(cell)
        yield from opened(cell, self.opening(), f"opening for {part}")
        yield from self.over(cell, grasp, f"going to {part}")
        try:
            yield from self._fetch(cell, grasp, self.opening())
        except Failed as failure:
            if failure.cause not in ASTRAY:
                raise
            grasp = yield from self._look_again(cell, grasp, failure)
        yield from moved(cell, raised(grasp, 0.015), f"lifting {part}", speed=SLOW)
        yield from self.up(cell, f"lifting {part}", LADEN)
        yield from waited(cell, 0.2, "weighing")
        self.check_grip(cell, "the part was lost while lifting", Cause.SLIP)
        cell.zero_wrench()

    def _look_again(
        self, cell: Cell, grasp: RigidTransform, failure: Failed
    ) -> Generator[str, None, RigidTransform]:
        """Where the part was grasped after all.

        One that the pads hold by its corners lies turned as its width between them tells, this way or that.
        One that is not between the fingers is swept together from as far away as what waits beside it allows.
        """
        angle = self.caught_rad(cell.observe())
        looks = [(turned(grasp, turn), self.opening()) for turn in (angle, -angle) if angle > 0.0]
        if not looks and self.insertion.fetch_width_m >= self.opening():
            looks = [(grasp, self.insertion.fetch_width_m)]
        what = f"looking around for {self.insertion.part}"
        for place, opening_m in looks:
            yield from relaxed(cell, what)
            yield from opened(cell, opening_m, what)
            yield from moved(cell, raised(grasp, LIFT_M), what, speed=SLOW, snag_n=PULL_OUT_N)
            try:
                yield from self._fetch(cell, place, opening_m)
            except Failed as again:
                failure = again
            else:
                return place
        raise failure

    def caught_rad(self, observation: Observation) -> float:
        """How far the part is turned that the pads hold by its corners [rad]; 0 where they do not."""
        width, length = self.insertion.grip_width_m, self.insertion.cross_width_m
        if not observation.grasped or length is None or observation.gripper_width_m < width:
            return 0.0
        reach = min(length, PAD_REACH_M)
        diagonal = np.hypot(width, reach)
        share = min(observation.gripper_width_m / diagonal, 1.0)
        return float(np.arctan2(reach, width) - np.arccos(share))

    def _fetch(self, cell: Cell, grasp: RigidTransform, opening_m: float) -> Script:
        """Centre the part and close on it, from above it with the fingers ``opening_m`` apart."""
        part = self.insertion.part
        if self.insertion.cross_width_m is not None:
            yield from self._centre(cell, grasp, self.insertion.cross_width_m, opening_m)
        yield from moved(cell, raised(grasp, LIFT_M), f"coming down on {part}", speed=FAST)
        yield from moved(cell, grasp, f"coming down on {part}", speed=SLOW)
        for force_n in (CENTRING_N, GRIP_N):
            yield from closed(cell, self.insertion.grip_width_m, force_n, f"grasping {part}")
            self.check_grip(cell, "nothing of the right width between the fingers", Cause.GRASP_MISSED)

    def _centre(self, cell: Cell, grasp: RigidTransform, width_m: float, opening_m: float) -> Script:
        plug = grasp.rotation * self.insertion.tcp_in_plug.rotation.inv()
        middle = plug.apply([*self.insertion.cross_offset_m, 0.0])
        across = turned(shifted(grasp, middle), np.pi / 2)
        what = f"centring {self.insertion.part}"
        yield from moved(cell, raised(across, LIFT_M), what, speed=FAST)
        yield from moved(cell, across, what, speed=SLOW)
        yield from closed(cell, width_m, CENTRING_N, what)
        yield from opened(cell, opening_m, what)
        yield from moved(cell, raised(across, LIFT_M), what, speed=FAST)
