"""What the operator's wishes do to a run: each is looked at, journaled with who and when, then carried out.

Wishes about the whole run (pause, resume, stop, note) and about the tool (jog, guide) act here, between two
ticks of the tree. Decisions about the step in hand become an :class:`executive.orders.Order` on the board,
which the tree carries out. Everything happens on the run's thread.
"""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from executive.board import Board
from executive.operator.demonstration import Hand
from executive.operator.hold import LOOSE, SOFT, STIFF, HeldCell
from executive.operator.protocol import (
    LARGEST_JOG_M,
    LARGEST_JOG_RAD,
    Abort,
    AnyWish,
    ByHand,
    Guide,
    Halt,
    Jog,
    Mode,
    Pause,
    Regrasp,
    Remark,
    Resume,
    Retry,
    Skip,
)
from executive.orders import Decision, Order
from executive.recorder import Recorder
from skills.cell import Vector

FURTHEST_JOG_M, FURTHEST_JOG_RAD = 0.05, 0.6
"""How far the tool may be jogged from where it was held [m, rad]."""
JOG_LIMIT_N = 30.0
"""At a contact force above this the tool is jogged only upwards [N]."""
FREE_N = 5.0
"""Below this contact force nothing but time keeps the tool from where it is led [N]."""
ORDERS: dict[type, Decision] = {
    Regrasp: Decision.REGRASP,
    ByHand: Decision.BY_HAND,
    Skip: Decision.SKIP,
    Abort: Decision.ABORT,
}


class Declined(Exception):
    """A wish that does not fit the state of the run; the message says why and what would."""


class Helm:
    """One run's."""

    def __init__(self, board: Board, cell: HeldCell, recorder: Recorder) -> None:
        self.board, self.cell, self.recorder = board, cell, recorder
        self.hand = Hand(board, cell, recorder)
        self.paused = False
        self.stop_wanted = False
        self._led = False
        self._counted = False
        """The present intervention is in the count; a new one begins when the arm has worked again."""
        self._origin: RigidTransform | None = None
        """Where the tool was when it was first moved."""

    @property
    def mode(self) -> Mode:
        """What the run is doing."""
        if self.cell.held_as is LOOSE:
            return Mode.GUIDED
        if self.paused:
            return Mode.PAUSED
        return Mode.ASKING if self.board.asking and self.board.order is None else Mode.RUNNING

    @property
    def held(self) -> str:
        """How the arm is held, in a word; empty while it works."""
        spring = self.cell.held_as
        return "" if spring is None else {id(SOFT): "soft", id(LOOSE): "loose"}.get(id(spring), "stiff")

    @property
    def waiting(self) -> bool:
        """Nothing goes on until the operator says so."""
        return self.mode is not Mode.RUNNING

    def steers(self) -> bool:
        """Whether the tree must not be ticked in this control period; the arm is then held."""
        if self.stop_wanted or self.board.seen().faults:
            self.cell.go_on(motion=False)
            return False
        if self.cell.held_as is not None:
            self.cell.keep()
            self.hand.look()
        return self.paused

    def stop(self, who: str) -> None:
        """End the run in good order; anybody may ask for that."""
        self._note(who, "stop")
        self.stop_wanted = True

    # -- wishes --------------------------------------------------------------------------------------

    def wish(self, who: str, wish: AnyWish) -> str:
        """Carry out what ``who`` asks for; what came of it, in words. Raises Declined."""
        match wish:
            case Pause(stiff):
                return self._pause(who, stiff)
            case Resume():
                return self._resume(who)
            case Halt():
                self.stop(who)
                return "stopping; 'dovetail resume' goes on"
            case Remark(text):
                self._note(who, "note", note=text)
                return "noted"
            case Jog():
                return self._jog(who, wish)
            case Guide(on):
                return self._guide(who, on)
            case Retry(elsewhere):
                return self._order(who, Decision.ELSEWHERE if elsewhere else Decision.HERE)
            case _:
                return self._order(who, ORDERS[type(wish)])

    def _pause(self, who: str, stiff: bool) -> str:
        self.cell.hold(STIFF if stiff else SOFT)
        self.paused = True
        self._note(who, "pause", held=self.held)
        return f"paused, held {self.held}"

    def _resume(self, who: str) -> str:
        if not self.paused:
            raise Declined("nothing is paused" + ("; a decision is waited for" if self.board.asking else ""))
        self._note(who, "resume", held_s=self._let_go_on())
        return "going on"

    def _order(self, who: str, decision: Decision) -> str:
        board = self.board
        index = board.progress.index
        if index < 0 or index in board.results:
            raise Declined("no step is in hand")
        if board.order is not None:
            raise Declined(f"{board.order.by} decided before: {board.order.decision}")
        if decision.again and index in board.strayed:
            self._needs_room(index)
        order = Order(decision, who, self._led_to(), self._led and decision is Decision.HERE)
        self._step_in(who, str(decision))
        held_s = self._let_go_on(motion=False)
        board.order = order
        self._note(who, str(decision), world=True, order=order.as_json(), held_s=held_s)
        return str(decision)

    def _led_to(self) -> RigidTransform:
        """Where the tool is meant to be: it follows jogs with a lag, but what it touches may keep it away."""
        seen, held = self.cell.inner.observe(), self.cell.held_as
        if self.cell.target is None or held is not STIFF or seen.peak_force_n > FREE_N:
            return seen.tcp_in_base
        return self.cell.target

    def _jog(self, who: str, jog: Jog) -> str:
        self._needs_waiting("moved")
        step = np.array([jog.x_m, jog.y_m, jog.z_m])
        if not (np.abs(step).max() <= LARGEST_JOG_M and abs(jog.yaw_rad) <= LARGEST_JOG_RAD):
            raise Declined(f"a step is at most {1e3 * LARGEST_JOG_M:.0f} mm and {LARGEST_JOG_RAD} rad")
        seen = self.cell.inner.observe()
        if seen.peak_force_n > JOG_LIMIT_N and not (jog.z_m > 0.0 and step[:2].any() == 0):
            raise Declined(f"the tool feels {seen.peak_force_n:.0f} N; only upwards")
        if self.cell.held_as is not STIFF:
            self.cell.hold(STIFF)
        target = self._shifted(step, jog.yaw_rad)
        self._step_in(who, "jog")
        self.hand.begin(who, "jog")
        self.cell.target, self._led = target, True
        self._note(who, "jog", step_m=step.tolist(), yaw_rad=jog.yaw_rad)
        x, y, z = 1e3 * step
        return f"moved by ({x:+.1f}, {y:+.1f}, {z:+.1f}) mm, {np.degrees(jog.yaw_rad):+.1f}°"

    def _shifted(self, step: Vector, yaw_rad: float) -> RigidTransform:
        """Where a step leads to. Raises Declined when that is too far from where it began."""
        target = self.cell.target
        assert target is not None
        self._origin = target if self._origin is None else self._origin
        turn = Rotation.from_rotvec([0.0, 0.0, yaw_rad])
        led = RigidTransform.from_components(target.translation + step, turn * target.rotation)
        away = float(np.linalg.norm(led.translation - self._origin.translation))
        turned = float((led.rotation * self._origin.rotation.inv()).magnitude())
        if away > FURTHEST_JOG_M or turned > FURTHEST_JOG_RAD:
            raise Declined(f"that is more than {1e3 * FURTHEST_JOG_M:.0f} mm from where it was held")
        return led

    def _guide(self, who: str, on: bool) -> str:
        self._needs_waiting("led by hand")
        if on:
            self._step_in(who, "guide")
            self.hand.begin(who, "guide")
            self.cell.hold(LOOSE)
            self._led = True
        else:
            self.cell.hold(STIFF)
        self._note(who, "guide", held=self.held)
        return f"held {self.held}"

    # -- what they share -----------------------------------------------------------------------------

    def _needs_waiting(self, what: str) -> None:
        if not self.waiting:
            raise Declined(f"the tool is {what} only while the run is paused or needs help")

    def _needs_room(self, index: int) -> None:
        """Raises Declined for a displaced part that the robot cannot place among what stands now."""
        for why in self.board.obstructions(index):
            raise Declined(f"the robot cannot place it among what stands now ({why}); put it in by hand")

    def _step_in(self, who: str, how: str) -> None:
        """Count an intervention: all that is done until the arm works again is one."""
        if not self._counted:
            self.board.interventions += 1
            self._counted = True
        self.board.progress.helped = f"{how} by {who}"

    def _let_go_on(self, *, motion: bool = True) -> float:
        """End the holding; how long the arm was held in all [s]."""
        self.hand.end()
        self.cell.go_on(motion=motion)
        self.paused = self._led = self._counted = False
        self._origin = None
        return self.cell.held_s

    def _note(self, who: str, wish: str, *, world: bool = False, **facts: Any) -> None:
        """Write the wish down before anything comes of it."""
        helped = self.board.progress.helped
        data = {"who": who, "wish": wish, "at": datetime.now(UTC).isoformat(timespec="milliseconds")}
        counts = {"interventions": self.board.interventions, "helped": helped}
        self.recorder.event("operator", {**data, **counts, **facts}, world=world)
