"""A MuJoCo scene from an assembly: the FR3, a table, the fixture that clamps the base, the tray, free parts.

Names in the model: body ``part/NAME`` for each part (a free joint of the same name unless it is the base),
geoms ``part/NAME/N`` for the convex pieces that touch, ``part/NAME/look`` for the mesh that is looked at.

Parts meet each other piece by piece, exactly. Two things meet a free part's hull instead, where the hull is
the same surface without the seams between pieces, at which a soft contact can catch: the finger pads meet
smooth shapes (``part/NAME/grip/N``, see ``sim.grips``), and table, tray and fixture, which are flat, meet the
hull of the whole part (``part/NAME/foot``).
"""

from collections.abc import Iterable

import mujoco
import numpy as np
from scipy.spatial.transform import RigidTransform

from sequences.assembly import Assembly, Part
from sequences.solid import Prism, Solid, solid_of
from sim.grips import covered, grips_of
from sim.physics import NOMINAL, Physics
from sim.robot import HAND, PAD, PART, ROOM, load_fr3
from skills.cell import Vector

TABLE_FRICTION = 0.6
NEST_SHARE = 0.35
"""Half the width of the nest that holds an imported part in the tray, as a share of the part's height."""


def body_name(part: str) -> str:
    """The model's name for a part's body."""
    return f"part/{part}"


def as_qpos(poses: RigidTransform) -> Vector:
    """(7,) or (n, 7) poses as a free joint keeps them: position [m] and quaternion, w first."""
    return np.hstack([poses.translation, poses.rotation.as_quat(scalar_first=True)])


def build(
    assembly: Assembly,
    physics: Physics = NOMINAL,
    *,
    visuals: bool = False,
    parts: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
) -> mujoco.MjSpec:
    """The scene as an editable spec.

    ``parts`` names the free parts that it holds (all but the base, when None); ``fixed`` names placed parts
    that are held at their goals as if they were of one piece with the base.
    """
    spec = load_fr3(physics, visuals=visuals)
    physics.apply(spec)
    _add_room(spec, assembly, physics)
    base = assembly.base.part
    _add_part(spec, assembly, base, physics, visuals=visuals, free=False)
    for name in fixed:
        _add_part(spec, assembly, name, physics, visuals=visuals, free=False)
    for name in (p for p in assembly.parts if p != base) if parts is None else parts:
        _add_part(spec, assembly, name, physics, visuals=visuals, free=True)
    return spec


def tray_rest_height(assembly: Assembly, part: str) -> float:
    """Height of ``part``'s frame in the robot's base frame when it stands on the tray [m]."""
    solid = solid_of(assembly.parts[part])
    return assembly.tray.height_mm / 1000.0 - float(solid.bounds[0][2])


def _add_room(spec: mujoco.MjSpec, assembly: Assembly, physics: Physics) -> None:
    _light(spec)
    world = spec.worldbody
    _static_box(world, "table", (0.45, 0.0, -0.02), (0.55, 0.65, 0.02), (0.86, 0.85, 0.83, 1), physics)
    centre = np.asarray(assembly.base.pose.position_mm) / 1000.0
    solid = solid_of(assembly.parts[assembly.base.part])
    half = np.ptp(solid.bounds, axis=0)[:2] / 2
    floor = centre[2] + solid.bounds[0][2]
    if floor > 0.002:
        size = (half[0] + 0.012, half[1] + 0.012, floor / 2)
        _static_box(world, "fixture", (centre[0], centre[1], floor / 2), size, (0.25, 0.27, 0.30, 1), physics)
    places = np.array([place.position_mm for place in assembly.tray.places.values()]) / 1000.0
    low, high = places.min(axis=0) - 0.06, places.max(axis=0) + 0.06
    top = assembly.tray.height_mm / 1000.0
    middle, extent = (low + high) / 2, (high - low) / 2
    _static_box(
        world, "tray", (*middle, top / 2), (*extent, max(top / 2, 0.001)), (0.20, 0.32, 0.42, 1), physics
    )


def _light(spec: mujoco.MjSpec) -> None:
    spec.visual.headlight.ambient = [0.35, 0.35, 0.35]
    spec.visual.headlight.diffuse = [0.35, 0.35, 0.35]
    spec.visual.headlight.specular = [0.1, 0.1, 0.1]
    spec.worldbody.add_light(
        pos=[0.2, -0.8, 1.8], dir=[0.15, 0.45, -1.0], diffuse=[0.5, 0.5, 0.5], castshadow=True
    )
    spec.visual.quality.shadowsize = 4096
    spec.visual.map.znear = 0.005
    spec.stat.extent = 1.0
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.93, 0.95, 0.97],
        rgb2=[0.70, 0.75, 0.80],
        width=64,
        height=384,
    )


def _static_box(
    body: mujoco.MjsBody,
    name: str,
    pos: tuple[float, float, float],
    half: tuple[float, float, float],
    rgba: tuple[float, float, float, float],
    physics: Physics,
) -> None:
    body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=pos,
        size=half,
        rgba=rgba,
        contype=ROOM,
        conaffinity=HAND | PAD,
        condim=4,
        friction=[TABLE_FRICTION, 0.01, 0.0001],
        solref=physics.solref,
        solimp=physics.solimp,
    )


def _add_part(
    spec: mujoco.MjSpec, assembly: Assembly, name: str, physics: Physics, *, visuals: bool, free: bool
) -> None:
    part = assembly.parts[name]
    solid = solid_of(part)
    body = spec.worldbody.add_body(name=body_name(name))
    if free:
        body.add_freejoint(name=body_name(name))
        _set_inertia(body, solid)
        place = assembly.tray.places[name]
        body.pos = [*(np.asarray(place.position_mm) / 1000.0), tray_rest_height(assembly, name)]
        body.quat = _yaw_quaternion(place.yaw_deg)
    else:
        pose = assembly.base.pose.transform
        if name != assembly.base.part:
            pose = assembly.goal_in_base(assembly.step_of(name))
        body.pos = pose.translation
        body.quat = pose.rotation.as_quat(scalar_first=True)
    grips = grips_of(solid, part.grasps) if free else ()
    for index, prism in enumerate(solid.prisms):
        if solid.exact:
            smooth = any(grip.z_lo <= prism.z_lo and prism.z_hi <= grip.z_hi for grip in grips)
        else:
            smooth = covered(prism.vertices, grips)
        meets = HAND | PART if smooth else HAND | PART | PAD
        _add_prism(spec, body, f"{body_name(name)}/{index}", prism, part, physics, PART, meets)
    for index, hull in enumerate(solid.hulls, start=len(solid.prisms)):
        meets = HAND | PART if covered(hull.vertices, grips) else HAND | PART | PAD
        geom = _touching(body, f"{body_name(name)}/{index}", part, physics, PART, meets)
        _add_hull(spec, geom, hull.vertices)
    for index, grip in enumerate(grips):
        label = f"{body_name(name)}/grip/{index}"
        if solid.exact:
            _add_prism(spec, body, label, grip, part, physics, 0, PAD)
        else:
            _add_hull(spec, _touching(body, label, part, physics, 0, PAD), grip.vertices)
    if free:
        _add_foot(spec, body, f"{body_name(name)}/foot", solid, part, physics)
    if visuals:
        _add_look(spec, body, name, part, solid)


def _yaw_quaternion(yaw_deg: float) -> list[float]:
    half = np.deg2rad(yaw_deg) / 2
    return [float(np.cos(half)), 0.0, 0.0, float(np.sin(half))]


def _set_inertia(body: mujoco.MjsBody, solid: Solid) -> None:
    body.explicitinertial = True
    body.mass = solid.mass_kg
    body.ipos = solid.centre_of_mass
    inertia = solid.inertia
    body.fullinertia = [
        inertia[0, 0],
        inertia[1, 1],
        inertia[2, 2],
        inertia[0, 1],
        inertia[0, 2],
        inertia[1, 2],
    ]


def _add_foot(
    spec: mujoco.MjSpec, body: mujoco.MjsBody, name: str, solid: Solid, part: Part, physics: Physics
) -> None:
    foot = _touching(body, name, part, physics, 0, ROOM)
    corners = np.asarray(solid.mesh.convex_hull.vertices)
    _add_hull(spec, foot, corners if solid.exact else np.vstack([corners, _nest(solid)]))


def _nest(solid: Solid) -> np.ndarray:
    """(4, 3) corners of the nest in which an imported part stands upright in the tray, however slim [m].

    It is part of what meets tray, table and fixture, and of nothing else.
    """
    low, high = solid.bounds
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, NEST_SHARE * (high[2] - low[2]))
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    return np.column_stack([middle[:2] + signs * half[:2], np.full(4, low[2])])


def _touching(
    body: mujoco.MjsBody, name: str, part: Part, physics: Physics, kind: int, meets: int
) -> mujoco.MjsGeom:
    return body.add_geom(
        name=name,
        mass=0.0,
        contype=kind,
        conaffinity=meets,
        condim=4,
        friction=[part.friction * physics.part_friction, 0.005, 0.0001],
        solref=physics.solref,
        solimp=physics.solimp,
        group=3,
        rgba=_rgba(part),
    )


def _add_prism(
    spec: mujoco.MjSpec,
    body: mujoco.MjsBody,
    name: str,
    prism: Prism,
    part: Part,
    physics: Physics,
    kind: int,
    meets: int,
) -> None:
    geom = _touching(body, name, part, physics, kind, meets)
    corners = prism.corners
    if _is_rectangle(corners):
        edge = corners[1] - corners[0]
        geom.type = mujoco.mjtGeom.mjGEOM_BOX
        geom.size = [
            float(np.linalg.norm(edge)) / 2,
            float(np.linalg.norm(corners[2] - corners[1])) / 2,
            (prism.z_hi - prism.z_lo) / 2,
        ]
        geom.pos = [*corners.mean(axis=0), (prism.z_lo + prism.z_hi) / 2]
        geom.quat = _yaw_quaternion(float(np.rad2deg(np.arctan2(edge[1], edge[0]))))
        return
    _add_hull(spec, geom, prism.vertices)


def _add_hull(spec: mujoco.MjSpec, geom: mujoco.MjsGeom, vertices: np.ndarray) -> None:
    """Make ``geom`` the convex hull of (n, 3) points in its body's frame [m]."""
    spec.add_mesh(name=geom.name, uservert=vertices.ravel())
    geom.type = mujoco.mjtGeom.mjGEOM_MESH
    geom.meshname = geom.name


def _is_rectangle(corners: np.ndarray) -> bool:
    if len(corners) != 4:
        return False
    edges = np.roll(corners, -1, axis=0) - corners
    turns = np.sum(edges * np.roll(edges, -1, axis=0), axis=1)
    lengths = np.linalg.norm(edges, axis=1)
    return bool(np.all(np.abs(turns) < 1e-6 * lengths * np.roll(lengths, -1)))


def _add_look(spec: mujoco.MjSpec, body: mujoco.MjsBody, name: str, part: Part, solid: Solid) -> None:
    label = f"{body_name(name)}/look"
    spec.add_mesh(name=label, uservert=solid.mesh.vertices.ravel(), userface=solid.mesh.faces.ravel())
    body.add_geom(
        name=label,
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=label,
        mass=0.0,
        contype=0,
        conaffinity=0,
        group=2,
        rgba=_rgba(part),
    )


def _rgba(part: Part) -> list[float]:
    return [*(int(part.colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)), 1.0]
