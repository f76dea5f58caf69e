"""Getting a part into the hand, to where it belongs, and out of the hand again.

A part lies within a few millimetres and degrees of where the tray says. Closing the fingers on flat
faces centres it along the closing direction and turns it straight; squeezing once across before the real
grasp centres it in the other direction too. After that only the goal's estimate is wrong.
"""

import numpy as np
from scipy.spatial.transform import RigidTransform

from skills.cell import Cell, Compliance
from skills.insertion import Attempt
from skills.routine import Cause
from skills.script import (
    Failed,
    Script,
    ScriptedRoutine,
    at_height,
    closed,
    moved,
    opened,
    raised,
    shifted,
    turned,
    waited,
)

OPEN_MARGIN_M = 0.014
"""How much wider than the part the fingers open to fetch it."""
RELEASE_MARGIN_M = 0.008
"""How much wider than the part the fingers open to leave it."""
WIDTH_TOLERANCE_M = 0.0015
"""A grip this far from the expected width is not on the expected faces."""
GRIP_N = 60.0
CENTRING_N = 15.0
CHECK_N = 12.0
PULL_OUT_N = 60.0
"""Contact force to expect while a stuck part is pulled out again [N]."""
LIFT_M = 0.03
ASTRAY = (Cause.GRASP_MISSED, Cause.PART_DISPLACED)
"""Failures to fetch a part that may be mended by looking for it with the fingers wide open."""
FAST, LADEN, SLOW, CREEP = 0.4, 0.12, 0.1, 0.04
"""Speeds of free-space motion [m/s]: empty hand, with a part, near things, among things."""
FEEL_N, FEEL_SPEED, FEEL_DEPTH_M = 3.0, 0.006, 0.004
"""Force that counts as having met the part [N], speed down to it [m/s], how far below to look for it [m]."""
FEEL_FROM_M = 0.0035
"""How far above the part the slow approach begins; more than a part may stand too high [m]."""
FELT_TOLERANCE_M, GUESSED_TOLERANCE_M = 0.0010, 0.0028
"""How far from its seat a part may be felt, with the face's height measured or only estimated [m]."""
LEAD_M = 0.006
PLACING = Compliance(stiffness=3000.0, clip_m=(0.006, 0.006, 0.006))


class Handling(ScriptedRoutine):
    """A routine about one attempt's part."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__()
        self.attempt = attempt
        self.insertion = attempt.insertion

    def release_opening(self) -> float:
        """How wide to open to let go of the part among others [m]."""
        return min(self.insertion.grip_width_m + RELEASE_MARGIN_M, 0.08)

    def opening(self) -> float:
        """How wide to open around a part that lies somewhere near [m]."""
        widest = max(self.insertion.grip_width_m, self.insertion.cross_width_m or 0.0)
        return min(widest + OPEN_MARGIN_M, 0.08)

    def check_grip(self, cell: Cell, doing: str, otherwise: Cause) -> None:
        """Fail unless the fingers hold something as wide as the part."""
        observation = cell.observe()
        error = observation.gripper_width_m - self.insertion.grip_width_m
        if not observation.grasped or abs(error) > WIDTH_TOLERANCE_M:
            raise Failed(
                otherwise,
                f"{doing}: fingers at {1e3 * observation.gripper_width_m:.1f} mm, "
                f"the part is {1e3 * self.insertion.grip_width_m:.1f} mm wide",
            )

    def up(self, cell: Cell, what: str, speed: float = FAST) -> Script:
        """Straight up to the height of travel."""
        tcp = cell.observe().tcp_in_base
        if tcp.translation[2] < self.insertion.travel_height_m - 0.005:
            yield from moved(cell, at_height(tcp, self.insertion.travel_height_m), what, speed=speed)

    def over(self, cell: Cell, tcp_in_base: RigidTransform, what: str, speed: float = FAST) -> Script:
        """Up, and across to above a pose."""
        yield from self.up(cell, what, speed)
        above = at_height(tcp_in_base, max(self.insertion.travel_height_m, tcp_in_base.translation[2]))
        yield from moved(cell, above, what, speed=speed)


class Pick(Handling):
    """Fetch the part from the tray."""

    def script(self, cell: Cell) -> Script:
        """Open, go there, centre, grasp, lift, and see that it came along.

        A part that is not where it should be is looked for once more with the fingers as wide open as what
        waits beside it allows: they sweep it together from further away.
        """
        part = self.insertion.part
        grasp = cell.locate(part).pose_in_base * self.insertion.tcp_in_plug
        yield from opened(cell, self.opening(), f"opening for {part}")
        yield from self.over(cell, grasp, f"going to {part}")
        try:
            yield from self._fetch(cell, grasp, self.opening())
        except Failed as failure:
            widest = self.insertion.fetch_width_m
            if failure.cause not in ASTRAY or widest < self.opening():
                raise
            yield from relaxed(cell, f"looking around for {part}")
            yield from opened(cell, widest, f"looking around for {part}")
            yield from moved(
                cell, raised(grasp, LIFT_M), f"looking around for {part}", speed=SLOW, snag_n=PULL_OUT_N
            )
            yield from self._fetch(cell, grasp, widest)
        yield from moved(cell, raised(grasp, 0.015), f"lifting {part}", speed=SLOW)
        yield from self.up(cell, f"lifting {part}", LADEN)
        yield from waited(cell, 0.2, "weighing")
        self.check_grip(cell, "the part was lost while lifting", Cause.SLIP)
        cell.zero_wrench()

    def _fetch(self, cell: Cell, grasp: RigidTransform, opening_m: float) -> Script:
        """Centre the part and close on it, from above it with the fingers ``opening_m`` apart."""
        part = self.insertion.part
        if self.insertion.cross_width_m is not None:
            yield from self._centre(cell, grasp, self.insertion.cross_width_m, opening_m)
        yield from moved(cell, raised(grasp, LIFT_M), f"coming down on {part}", speed=FAST)
        yield from moved(cell, grasp, f"coming down on {part}", speed=SLOW)
        yield from closed(cell, self.insertion.grip_width_m, GRIP_N, f"grasping {part}")
        self.check_grip(cell, "nothing of the right width between the fingers", Cause.GRASP_MISSED)

    def _centre(self, cell: Cell, grasp: RigidTransform, width_m: float, opening_m: float) -> Script:
        across = turned(grasp, np.pi / 2)
        what = f"centring {self.insertion.part}"
        yield from moved(cell, raised(across, LIFT_M), what, speed=FAST)
        yield from moved(cell, across, what, speed=SLOW)
        yield from closed(cell, width_m, CENTRING_N, what)
        yield from opened(cell, opening_m, what)
        yield from moved(cell, raised(across, LIFT_M), what, speed=FAST)


class Carry(Handling):
    """Bring the part to the attempt's initialization."""

    def script(self, cell: Cell) -> Script:
        """Up, across, down; the last stretch slowly."""
        start = self.attempt.start_in_base * self.insertion.tcp_in_plug
        yield from self.over(cell, start, f"carrying {self.insertion.part}", LADEN)
        yield from moved(cell, start, "coming to the initialization", speed=SLOW)
        self.check_grip(cell, "the part moved in the hand on the way", Cause.SLIP)


class LiftClear(Handling):
    """Out of the way, with whatever is in the hand."""

    def script(self, cell: Cell) -> Script:
        """Slowly while still among other parts, then fast."""
        tcp = cell.observe().tcp_in_base
        yield from relaxed(cell, "relaxing")
        out = raised(tcp, self.insertion.depth_m + 0.005)
        yield from moved(cell, out, "lifting clear", speed=CREEP, snag_n=PULL_OUT_N)
        yield from self.up(cell, "lifting clear", LADEN)


class PutBack(Handling):
    """Set the part down on its place in the tray and let go of it."""

    def script(self, cell: Cell) -> Script:
        """Down until it stands, then open and leave."""
        part = self.insertion.part
        place = cell.locate(part).pose_in_base * self.insertion.tcp_in_plug
        yield from self.over(cell, place, f"putting {part} back", LADEN)
        cell.compliance(PLACING)
        yield from moved(cell, raised(place, 0.01), f"putting {part} back", speed=SLOW)
        yield from lowered(cell, 0.02, 4.0, f"putting {part} back")
        yield from opened(cell, self.opening(), f"letting go of {part}")
        yield from self.up(cell, "leaving the tray")


class Feeling(Handling):
    """A routine that touches a standing part to see that it is where it should be."""

    def felt(self, cell: Cell, tcp: RigidTransform, expected_m: float) -> Script:
        """Rest closed fingertips on the part, if it can be reached so, and note its height.

        ``tcp`` is where the part was let go and ``expected_m`` how high its frame should be, both in the
        base frame. Fails when nothing is met, or something is met too high.
        """
        part, probe = self.insertion.part, self.insertion.probe
        assert probe is not None
        plug = tcp * self.insertion.tcp_in_plug.inv()
        above = shifted(tcp, plug.rotation.apply([*probe.offset_m, 0.0]))
        height = expected_m + probe.height_m
        yield from closed(cell, 0.0, CHECK_N, f"feeling for {part}")
        yield from moved(cell, at_height(above, height + 0.02), f"feeling for {part}", speed=FAST)
        cell.zero_wrench()
        yield from moved(
            cell, at_height(above, height + FEEL_FROM_M), f"feeling for {part}", speed=SLOW, snag_n=15.0
        )
        cell.compliance(PLACING)
        yield from lowered(cell, FEEL_FROM_M + FEEL_DEPTH_M, FEEL_N, f"feeling for {part}", FEEL_SPEED)
        observation = cell.observe()
        if observation.wrench[2] < FEEL_N:
            raise Failed(Cause.PART_DISPLACED, f"nothing stands where {part} was left")
        yield from relaxed(cell, f"feeling for {part}")
        self.attempt.felt_height_m = float(observation.tcp_in_base.translation[2]) - probe.height_m

    def leaving_m(self) -> float:
        """How far up the fingers must go to be above the part [m]."""
        probe, grasp_height = self.insertion.probe, float(self.insertion.tcp_in_plug.translation[2])
        return LIFT_M if probe is None else max(LIFT_M, probe.height_m - grasp_height + 0.01)

    def check_height(self, expected_m: float, tolerance_m: float, otherwise: Cause) -> None:
        """Fail unless the felt height is the expected one."""
        assert self.attempt.felt_height_m is not None
        error = self.attempt.felt_height_m - expected_m
        if abs(error) > tolerance_m:
            raise Failed(
                otherwise, f"{self.insertion.part} stands {1e3 * error:+.1f} mm from where it should"
            )


class LetGo(Feeling):
    """Let go of a seated part, feel that it stayed, and leave."""

    def script(self, cell: Cell) -> Script:
        """Open, leave straight up, and come back to feel how high the part stands."""
        part, attempt = self.insertion.part, self.attempt
        yield from relaxed(cell, "relaxing")
        attempt.released_tcp = tcp = cell.observe().tcp_in_base
        yield from opened(cell, self.release_opening(), f"letting go of {part}")
        if self.insertion.probe is None:
            yield from closed(cell, self.insertion.grip_width_m, CHECK_N, f"feeling for {part}")
            self.check_grip(cell, "the part did not stay where it was put", Cause.PART_DISPLACED)
            yield from opened(cell, self.release_opening(), f"letting go of {part}")
        cell.zero_wrench()
        yield from moved(cell, raised(tcp, self.leaving_m()), "leaving", speed=SLOW)
        if self.insertion.probe is not None:
            yield from self._felt_seated(cell, tcp)
        yield from self.up(cell, "leaving")

    def _felt_seated(self, cell: Cell, tcp: RigidTransform) -> Script:
        attempt = self.attempt
        seat = attempt.seat_height_m
        yield from self.felt(cell, tcp, seat)
        known = attempt.face_height_m is not None
        self.check_height(seat, FELT_TOLERANCE_M if known else GUESSED_TOLERANCE_M, Cause.NOT_SEATED)


class Inspect(Feeling):
    """Feel whether a part that was placed earlier still stands where it was left."""

    def script(self, cell: Cell) -> Script:
        """Touch it from above, or else close the fingers around it; compare; leave."""
        part, attempt = self.insertion.part, self.attempt
        tcp = attempt.released_tcp
        if tcp is None:
            raise Failed(Cause.PART_DISPLACED, f"nobody knows where {part} was left")
        if attempt.felt_height_m is not None:
            before = attempt.felt_height_m
            yield from self.over(cell, tcp, f"going to inspect {part}")
            yield from self.felt(cell, tcp, before)
            self.check_height(before, FELT_TOLERANCE_M, Cause.PART_DISPLACED)
        else:
            yield from opened(cell, self.release_opening(), f"opening for {part}")
            yield from self.over(cell, tcp, f"going to inspect {part}")
            yield from moved(cell, tcp, f"inspecting {part}", speed=SLOW, snag_n=15.0)
            yield from closed(cell, self.insertion.grip_width_m, CHECK_N, f"feeling for {part}")
            self.check_grip(cell, f"{part} is not where it was left", Cause.PART_DISPLACED)
            yield from opened(cell, self.release_opening(), f"leaving {part}")
        yield from self.up(cell, f"leaving {part}")


def relaxed(cell: Cell, what: str) -> Script:
    """Let go of the force in the spring, so that nothing jumps when the fingers open."""
    for _ in range(4):
        cell.servo(cell.observe().tcp_in_base)
        yield what


def lowered(cell: Cell, by_m: float, contact_n: float, what: str, speed: float = 0.02) -> Script:
    """Go straight down until contact pushes up with ``contact_n``, or the TCP has come down by ``by_m``.

    The target runs ahead of the TCP by what joint friction asks for, at most ``LEAD_M``.
    """
    start = cell.observe().tcp_in_base
    step, down = speed * cell.control_period_s, 0.0
    while True:
        observation = cell.observe()
        gone = float(start.translation[2] - observation.tcp_in_base.translation[2])
        if observation.wrench[2] > contact_n or gone > by_m:
            return
        down = min(down + step, gone + LEAD_M)
        cell.servo(shifted(start, np.array([0.0, 0.0, -down])))
        yield what
