"""A learned policy as a routine: the pilot that it was trained with, flying one attempt in a cell."""

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from skills.artifact import RECORD, WEIGHTS, SkillError
from skills.cell import Cell, Observation
from skills.insert import Inserting
from skills.insertion import Attempt, Insertion
from skills.library import Found
from skills.network import Network, NetworkError
from skills.pilot import GuidedPilot, Pilot
from skills.presets import PRESETS, from_record
from skills.routine import Cause
from skills.script import Failed, Script
from skills.sensed import Sensed

ROW = np.array([0])


class Learned(Inserting):
    """Flies one attempt with a skill that was found. Raises SkillError when it cannot be run."""

    def __init__(self, attempt: Attempt, found: Found) -> None:
        super().__init__(attempt)
        self.found = found

    def script(self, cell: Cell) -> Script:
        """Fly until the pilot is home; fails when it gives up."""
        pilot, network = crew(self.found, self.insertion, 1, cell.control_period_s)
        spring = pilot.carrying
        cell.compliance(spring)
        began = cell.observe().time_s
        sensed = self._sensed(cell.observe(), began)
        pilot.begin(ROW, sensed)
        while True:
            action = network(pilot.observe(sensed))
            position, turn = pilot.command(sensed, action)
            if (wanted := pilot.carrying if pilot.free()[0] else pilot.compliance) != spring:
                spring = wanted
                cell.compliance(spring)
            target = RigidTransform.from_components(position[0], Rotation.from_rotvec(turn[0]))
            cell.servo(self.attempt.goal_in_base * target * self.insertion.tcp_in_plug)
            yield self._words(pilot, sensed)
            observation = cell.observe()
            self.watch(observation)
            sensed = self._sensed(observation, began)
            self._note(pilot)
            if pilot.finished(sensed)[0]:
                return
            if pilot.given_up(sensed)[0]:
                self._give_up(pilot, sensed)

    def _sensed(self, observation: Observation, began_s: float) -> Sensed:
        goal = self.attempt.goal_in_base
        plug = goal.inv() * self.plug(observation)
        back = goal.rotation.inv()
        wrench = np.concatenate([back.apply(observation.wrench[:3]), back.apply(observation.wrench[3:])])
        tool, home = observation.tcp_in_base, goal * self.insertion.tcp_in_plug
        return Sensed(
            time_s=np.array([observation.time_s - began_s]),
            position=plug.translation[None],
            rotation=plug.rotation.as_rotvec()[None],
            wrench=wrench[None],
            joints=observation.joint_positions[None],
            tcp=pose_row(tool),
            tcp_goal=pose_row(home),
        )

    def _note(self, pilot: Pilot) -> None:
        """Tell the attempt what the pilot learned about the height of the face."""
        if isinstance(pilot, GuidedPilot) and pilot.guide.working[0] and self.insertion.touch is not None:
            base = float(self.attempt.goal_in_base.translation[2])
            self.attempt.face_height_m = base + float(pilot.guide.face_m[0])
            self.attempt.slip_m = float(pilot.guide.slip_m[0])

    def _words(self, pilot: Pilot, sensed: Sensed) -> str:
        force = f"({sensed.wrench[0, 2]:.0f} N)"
        return f"inserting {force}" if pilot.working(sensed)[0] else f"touching down {force}"

    def _give_up(self, pilot: Pilot, sensed: Sensed) -> None:
        height = float(sensed.position[0, 2])
        if not pilot.working(sensed)[0]:
            raise Failed(Cause.NOT_SEATED, "no face where there should be one")
        if height < 0.7 * self.insertion.depth_m:
            raise Failed(Cause.JAM, f"stuck {1e3 * height:.1f} mm above its seat")
        raise Failed(Cause.TIMEOUT, f"not in after {sensed.time_s[0]:.0f} s")


def crew(found: Found, insertion: Insertion, n: int, period_s: float) -> tuple[Pilot, Network]:
    """The pilot and the network of a skill, for ``n`` attempts at ``insertion`` with ``period_s`` between
    commands [s]. Raises SkillError, which names the file, when this version cannot run it."""
    skill, record = found.skill, found.path / RECORD
    preset = PRESETS.get(skill.policy)
    if preset is None:
        raise SkillError(record, f"nothing here runs a policy '{skill.policy}'")
    try:
        pilot = preset.fly(insertion, n, period_s, from_record(preset, skill.settings))
    except msgspec.ValidationError as error:
        raise SkillError(record, f"its settings cannot be read: {error}") from error
    try:
        network = Network(found.weights, n)
    except NetworkError as error:
        raise SkillError(found.path / WEIGHTS, str(error)) from error
    if pilot.observation != skill.observation or pilot.action != skill.action:
        raise SkillError(record, f"'{skill.name}' was trained on other observations or actions")
    if (network.inputs, network.outputs) != (pilot.observation.size, pilot.action.size):
        raise SkillError(found.path / WEIGHTS, "takes or gives other vectors than its record says")
    return pilot, network


def pose_row(pose: RigidTransform) -> NDArray[np.float64]:
    """(1, 7) position [m] and quaternion, w first, of one pose."""
    return np.concatenate([pose.translation, pose.rotation.as_quat(scalar_first=True)])[None]
