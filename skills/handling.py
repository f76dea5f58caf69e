"""Carrying a part about: to where it belongs, out of the way, back to its place in the tray.

What all these routines share is here too: how wide to open, what counts as a grip, ways up and across.
"""

import numpy as np
from scipy.spatial.transform import RigidTransform

from sequences.tray import OPEN_M, OPEN_MARGIN_M
from skills.cell import Cell, Compliance
from skills.insertion import Attempt
from skills.routine import Cause
from skills.script import (
    Failed,
    Script,
    ScriptedRoutine,
    at_height,
    moved,
    opened,
    raised,
    shifted,
)

RELEASE_MARGIN_M = 0.008
"""How much wider than the part the fingers open to leave it."""
WIDTH_TOLERANCE_M = 0.0015
"""A grip this far from the expected width is not on the expected faces."""
GRIP_N = 60.0
PULL_OUT_N = 60.0
"""Contact force to expect while a stuck part is pulled out again [N]."""
LIFT_M = 0.03
FAST, LADEN, SLOW, CREEP = 0.4, 0.12, 0.1, 0.04
"""Speeds of free-space motion [m/s]: empty hand, with a part, near things, among things."""
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
        return min(self.insertion.grip_width_m + RELEASE_MARGIN_M, OPEN_M)

    def opening(self) -> float:
        """How wide to open around a part that lies somewhere near [m]."""
        widest = max(self.insertion.grip_width_m, self.insertion.cross_width_m or 0.0)
        return min(widest + OPEN_MARGIN_M, OPEN_M)

    def holds(self, cell: Cell) -> bool:
        """Whether the fingers hold something as wide as the part."""
        observation = cell.observe()
        error = observation.gripper_width_m - self.insertion.grip_width_m
        return observation.grasped and bool(abs(error) < WIDTH_TOLERANCE_M)

    def check_grip(self, cell: Cell, doing: str, otherwise: Cause) -> None:
        """Fail unless the fingers hold something as wide as the part."""
        if not self.holds(cell):
            raise Failed(
                otherwise,
                f"{doing}: fingers at {1e3 * cell.observe().gripper_width_m:.1f} mm, "
                f"the part is {1e3 * self.insertion.grip_width_m:.1f} mm wide",
            )

    def in_tray(self, cell: Cell) -> RigidTransform:
        """Where the TCP has the part by its nominal grasp while that lies in its place, in the base frame."""
        located = cell.locate(self.insertion.part).pose_in_base
        return raised(located * self.insertion.tcp_in_plug, self.attempt.lying_m)

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
        place = self.in_tray(cell)
        yield from self.over(cell, place, f"putting {part} back", LADEN)
        cell.compliance(PLACING)
        yield from moved(cell, raised(place, 0.01), f"putting {part} back", speed=SLOW)
        yield from lowered(cell, 0.02, 4.0, f"putting {part} back")
        yield from opened(cell, self.opening(), f"letting go of {part}")
        yield from self.up(cell, "leaving the tray")


def relaxed(cell: Cell, what: str) -> Script:
    """Let go of the force in the spring, so that nothing jumps when the fingers open."""
    for _ in range(4):
        cell.servo(cell.observe().tcp_in_base)
        yield what


def lowered(
    cell: Cell, by_m: float, contact_n: float, what: str, speed: float = 0.02, lead_m: float = LEAD_M
) -> Script:
    """Go straight down until contact pushes up with ``contact_n``, or the TCP has come down by ``by_m``.

    The target runs ahead of the TCP by what joint friction and contact ask for, at most ``lead_m``.
    """
    start = cell.observe().tcp_in_base
    step, down = speed * cell.control_period_s, 0.0
    while True:
        observation = cell.observe()
        gone = float(start.translation[2] - observation.tcp_in_base.translation[2])
        if observation.wrench[2] > contact_n or gone > by_m:
            return
        down = min(down + step, gone + lead_m)
        cell.servo(shifted(start, np.array([0.0, 0.0, -down])))
        yield what
