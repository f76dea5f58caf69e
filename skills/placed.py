"""Is a part where a person says to have put it? Felt from above, pushed and tugged; never just believed."""

from skills.cell import Cell
from skills.feeling import CHECK_N, FELT_TOLERANCE_M, GUESSED_TOLERANCE_M, Feeling
from skills.handling import FAST, SLOW, Handling, relaxed
from skills.routine import Cause
from skills.script import Script, at_height, closed, moved, opened, raised
from skills.seated import CheckSeated


class StandBack(Handling):
    """Let go of whatever is in the hand and leave it alone."""

    def script(self, cell: Cell) -> Script:
        """Open, and straight up."""
        yield from relaxed(cell, "relaxing")
        yield from opened(cell, self.release_opening(), "letting go")
        yield from self.up(cell, "standing back", SLOW)


class CheckPlaced(Feeling):
    """Find the part around the attempt's ``released_tcp``, standing in its place."""

    def script(self, cell: Cell) -> Script:
        """Feel how high it stands, grasp it, push and tug; let go of it and leave."""
        part, attempt = self.insertion.part, self.attempt
        tcp = attempt.released_tcp
        assert tcp is not None
        yield from self.over(cell, tcp, f"going to check {part}")
        if self.insertion.probe is not None:
            seat = attempt.seat_height_m
            yield from self.felt(cell, tcp, seat)
            known = attempt.face_height_m is not None
            self.check_height(seat, FELT_TOLERANCE_M if known else GUESSED_TOLERANCE_M, Cause.NOT_SEATED)
            assert attempt.felt_height_m is not None
            tcp = at_height(tcp, attempt.felt_height_m + float(self.insertion.tcp_in_plug.translation[2]))
            yield from self.over(cell, tcp, f"going to tug at {part}")
        yield from opened(cell, self.release_opening(), f"opening for {part}")
        yield from moved(cell, raised(tcp, 0.01), f"coming down on {part}", speed=FAST)
        yield from moved(cell, tcp, f"coming down on {part}", speed=SLOW, snag_n=15.0)
        yield from closed(cell, self.insertion.grip_width_m, CHECK_N, f"grasping {part}")
        self.check_grip(cell, f"{part} is not there", Cause.PART_DISPLACED)
        yield from CheckSeated(attempt).script(cell)
        yield from relaxed(cell, "relaxing")
        attempt.released_tcp = cell.observe().tcp_in_base
        yield from opened(cell, self.release_opening(), f"leaving {part}")
        yield from self.up(cell, f"leaving {part}")
