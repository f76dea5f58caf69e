"""What turns readings into targets with the help of a network, for many attempts at once.

A pilot is the part of a learned policy that is not learned: what the network sees and what its numbers mean.
The same pilot flies a batch of worlds in training and one attempt on a robot.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from skills.cell import Compliance, Flags, Indices, Vector
from skills.guide import Guide
from skills.insert import CARRYING, SEARCHING
from skills.insertion import Insertion
from skills.interface import Block, Layout
from skills.lead import Lead
from skills.sensed import Sensed
from skills.tilted import TiltedGuide
from skills.tilting import Tilting


class Pilot(Protocol):
    """See the module; rows are attempts, poses are in the frames of the estimated goals."""

    observation: Layout
    action: Layout
    compliance: Compliance
    """The spring of a plug that may touch something."""
    carrying: Compliance
    """The spring of a plug that is still on its way."""

    def free(self) -> Flags:
        """(n,) whether the plug is still on its way, and so carried with the other spring."""
        ...

    def begin(self, rows: Indices, sensed: Sensed) -> None:
        """Start the attempts ``rows``; ``sensed`` holds all."""
        ...

    def observe(self, sensed: Sensed) -> Vector:
        """(n, observation.size) what the network sees; called once a control period, before ``command``."""
        ...

    def command(self, sensed: Sensed, action: Vector) -> tuple[Vector, Vector]:
        """Targets of the plugs: position (n, 3) [m] and rotation vector (n, 3) [rad]."""
        ...

    def working(self, sensed: Sensed) -> Flags:
        """(n,) whether the network has a say."""
        ...

    def finished(self, sensed: Sensed) -> Flags:
        """(n,) whether the attempt believes to be home."""
        ...

    def given_up(self, sensed: Sensed) -> Flags:
        """(n,) whether the attempt has run out of time or of ground."""
        ...


FRAME = (
    Block("position", 2, 0.004, "m"),
    Block("height_over_face", 1, 0.004, "m"),
    Block("rotation", 3, 0.1, "rad"),
    Block("target_ahead", 3, 0.004, "m"),
    Block("turn_ahead", 3, 0.05, "rad"),
    Block("force", 3, 12.0, "N"),
    Block("torque", 3, 0.6, "N·m"),
    Block("previous_action", 6, 1.0, "1"),
    Block("led_ahead", 3, 0.004, "m"),
    Block("lowest", 4, 0.004, "m"),
    Block("entered", 1, 1.0, "1"),
    Block("time_left", 1, 1.0, "1"),
)
"""What the guided pilot's network sees of one control period."""


@dataclass(frozen=True, slots=True)
class Guided:
    """Settings of the guided pilot."""

    lead: Lead = field(default_factory=Lead)
    frames: int = 3
    """How many control periods the network sees at once."""
    tilting: Tilting = field(default_factory=Tilting)
    """For plugs with several fits far apart."""


class GuidedPilot:
    """Touches down by script, then adds the network's offsets to the scripted lead."""

    compliance, carrying = SEARCHING, CARRYING

    def __init__(self, insertion: Insertion, n: int, period_s: float, settings: Guided | None = None) -> None:
        self.settings = settings or Guided()
        lead, tilting, frames = self.settings.lead, self.settings.tilting, self.settings.frames
        self.guide = (
            TiltedGuide(insertion, n, period_s, lead, tilting)
            if TiltedGuide.suits(insertion, tilting)
            else Guide(insertion, n, period_s, lead)
        )
        self.observation = Layout(
            tuple(
                Block(f"{block.name}/{age}", block.size, block.scale, block.unit)
                for age in range(frames)
                for block in FRAME
            )
        )
        bounds = self.guide.lead
        self.action = Layout(
            (
                Block("target_offset", 2, bounds.offset_m, "m"),
                Block("pressing_force", 1, bounds.press_n, "N"),
                Block("tilt_offset", 2, bounds.tilt_rad, "rad"),
                Block("yaw_offset", 1, bounds.yaw_rad, "rad"),
            )
        )
        self._scale = np.concatenate([np.full(block.size, 1.0 / block.scale) for block in FRAME])
        self._squashed = np.concatenate([np.full(block.size, block.unit in ("N", "N·m")) for block in FRAME])
        self._frames = np.zeros((n, frames, len(self._scale)))
        self._action = np.zeros((n, self.action.size))

    def begin(self, rows: Indices, sensed: Sensed) -> None:
        """See :class:`Pilot`."""
        self.guide.begin(rows, sensed)
        self._frames[rows], self._action[rows] = 0.0, 0.0

    def observe(self, sensed: Sensed) -> Vector:
        """See :class:`Pilot`."""
        guide = self.guide
        guide.scripted(sensed)
        began = np.where(np.isfinite(guide.work_began_s), guide.work_began_s, sensed.time_s)
        frame = np.column_stack(
            [
                sensed.position[:, :2],
                -guide.depth(sensed),
                sensed.rotation,
                guide.target - sensed.position,
                guide.turn - sensed.rotation,
                sensed.wrench,
                self._action,
                guide.led[:, :2] - sensed.position[:, :2],
                0.04 * (guide.led[:, 2] - sensed.rotation[:, 2]),
                guide.lowest * [1.0, 1.0, 0.04, 1.0],
                guide.dropped(sensed),
                np.maximum(0.0, 1.0 - (sensed.time_s - began) / guide.lead.clock_s),
            ]
        )
        frame = frame * self._scale
        frame = np.where(self._squashed, np.tanh(frame), np.clip(frame, -5.0, 5.0))
        self._frames[:, 1:] = self._frames[:, :-1].copy()
        self._frames[:, 0] = frame
        return self._frames.reshape(guide.n, -1)

    def command(self, sensed: Sensed, action: Vector) -> tuple[Vector, Vector]:
        """See :class:`Pilot`."""
        self._action = np.where(self.guide.working[:, None], np.clip(action, -1.0, 1.0), 0.0)
        return self.guide.command(sensed, self._action)

    def free(self) -> Flags:
        """See :class:`Pilot`."""
        return self.guide.free

    def working(self, sensed: Sensed) -> Flags:
        """See :class:`Pilot`."""
        return self.guide.working

    def finished(self, sensed: Sensed) -> Flags:
        """See :class:`Pilot`."""
        return self.guide.home(sensed)

    def given_up(self, sensed: Sensed) -> Flags:
        """See :class:`Pilot`."""
        approach_s = 12.0
        stuck = ~self.guide.working & (sensed.time_s > approach_s)
        return np.asarray(self.guide.late(sensed) | self.guide.lost(sensed) | stuck)
