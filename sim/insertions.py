"""Episodes of one insertion in many worlds: the robot's side of it, and the truth beside it."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly, Step
from sim import rewards
from sim.automate_reward import AutomateReward
from sim.bank import NARROW, Bank, Region, bank, loose_mates, poses_of, step_scene
from sim.curriculum import Curriculum, curriculum_region
from sim.disassembly import disassembly_paths
from sim.physics import NOMINAL, Physics
from sim.rewards import FORCE_LIMIT_N, Weights
from sim.truth import are_seated, offsets
from sim.variation import Draws, Variation, drawn
from sim.worlds import Worlds
from skills.cell import Flags, Indices, Vector
from skills.handling import GRIP_N, RELEASE_MARGIN_M
from skills.insertion import Insertion
from skills.pilot import Pilot
from skills.sensed import Sensed

RELEASE_PERIODS = 12
"""Control periods that a part is given to fall where it falls after it was let go."""


@dataclass(slots=True)
class Outcome:
    """What one control period brought; rows are worlds."""

    reward: Vector
    done: Flags
    seated: Flags
    """(n,) whether the plug truly is seated now."""
    deep: Flags
    """(n,) whether it is at its depth, in whatever attitude the grasp holds it."""
    finished: Flags
    """(n,) whether the pilot believes to be home."""
    broken: Flags
    """(n,) whether too much force or a slip ended it."""
    cut: Flags
    """(n,) whether it ended only because the time was up: what would have come next counts."""


class Insertions:
    """``n`` worlds in which one step is tried again and again."""

    def __init__(
        self,
        assembly: Assembly,
        step: Step,
        insertion: Insertion,
        n: int,
        *,
        seed: int,
        region: Region = NARROW,
        variation: Variation | None = None,
        physics: Physics = NOMINAL,
        weights: Weights | None = None,
        threads: int = 1,
        bank_size: int = 512,
        bank_seed: int = 0,
        starts: Bank | None = None,
        in_order: bool = False,
        reward: str = "dovetail",
        curriculum: bool = False,
    ) -> None:
        self.assembly, self.step, self.insertion, self.n = assembly, step, insertion, n
        self.variation, self.weights = variation or Variation(), weights or Weights()
        self.rng = np.random.default_rng(seed)
        model = step_scene(assembly, step, physics)
        region = curriculum_region(insertion) if curriculum else region
        self.bank: Bank = starts or bank(
            assembly, step, insertion, model, region=region, size=bank_size, seed=bank_seed
        )
        """What episodes begin from; another may be put in its place at any time."""
        self._in_order = in_order
        """Row i of the bank is world i's own."""
        self.curriculum = Curriculum(self.bank, insertion, n) if curriculum else None
        self._automate: AutomateReward | None = None
        if reward == "automate":
            paths = disassembly_paths(assembly, step, insertion, model)
            self._automate = AutomateReward(assembly, step, insertion, paths, n, self.curriculum)
        self.worlds = Worlds(model, step.part, n, threads)
        self.goal = assembly.goal_in_base(step)
        self.force_limit_n = FORCE_LIMIT_N
        self.draws: Draws = drawn(self.variation, n, self.rng)
        self.start = np.zeros((n, 6))
        """(n, 6) where each episode began: the plug's true pose in its goal's frame [m, rad]."""
        self.peak_n = np.zeros(n)
        """(n,) largest contact force of the episode [N]."""
        self._goals = RigidTransform.from_matrix(np.tile(self.goal.as_matrix(), (n, 1, 1)))
        self._potential = np.zeros(n)
        self._was_working, self._free = np.zeros(n, bool), np.zeros(n, bool)
        self._noise = np.repeat([self.variation.force_std_n, self.variation.torque_std_nm], 3)
        self.wrench = np.zeros((n, 6))
        """(n, 6) the wrench as measured, base axes [N, N·m]."""
        self.sensed: Sensed = self._sense()

    # -- episodes -------------------------------------------------------------------------------------

    def reset(self, rows: Indices, pilot: Pilot) -> None:
        """Begin new episodes in worlds ``rows``, from random rows of the bank."""
        self.place(rows)
        pilot.begin(rows, self.sensed)
        self._springs(rows, pilot)

    def place(self, rows: Indices) -> None:
        """Put worlds ``rows`` to a random start each, with fresh draws."""
        k = len(rows)
        fresh = drawn(self.variation, k, self.rng)
        chosen: Indices = self.rng.integers(len(self.bank), size=k)
        if self.curriculum is not None:
            chosen = self.curriculum.choose(k, self.rng)
        if self._in_order:
            chosen = rows % len(self.bank)
        if (given := self.bank.goal_errors) is not None:
            fresh.goal_error = np.where(np.isnan(given[chosen]), fresh.goal_error, given[chosen])
        for name in ("friction", "joint_friction", "gains", "tolerance_m", "goal_error", "bias"):
            getattr(self.draws, name)[rows] = getattr(fresh, name)
        worlds = self.worlds
        worlds.put(rows, self.bank.states[chosen])
        worlds.friction(rows, fresh.friction, fresh.joint_friction)
        worlds.tolerance(rows, fresh.tolerance_m)
        worlds.gains[rows] = fresh.gains
        worlds.grip(rows, GRIP_N)
        self.start[rows] = self.bank.starts[chosen]
        self.peak_n[rows] = 0.0
        self._was_working[rows] = False
        self._estimate()
        self.sensed = self._sense()
        if self._automate is not None:
            self._automate.begin(rows, self.sensed.tcp)

    def advance(self, pilot: Pilot, action: Vector, rows: Indices | None = None) -> Outcome:
        """One control period of worlds ``rows`` (all, when None) under ``action`` (n, actions)."""
        position, turn = pilot.command(self.sensed, action)
        everyone = np.arange(self.n) if rows is None else rows
        self._springs(everyone[pilot.free()[everyone] != self._free[everyone]], pilot)
        plugs = self._goals * RigidTransform.from_components(position, Rotation.from_rotvec(turn))
        tools = plugs * self.insertion.tcp_in_plug
        targets = _pose_rows(tools)
        self.move(targets if rows is None else targets[rows], rows)
        return self._judged(pilot)

    def _springs(self, rows: Indices, pilot: Pilot) -> None:
        """Give worlds ``rows`` the spring that the pilot holds their plugs with."""
        self._free[rows] = pilot.free()[rows]
        for free, spring in ((True, pilot.carrying), (False, pilot.compliance)):
            if len(those := rows[self._free[rows] == free]):
                self.worlds.compliance(those, spring)

    def move(self, targets: Vector, rows: Indices | None = None) -> None:
        """One control period of worlds ``rows`` (all, when None) towards TCP targets (k, 7), base frame."""
        self.worlds.advance(targets, rows)
        if self.variation.resampled:
            self.draws.goal_error = drawn(self.variation, self.n, self.rng).goal_error
            self._estimate()
        self.sensed = self._sense()
        moved = slice(None) if rows is None else rows
        self.peak_n[moved] = np.maximum(self.peak_n[moved], self.worlds.felt.peak_n[moved])

    def release(self, rows: Indices) -> Flags:
        """Let go in worlds ``rows`` and wait; (k,) whether the plugs are seated then."""
        if len(rows) == 0:
            return np.zeros(0, bool)
        worlds = self.worlds
        worlds.open(rows, min(self.insertion.grip_width_m + RELEASE_MARGIN_M, 0.08))
        position, turn = worlds.tcp()
        quaternions = Rotation.from_matrix(turn).as_quat(scalar_first=True)
        targets = np.hstack([position, quaternions])[rows]
        for _ in range(RELEASE_PERIODS):
            worlds.advance(targets, rows)
        return self.truth()[1][rows]

    # -- what is known --------------------------------------------------------------------------------

    def truth(self) -> tuple[RigidTransform, Flags]:
        """The plugs' poses in their true goals, a stack of (n,), and (n,) whether they are seated."""
        plug = self.worlds.plug
        poses = RigidTransform.from_components(
            plug[:, :3], Rotation.from_quat(plug[:, 3:], scalar_first=True)
        )
        error = self.goal.inv() * poses
        return error, are_seated(self.assembly, self.step, offsets(self.step, error))

    def privileged(self) -> Vector:
        """(n, 23) what only a simulator knows, scaled to order one, for a critic."""
        error, _ = self.truth()
        draws, scale = self.draws, np.array([500.0, 500.0, 500.0, 6.0])
        return np.column_stack(
            [
                error.translation / 0.004,
                error.rotation.as_rotvec() / 0.1,
                draws.goal_error * scale,
                draws.friction,
                draws.joint_friction,
                (draws.gains - 1.0) * 10.0,
                draws.tolerance_m / 0.00005,
                np.tanh(self.worlds.felt.wrench[:, :3] / 12.0),
                np.tanh(self.worlds.felt.peak_n / 30.0),
                self._potential,
                self._was_working,
                entered_share(error, self.insertion),
                np.tanh(self.worlds.plug_speed / 0.02),
            ]
        )

    def estimate(self, row: int) -> RigidTransform:
        """The goal's estimate of one world, in the base frame."""
        return RigidTransform.from_matrix(self._goals.as_matrix()[row])

    def _estimate(self) -> None:
        error = self.draws.goal_error
        turn = np.zeros((self.n, 3))
        turn[:, 2] = error[:, 3]
        offset = RigidTransform.from_components(error[:, :3], Rotation.from_rotvec(turn))
        self._goals = self.goal * offset

    def _sense(self) -> Sensed:
        worlds, draws = self.worlds, self.draws
        position, turn = worlds.tcp()
        tools = RigidTransform.from_components(position, Rotation.from_matrix(turn))
        plugs = self._goals.inv() * tools * self.insertion.tcp_in_plug.inv()
        noise = self._noise * self.rng.standard_normal((self.n, 6))
        self.wrench = wrench = worlds.felt.wrench + draws.bias + noise
        back = self._goals.rotation.inv()
        home = self._goals * self.insertion.tcp_in_plug
        return Sensed(
            time_s=worlds.batch.bind("time").copy(),
            position=plugs.translation,
            rotation=plugs.rotation.as_rotvec(),
            wrench=np.hstack([back.apply(wrench[:, :3]), back.apply(wrench[:, 3:])]),
            joints=worlds.joints,
            tcp=_pose_rows(tools),
            tcp_goal=_pose_rows(home),
        )

    def _mates_turned(self) -> Rotation:
        """How far the mate stands turned that a keyed plug must follow, if that can turn; a stack of (n,)."""
        if not self.insertion.drags:
            return Rotation.identity(self.n)
        mate = loose_mates(self.assembly, self.step)[-1]
        goal = self.assembly.goal_in_base(self.assembly.step_of(mate))
        turn = (goal.inv() * poses_of(self.worlds.part(mate))).rotation.as_rotvec()
        return Rotation.from_rotvec(turn * [0.0, 0.0, 1.0])

    def _judged(self, pilot: Pilot) -> Outcome:
        weights, mouth = self.weights, self.insertion.depth_m
        error, seated = self.truth()
        working = pilot.working(self.sensed)
        peak, width = self.worlds.felt.peak_n, self.worlds.width_m
        broken = rewards.broken(peak, width, self.insertion.grip_width_m)
        finished = pilot.finished(self.sensed) & ~broken
        given_up = pilot.given_up(self.sensed)
        turn = self._mates_turned().inv() * error.rotation
        misaligned = rewards.misalignment(error.translation, turn.as_matrix())
        potential = weights.approach * rewards.closeness(misaligned)
        potential += weights.depth * rewards.entered(error.translation[:, 2], mouth)
        reward = np.where(working & self._was_working, potential - self._potential + weights.time, 0.0)
        reward += weights.force * rewards.force_cost(peak) * working
        deep = np.abs(error.translation[:, 2]) < self.step.seated_tolerance_mm / 1000.0
        reward += np.where(finished, np.where(deep, weights.seated, weights.mistaken), 0.0)
        reward += weights.broken * broken
        self._potential, self._was_working = potential, working.copy()
        done, cut = finished | broken | given_up, given_up & ~finished & ~broken
        if self._automate is not None:
            reward = self._automate(error, self.sensed.tcp, done)
            cut = done & ~broken
        return Outcome(reward, done, seated, deep, finished, broken, cut)


def entered_share(error: RigidTransform, insertion: Insertion) -> Vector:
    """(n,) share of the insertion's depth that the plugs have gone."""
    return rewards.entered(error.translation[:, 2], insertion.depth_m)


def _pose_rows(poses: RigidTransform) -> Vector:
    return np.hstack([poses.translation, poses.rotation.as_quat(scalar_first=True)])
