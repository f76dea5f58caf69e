"""A cell whose work can be interrupted: held where it is, moved a little, led by hand, and let go on.

What the tree's routines see of it has no gap: the clock stands while the arm is held, and the spring and the
motion that were interrupted are there again when it goes on.
"""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import RigidTransform

from skills.cell import Cell, Compliance, Observation, PoseEstimate, Restorable

SOFT = Compliance(stiffness=400.0, rotational_stiffness=30.0, clip_m=(0.01, 0.01, 0.01))
STIFF = Compliance(stiffness=3000.0, rotational_stiffness=150.0)
LOOSE = Compliance(stiffness=50.0, rotational_stiffness=4.0, clip_m=(0.002, 0.002, 0.002))
"""Springs of an arm that is held, softly or stiffly, and of one that is led by hand."""
ARRIVED_M = 0.0005
"""A motion interrupted this close to its end is over [m]."""


class HeldCell:
    """Implements :class:`skills.cell.Cell` around another."""

    def __init__(self, inner: Cell, held_s: float = 0.0) -> None:
        self.inner = inner
        self.held_s = held_s
        """How long it was held in all, until it last went on [s]."""
        self.held_as: Compliance | None = None
        """The spring that it is held with; None while it works."""
        self.target: RigidTransform | None = None
        """Where it is held."""
        self.newest: Observation | None = None
        """The cell's own observation, its clock running on; None before the first."""
        self.commanded: RigidTransform | None = None
        """Where the TCP was last told to be, in the base frame."""
        self.commanded_width_m: float | None = None
        """How wide the fingers were last told to be [m]."""
        self._since_s = 0.0
        self._spring = Compliance()
        self._motion: tuple[RigidTransform, float] | None = None

    def hold(self, spring: Compliance) -> None:
        """Hold still, or hold on with another spring."""
        seen = self.inner.observe()
        if self.held_as is None:
            self._since_s, self.target = seen.time_s, seen.tcp_in_base
            if self._motion is not None and _distance(self._motion[0], seen.tcp_in_base) < ARRIVED_M:
                self._motion = None
        if spring is not self.held_as:
            self.inner.compliance(spring)
            self.target = seen.tcp_in_base
        self.held_as = spring
        self.keep()

    def keep(self) -> None:
        """Command what holds it, once a control period; a loose arm stays where it is led."""
        seen = self.inner.observe()
        if self.held_as is LOOSE or self.target is None:
            self.target = seen.tcp_in_base
        self.commanded = self.target
        self.inner.servo(self.target)

    def go_on(self, *, motion: bool = True) -> None:
        """End the holding; with ``motion`` take up the one that was interrupted."""
        if self.held_as is None:
            return
        self.held_s += self.inner.observe().time_s - self._since_s
        self.held_as = self.target = None
        self.inner.compliance(self._spring)
        if motion and self._motion is not None:
            self.commanded = self._motion[0]
            self.inner.move(self._motion[0], speed=self._motion[1])

    # -- the seam ------------------------------------------------------------------------------------

    @property
    def control_period_s(self) -> float:
        """See :class:`skills.cell.Cell`."""
        return self.inner.control_period_s

    def observe(self) -> Observation:
        """See :class:`skills.cell.Cell`; the time is that of the work."""
        seen = self.newest = self.inner.observe()
        if self.held_as is None and self.held_s == 0.0:
            return seen
        time_s = self._since_s if self.held_as is not None else seen.time_s
        return replace(seen, time_s=time_s - self.held_s)

    def servo(self, tcp_in_base: RigidTransform) -> None:
        """See :class:`skills.cell.Cell`."""
        self._motion, self.commanded = None, tcp_in_base
        self.inner.servo(tcp_in_base)

    def compliance(self, compliance: Compliance) -> None:
        """See :class:`skills.cell.Cell`."""
        self._spring = compliance
        self.inner.compliance(compliance)

    def move(self, tcp_in_base: RigidTransform, *, speed: float = 0.25) -> None:
        """See :class:`skills.cell.Cell`."""
        self._motion, self.commanded = (tcp_in_base, speed), tcp_in_base
        self.inner.move(tcp_in_base, speed=speed)

    def grasp(self, width_m: float, force_n: float = 40.0) -> None:
        """See :class:`skills.cell.Cell`."""
        self.commanded_width_m = width_m
        self.inner.grasp(width_m, force_n)

    def release(self, width_m: float = 0.08) -> None:
        """See :class:`skills.cell.Cell`."""
        self.commanded_width_m = width_m
        self.inner.release(width_m)

    def advance(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self.inner.advance()

    def stop(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self.inner.stop()

    def recover(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self.inner.recover()

    def zero_wrench(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self.inner.zero_wrench()

    def locate(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`."""
        return self.inner.locate(part)

    def locate_goal(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`."""
        return self.inner.locate_goal(part)

    def close(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self.inner.close()


class RestorableHeldCell(HeldCell):
    """The same around a cell whose world can be written down."""

    inner: Restorable  # type: ignore[assignment]

    def snapshot(self) -> bytes:
        """See :class:`skills.cell.Restorable`."""
        return self.inner.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """See :class:`skills.cell.Restorable`."""
        self.inner.restore(snapshot)


def holdable(cell: Cell, held_s: float = 0.0) -> HeldCell:
    """``cell``, so that it can be held; ``held_s`` is how long it was held before [s]."""
    kind = RestorableHeldCell if isinstance(cell, Restorable) else HeldCell
    return kind(cell, held_s)


def _distance(a: RigidTransform, b: RigidTransform) -> float:
    return float(np.linalg.norm(a.translation - b.translation))
