"""A scripted cell without physics: it moves as told, and knows only what contact an insertion can meet.

Its world is kinematic. The hand goes where it is commanded; a held plug is stopped by the face around its
socket, enters where it is within the clearance, and is stopped by the seat; the spring turns what is left of
the motion into a force. That is enough for every routine to succeed and, with :class:`Trouble`, to fail in
each of the ways that has a name. A control period costs tens of microseconds.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly, Step
from sequences.tray import OPEN_M
from skills.cell import CellError, Compliance, Fault, Observation, PoseEstimate, UnknownPart, Vector
from skills.fake_geometry import Matrix, at_height, inverse, shifted, towards, wrapped, yaw_of
from skills.fake_socket import Socket
from skills.insertion import Insertion
from skills.trouble import Trouble, TroubleKind

PERIOD_S = 0.06
FINGER_SPEED = 0.2
SERVO_SPEED = 0.3
TURN_SPEED = 3.0
"""Fastest turn of the hand [rad/s]."""
REACH_M = 0.015
"""How far from a part's grasp the fingers still close on it [m]."""
CLOSED_M = 0.002
"""Fingers closer together than this are closed [m]."""
FINGERTIP_M = 0.004
"""How far from its probing point a part is still felt by the fingertips [m]."""
SOCKET_RADIUS_M = 0.05
"""How far around a goal the face reaches into which its socket is cut [m]."""
STIFF = Compliance(stiffness=4000.0, clip_m=(0.02, 0.02, 0.02))
HOME = RigidTransform.from_components([0.4, 0.0, 0.35], Rotation.from_euler("x", 180, degrees=True))


@dataclass(frozen=True, slots=True)
class FakeNoise:
    """How wrong the fake's world is."""

    tray_m: float = 0.003
    """Largest error of a part's place, per axis [m]."""
    tray_rad: float = float(np.radians(5.0))
    goal_m: float = 0.002
    """Largest error of a measured goal, per axis [m]."""
    goal_rad: float = float(np.radians(5.0))


EXACT = FakeNoise(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class FakeTruth:
    """What the fake knows of a part."""

    seated: bool
    position_error_m: float


class FakeCell:
    """Implements :class:`skills.cell.Cell` and :class:`skills.cell.Restorable` without physics."""

    def __init__(
        self,
        assembly: Assembly,
        insertions: Mapping[str, Insertion],
        *,
        seed: int = 0,
        noise: FakeNoise | None = None,
        troubles: Iterable[Trouble] = (),
    ) -> None:
        self.assembly, self.insertions = assembly, insertions
        self.noise = FakeNoise() if noise is None else noise
        self.troubles = list(troubles)
        self._rng = np.random.default_rng(seed)
        self._time = 0.0
        home = HOME.as_matrix()
        self._tcp, self._target, self._speed, self._moving = home, home, SERVO_SPEED, False
        self._seen_tcp, self._seen = home, HOME
        self._spring = STIFF
        self._width, self._width_goal, self._grip = OPEN_M, OPEN_M, False
        self._held: str | None = None
        self._plug_in_tcp = np.eye(4)
        self._force, self._bias, self._peak = np.zeros(3), np.zeros(3), 0.0
        self._faults: tuple[Fault, ...] = ()
        self._jammed = self._touching = False
        self._goals = {step.part: assembly.goal_in_base(step).as_matrix() for step in assembly.steps}
        self._sockets = {part: Socket(goal, insertions[part]) for part, goal in self._goals.items()}
        self._grasps = {part: task.tcp_in_plug.as_matrix() for part, task in insertions.items()}
        self.parts = {part: self._on_tray(part) for part in self._goals}

    # -- the seam ------------------------------------------------------------------------------------

    @property
    def control_period_s(self) -> float:
        """See :class:`skills.cell.Cell`."""
        return PERIOD_S

    def observe(self) -> Observation:
        """See :class:`skills.cell.Cell`."""
        if self._seen_tcp is not self._tcp:
            self._seen_tcp, self._seen = self._tcp, RigidTransform.from_matrix(self._tcp)
        return Observation(
            time_s=self._time,
            joint_positions=np.zeros(7),
            tcp_in_base=self._seen,
            wrench=np.concatenate([self._force - self._bias, np.zeros(3)]),
            peak_force_n=self._peak,
            gripper_width_m=self._width,
            grasped=self._grip and self._held is not None,
            moving=not self._faults and (self._moving or self._fingers_moving()),
            faults=self._faults,
        )

    def servo(self, tcp_in_base: RigidTransform) -> None:
        """See :class:`skills.cell.Cell`."""
        self._command(tcp_in_base, SERVO_SPEED, moving=False)

    def compliance(self, compliance: Compliance) -> None:
        """See :class:`skills.cell.Cell`."""
        self._spring = compliance

    def move(self, tcp_in_base: RigidTransform, *, speed: float = 0.25) -> None:
        """See :class:`skills.cell.Cell`."""
        self._command(tcp_in_base, speed, moving=True)

    def grasp(self, width_m: float, force_n: float = 40.0) -> None:
        """See :class:`skills.cell.Cell`."""
        if self._faults or self._grip:
            return
        self._grip = True
        part = self._between_fingers()
        if part is not None and self._befalls(TroubleKind.MISSED, part):
            part = None
        self._width_goal = 0.0 if part is None else self._close_on(part)

    def release(self, width_m: float = OPEN_M) -> None:
        """See :class:`skills.cell.Cell`."""
        if self._faults:
            return
        self._grip, self._width_goal = False, min(width_m, OPEN_M)
        self._drop()

    def advance(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._time = round(self._time + PERIOD_S, 6)
        step = FINGER_SPEED * PERIOD_S
        self._width += float(np.clip(self._width_goal - self._width, -step, step))
        if self._faults:
            self._force, self._peak = np.zeros(3), 0.0
            return
        before = self._tcp
        reached = towards(before, self._target, self._speed * PERIOD_S, TURN_SPEED * PERIOD_S)
        self._moving = self._moving and reached is not self._target
        self._tcp, self._force = self._stopped_by_contact(reached)
        self._peak = float(np.linalg.norm(self._force))
        if self._held is not None:
            self._mishaps(self._held)

    def stop(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._faults = self._faults or (Fault.STOPPED,)
        self._moving, self._target = False, self._tcp

    def recover(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._faults, self._moving, self._target = (), False, self._tcp

    def zero_wrench(self) -> None:
        """See :class:`skills.cell.Cell`."""
        self._bias = self._force.copy()

    def locate(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`."""
        self._known(part)
        place = RigidTransform.from_matrix(self._tray_place(part))
        return PoseEstimate(place, self.noise.tray_m, self.noise.tray_rad)

    def locate_goal(self, part: str) -> PoseEstimate:
        """See :class:`skills.cell.Cell`."""
        self._known(part)
        error = self._error(self.noise.goal_m, self.noise.goal_rad)
        measured = RigidTransform.from_matrix(shifted(self._goals[part], *error))
        return PoseEstimate(measured, self.noise.goal_m, self.noise.goal_rad)

    def close(self) -> None:
        """See :class:`skills.cell.Cell`."""

    # -- its whole world, on paper -------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """See :class:`skills.cell.Restorable`."""
        state = {
            "assembly": self.assembly.name,
            "time": self._time,
            "tcp": self._tcp.tolist(),
            "target": self._target.tolist(),
            "motion": [self._speed, self._moving],
            "spring": [self._spring.stiffness, *self._spring.clip_m],
            "fingers": [self._width, self._width_goal, self._grip],
            "held": [self._held, self._plug_in_tcp.tolist()],
            "wrench": [self._force.tolist(), self._bias.tolist(), self._peak],
            "faults": [str(fault) for fault in self._faults],
            "contact": [self._jammed, self._touching],
            "parts": {part: pose.tolist() for part, pose in self.parts.items()},
            "troubles": [[str(t.kind), t.part, t.times] for t in self.troubles],
            "rng": self._rng.bit_generator.state,
        }
        return json.dumps(state).encode()

    def restore(self, snapshot: bytes) -> None:
        """See :class:`skills.cell.Restorable`."""
        try:
            state: dict[str, Any] = json.loads(snapshot)
        except ValueError:
            raise CellError("the snapshot is not one of a fake cell") from None
        if not isinstance(state, dict) or state.get("assembly") != self.assembly.name:
            raise CellError(f"the snapshot is not one of a fake cell with '{self.assembly.name}'")
        self._time = state["time"]
        self._held, self._plug_in_tcp = state["held"][0], np.array(state["held"][1])
        self._tcp, self._target = np.array(state["tcp"]), np.array(state["target"])
        self._speed, self._moving = state["motion"]
        stiffness, *clip = state["spring"]
        self._spring = Compliance(stiffness=stiffness, clip_m=(clip[0], clip[1], clip[2]))
        self._width, self._width_goal, self._grip = state["fingers"]
        self._force, self._bias = np.array(state["wrench"][0]), np.array(state["wrench"][1])
        self._peak = state["wrench"][2]
        self._faults = tuple(Fault(fault) for fault in state["faults"])
        self._jammed, self._touching = state["contact"]
        self.parts = {part: np.array(pose) for part, pose in state["parts"].items()}
        self.troubles = [Trouble(TroubleKind(kind), part, n) for kind, part, n in state["troubles"]]
        self._rng.bit_generator.state = state["rng"]

    # -- truth, for scoring --------------------------------------------------------------------------

    def truth(self, step: Step) -> FakeTruth:
        """Whether ``step``'s part stands where it belongs."""
        offset = self.parts[step.part][:3, 3] - self._goals[step.part][:3, 3]
        tolerance = self.insertions[step.part].tolerance_m
        in_socket = float(np.hypot(*offset[:2])) <= self.insertions[step.part].clearance_m + 1e-4
        return FakeTruth(
            in_socket and abs(float(offset[2])) <= tolerance and self._held != step.part,
            float(np.linalg.norm(offset)),
        )

    def true_pose(self, part: str) -> RigidTransform:
        """Where ``part`` really is, in the base frame. For scoring, and for a person's hands."""
        return RigidTransform.from_matrix(self.parts[part])

    def place(self, part: str, pose_in_base: RigidTransform) -> None:
        """Put ``part`` somewhere by hand."""
        self.parts[part] = pose_in_base.as_matrix()

    # -- the tray ------------------------------------------------------------------------------------

    def _known(self, part: str) -> None:
        if part not in self._goals:
            raise UnknownPart(part, tuple(self._goals))

    def _error(self, most_m: float, most_rad: float) -> tuple[Vector, float]:
        drawn = self._rng.uniform(-1.0, 1.0, 4)
        return most_m * drawn[:3], float(most_rad * drawn[3])

    def _tray_height(self, part: str) -> float:
        return (self.assembly.tray.height_mm - self.assembly.parts[part].lowest_mm) / 1000.0

    def _tray_place(self, part: str) -> Matrix:
        place = self.assembly.tray.places[part]
        x, y = np.asarray(place.position_mm) / 1000.0
        spot = np.array([x, y, self._tray_height(part)])
        return shifted(np.eye(4), spot, float(np.radians(place.yaw_deg)))

    def _on_tray(self, part: str) -> Matrix:
        shift, yaw = self._error(self.noise.tray_m, self.noise.tray_rad)
        return shifted(self._tray_place(part), np.array([shift[0], shift[1], 0.0]), yaw)

    # -- the hand ------------------------------------------------------------------------------------

    def _command(self, target: RigidTransform, speed: float, *, moving: bool) -> None:
        if self._faults:
            return
        self._target, self._speed, self._moving = target.as_matrix(), speed, moving

    def _fingers_moving(self) -> bool:
        return abs(self._width_goal - self._width) > 1e-6

    def _between_fingers(self) -> str | None:
        distance = {
            part: float(np.linalg.norm((pose @ self._grasps[part])[:3, 3] - self._tcp[:3, 3]))
            for part, pose in self.parts.items()
        }
        nearest = min(distance, key=lambda part: distance[part])
        return nearest if distance[nearest] <= REACH_M else None

    def _close_on(self, part: str) -> float:
        """Take hold of ``part``, centred between the pads if it stands loose; the width in between."""
        insertion = self.insertions[part]
        grasp = self.parts[part] @ self._grasps[part]
        turn = yaw_of(grasp[:3, :3].T @ self._tcp[:3, :3])
        across = abs(np.sin(turn)) > np.sin(np.pi / 4)
        if not self._sockets[part].holds(self.parts[part]):
            closing = self._tcp[:3, 1]
            off = float(np.dot(self._tcp[:3, 3] - grasp[:3, 3], closing))
            straight = -wrapped(turn, np.pi / 2)
            self.parts[part] = shifted(self.parts[part], off * closing, straight)
        self._held, self._plug_in_tcp = part, inverse(self._tcp) @ self.parts[part]
        return insertion.cross_width_m or insertion.grip_width_m if across else insertion.grip_width_m

    def _drop(self) -> None:
        if self._held is None:
            return
        pose = self.parts[self._held]
        height = min(float(pose[2, 3]), self._floor(self._held, pose))
        self.parts[self._held] = at_height(pose, height)
        self._held = None
        self._touching = False

    # -- contact -------------------------------------------------------------------------------------

    def _floor(self, part: str, pose: Matrix) -> float:
        """Height of the plug's frame when it rests on what is below it [m]."""
        insertion, socket = self.insertions[part], self._sockets[part]
        offset, yaw = socket.offset(pose)
        sideways = socket.sideways_m(pose)
        seat = float(self._goals[part][2, 3])
        if sideways > SOCKET_RADIUS_M:
            return self._tray_height(part)
        if socket.takes(sideways, yaw) or socket.holds(self.parts[part]):
            return seat + (insertion.depth_m / 2 if self._jammed else 0.0)
        touch = insertion.touch
        if touch is not None and float(np.hypot(*(offset[:2] - touch.offset_m))) < 0.006:
            return seat + touch.height_m
        return seat + insertion.depth_m

    def _stopped_by_contact(self, wanted: Matrix) -> tuple[Matrix, Vector]:
        """The TCP as far as contact lets it go, and what contact then exerts on it (3,) [N]."""
        if self._held is None:
            return self._pressed(wanted, self._met_from_above(wanted))
        part, socket = self._held, self._sockets[self._held]
        free = plug = wanted @ self._plug_in_tcp
        if socket.holds(self.parts[part]):
            free = socket.straightened(plug)
            wanted = free @ inverse(self._plug_in_tcp)
            plug = socket.guided(free)
        elif socket.entered_by(plug) and self._befalls(TroubleKind.JAM, part):
            self._jammed = True
        floor = self._floor(part, plug)
        if plug[2, 3] < floor:
            plug = at_height(plug, floor)
        self.parts[part] = plug
        return self._pressed(wanted, plug[:3, 3] - free[:3, 3])

    def _pressed(self, wanted: Matrix, blocked: Vector) -> tuple[Matrix, Vector]:
        """The TCP kept back by ``blocked`` (3,) [m], and the spring's force there (3,) [N]."""
        tcp = wanted.copy()
        tcp[:3, 3] += blocked
        clip = np.asarray(self._spring.clip_m)
        short = np.clip(tcp[:3, 3] - self._target[:3, 3], -clip, clip)
        touching = np.abs(blocked) > 1e-7
        return tcp if touching.any() else wanted, np.where(touching, self._spring.stiffness * short, 0.0)

    def _met_from_above(self, tcp: Matrix) -> Vector:
        """How far closed fingertips are kept up by a part on which they rest (3,) [m]."""
        if self._width > CLOSED_M:
            return np.zeros(3)
        for part, pose in self.parts.items():
            probe = self.insertions[part].probe
            if probe is None:
                continue
            offset = pose[:3, :3] @ np.array([*probe.offset_m, 0.0])
            there = (pose @ self._grasps[part])[:3, 3] + offset
            rest = float(pose[2, 3]) + probe.height_m
            aside = float(np.hypot(*(tcp[:2, 3] - there[:2])))
            if aside < FINGERTIP_M and rest - FINGERTIP_M < tcp[2, 3] < rest:
                return np.array([0.0, 0.0, rest - float(tcp[2, 3])])
        return np.zeros(3)

    # -- mishaps -------------------------------------------------------------------------------------

    def _befalls(self, kind: TroubleKind, part: str) -> bool:
        """Whether a scripted mishap happens now; it is then used up by one."""
        for i, trouble in enumerate(self.troubles):
            if trouble.kind is kind and trouble.part == part and trouble.times > 0:
                self.troubles[i] = replace(trouble, times=trouble.times - 1)
                return True
        return False

    def _mishaps(self, part: str) -> None:
        if self._touching and self._peak < 1.0:
            self._touching = False
        offset, _ = self._sockets[part].offset(self.parts[part])
        above_tray = float(self.parts[part][2, 3]) - self._tray_height(part)
        near = float(np.hypot(offset[0], offset[1])) < SOCKET_RADIUS_M
        if self._jammed and float(offset[2]) > self.insertions[part].depth_m:
            self._jammed = False
        if not near and above_tray > 0.01 and self._befalls(TroubleKind.SLIP, part):
            self._drop()
            self._width_goal = 0.0
        elif near and self._peak > 2.0 and not self._touching:
            self._touching = True
            self._first_contact(part)

    def _first_contact(self, part: str) -> None:
        if self._befalls(TroubleKind.SPIKE, part):
            self._peak = 500.0
        if self._befalls(TroubleKind.REFLEX, part):
            self._faults = (Fault.REFLEX,)
        if self._befalls(TroubleKind.STOP, part):
            self.stop()
        if self._befalls(TroubleKind.LOST, part):
            self._faults = (Fault.CONNECTION,)
            raise CellError("the connection to the robot broke")
