"""The hand, which franky only lets one wait for: a thread waits, the others look at what it saw."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import franky

from hardware.arm import ArmError
from hardware.complaints import named

PERIOD_S = 0.01
SPEED = 0.1
"""Opening speed, both fingers together [m/s]."""
ANY_WIDTH_M = 0.085
LEAST_WIDTH_M = 0.001
"""Fingers this close hold nothing [m]."""


@dataclass(frozen=True, slots=True)
class HandState:
    """What the hand was last seen doing."""

    width_m: float
    grasped: bool
    moving: bool
    fault: str | None
    detail: str


class Hand:
    """One hand on its own connection."""

    def __init__(self, address: str) -> None:
        self._address = address
        try:
            self._gripper = franky.Gripper(address)
            self.server_version = int(self._gripper.server_version)
        except Exception as error:
            raise ArmError(*named(error)) from error
        self._lock = threading.Lock()
        self._wanted: Callable[[], franky.BoolFuture] | None = None
        self._squeezing = False
        self._state = HandState(float(self._gripper.state.width), False, False, None, "")
        self._running = True
        self._thread = threading.Thread(target=self._run, name="hand", daemon=True)
        self._thread.start()

    @property
    def state(self) -> HandState:
        """The newest state."""
        return self._state

    def grasp(self, width_m: float, force_n: float) -> None:
        """Begin to close on whatever there is, squeezing with ``force_n``."""
        self._want(lambda: self._gripper.grasp_async(width_m, SPEED, force_n, ANY_WIDTH_M, ANY_WIDTH_M), True)

    def release(self, width_m: float) -> None:
        """Begin to move the fingers to ``width_m``."""
        self._want(lambda: self._gripper.move_async(width_m, SPEED), False)

    def reconnect(self) -> None:
        """Connect anew and forget what was wrong. Raises ArmError."""
        try:
            self._gripper = franky.Gripper(self._address)
        except Exception as error:
            raise ArmError(*named(error)) from error
        with self._lock:
            self._state = HandState(self._state.width_m, False, False, None, "")

    def close(self) -> None:
        """Stop looking."""
        self._running = False
        self._thread.join(2.0)

    def _want(self, begin: Callable[[], franky.BoolFuture], squeezing: bool) -> None:
        with self._lock:
            self._wanted, self._squeezing = begin, squeezing
            state = self._state
            self._state = HandState(state.width_m, False, True, state.fault, state.detail)

    def _run(self) -> None:
        future: franky.BoolFuture | None = None
        while self._running:
            try:
                future = self._cycle(future)
            except Exception as error:
                name, detail = named(error)
                with self._lock:
                    self._state = HandState(self._state.width_m, False, False, name, detail)
                    self._wanted = None
                future = None
                time.sleep(0.1)
            time.sleep(PERIOD_S)

    def _cycle(self, future: "franky.BoolFuture | None") -> "franky.BoolFuture | None":
        with self._lock:
            begin, self._wanted = self._wanted, None
        if begin is not None:
            if future is not None:
                self._gripper.stop_async().wait(1.0)
                future.wait(1.0)
            future = begin()
        done = future is not None and future.wait(0.0)
        if future is not None and done:
            _settled(future)
            future = None
        seen = self._gripper.state
        with self._lock:
            moving = future is not None or self._wanted is not None
            grasped = self._squeezing and not moving and seen.is_grasped and seen.width > LEAST_WIDTH_M
            self._state = HandState(float(seen.width), bool(grasped), moving, None, "")
        return future


def _settled(future: franky.BoolFuture) -> None:
    """Take the outcome; that a motion was broken off by the next one is no fault."""
    try:
        future.get()
    except franky.CommandException as error:
        if "aborted" not in str(error).lower():
            raise
