"""Taking a part back into the hand from where it was let go."""

from skills.cell import Cell
from skills.handling import FAST, GRIP_N, PLACING, Handling, lowered
from skills.routine import Cause
from skills.script import Failed, Script, closed, moved, opened, raised

ABOVE_M = 0.01
"""From here on the fingers feel their way down [m]."""
CONTACT_N = 10.0
"""What they rest on is as far down as they get: a part that does not stand as it should [N]."""
HIGHER_M = (0.0, 0.002)
"""Above where the part was let go, one try after the other [m]."""


class Regrasp(Handling):
    """Grasp the part where this attempt let go of it, so that it can be lifted clear and inserted anew."""

    def script(self, cell: Cell) -> Script:
        """Come down open on the place, close, and see that something of the right width is there."""
        part, tcp = self.insertion.part, self.attempt.released_tcp
        if tcp is None:
            raise Failed(Cause.PART_DISPLACED, f"{part} was never let go")
        yield from opened(cell, self.release_opening(), f"opening for {part}")
        yield from self.over(cell, tcp, f"going back to {part}")
        for higher in HIGHER_M:
            yield from moved(cell, raised(tcp, ABOVE_M), f"coming down on {part}", speed=FAST)
            cell.zero_wrench()
            cell.compliance(PLACING)
            yield from lowered(cell, ABOVE_M - higher, CONTACT_N, f"coming down on {part}")
            yield from closed(cell, self.insertion.grip_width_m, GRIP_N, f"grasping {part} again")
            if self.holds(cell):
                return
            yield from opened(cell, self.release_opening(), f"opening for {part}")
        self.check_grip(cell, f"{part} is not where it was let go", Cause.PART_DISPLACED)
