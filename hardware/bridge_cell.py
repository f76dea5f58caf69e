"""A cell behind a bridge: the seam over the network.

Commands are answered by the server before they return; what they do is seen in the next observation. A bridge
that cannot be reached, or that has given control to somebody else, is ``Fault.CONNECTION`` until ``recover``,
which begins a new session. A command that the server's limits refuse makes the arm hold, and shows as the
fault that the server names.
"""

import time
from dataclasses import replace
from typing import Protocol

import numpy as np
from scipy.spatial.transform import RigidTransform

from hardware.client import Link, LinkLost
from hardware.glide import pose_of, transform_of
from hardware.messages import (
    Body,
    Grasp,
    Move,
    Recover,
    Refusal,
    Refused,
    Release,
    Servo,
    Spring,
    State,
    Stop,
    ZeroWrench,
)
from skills.cell import CellError, Compliance, Fault, Observation, PoseEstimate

CONTROL_PERIOD_S = 0.06
SILENCE_S = 0.25
"""Without news of the server for this long it counts as out of reach [s]."""
STANDSTILL_S = 3.0
"""Longest wait for the robot's clock to move on by a control period [s]."""
RECOVERY_S = 6.0
EARLY_S = 1e-6


class PoseSource(Protocol):
    """Says where parts are."""

    def locate(self, part: str) -> PoseEstimate:
        """Where ``part`` waits. Raises UnknownPart."""
        ...

    def locate_goal(self, part: str) -> PoseEstimate:
        """Where ``part`` belongs. Raises UnknownPart."""
        ...


class BridgeCell:
    """Implements :class:`skills.cell.Cell` on a bridge. Raises CellError when it cannot be had."""

    def __init__(
        self,
        link: Link,
        places: PoseSource,
        *,
        control_period_s: float = CONTROL_PERIOD_S,
        pace: float = 1.0,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.link, self.places, self._period_s = link, places, control_period_s
        """``control_period_s`` is the server's own."""
        self._pace, self._silence_s = pace, silence_s
        """Share of the asked speed at which free-space motions are made, and without news of the server for
        how long it counts as out of reach [s]."""
        self._spring: Compliance | None = None
        self._target: RigidTransform | None = None
        self._sent = False
        self._wanted_n = 0
        self._lost = ""
        self._take()
        state = link.newest(1.0)
        if state is None:
            raise LinkLost(link.settings.state_endpoint, 1.0)
        self._n = state.n - 1
        self._seen, self._n = self._observation(state), state.n
        if self._seen.faults:
            self.recover()

    @property
    def why(self) -> str:
        """What the faults are about, in words."""
        state = self.link.newest()
        return self._lost or (state.detail if state is not None else "")

    # -- the seam ------------------------------------------------------------------------------------

    @property
    def control_period_s(self) -> float:
        """See :class:`skills.cell.Cell`."""
        return self._period_s

    def observe(self) -> Observation:
        """See :class:`skills.cell.Cell`."""
        return self._seen

    def servo(self, tcp_in_base: RigidTransform) -> None:
        """See :class:`skills.cell.Cell`."""
        if self._seen.faults:
            return
        self._target, self._sent = tcp_in_base, True
        self._command(Servo(pose_of(tcp_in_base)))

    def compliance(self, compliance: Compliance) -> None:
        """See :class:`skills.cell.Cell`."""
        self._spring = compliance
        if Fault.CONNECTION not in self._seen.faults:
            self._command(_spring(compliance))

    def move(self, tcp_in_base: RigidTransform, *, speed: float = 0.25) -> None:
        """See :class:`skills.cell.Cell`."""
        if self._seen.faults:
            return
        self._target = None
        self._command(Move(pose_of(tcp_in_base), self._pace * speed))

    def grasp(self, width_m: float, force_n: float = 40.0) -> None:
        """See :class:`skills.cell.Cell`."""
        if not self._seen.faults:
            self._command(Grasp(width_m, force_n))

    def release(self, width_m: float = 0.08) -> None:
        """See :class:`skills.cell.Cell`."""
        if not self._seen.faults:
            self._command(Release(width_m))

    def advance(self) -> None:
        """See :class:`skills.cell.Cell`."""
        if self._target is not None and not self._sent and not self._seen.faults:
            self._command(Servo(pose_of(self._target)))
        self._sent = False
        began = time.monotonic()
        due_s = self._seen.time_s + self._period_s - EARLY_S
        while True:
            state = self.link.newest(0.02)
            waited_s = time.monotonic() - began
            if state is not None and state.time_s >= due_s and state.n >= self._wanted_n:
                break
            if self._unreachable() or waited_s > STANDSTILL_S or self._lost:
                time.sleep(max(0.0, self._period_s - waited_s))
                break
        if state is not None:
            self._seen, self._n = self._observation(state), state.n

    def stop(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._target = None
        self._command(Stop())
        self._seen = replace(self._seen, moving=False)

    def recover(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._target = None
        try:
            if self._lost or not self.link.in_control or self._unreachable():
                self.link.reconnect()
                self._take()
            reply = self.link.ask(Recover())
        except CellError as error:
            self._lose(str(error))
            return
        except Refused as refused:
            self._note(refused)
            self._refresh()
            return
        self._lost, self._wanted_n = "", reply.state_n
        until = time.monotonic() + RECOVERY_S
        while self._refresh() and time.monotonic() < until:
            pass
        if self._spring is not None:
            self.compliance(self._spring)

    def zero_wrench(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._command(ZeroWrench())

    def locate(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`."""
        return self.places.locate(part)

    def locate_goal(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`."""
        return self.places.locate_goal(part)

    def close(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self.link.close()

    # -- inside --------------------------------------------------------------------------------------

    def _take(self) -> None:
        try:
            self.link.take()
        except Refused as refused:
            raise CellError(f"the bridge does not give control: {refused.detail}") from None

    def _command(self, body: Body) -> None:
        """Have a command acted on; a refusal shows in the observation, not here."""
        try:
            self._wanted_n = self.link.ask(body).state_n
        except LinkLost as error:
            self._lose(str(error))
        except Refused as refused:
            self._note(refused)

    def _note(self, refused: Refused) -> None:
        """Take in that the server did not act on a command."""
        if refused.refusal in (Refusal.LEASE, Refusal.SESSION, Refusal.STALE, Refusal.BUSY):
            self._lose(str(refused))
        else:
            self._wanted_n = max(self._wanted_n, self._n + 1)

    def _lose(self, why: str) -> None:
        self._lost, self._target = why, None
        self._seen = replace(self._seen, moving=False, faults=_with_connection(self._seen.faults))

    def _unreachable(self) -> bool:
        return self.link.silence_s() > self._silence_s

    def _refresh(self) -> tuple[Fault, ...]:
        """Take in the newest state that shows the last command; its faults."""
        state = self.link.newest(0.05)
        if state is not None and state.n >= self._wanted_n:
            self._seen, self._n = self._observation(state), state.n
        return self._seen.faults

    def _observation(self, state: State) -> Observation:
        faults = tuple(Fault(name) for name in state.faults)
        if self._lost or self._unreachable():
            faults = _with_connection(faults)
        missed = max(1, min(state.n - self._n, len(state.peaks_n)))
        return Observation(
            time_s=state.time_s,
            joint_positions=np.array(state.joint_positions),
            tcp_in_base=transform_of(state.tcp),
            wrench=np.array(state.wrench),
            peak_force_n=max(state.peaks_n[-missed:], default=0.0),
            gripper_width_m=max(0.0, state.gripper_width_m),
            grasped=state.grasped,
            moving=state.moving and not faults,
            faults=faults,
        )


def _with_connection(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    return faults if Fault.CONNECTION in faults else (*faults, Fault.CONNECTION)


def _spring(compliance: Compliance) -> Spring:
    return Spring(
        compliance.stiffness,
        compliance.rotational_stiffness,
        compliance.clip_m,
        compliance.rotational_clip_rad,
        compliance.damping_ratio,
    )
