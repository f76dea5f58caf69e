"""How fast the batch of insertions is beside the bare engine on the same work.

Both advance the same states of the same model under the same controls on as many threads, in turns, so that
whatever else the machine does meanwhile slows both. The batch does all that a learner needs: it senses,
commands, judges. The bare engine only rolls out.
"""

import copy
import time
from dataclasses import dataclass

import mujoco
import numpy as np
from mujoco.rollout import Rollout

from sequences.assembly import Assembly, Step
from sim.insertions import Insertions
from sim.robot import actuators, set_compliance
from sim.scene import body_name
from sim.variation import Variation
from sim.worlds import CONTROL
from skills.cell import Vector
from skills.handling import GRIP_N
from skills.insertion import Insertion
from skills.pilot import Pilot

FRICTION = 0.5
ALIKE = Variation(friction=(FRICTION, FRICTION), joint_friction=(1.0, 1.0), gains=0.0, tolerance_m=0.0)
"""Worlds that share one model, so that the bare engine can run the same ones."""
FULL = mujoco.mjtState.mjSTATE_FULLPHYSICS
SETTLING_PERIODS = 40
"""Control periods before timing begins: long enough that plugs touch."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One size of the batch, timed."""

    worlds: int
    periods: int
    substeps: int
    """Steps of the physics in a control period."""
    ours_s: float
    bare_s: float
    """Time of one control period of all worlds, the median over the periods [s]."""
    apart_m: float
    """Largest difference between where both say that the plugs are [m]."""

    @property
    def ratio(self) -> float:
        """The batch's throughput as a share of the bare engine's."""
        return self.bare_s / self.ours_s

    @property
    def cost_s(self) -> float:
        """What one control period of one world costs the batch [s]."""
        return self.ours_s / self.worlds


def pace(
    assembly: Assembly,
    step: Step,
    insertion: Insertion,
    pilot: Pilot,
    n: int,
    *,
    threads: int,
    periods: int,
    seed: int,
    starts: int = 512,
) -> Pace:
    """Time ``periods`` control periods of ``n`` worlds, which ``pilot`` flies with a zero action."""
    ours = Insertions(
        assembly, step, insertion, n, seed=seed, variation=ALIKE, threads=threads, bank_size=starts
    )
    ours.reset(np.arange(n), pilot)
    bare = _Bare(ours, pilot, threads)
    action = np.zeros((n, pilot.action.size))
    for _ in range(SETTLING_PERIODS):
        pilot.observe(ours.sensed)
        ours.advance(pilot, action)
    spent, apart = np.zeros((periods, 2)), 0.0
    for period in range(periods):
        bare.take(ours)
        began = time.perf_counter()
        pilot.observe(ours.sensed)
        ours.advance(pilot, action)
        spent[period, 0] = time.perf_counter() - began
        began = time.perf_counter()
        bare.advance(ours.worlds.control, pilot)
        spent[period, 1] = time.perf_counter() - began
        apart = max(apart, bare.apart_m(ours))
    bare.close()
    ours_s, bare_s = np.median(spent, axis=0)
    return Pace(n, periods, ours.worlds.substeps, float(ours_s), float(bare_s), apart)


class _Bare:
    """``mujoco.rollout`` on a copy of the batch's model with the numbers that all its worlds share."""

    def __init__(self, ours: Insertions, pilot: Pilot, threads: int) -> None:
        worlds, n = ours.worlds, ours.n
        self.model = model = copy.copy(worlds.model)
        model.actuator_forcerange[actuators(model).gripper] = (-2.0 * GRIP_N, 2.0 * GRIP_N)
        parts = [geom for geom in range(model.ngeom) if model.geom(geom).name.startswith("part/")]
        model.geom_friction[parts, 0] = FRICTION
        model.pair_friction[:, :2] = FRICTION
        self._touching, self._free = copy.copy(model), copy.copy(model)
        set_compliance(self._touching, pilot.compliance)
        set_compliance(self._free, pilot.carrying)
        self._data = [mujoco.MjData(model) for _ in range(threads)]
        self._rollout = Rollout(nthread=threads if threads > 1 else 0)
        self._steps = worlds.substeps
        self._plug = 1 + int(model.joint(body_name(ours.step.part)).qposadr[0])
        self._first = np.empty((n, mujoco.mj_stateSize(model, FULL)))
        self._warm = np.empty((n, model.nv))
        self._state = np.empty((n, self._steps, self._first.shape[1]))
        self._sensors = np.empty((n, self._steps, model.nsensordata))

    def take(self, ours: Insertions) -> None:
        """Begin from where the batch is."""
        for row, state in zip(self._first, ours.worlds.states, strict=True):
            mujoco.mj_extractState(self.model, state, mujoco.mjtState.mjSTATE_INTEGRATION, row, FULL)
        self._warm[:] = ours.worlds.batch.bind("qacc_warmstart")

    def advance(self, control: Vector, pilot: Pilot) -> None:
        """One control period under ``control`` (n, substeps, controls), with the springs of ``pilot``."""
        models = [self._free if free else self._touching for free in pilot.free()]
        self._rollout.rollout(
            models, self._data, self._first, control, control_spec=CONTROL, skip_checks=True,
            nstep=self._steps, initial_warmstart=self._warm, state=self._state, sensordata=self._sensors,
        )  # fmt: skip

    def apart_m(self, ours: Insertions) -> float:
        """How far the plugs are from where the batch has them [m]."""
        plugs = self._state[:, -1, self._plug : self._plug + 3]
        return float(np.abs(plugs - ours.worlds.plug[:, :3]).max())

    def close(self) -> None:
        """End the threads."""
        self._rollout.close()
