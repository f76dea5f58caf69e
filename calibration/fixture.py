"""Finding the fixture by touch: closed fingertips meet three faces of the clamped part, at a bounded force.

The top gives height and tilt, two sides give x, y and yaw. Everything is touched twice: first from far away
with what the calibration says, then from near with what the first round found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import RigidTransform, Rotation

from calibration.touch_plan import Spot, Tip, plan
from sequences.assembly import Assembly
from sequences.solid import solid_of
from skills.cell import Cell, CellError, Compliance, Vector
from skills.handling import relaxed
from skills.routine import Cause, Progress
from skills.script import Failed, Script, ScriptedRoutine, at_height, closed, moved, shifted

TOUCHING = Compliance(stiffness=3000.0, rotational_stiffness=200.0, clip_m=(0.006, 0.006, 0.006))
"""The spring of guarded moves; it never pushes harder than 18 N."""
CONTACT_N, GRIP_N = 4.0, 12.0
"""Force that counts as contact, and force that keeps the fingers closed [N]."""
SPEED, NEAR_SPEED, FAST = 0.006, 0.003, 0.1
"""Of guarded moves in the first and the second round, and between them [m/s]."""
LEAD_M = 0.006
FAR_M, NEAR_M, BEYOND_M = 0.012, 0.004, 0.012
"""How far before the expected face a guarded move begins, and how far behind it ends [m]."""
CLEAR_M = 0.05
"""Height over the part at which the hand travels [m]."""
PRIOR = 1e-3
"""Weight of the old calibration beside a touch; it decides only what no touch has told yet."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A place on the part, and the TCP when the fingertips met it."""

    spot: Spot
    tcp_in_base: RigidTransform


@dataclass(frozen=True, slots=True)
class Found:
    """A calibrated fixture."""

    base_in_base: RigidTransform
    """The clamped part's frame in the robot's base frame."""
    residual_m: float
    """Largest distance of a touch from the face that it should be on [m]."""
    residual_rms_m: float
    touches: int
    peak_force_n: float
    """Largest contact force on the way [N]."""


class FindFixture(ScriptedRoutine):
    """Touches the clamped part of ``assembly``, which stands about where ``expected`` says."""

    def __init__(self, assembly: Assembly, expected: RigidTransform, tip: Tip | None = None) -> None:
        super().__init__()
        part = assembly.parts[assembly.base.part]
        self.expected, self.tip = expected, tip or Tip()
        self.spots = plan(part, self.tip)
        self._top_m = float(solid_of(part).bounds[1][2])
        self._peak_n = 0.0
        self.found: Found | None = None

    def script(self, cell: Cell) -> Script:
        """Close the fingers, touch everything twice, leave upwards."""
        yield from closed(cell, 0.0, GRIP_N, "closing the fingers")
        guess = self.expected
        for away_m, speed in ((FAR_M, SPEED), (NEAR_M, NEAR_SPEED)):
            touches: list[Touch] = []
            for number, spot in enumerate(self.spots, 1):
                what = f"touching the {spot.face}, {number} of {len(self.spots)}"
                yield from self._touched(cell, spot, guess, away_m, speed, what, touches)
                guess = fit(touches, guess, self.tip)
        errors = misses(touches, guess, self.tip)
        rms = float(np.sqrt(np.mean(errors**2)))
        self.found = Found(guess, float(np.abs(errors).max()), rms, len(touches), self._peak_n)

    def _touched(
        self,
        cell: Cell,
        spot: Spot,
        guess: RigidTransform,
        away_m: float,
        speed: float,
        what: str,
        touches: list[Touch],
    ) -> Script:
        start = guess * spot.tcp_in_part(self.tip, away_m)
        start = RigidTransform.from_components(start.translation, _upright(start.rotation))
        above = float(guess.translation[2]) + self._top_m + CLEAR_M
        tcp = cell.observe().tcp_in_base
        height = max(above, float(tcp.translation[2]))
        yield from moved(cell, at_height(tcp, height), what, speed=FAST)
        yield from moved(cell, at_height(start, above), what, speed=FAST)
        yield from moved(cell, start, what, speed=FAST, snag_n=15.0)
        cell.zero_wrench()
        cell.compliance(TOUCHING)
        inward = -guess.rotation.apply(spot.normal)
        yield from self._pushed(cell, inward, away_m + BEYOND_M, speed, what)
        touches.append(Touch(spot, cell.observe().tcp_in_base))
        yield from relaxed(cell, what)
        yield from moved(cell, shifted(cell.observe().tcp_in_base, -0.004 * inward), what, speed=FAST)
        yield from moved(cell, at_height(cell.observe().tcp_in_base, above), what, speed=FAST)

    def _pushed(self, cell: Cell, inward: Vector, reach_m: float, speed: float, what: str) -> Script:
        """Go on along ``inward`` (3,) until something pushes back; fails when nothing does."""
        start, led = cell.observe().tcp_in_base, 0.0
        while True:
            observation = cell.observe()
            self._peak_n = max(self._peak_n, observation.peak_force_n)
            if observation.faults:
                raise Failed(Cause.FAULT, f"the cell reports {', '.join(observation.faults)}")
            if -float(observation.wrench[:3] @ inward) > CONTACT_N:
                return
            gone = float((observation.tcp_in_base.translation - start.translation) @ inward)
            if gone > reach_m:
                raise Failed(Cause.NOT_SEATED, f"{what}: nothing is there")
            led = min(led + speed * cell.control_period_s, gone + LEAD_M)
            cell.servo(shifted(start, led * inward))
            yield what


def misses(touches: Sequence[Touch], base_in_base: RigidTransform, tip: Tip) -> Vector:
    """(n,) distance of the fingertips from the face that each touched, outside positive [m]."""
    found = []
    for touch in touches:
        normal = base_in_base.rotation.apply(touch.spot.normal)
        face = base_in_base.apply(touch.spot.point)
        out = float((touch.tcp_in_base.translation - face) @ normal)
        found.append(out - tip.reach(touch.tcp_in_base.rotation, normal))
    return np.array(found)


def fit(touches: Sequence[Touch], guess: RigidTransform, tip: Tip) -> RigidTransform:
    """The pose of the part that explains the touches best; what they do not tell stays as in ``guess``."""

    def moved_by(change: Vector) -> RigidTransform:
        turn = Rotation.from_rotvec(change[3:]) * guess.rotation
        return RigidTransform.from_components(guess.translation + change[:3], turn)

    def errors(change: Vector) -> Vector:
        weights = PRIOR * np.array([1.0, 1.0, 1.0, 0.05, 0.05, 0.05])
        return np.concatenate([misses(touches, moved_by(change), tip), weights * change])

    return moved_by(least_squares(errors, np.zeros(6), x_scale=[0.001] * 3 + [0.02] * 3).x)


def find(cell: Cell, routine: FindFixture) -> Found:
    """Run ``routine`` to its end. Raises CellError when it fails; the arm then holds."""
    routine.start(cell)
    while (progress := routine.update(cell)) is Progress.RUNNING:
        cell.advance()
    if progress is Progress.FAILED or routine.found is None:
        cell.stop()
        raise CellError(f"the fixture was not found: {routine.message}")
    return routine.found


def _upright(tool: Rotation) -> Rotation:
    """A tool that points straight down, turned about the vertical like ``tool``."""
    across = tool.apply([1.0, 0.0, 0.0])
    yaw = np.arctan2(across[1], across[0])
    return Rotation.from_rotvec([0.0, 0.0, yaw]) * Rotation.from_euler("x", 180, degrees=True)
