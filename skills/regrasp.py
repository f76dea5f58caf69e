"""Taking a part back into the hand from where it was let go."""

from skills.cell import Cell
from skills.handling import FAST, GRIP_N, SLOW, Handling
from skills.routine import Cause
from skills.script import Failed, Script, closed, moved, opened, raised


class Regrasp(Handling):
    """Grasp the part where this attempt let go of it, so that it can be lifted clear and inserted anew."""

    def script(self, cell: Cell) -> Script:
        """Come down open on the place, close, and see that something of the right width is there."""
        part, tcp = self.insertion.part, self.attempt.released_tcp
        if tcp is None:
            raise Failed(Cause.PART_DISPLACED, f"{part} was never let go")
        yield from opened(cell, self.release_opening(), f"opening for {part}")
        yield from self.over(cell, tcp, f"going back to {part}")
        yield from moved(cell, raised(tcp, 0.01), f"coming down on {part}", speed=FAST)
        yield from moved(cell, tcp, f"coming down on {part}", speed=SLOW)
        yield from closed(cell, self.insertion.grip_width_m, GRIP_N, f"grasping {part} again")
        self.check_grip(cell, f"{part} is not where it was let go", Cause.PART_DISPLACED)
