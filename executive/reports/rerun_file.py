"""A run as a Rerun recording: the parts in space, the hand and its forces, the tree, the events.

Where the cell knows where its parts really are, as a simulated one does, they stand there; else where the run
takes them to be. The file is written as the run goes on and gets its name when the run ends.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import RigidTransform

from executive.errors import ExtraMissing
from executive.journal import Event
from executive.operator.attendant import Attendant, Watched
from executive.operator.stand_in import Workbench
from executive.operator.telling import Teller
from executive.track import sampled
from executive.views.runs import event_detail
from sequences.solid import solid_of
from skills.cell import Observation

if TYPE_CHECKING:
    import rerun as rr

CLOCK = "cell"
"""The timeline: the cell's clock from the run's beginning."""
FINGER_M = (0.01, 0.004, 0.02)
"""Half sizes of a finger's pad in the picture [m]."""
METRES_A_NEWTON = 0.002
WRENCH = ("fx", "fy", "fz", "tx", "ty", "tz")
LEVELS = {"attempt_failed": "ERROR", "step_failed": "ERROR", "fault": "ERROR", "asked": "WARN",
          "displaced": "ERROR", "operator": "WARN"}  # fmt: skip


class RerunFile:
    """Stands beside another attendant and writes what passes by. Raises ExtraMissing without rerun-sdk."""

    def __init__(self, path: Path, attendant: Attendant) -> None:
        try:
            import rerun
        except ImportError:
            raise ExtraMissing("rerun", "rerun-sdk") from None
        self.path, self.attendant = path, attendant
        self._rr: Any = rerun
        self._to: rr.RecordingStream = rerun.RecordingStream("dovetail")
        self._beside = path.with_name(f".{path.name}.part")
        self._watched: Watched | None = None
        self._early: list[Event] = []
        self._said = ""
        self._poses: dict[str, RigidTransform] = {}
        self._began_s = 0.0

    def began(self, watched: Watched) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._to.save(self._beside)
        self._watched, self._teller = watched, Teller(watched)
        self._began_s = watched.helm.cell.inner.observe().time_s
        self._at(0.0)
        self._scene(watched)
        for event in self._early:
            self._log_event(event)
        self.attendant.began(watched)

    def happened(self, event: Event) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        if self._watched is None:
            self._early.append(event)
        else:
            self._log_event(event)
        self.attendant.happened(event)

    def turn(self) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        if self._watched is not None:
            self._log_period(self._watched)
        self.attendant.turn()

    def ended(self, outcome: str) -> None:
        """See :class:`executive.operator.attendant.Attendant`."""
        self._to.log("events", self._rr.TextLog(outcome, level="INFO"))
        self.attendant.ended(outcome)

    def close(self) -> None:
        """Finish the file, whatever came of the run."""
        self._to.flush()
        self._to.disconnect()
        if self._beside.exists():
            self._beside.replace(self.path)

    # -- what is logged ------------------------------------------------------------------------------

    def _scene(self, watched: Watched) -> None:
        rr, assembly = self._rr, watched.board.assembly
        self._to.log("world", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        for name, part in assembly.parts.items():
            mesh = solid_of(part).mesh
            colour = [int(part.colour[i : i + 2], 16) for i in (1, 3, 5)]
            drawn = rr.Mesh3D(
                vertex_positions=mesh.vertices[mesh.faces.reshape(-1)],
                vertex_normals=np.repeat(mesh.face_normals, 3, axis=0),
                albedo_factor=colour,
            )
            self._to.log(f"world/parts/{name}", drawn, static=True)
        self._pose(f"world/parts/{assembly.base.part}", assembly.base.pose.transform)
        cell = watched.board.robot()
        for step in assembly.steps:
            self._put(step.part, cell.locate(step.part).pose_in_base)

    def _log_period(self, watched: Watched) -> None:
        sample, board = sampled(watched.board, watched.helm.cell), watched.board
        seen = sample.seen
        self._at(seen.time_s - self._began_s)
        self._hand(seen)
        if sample.command is not None:
            self._pose("world/command", sample.command)
        for name, value in zip(WRENCH, seen.wrench, strict=True):
            self._to.log(f"wrench/{name}", self._rr.Scalars(float(value)))
        self._to.log("force/peak", self._rr.Scalars(seen.peak_force_n))
        self._to.log("gripper/width_mm", self._rr.Scalars(1e3 * seen.gripper_width_m))
        for i, angle in enumerate(seen.joint_positions, 1):
            self._to.log(f"joints/{i}", self._rr.Scalars(float(angle)))
        self._parts(watched, seen)
        if board.message != self._said:
            self._said = board.message
            self._to.log("doing", self._rr.TextLog(board.message))
            self._log_tree()

    def _parts(self, watched: Watched, seen: Observation) -> None:
        board, world = watched.board, watched.helm.cell.inner
        if isinstance(world, Workbench):
            for step in board.assembly.steps:
                self._put(step.part, world.true_pose(step.part))
            return
        attempt = board.attempt
        if attempt is not None and seen.grasped:
            self._put(attempt.insertion.part, seen.tcp_in_base * attempt.insertion.tcp_in_plug.inv())

    def _put(self, part: str, pose: RigidTransform) -> None:
        """A part stands here; said only when it has moved."""
        before = self._poses.get(part)
        if before is None or np.abs(before.as_matrix() - pose.as_matrix()).max() > 1e-5:
            self._poses[part] = pose
            self._pose(f"world/parts/{part}", pose)

    def _hand(self, seen: Observation) -> None:
        rr, half = self._rr, seen.gripper_width_m / 2.0
        self._pose("world/hand", seen.tcp_in_base)
        sides = [[0.0, side * (half + FINGER_M[1]), -FINGER_M[2] / 2.0] for side in (-1.0, 1.0)]
        self._to.log("world/hand/fingers", rr.Boxes3D(centers=sides, half_sizes=[FINGER_M, FINGER_M]))
        force = METRES_A_NEWTON * seen.wrench[:3]
        start = seen.tcp_in_base.translation
        self._to.log("world/force", rr.Arrows3D(origins=[start], vectors=[force]))

    def _log_event(self, event: Event) -> None:
        steps = self._watched.board.assembly.steps if self._watched else ()
        part = "" if event.step is None or not steps else f"{steps[event.step].part}: "
        words = f"{part}{event.kind.replace('_', ' ')} {event_detail(event)}".strip()
        self._to.log("events", self._rr.TextLog(words, level=LEVELS.get(event.kind, "INFO")))
        if self._watched is not None:
            self._log_tree()

    def _log_tree(self) -> None:
        lines = self._teller.lines()
        text = "\n".join(f"{'  ' * line.depth}{line.status:8} {line.name}  {line.said}" for line in lines)
        self._to.log("tree", self._rr.TextDocument(text))

    def _pose(self, path: str, pose: RigidTransform) -> None:
        turn = self._rr.Quaternion(xyzw=pose.rotation.as_quat())
        self._to.log(path, self._rr.Transform3D(translation=pose.translation, quaternion=turn))

    def _at(self, time_s: float) -> None:
        self._to.set_time(CLOCK, duration=time_s)
