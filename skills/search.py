"""Compliant search: insertion without learning, the yardstick for every policy that learns.

Touch down beside the goal for a reference in height, slide to where the goal should be, spiral outwards
under a light press with the yaw swinging when the part is keyed, and once it drops in push it home.
"""

import itertools
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from skills.cell import Cell, Vector
from skills.insert import CARRYING, FORCE_LIMIT_N, SEARCHING, Inserting, Pressing
from skills.insertion import Attempt
from skills.routine import Cause
from skills.script import Failed, Script
from skills.start import GOLDEN_ANGLE_RAD


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How the search presses, moves and gives up."""

    touch_n: float = 4.0
    """Force that counts as having touched down [N]."""
    crossing_speed: float = 0.04
    """Speed across to above the place of touching down [m/s]."""
    near_m: float = 0.0045
    """Height above the estimated face at which the descent slows down [m]."""
    overrun_m: float = 0.010
    """How far below the estimated face the target may go before there is none [m]."""
    still_m: float = 0.00008
    """Spread of five heights under load that counts as resting [m]."""
    touch_speed: float = 0.008
    """Speed of the last millimetres before the face [m/s]."""
    approach_speed: float = 0.03
    """Speed down to where the face may begin [m/s]."""
    press_n: float = 12.0
    """Downward force while sliding over the face [N]."""
    pitch_share: float = 1.3
    """Distance between the spiral's turns, as a multiple of the clearance on each side."""
    reach_m: float = 0.0028
    """Outer radius of the spiral [m]."""
    speed: float = 0.010
    """Speed along the spiral of a round part [m/s]."""
    slide_speed: float = 0.015
    """Speed from where it touched to where the goal should be [m/s]."""
    trailing_m: float = 0.0006
    """How far the plug may trail the path before the path slows down [m]."""
    keyed_speed: float = 0.0025
    """The same for a part that must also find its yaw [m/s]."""
    yaw_reach_rad: float = np.deg2rad(11.0)
    """How far the yaw swings to either side [rad]."""
    yaw_rate: tuple[float, float] = (0.3, 0.4)
    """Slowest and fastest swing [rad/s]; between them the yaw passes through the play in ``catch_s``.

    What swings faster creeps in the grasp, and hits harder."""
    fast_yaw_rate: float = 1.5
    """Fastest swing of a plug that goes onto something that turns along with a slow one [rad/s]."""
    catch_s: float = 0.035
    """Time that a plug takes to drop far enough to be caught [s]."""
    drop_m: float = 0.0010
    """A drop below the face that means that the plug is in [m]."""
    creep_m: float = 0.0004
    """A sinking of the hand slower than this in a few periods is creep in the grasp, not entering [m]."""
    creep_speed: float = 0.00035
    """A plug does not creep faster than this [m/s]; a faster sinking is entering, or tilting."""
    home_n: float = 14.0
    """Force that pushes the plug home [N]."""
    ease_n: float = 1.0
    breath_hz: float = 0.8
    """While stalled or caught the press falls to ``ease_n`` [N] and comes back, this often [Hz]."""
    caught_s: float = 0.5
    """Time that the plug may hang back before it counts as caught on an edge [s]."""
    stall_s: float = 0.6
    """Time without progress that means that the plug rests on something [s]."""
    wobble_m: float = 0.0004
    wobble_hz: float = 1.5
    """Radius [m] and rate [Hz] of the small circle that a plug is led on while it is pushed home."""
    doubt_s: float = 5.0
    """Time without progress after which the search asks whether the plug is in at all [s]."""
    free_m: float = 0.0015
    """Sideways travel beyond the play of a hole that means that there is none [m]."""
    seated_m: float = 0.0006
    """Height above the seat that counts as home [m]."""
    guessed_m: float = 0.0025
    """The same where the height of the face was not measured [m]."""
    spikes: int = 3
    """How many force spikes the search gives way to before it gives up."""
    timeout_s: float = 60.0


class Search(Inserting):
    """The compliant search as a routine."""

    def __init__(self, attempt: Attempt, settings: SearchSettings | None = None) -> None:
        super().__init__(attempt)
        self.settings = settings or SearchSettings()

    def script(self, cell: Cell) -> Script:
        """Touch down, find the hole, push home."""
        cell.compliance(CARRYING)
        self._deadline = cell.observe().time_s + self.settings.timeout_s
        self._press = Pressing(self.plug(cell.observe()))
        self._spikes = 0
        yield from self._touch_down(cell)
        while True:
            yield from self._find(cell)
            yield from self._push_home(cell)
            if self._home(self.plug(cell.observe())):
                return
            self._forget_drop(cell)

    # -- phases --------------------------------------------------------------------------------------

    def _touch_down(self, cell: Cell) -> Script:
        """Land on the face beside the goal and remember its height."""
        touch, goal = self.insertion.touch, self.attempt.goal_in_base
        offset = np.array([*touch.offset_m, 0.0]) if touch else np.zeros(3)
        above = goal.apply(offset)
        start = self.plug(cell.observe())
        start_xy, way = start.translation[:2], above[:2] - start.translation[:2]
        steps = int(np.ceil(np.linalg.norm(way) / (self.settings.crossing_speed * cell.control_period_s)))
        for index in range(1, steps + 1):
            self._servo(cell, [*(start_xy + way * index / steps), start.translation[2]], goal.rotation)
            yield "going to touch down"
        height = start.translation[2]
        face = goal.translation[2] + (touch.height_m if touch else 0.0)
        floor = face - self.settings.overrun_m
        while (force := cell.observe().wrench[2]) < self.settings.touch_n:
            self._check_time(cell)
            if height < floor:
                if touch:
                    raise Failed(Cause.NOT_SEATED, "no face where there should be one")
                break
            near = height < face + self.settings.near_m
            speed = self.settings.touch_speed if near else self.settings.approach_speed
            height -= speed * cell.control_period_s
            self._servo(cell, [*above[:2], height], goal.rotation)
            yield f"touching down ({force:.0f} N)"
        cell.compliance(SEARCHING)
        if touch is None:
            return
        self._press = Pressing(self.plug(cell.observe()))
        heights: list[float] = []
        while len(heights) < 5 or np.ptp(heights[-5:]) > self.settings.still_m:
            yield from self._pressed(cell, self.settings.press_n, above[:2], goal.rotation, "touching down")
            if cell.observe().wrench[2] > self.settings.touch_n:
                heights.append(float(self.plug(cell.observe()).translation[2]))
        self.attempt.face_height_m = float(np.mean(heights[-5:]))

    def _find(self, cell: Cell) -> Script:
        """Slide to the goal's estimate and spiral outwards until the plug drops in."""
        goal, settings = self.attempt.goal_in_base, self.settings
        yaw = self._swing(cell.control_period_s)
        turn, free = 0.0, cell.observe().time_s
        for xy in self._path(cell):
            if self._dropped(cell):
                return
            if self.insertion.needs_yaw:
                turn = next(yaw)
            rotation = Rotation.from_rotvec([0.0, 0.0, turn]) * goal.rotation
            now = cell.observe().time_s
            free = now if self._keeping_up(cell, xy) > 0.0 else free
            press = settings.press_n if now - free < settings.caught_s else self._breathing(now)
            yield from self._pressed(cell, press, xy, rotation, "searching")
            self._follow_slip(cell)

    def _push_home(self, cell: Cell) -> Script:
        """Press, following where the plug leads, until it rests on its seat or turns out not to be in."""
        settings, period = self.settings, cell.control_period_s
        plug = self.plug(cell.observe())
        xy, rotation = plug.translation[:2].copy(), plug.rotation
        lowest, since = plug.translation[2], cell.observe().time_s
        swing, turn = self._swing(period), 0.0
        centre = rotation
        while True:
            observation = cell.observe()
            plug = self.plug(observation)
            if plug.translation[2] < lowest - 0.0002:
                lowest, since = plug.translation[2], observation.time_s
            stalled = observation.time_s - since > settings.stall_s
            if stalled and self._home(plug):
                return
            if observation.time_s - since > settings.doubt_s:
                if (yield from self._moves_freely(cell)):
                    return
                since = cell.observe().time_s
            if stalled:
                turn = next(swing)
                centre = self.attempt.goal_in_base.rotation
            phase = 2 * np.pi * settings.wobble_hz * observation.time_s
            wobble = settings.wobble_m * np.array([np.cos(phase), np.sin(phase)])
            xy = xy + 0.2 * (plug.translation[:2] - xy)
            wanted = Rotation.from_rotvec([0.0, 0.0, turn]) * centre
            force = settings.home_n if not stalled else self._breathing(observation.time_s)
            yield from self._pressed(cell, force, xy + wobble, wanted, "pushing home")

    def _moves_freely(self, cell: Cell) -> Generator[str, None, bool]:
        """Whether the plug can be led further sideways than any hole would let it."""
        start = self.plug(cell.observe())
        free = 2.0 * self.insertion.play_m + self.settings.free_m
        for index in range(1, 17):
            aside = start.translation[:2] + np.array([index * 0.0004, 0.0])
            yield from self._pressed(cell, self.settings.touch_n, aside, start.rotation, "feeling for walls")
            gone = self.plug(cell.observe()).translation[0] - start.translation[0]
            if gone > free:
                return True
        return False

    def _forget_drop(self, cell: Cell) -> None:
        """What looked like a drop was the plug creeping up in the grasp: it is still on the face."""
        if self.attempt.face_height_m is not None:
            height = float(self.plug(cell.observe()).translation[2])
            self.attempt.slip_m = self.attempt.face_height_m - height

    # -- pieces --------------------------------------------------------------------------------------

    def _servo(self, cell: Cell, position: list[float], rotation: Rotation) -> None:
        self.watch(cell.observe())
        cell.servo(RigidTransform.from_components(position, rotation) * self.insertion.tcp_in_plug)

    def _pressed(self, cell: Cell, press_n: float, xy: Vector, rotation: Rotation, what: str) -> Script:
        observation = cell.observe()
        self.watch_grip(observation)
        self._check_time(cell)
        if observation.peak_force_n > FORCE_LIMIT_N:
            yield from self._ease(cell)
            observation = cell.observe()
        force = float(observation.wrench[2])
        target = self._press.toward(
            self.plug(observation), force, press_n, xy, rotation, cell.control_period_s
        )
        cell.servo(target * self.insertion.tcp_in_plug)
        yield f"{what} ({force:.0f} N)"

    def _ease(self, cell: Cell) -> Script:
        """Give way after a force spike; a few of them end the search."""
        self._spikes += 1
        force = cell.observe().peak_force_n
        if self._spikes > self.settings.spikes:
            raise Failed(Cause.FORCE_LIMIT, f"contact force {force:.0f} N")
        for _ in range(4):
            self._press = Pressing(self.plug(cell.observe()))
            cell.servo(cell.observe().tcp_in_base)
            yield f"giving way after {force:.0f} N"

    def _check_time(self, cell: Cell) -> None:
        if cell.observe().time_s > self._deadline:
            if self._dropped(cell):
                raise Failed(Cause.JAM, f"not home after {self.settings.timeout_s:.0f} s")
            raise Failed(Cause.TIMEOUT, f"no hole found in {self.settings.timeout_s:.0f} s")

    def _breathing(self, time_s: float) -> float:
        """A press that comes and goes, so that a wedged plug gets free to turn [N]."""
        settings = self.settings
        return settings.press_n if (time_s * settings.breath_hz) % 1.0 < 0.6 else settings.ease_n

    def _face(self) -> float:
        """Where the plug's frame seems to be when on the face, as measured or else as estimated [m]."""
        attempt = self.attempt
        if attempt.face_height_m is not None:
            return attempt.face_height_m - attempt.slip_m
        return float(attempt.goal_in_base.translation[2]) + self.insertion.depth_m

    def _follow_slip(self, cell: Cell) -> None:
        """Under load the plug creeps up in the grasp; on the face the hand is then seen to sink slowly."""
        observation = cell.observe()
        pressed = observation.wrench[2] > 0.4 * self.settings.press_n
        if self.attempt.face_height_m is not None and pressed:
            error = self._face() - float(self.plug(observation).translation[2])
            if abs(error) < self.settings.creep_m:
                fastest = self.settings.creep_speed * cell.control_period_s
                self.attempt.slip_m += float(np.clip(0.1 * error, -fastest, fastest))

    def _dropped(self, cell: Cell) -> bool:
        return bool(self.plug(cell.observe()).translation[2] < self._face() - self.settings.drop_m)

    def _home(self, plug: RigidTransform) -> bool:
        known = self.attempt.face_height_m is not None
        allowance = self.settings.seated_m if known else self.settings.guessed_m
        return bool(plug.translation[2] < self.attempt.hand_at_seat_m + allowance)

    def _path(self, cell: Cell) -> Iterator[Vector]:
        """Points for the plug in the base frame: from where it touched to the goal, then spirals.

        Each spiral begins in another direction than those before, lest it passes where they passed with the
        yaw swung as far as then. The path waits for the plug: joint friction makes it trail, and a spiral
        that runs ahead of the plug is not swept.
        """
        goal, touch, period = self.attempt.goal_in_base, self.insertion.touch, cell.control_period_s
        speed = self.settings.keyed_speed if self.insertion.needs_yaw else self.settings.speed
        if touch is not None:
            start = goal.apply([*touch.offset_m, 0.0])[:2]
            way = goal.translation[:2] - start
            length, gone = float(np.linalg.norm(way)), 0.0
            while gone < length:
                point = start + way * gone / length
                yield point
                gone += self.settings.slide_speed * period * self._keeping_up(cell, point)
        pitch = self.settings.pitch_share * self.insertion.clearance_m
        reach = self.settings.reach_m + self.insertion.astray_m
        for turned in itertools.count():
            angle = 0.0
            while (radius := pitch * angle / (2 * np.pi)) < reach:
                way = angle + turned * GOLDEN_ANGLE_RAD
                point = goal.translation[:2] + radius * np.array([np.cos(way), np.sin(way)])
                yield point
                angle += speed * period * self._keeping_up(cell, point) / max(radius, pitch / 2)

    def _keeping_up(self, cell: Cell, point: Vector) -> float:
        """1 when the plug is where the path wants it, 0 when it trails too far."""
        behind = float(np.linalg.norm(self.plug(cell.observe()).translation[:2] - point))
        return float(np.clip(1.5 - behind / self.settings.trailing_m, 0.0, 1.0))

    def _swing(self, period_s: float) -> Iterator[float]:
        """Yaw offsets: a triangle wave over the reach [rad]."""
        reach, phase = self.settings.yaw_reach_rad, 0.0
        settings = self.settings
        slowest, fastest = settings.yaw_rate
        if self.insertion.mate_turns:
            fastest = settings.fast_yaw_rate
        rate = float(np.clip(self.insertion.yaw_play_rad / settings.catch_s, slowest, fastest))
        while True:
            phase = (phase + rate * period_s / (4 * reach)) % 1.0
            yield reach * (4 * phase if phase < 0.25 else 2 - 4 * phase if phase < 0.75 else 4 * phase - 4)
