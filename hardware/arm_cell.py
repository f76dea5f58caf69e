"""A cell on an arm in the same process: no network, no server, no limits but the arm's own.

For experiments, and to tell what the driver does from what the bridge does.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from hardware.arm import Arm, ArmError, ArmState, Mode
from hardware.places import Places
from skills.cell import CellError, Compliance, Fault, Observation, PoseEstimate, Vector

CONTROL_PERIOD_S = 0.06
LOOK_S = 0.004
"""Time between two looks at the arm; the target glides on as often [s]."""
STALE_S = 2.0
"""An arm whose clock stands still for so long by the wall's is given up [s]."""
_FAULTS = {
    Mode.STOPPED: Fault.STOPPED,
    Mode.REFLEX: Fault.REFLEX,
    Mode.LOST: Fault.CONNECTION,
}


class ArmCell:
    """Implements :class:`skills.cell.Cell` on an :class:`hardware.arm.Arm`; time is the arm's."""

    def __init__(self, arm: Arm, places: Places) -> None:
        self.arm, self._places = arm, places
        self._start: RigidTransform | None = None
        self._goal: RigidTransform | None = None
        state = arm.state()
        self._began_s = self._due_s = state.time_s
        self._observation = self._observed(state, state.wrench, state.peak_force_n)

    @property
    def control_period_s(self) -> float:
        """See :class:`skills.cell.Cell`."""
        return CONTROL_PERIOD_S

    def observe(self) -> Observation:
        """See :class:`skills.cell.Cell`."""
        return self._observation

    def servo(self, tcp_in_base: RigidTransform) -> None:
        """See :class:`skills.cell.Cell`."""
        if not self._observation.faults:
            self._goal = tcp_in_base

    def compliance(self, compliance: Compliance) -> None:
        """See :class:`skills.cell.Cell`."""
        self.arm.compliance(compliance)

    def move(self, tcp_in_base: RigidTransform, *, speed: float = 0.25) -> None:
        """See :class:`skills.cell.Cell`."""
        self._goal = self._start = None
        self._ask(lambda: self.arm.move(tcp_in_base, speed))

    def grasp(self, width_m: float, force_n: float = 40.0) -> None:
        """See :class:`skills.cell.Cell`."""
        self._ask(lambda: self.arm.grasp(width_m, force_n))

    def release(self, width_m: float = 0.08) -> None:
        """See :class:`skills.cell.Cell`."""
        self._ask(lambda: self.arm.release(width_m))

    def advance(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._due_s += CONTROL_PERIOD_S
        begun = self._due_s - CONTROL_PERIOD_S
        wrenches, peak, seen_at, clock = [], 0.0, time.monotonic(), -1.0
        while True:
            state = self.arm.state()
            peak = max(peak, state.peak_force_n)
            wrenches.append(state.wrench)
            if state.time_s != clock:
                clock, seen_at = state.time_s, time.monotonic()
            if state.time_s >= self._due_s:
                break
            if state.mode == Mode.LOST or time.monotonic() - seen_at > STALE_S:
                time.sleep(CONTROL_PERIOD_S)
                break
            self._glide(min(1.0, (state.time_s - begun) / CONTROL_PERIOD_S), state)
            time.sleep(LOOK_S)
        self._glide(1.0, state)
        self._start = self._goal
        if state.time_s > self._due_s + CONTROL_PERIOD_S:
            self._due_s = state.time_s
        self._observation = self._observed(state, np.mean(wrenches, axis=0), peak)

    def stop(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._goal = self._start = None
        self.arm.stop()

    def recover(self) -> None:
        """See :class:`skills.cell.Cell`. Raises CellError when the arm does not get well."""
        self._goal = self._start = None
        self._ask(self.arm.recover)
        give_up = time.monotonic() + 5.0
        while (state := self.arm.state()).mode in _FAULTS:
            if time.monotonic() > give_up:
                raise CellError(f"the arm did not recover: {state.fault} ({state.fault_detail})")
            time.sleep(LOOK_S)
        self._observation = replace(self._observation, faults=())

    def zero_wrench(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self.arm.zero_wrench()
        self._observation = replace(self._observation, wrench=np.zeros(6), peak_force_n=0.0)

    def locate(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`."""
        return self._places.locate(part)

    def locate_goal(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`."""
        return self._places.locate_goal(part)

    def close(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self.arm.close()

    # -- inside --------------------------------------------------------------------------------------

    def _glide(self, share: float, state: ArmState) -> None:
        """Lead the spring's target from the last one to the present one."""
        goal = self._goal
        if goal is None or goal is self._start:
            return
        start = self._start = state.tcp_in_base if self._start is None else self._start
        turn = (goal.rotation * start.rotation.inv()).as_rotvec()
        target = RigidTransform.from_components(
            start.translation + share * (goal.translation - start.translation),
            Rotation.from_rotvec(share * turn) * start.rotation,
        )
        pace = (1.0 if share < 1.0 else 0.0) / CONTROL_PERIOD_S
        velocity = pace * np.concatenate([goal.translation - start.translation, turn])
        self._ask(lambda: self.arm.track(target, velocity))

    def _ask(self, what: Callable[[], None]) -> None:
        """Tell the arm; one that is not well ignores it, as every cell does."""
        try:
            what()
        except ArmError:
            self._goal = self._start = None

    def _observed(self, state: ArmState, wrench: Vector, peak_n: float) -> Observation:
        fault = _FAULTS.get(Mode(state.mode))
        return Observation(
            time_s=self._due_s - self._began_s,
            joint_positions=state.joint_positions,
            tcp_in_base=state.tcp_in_base,
            wrench=wrench,
            peak_force_n=peak_n,
            gripper_width_m=max(0.0, state.gripper_width_m),
            grasped=state.grasped,
            moving=state.moving,
            faults=() if fault is None else (fault,),
        )
