"""Touch: letting go of a seated part and feeling that it stayed; feeling later whether it still stands."""

from collections.abc import Generator
from dataclasses import replace
from itertools import islice

from scipy.spatial.transform import RigidTransform

from skills.cell import Cell
from skills.handling import FAST, LIFT_M, PLACING, SLOW, Handling, lowered, relaxed
from skills.routine import Cause
from skills.script import Failed, Script, at_height, closed, moved, opened, raised, shifted

CHECK_N = 12.0
FEEL_N, FEEL_SPEED, FEEL_DEPTH_M = 3.0, 0.006, 0.004
"""Force that counts as having met the part [N], speed down to it [m/s], how far below to look for it [m]."""
FEEL_FROM_M = 0.0035
"""How far above the part the slow approach begins; more than a part may stand too high [m]."""
FELT_TOLERANCE_M, GUESSED_TOLERANCE_M = 0.0010, 0.0028
"""How far from its seat a part may be felt, with the face's height measured or only estimated [m]."""
CREPT_M = 0.0025
"""So far a part may have crept up in the grasp on its way to the face [m]: it then seems too high."""
PRESS_N, PRESS_LEAD_M, PRESS_S, YIELDED_M = 25.0, 0.012, 4.0, 0.0003
"""Force that tells such a part from one that is not home [N], how far the target leads for it [m], how long a
weak spring may take to reach it [s], and how far a part that stands on its seat gives way to it [m]."""
PRESSING = replace(PLACING, clip_m=(0.006, 0.006, PRESS_LEAD_M))


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

    def stands_firm(self, cell: Cell) -> Generator[str, None, bool]:
        """Whether the part that the fingertips are on does not give way to a firm press."""
        part, before = self.insertion.part, self.attempt.felt_height_m
        assert before is not None
        assert self.insertion.probe is not None
        cell.compliance(PRESSING)
        press = lowered(cell, CREPT_M + FEEL_DEPTH_M, PRESS_N, f"pressing {part}", FEEL_SPEED, PRESS_LEAD_M)
        yield from islice(press, round(PRESS_S / cell.control_period_s))
        observation = cell.observe()
        yield from relaxed(cell, f"pressing {part}")
        height = float(observation.tcp_in_base.translation[2]) - self.insertion.probe.height_m
        self.attempt.felt_height_m = height
        return bool(observation.wrench[2] > PRESS_N) and before - height < YIELDED_M

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
        tolerance = FELT_TOLERANCE_M if known else GUESSED_TOLERANCE_M
        assert attempt.felt_height_m is not None
        if tolerance < attempt.felt_height_m - seat < CREPT_M and (yield from self.stands_firm(cell)):
            return
        self.check_height(seat, tolerance, Cause.NOT_SEATED)


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
