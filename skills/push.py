"""The floor for every policy: lower the plug straight onto the estimated goal and push."""

from skills.cell import Cell
from skills.insert import SEARCHING, Inserting, Pressing
from skills.routine import Cause
from skills.script import Failed, Script

PUSH_N = 14.0
STALL_S = 0.8
TIMEOUT_S = 15.0
BELOW_M = 0.004
"""How far below the estimated seat to look for it [m]."""


class StraightPush(Inserting):
    """Down until it does not go on."""

    def script(self, cell: Cell) -> Script:
        """Press along the estimated axis until the plug stalls; fails when it stalls too high."""
        cell.compliance(SEARCHING)
        goal = self.attempt.goal_in_base
        pressing = Pressing(self.plug(cell.observe()))
        begun = since = cell.observe().time_s
        lowest = float(self.plug(cell.observe()).translation[2])
        while True:
            observation = cell.observe()
            self.watch(observation)
            plug = self.plug(observation)
            if plug.translation[2] < lowest - 0.0002:
                lowest, since = float(plug.translation[2]), observation.time_s
            pressed = observation.wrench[2] > 0.6 * PUSH_N
            if pressed and observation.time_s - since > STALL_S:
                break
            if observation.time_s - begun > TIMEOUT_S:
                raise Failed(Cause.TIMEOUT, f"not home after {TIMEOUT_S:.0f} s")
            if plug.translation[2] < goal.translation[2] - BELOW_M:
                raise Failed(Cause.NOT_SEATED, "there is nothing to rest on")
            force, period = float(observation.wrench[2]), cell.control_period_s
            target = pressing.toward(plug, force, PUSH_N, goal.translation[:2], goal.rotation, period)
            cell.servo(target * self.insertion.tcp_in_plug)
            yield f"pushing down ({force:.0f} N)"
        above = lowest - self.attempt.hand_at_seat_m
        if above > self.insertion.depth_m / 2:
            raise Failed(Cause.JAM, f"stuck {1e3 * above:.1f} mm above its seat")
