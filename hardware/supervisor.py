"""What stands between every command and the arm: limits, faults, the latched stop and the safe hold.

It knows no sockets. The server calls ``execute`` for each admitted command and ``tick`` at its own rate.
Whatever the arm raises is caught here, named, written to the logbook and answered with a hold.
"""

import time
from collections.abc import Callable

import numpy as np

from hardware.arm import Arm, ArmError, ArmState, CollisionLimits, Mode
from hardware.glide import Glide, transform_of
from hardware.logbook import Logbook
from hardware.messages import (
    Body,
    Grasp,
    Hold,
    Move,
    MoveJoints,
    Refusal,
    Refused,
    Release,
    Servo,
    Spring,
    ZeroWrench,
)
from hardware.safety import (
    LimitBroken,
    Limits,
    Watch,
    allowed_grip,
    allowed_speed,
    check_joints,
    check_step,
    check_target,
    toned_down,
)
from skills.cell import Fault

RECOVERY_S = 5.0
"""How long the robot may take to clear its errors [s]."""
LONGEST_STEP_S = 0.02
"""The target is never moved on by more than this at once, however late the tick [s]."""
ILL = {Mode.REFLEX: Fault.REFLEX, Mode.STOPPED: Fault.STOPPED, Mode.LOST: Fault.CONNECTION}
"""Modes in which an arm does not do as it is told."""


class Supervisor:
    """Guards one arm. Everything happens on the caller's thread."""

    def __init__(
        self,
        arm: Arm,
        limits: Limits,
        logbook: Logbook,
        *,
        control_period_s: float = 0.06,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.arm, self.limits, self.logbook = arm, limits, logbook
        self.control_period_s, self.clock = control_period_s, clock
        self.faults: dict[Fault, str] = {}
        """What is wrong, and in words."""
        self.latched = ""
        """Why only an operator can let the arm go on; empty when it may."""
        self.watch = Watch(limits)
        self.state: ArmState | None = None
        """The newest state; None until there was one."""
        self.zeroings = 0
        """How often the wrench was zeroed."""
        self._fresh_s = self._ticked_s = clock()
        self._glide: Glide | None = None
        self._sent_s = 0.0
        self._recovering_until = 0.0
        self._try("limits", lambda: arm.limits(CollisionLimits(force_n=limits.hard_force_n)))

    # -- commands ------------------------------------------------------------------------------------

    def execute(self, body: Body, who: str) -> str:
        """Act on a command of the client in control; returns what was changed about it. Raises Refused."""
        if self.latched:
            raise Refused(Refusal.LATCHED, f"{self.latched}; 'dovetail bridge reset' clears it")
        if self.faults and not isinstance(body, Hold | Spring):
            raise Refused(Refusal.FAULTED, "; ".join(self.faults.values()))
        try:
            return self._command(body)
        except LimitBroken as broken:
            self.hold(broken.what)
            self._fault(broken.fault, f"{who}: {broken.what}")
            raise Refused(Refusal.LIMIT, broken.what) from None
        except Exception as error:
            self.failed(type(body).__name__.lower(), error)
            raise Refused(Refusal.ARM, str(error)) from None

    def _command(self, body: Body) -> str:
        limits, arm = self.limits, self.arm
        match body:
            case Servo(target):
                check_target(limits, target)
                glide = self._glide or self._from_here()
                check_step(limits, target, glide.goal)
                glide.send(target, self.control_period_s)
                self._glide, self._sent_s = glide, self.clock()
            case Move(target, speed):
                check_target(limits, target)
                allowed = allowed_speed(limits, speed)
                self._glide = None
                arm.move(transform_of(target), allowed)
                return "" if allowed == speed else f"speed {speed:.2f} → {allowed:.2f} m/s"
            case MoveJoints(joint_positions, speed):
                check_joints(limits, joint_positions)
                self._glide = None
                arm.move_joints(np.asarray(joint_positions), min(speed, limits.joint_speed))
            case Grasp(width_m, force_n):
                width, force = allowed_grip(limits, width_m, force_n)
                arm.grasp(width, force)
                return "" if force == force_n else f"force {force_n:.0f} → {force:.0f} N"
            case Release(width_m):
                arm.release(allowed_grip(limits, width_m, 0.0)[0])
            case Spring():
                arm.compliance(toned_down(limits, body))
            case ZeroWrench():
                arm.zero_wrench()
                self.zeroings += 1
            case Hold():
                self._glide = None
                arm.hold()
            case _:
                raise Refused(Refusal.MALFORMED, f"{type(body).__name__} is no command to the arm")
        return ""

    def _from_here(self) -> Glide:
        if self.state is None:
            raise ArmError("no_state", "the robot has not said yet where it is")
        return Glide(self.state.tcp_in_base, self.limits)

    def hold(self, why: str) -> None:
        """Stand still on a soft spring."""
        self._glide = None
        self._try("hold", self.arm.hold)
        self.logbook.write("hold", why=why)

    def stop(self, why: str, *, latch: bool = False) -> None:
        """Stop. Always accepted."""
        self._glide = None
        self._try("stop", self.arm.stop)
        self._recovering_until = 0.0
        if latch and not self.latched:
            self.latched = why
            self.logbook.write("latched", durable=True, why=why)
        self._fault(Fault.STOPPED, why)

    def recover(self, who: str) -> None:
        """Begin to clear the faults; they are gone when the arm is well. Raises Refused."""
        if self.latched:
            raise Refused(Refusal.LATCHED, f"{self.latched}; 'dovetail bridge reset' clears it")
        self._glide = None
        try:
            self.arm.recover()
        except Exception as error:
            self.failed("recover", error)
            raise Refused(Refusal.ARM, str(error)) from None
        if self.faults:
            self.logbook.write("recover", durable=True, who=who, faults=dict(self.faults))
            self._recovering_until = self.clock() + RECOVERY_S

    def reset(self, who: str) -> None:
        """Clear the latched stop and the faults: an operator's word. Raises Refused."""
        if self.latched:
            self.logbook.write("reset", durable=True, who=who, was=self.latched)
            self.latched = ""
        self.recover(who)

    # -- every cycle ---------------------------------------------------------------------------------

    def tick(self) -> ArmState | None:
        """Read the arm, compare it with the limits, move the target on; returns the newest state."""
        now = self.clock()
        dt, self._ticked_s = min(now - self._ticked_s, LONGEST_STEP_S), now
        try:
            state = self.arm.state()
        except Exception as error:
            if Fault.CONNECTION not in self.faults:
                self.failed("state", error, Fault.CONNECTION)
            return self.state
        if self.state is None or state.time_s != self.state.time_s:
            self._fresh_s = now
        self.state = state
        self._judge(state, now)
        if self._glide is not None and dt > 0.0 and not self.faults:
            self._follow(self._glide, dt, now)
        return state

    def _judge(self, state: ArmState, now: float) -> None:
        self._look_at_arm(state, now)
        stood_s = now - self._fresh_s
        if stood_s > self.limits.state_timeout_s and Fault.CONNECTION not in self.faults:
            self.hold("no news of the robot")
            self._fault(Fault.CONNECTION, f"the robot's clock has stood still for {1000 * stood_s:.0f} ms")
        for violation in self.watch.look(state):
            if violation.hard and not self.latched:
                self.stop(f"{violation.what}, a hard limit", latch=True)
            elif violation.fault not in self.faults:
                self.hold(violation.what)
                self._fault(violation.fault, violation.what)

    def _look_at_arm(self, state: ArmState, now: float) -> None:
        """Take over the arm's own faults; clear ours when it has recovered."""
        ill = next((fault for mode, fault in ILL.items() if mode == state.mode), None)
        if ill is None and state.fault is not None:
            ill = Fault.CONTROL
        if self._recovering_until:
            fresh = now - self._fresh_s <= self.limits.state_timeout_s
            if ill is None and fresh:
                self._recovering_until = 0.0
                self.faults.clear()
                self.watch.forgive(state)
                self.logbook.write("well again")
            elif now > self._recovering_until:
                self._recovering_until = 0.0
                self.logbook.write("not recovered", mode=state.mode, fault=state.fault)
        elif ill is not None and ill not in self.faults:
            self.hold(f"the arm is in mode '{state.mode}'")
            what = f"{state.fault or state.mode}: {state.fault_detail}".rstrip(": ")
            self._fault(ill, what)

    def _follow(self, glide: Glide, dt: float, now: float) -> None:
        """Give the arm the next point on the way to the servo target."""
        if now - self._sent_s > self.limits.servo_timeout_s:
            self.hold(f"no new target for {now - self._sent_s:.2f} s")
            return
        if glide.over:
            return
        target = glide.step(dt)
        try:
            self.arm.track(target, glide.velocity)
        except Exception as error:
            self.failed("track", error)

    # -- what went wrong -----------------------------------------------------------------------------

    def _fault(self, fault: Fault, what: str) -> None:
        if fault not in self.faults:
            self.faults[fault] = what
            self.logbook.write("fault", durable=True, fault=str(fault), what=what)

    def failed(self, doing: str, error: Exception, fault: Fault = Fault.CONTROL) -> None:
        """An exception came out of the arm: hold, and say so."""
        name = error.name if isinstance(error, ArmError) else type(error).__name__
        self.logbook.write("exception", durable=True, doing=doing, name=name, what=str(error))
        self.hold(f"{doing} raised {name}")
        self._fault(fault, f"{name}: {error}")

    def _try(self, doing: str, act: Callable[[], None]) -> None:
        """Do what must not fail the caller; the logbook hears of it when it fails."""
        try:
            act()
        except Exception as error:
            name = error.name if isinstance(error, ArmError) else type(error).__name__
            self.logbook.write("exception", durable=True, doing=doing, name=name, what=str(error))
