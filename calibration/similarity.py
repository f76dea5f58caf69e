"""Which trained skill is most like a step that has none yet, to start its training from.

After SRSA (Guo et al. 2025), which picks the skill to adapt by what is likely to carry over; here by two
things that can be had without training: the geometry of the step, and what the hand feels while the scripted
lead is followed without a policy.
"""

from collections.abc import Sequence

import numpy as np

from calibration.rehearsal import Task
from sequences.load import bundled, load
from sim.control import CONTROL_PERIOD_S
from sim.insertions import Insertions
from skills.artifact import Skill
from skills.cell import Vector
from skills.insertion import Insertion
from skills.library import Found, everything, latest
from skills.pilot import GuidedPilot
from skills.presets import Preset
from skills.sensed import Sensed
from skills.tasks import insertion_of

SIGNATURE_WORLDS, SIGNATURE_PERIODS, SIGNATURE_SEED = 12, 100, 77
FORCE_N, TORQUE_NM = 5.0, 0.2
"""Differences in force and torque that count as one."""


def most_similar(tasks: Sequence[Task], preset: Preset) -> Found | None:
    """The skill of ``preset`` whose step is nearest to the first of ``tasks``; None when there is none.

    The tasks' own skill does not count. Raises SkillError.
    """
    step = tasks[0][1]
    names = {skill.name for skill, _ in everything() if skill.policy == preset.name} - {step.skill}
    here = features(tasks[0])
    nearest: tuple[float, Found] | None = None
    for name in sorted(names):
        found = latest(name, preset=preset.name)
        task = None if found is None else _task_of(found.skill, tasks)
        if found is None or task is None:
            continue
        distance = float(np.linalg.norm(features(task) - here))
        if nearest is None or distance < nearest[0]:
            nearest = distance, found
    return None if nearest is None else nearest[1]


def features(task: Task) -> Vector:
    """(16,) what a step is like: geometry (10) and wrench signature (6), scaled so that 1 is a difference."""
    insertion = insertion_of(*task)
    return np.concatenate([geometry(insertion), signature(task, insertion)])


def geometry(insertion: Insertion) -> Vector:
    """(10,) what the geometry of a step is like, each number scaled so that 1 is a difference."""
    touch = insertion.touch
    aside = 0.0 if touch is None else float(np.linalg.norm(touch.offset_m))
    return np.array(
        [
            2.0 * insertion.keyed,
            2.0 * insertion.enters_turned,
            insertion.symmetry == 0,
            touch is None,
            min(insertion.yaw_play_rad, 0.3) / 0.1,
            insertion.clearance_m / 0.0002,
            insertion.loose_fits,
            insertion.depth_m / 0.010,
            aside / 0.010,
            np.log(insertion.mass_kg) / 1.5,
        ]
    )


def signature(task: Task, insertion: Insertion) -> Vector:
    """(6,) mean and spread of pressing force, sideways force and torque under the scripted lead alone."""
    assembly, step = task
    n = SIGNATURE_WORLDS
    worlds = Insertions(assembly, step, insertion, n, seed=SIGNATURE_SEED)
    pilot = GuidedPilot(insertion, n, CONTROL_PERIOD_S)
    worlds.reset(np.arange(n), pilot)
    felt: list[Vector] = []
    for _ in range(SIGNATURE_PERIODS):
        pilot.observe(worlds.sensed)
        worlds.advance(pilot, np.zeros((n, pilot.action.size)))
        felt.append(_felt(worlds.sensed)[pilot.working(worlds.sensed)])
    rows = np.concatenate(felt)
    if len(rows) == 0:
        return np.zeros(6)
    return np.concatenate([rows.mean(axis=0), rows.std(axis=0)])


def _felt(sensed: Sensed) -> Vector:
    """(n, 3) pressing force, sideways force and torque, scaled."""
    force, torque = sensed.wrench[:, :3], sensed.wrench[:, 3:]
    sideways = np.linalg.norm(force[:, :2], axis=1)
    return np.column_stack(
        [force[:, 2] / FORCE_N, sideways / FORCE_N, np.linalg.norm(torque, axis=1) / TORQUE_NM]
    )


def _task_of(skill: Skill, tasks: Sequence[Task]) -> Task | None:
    """The first step that ``skill`` was trained for, in a bundled product or in that of ``tasks``."""
    at_hand = {assembly.name: assembly for assembly, _ in tasks}
    for name in skill.record.get("steps", ()):
        product, _, part = name.partition("/")
        assembly = at_hand.get(product) or (load(product) if product in bundled() else None)
        if assembly is not None:
            for step in assembly.steps:
                if step.part == part:
                    return assembly, step
    return None
