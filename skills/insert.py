"""What all insertion policies share: where the plug is, how hard it presses, what must not happen."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from skills.cell import Cell, Compliance, Observation, Vector
from skills.insertion import Attempt
from skills.routine import Cause, Progress
from skills.script import Failed, ScriptedRoutine

FORCE_LIMIT_N = 80.0
"""A contact force at which an insertion is broken off [N]."""
SLIP_WIDTH_M = 0.002
"""A change in grip width that means that the part moved in the hand [m]."""


class Inserting(ScriptedRoutine):
    """Base of insertion policies; keeps the attempt's trace and watches force and grip."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__()
        self.attempt = attempt
        self.insertion = attempt.insertion
        self._plug_in_tcp = self.insertion.tcp_in_plug.inv()
        self._seen: tuple[Observation, RigidTransform] | None = None

    def update(self, cell: Cell) -> Progress:
        """See :class:`skills.routine.Routine`; each control period becomes a row of the attempt's trace."""
        self._record(cell.observe())
        return super().update(cell)

    def _record(self, observation: Observation) -> None:
        attempt = self.attempt
        attempt.peak_force_n = max(attempt.peak_force_n, observation.peak_force_n)
        plug = attempt.goal_in_base.inv() * self.plug(observation)
        attempt.trace.append(
            (
                observation.time_s,
                *plug.translation,
                *plug.rotation.as_rotvec(),
                *observation.wrench,
                observation.gripper_width_m,
            )
        )

    def watch(self, observation: Observation) -> None:
        """Fail on excessive force, an empty or shifted grip, or a fault."""
        self.watch_grip(observation)
        if observation.peak_force_n > FORCE_LIMIT_N:
            raise Failed(Cause.FORCE_LIMIT, f"contact force {observation.peak_force_n:.0f} N")

    def watch_grip(self, observation: Observation) -> None:
        """Fail on an empty or shifted grip, or a fault."""
        if observation.faults:
            raise Failed(Cause.FAULT, f"the cell reports {', '.join(observation.faults)}")
        error = observation.gripper_width_m - self.insertion.grip_width_m
        if abs(error) > SLIP_WIDTH_M:
            raise Failed(Cause.SLIP, f"grip width changed by {1e3 * error:+.1f} mm")

    def plug(self, observation: Observation) -> RigidTransform:
        """The plug's pose in the base frame, if it sits in the hand as it should."""
        if self._seen is None or self._seen[0] is not observation:
            self._seen = observation, observation.tcp_in_base * self._plug_in_tcp
        return self._seen[1]


@dataclass(slots=True)
class Pressing:
    """Commands for a plug that is pressed down with a bounded force while it is led sideways.

    The height follows the force (admittance): it sinks as fast as the missing force asks for, so that
    the plug neither stalls on joint friction nor drops faster than ``sink_speed``. Sideways and in yaw the
    spring is led by the path plus an integral of the error, which overcomes friction up to ``lead_bound``.
    """

    plug_target: RigidTransform
    """Present target of the plug's frame, in the base frame."""
    sink_speed: float = 0.012
    lead_bound_m: float = 0.005
    lead: Vector = field(default_factory=lambda: np.zeros(2))
    yaw_lead: float = 0.0

    def toward(
        self, plug: RigidTransform, force_z: float, press_n: float, xy: Vector, rotation: Rotation, dt: float
    ) -> RigidTransform:
        """Next target: press with ``press_n`` at ``xy`` [m, base frame], oriented as ``rotation``."""
        speed = np.clip((press_n - force_z) * self.sink_speed / press_n, -self.sink_speed, self.sink_speed)
        height = self.plug_target.translation[2] - speed * dt
        height = np.clip(height, plug.translation[2] - 0.006, plug.translation[2] + 0.004)
        error = xy - plug.translation[:2]
        self.lead = np.clip(self.lead + 0.12 * error, -self.lead_bound_m, self.lead_bound_m)
        turn = float((rotation * plug.rotation.inv()).as_rotvec()[2])
        self.yaw_lead = float(np.clip(self.yaw_lead + 0.15 * turn, -0.06, 0.06))
        self.plug_target = RigidTransform.from_components(
            [*(xy + self.lead), height], Rotation.from_rotvec([0, 0, self.yaw_lead]) * rotation
        )
        return self.plug_target


SEARCHING = Compliance(
    stiffness=3000.0, rotational_stiffness=150.0, clip_m=(0.008, 0.008, 0.007), rotational_clip_rad=0.014
)
"""The spring of scripted policies."""
CARRYING = replace(SEARCHING, rotational_clip_rad=0.06)
"""The same for a plug on its way: 2 N·m do not turn a tool upright against dry joints."""
