"""A bank of starts for one step: states with the plug in a settled grasp somewhere above its goal.

Built once with the very controller and gripper that insert, and kept on disk under a hash of all that it
depends on. A reset then copies a row.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import mujoco
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.assembly import Assembly, Step
from sequences.files import write_whole
from sequences.heights import yaw_play
from sim.cell import MOTION
from sim.physics import Physics
from sim.robot import FINGER_JOINTS, HOME
from sim.scene import as_qpos, body_name, build
from sim.seats import thin
from sim.worlds import Worlds
from skills.cell import Flags, Vector
from skills.handling import GRIP_N
from skills.insertion import KEYED_RAD, Insertion

FORMAT = 3
"""Raised whenever a bank would come out differently from the same inputs."""
CHUNK = 128
"""Worlds in which starts are made at once."""
_WEIGHTLESS, _SETTLING = 5, 4
_MOVED_M, _TURNED_RAD = 0.0012, float(np.deg2rad(2.0))
"""How far a plug may move in the grasp while it is taken, and a mate from its goal."""
_TOUCHED_N, _HEAVIER = 1.0, 1.1
"""What the wrist feels of a plug that hangs free: less than so much [N], or than so many times its weight."""
_LEFT_TURNED_RAD = float(np.deg2rad(12.0))
"""How far a mate that can turn freely stands off, either way, as its own insertion left it."""
_SQUEEZED_M = 0.002
"""How much narrower than the grasp fingers may stand: in the engine the contact of a light part is soft."""


class NoStart(ValueError):
    """Nowhere in a region can the hand hold the plug as it should, with everything else left alone."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where the plug may be when a policy takes over, relative to its goal; uniform within the bounds."""

    lateral_m: float = 0.010
    """Along x and y of the goal's frame, either way [m]."""
    above_m: tuple[float, float] = (0.005, 0.020)
    """Above the height at which the plug enters; below 0 it is inside, straight above its seat [m]."""
    yaw_rad: float = float(np.deg2rad(10.0))
    tilt_rad: float = float(np.deg2rad(10.0))
    """Turn about the vertical, and about x and y, either way [rad]."""
    grasp_m: float = 0.002
    """Error of the grasp along the fingers, either way [m]."""
    grasp_pitch_rad: float = float(np.deg2rad(3.0))
    """Error of the grasp about the closing direction, either way [rad]."""


NARROW = Region()
WIDE = Region(lateral_m=0.020, above_m=(0.005, 0.030))


@dataclass(frozen=True, slots=True)
class Bank:
    """Rows of starts."""

    states: Vector
    """(k, state) rows of ``mjSTATE_INTEGRATION``."""
    starts: Vector
    """(k, 6) the plug's true pose in its goal's frame: position [m] and rotation vector [rad]."""
    goal_errors: Vector | None = None
    """(k, 4) error of the goal's estimate that goes with each start: x, y, z [m] and yaw [rad]; NaN, or no
    array at all, where it is drawn anew for every episode."""

    def __len__(self) -> int:
        return len(self.states)


def step_scene(assembly: Assembly, step: Step, physics: Physics) -> mujoco.MjModel:
    """The scene of one step: what it mates with stands loose in its place, the rest of what is there firm.

    Contacts that what stands does not need to stay as free as it is are left out (see ``sim.seats``).
    """
    earlier = [other.part for other in assembly.steps[: assembly.steps.index(step)]]
    loose = loose_mates(assembly, step)
    firm = [part for part in earlier if part not in loose]
    spec = build(assembly, physics, parts=[*loose, step.part], fixed=firm)
    spec.option.enableflags &= ~int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    thin(spec, assembly, loose, physics)
    return spec.compile()


def loose_mates(assembly: Assembly, step: Step) -> list[str]:
    """The parts between ``step``'s and the base that can move, nearest to the base first."""
    found: list[str] = []
    for mate in step.mates:
        if mate != assembly.base.part:
            for part in (*loose_mates(assembly, assembly.step_of(mate)), mate):
                if part not in found:
                    found.append(part)
    return found


def bank(
    assembly: Assembly,
    step: Step,
    insertion: Insertion,
    model: mujoco.MjModel,
    *,
    region: Region = NARROW,
    size: int = 1024,
    seed: int = 0,
    cache: Path | None = None,
) -> Bank:
    """The bank of ``step`` in ``model``, from ``cache`` (the user's, when None) if it is there.

    Raises NoStart.
    """
    folder = cache or default_cache()
    facts = [FORMAT, asdict(region), size, seed, insertion.depth_m]
    path = folder / f"{fingerprint(model, insertion, facts)}.safetensors"
    if (found := _read(path)) is not None:
        return found
    made = _built(assembly, step, insertion, model, region, size, np.random.default_rng(seed))
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, save_tensors({"states": made.states, "starts": made.starts}))
    return made


def default_cache() -> Path:
    """Where banks are kept: ``$XDG_CACHE_HOME/dovetail/banks``."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "dovetail" / "banks"


def fingerprint(model: mujoco.MjModel, insertion: Insertion, facts: Sequence[object]) -> str:
    """A hash of a scene, a grasp and ``facts``, plain values: the name of what was made from them."""
    content = np.empty(mujoco.mj_sizeModel(model), np.uint8)
    mujoco.mj_saveModel(model, None, content)
    grasp = insertion.tcp_in_plug.as_matrix().tobytes()
    return hashlib.sha256(content.tobytes() + grasp + msgspec.json.encode(facts)).hexdigest()[:24]


def _read(path: Path) -> Bank | None:
    """A bank from the cache; a file that is not one is as good as none."""
    try:
        tensors = load_tensors(path.read_bytes())
        return Bank(tensors["states"], tensors["starts"])
    except (OSError, SafetensorError, KeyError):
        return None


def _built(
    assembly: Assembly,
    step: Step,
    insertion: Insertion,
    model: mujoco.MjModel,
    region: Region,
    size: int,
    rng: np.random.Generator,
) -> Bank:
    worlds = Worlds(model, step.part, min(size, CHUNK))
    goal = assembly.goal_in_base(step)
    states: list[Vector] = []
    starts: list[Vector] = []
    tried = 0
    while sum(len(rows) for rows in states) < size:
        tried += worlds.n
        if tried > 40 * size:
            raise NoStart(f"'{step.part}': no start in the region leaves its surroundings alone")
        wanted = _drawn(region, insertion.depth_m, worlds.n, rng)
        kept = grasped(worlds, assembly, step, insertion, goal * wanted, region, rng)
        states.append(worlds.states[kept].copy())
        starts.append(rows_of(goal.inv() * poses_of(worlds.plug[kept])))
    return Bank(np.concatenate(states)[:size], np.concatenate(starts)[:size])


def _drawn(region: Region, mouth_m: float, n: int, rng: np.random.Generator) -> RigidTransform:
    height = mouth_m + rng.uniform(*region.above_m, n)
    lateral = rng.uniform(-1, 1, (n, 2)) * region.lateral_m
    tilt = rng.uniform(-1, 1, (n, 2)) * region.tilt_rad
    yaw = rng.uniform(-1, 1, n) * region.yaw_rad
    inside = height < mouth_m
    lateral[inside], tilt[inside], yaw[inside] = 0.0, 0.0, 0.0
    turn = Rotation.from_euler("ZYX", np.column_stack([yaw, tilt]))
    return RigidTransform.from_components(np.column_stack([lateral, height]), turn)


def grasped(
    worlds: Worlds,
    assembly: Assembly,
    step: Step,
    insertion: Insertion,
    plugs: RigidTransform,
    region: Region,
    rng: np.random.Generator,
) -> Flags:
    """Take hold of the plugs, at ``plugs`` in the base frame; which of them are good starts."""
    n, everyone = worlds.n, np.arange(worlds.n)
    slid = np.zeros((n, 3))
    slid[:, 2] = rng.uniform(-1, 1, n) * region.grasp_m
    pitch = np.zeros((n, 3))
    pitch[:, 1] = rng.uniform(-1, 1, n) * region.grasp_pitch_rad
    slip = RigidTransform.from_components(slid, Rotation.from_rotvec(pitch))
    tools = plugs * insertion.tcp_in_plug * slip
    joints = worlds.kinematics.inverse(tools.translation, tools.rotation.as_matrix(), HOME)
    worlds.put(everyone, _states(worlds, assembly, step, insertion, joints, plugs, rng))
    targets = np.hstack([tools.translation, tools.rotation.as_quat(scalar_first=True)])
    worlds.gains[:] = 1.0
    worlds.compliance(everyone, MOTION)
    worlds.retarget(everyone, targets)
    worlds.grip(everyone, GRIP_N)
    gravity = worlds.batch.expand("opt.gravity")
    gravity[:] = 0.0
    for _ in range(_WEIGHTLESS):
        worlds.advance(targets)
    gravity[:] = worlds.model.opt.gravity
    for _ in range(_SETTLING):
        worlds.advance(targets)
    error = plugs.inv() * poses_of(worlds.plug)
    good = np.linalg.norm(error.translation, axis=1) < _MOVED_M
    good &= error.rotation.magnitude() < _TURNED_RAD
    weight = worlds.model.body(body_name(step.part)).mass.item() * -worlds.model.opt.gravity[2]
    good &= worlds.felt.peak_n < max(_TOUCHED_N, _HEAVIER * weight)
    wider = worlds.width_m - insertion.grip_width_m
    good &= (wider < _MOVED_M) & (wider > -_SQUEEZED_M)
    worlds.batch.bind("time")[:] = 0.0
    return np.asarray(good & _mates_stayed(worlds, assembly, step))


def _states(
    worlds: Worlds,
    assembly: Assembly,
    step: Step,
    insertion: Insertion,
    joints: Vector,
    plugs: RigidTransform,
    rng: np.random.Generator,
) -> Vector:
    model, n = worlds.model, len(joints)
    data = mujoco.MjData(model)
    spec = mujoco.mjtState.mjSTATE_INTEGRATION
    row = np.empty(mujoco.mj_stateSize(model, spec))
    rows = np.empty((n, len(row)))
    arm = [int(model.joint(f"fr3_joint{index}").qposadr[0]) for index in range(1, 8)]
    placed = as_qpos(plugs)
    turned = insertion.drags
    mates = {mate: as_qpos(_in_play(assembly, mate, turned, n, rng)) for mate in loose_mates(assembly, step)}
    for index in range(n):
        data.qpos[arm] = joints[index]
        for finger in FINGER_JOINTS:
            data.joint(finger).qpos = insertion.grip_width_m / 2 + 0.0001
        data.joint(body_name(step.part)).qpos = placed[index]
        for mate, poses in mates.items():
            data.joint(body_name(mate)).qpos = poses[index]
        mujoco.mj_getState(model, data, row, spec)
        rows[index] = row
    return rows


def _in_play(assembly: Assembly, mate: str, turned: bool, n: int, rng: np.random.Generator) -> RigidTransform:
    """Where a loose part may stand: anywhere that its clearance lets it, and ``turned`` if it can turn."""
    step = assembly.step_of(mate)
    offset, turn = np.zeros((n, 3)), np.zeros((n, 3))
    offset[:, :2] = rng.uniform(-0.5, 0.5, (n, 2)) * step.clearance_mm / 1000.0
    offset[:, 2] = 0.0002
    if turned and yaw_play(assembly, step) >= KEYED_RAD:
        turn[:, 2] = rng.uniform(-_LEFT_TURNED_RAD, _LEFT_TURNED_RAD, n)
    return assembly.goal_in_base(step) * RigidTransform.from_components(offset, Rotation.from_rotvec(turn))


def _mates_stayed(worlds: Worlds, assembly: Assembly, step: Step) -> Flags:
    stayed = np.ones(worlds.n, bool)
    for mate in loose_mates(assembly, step):
        error = assembly.goal_in_base(assembly.step_of(mate)).inv() * poses_of(worlds.part(mate))
        stayed &= np.abs(error.translation[:, 2]) < _MOVED_M
        stayed &= np.linalg.norm(error.rotation.as_rotvec()[:, :2], axis=1) < _TURNED_RAD
    return stayed


def poses_of(rows: Vector) -> RigidTransform:
    """Poses from (n, 7) rows as the engine keeps them."""
    return RigidTransform.from_components(rows[:, :3], Rotation.from_quat(rows[:, 3:], scalar_first=True))


def rows_of(poses: RigidTransform) -> Vector:
    """(n, 6) rows of position and rotation vector."""
    return np.hstack([poses.translation, poses.rotation.as_rotvec()])
