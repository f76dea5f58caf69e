"""Pictures of a product on its own: put together, and taken apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform
from shapely import MultiPoint

from sequences.assembly import Assembly, Part
from sequences.solid import solid_of
from sim.camera import Viewpoint, framed
from sim.canvas import Canvas, Image8
from sim.crisp import add_crisp_mesh
from sim.explode import Floating, exploded, seated_poses, vertices
from sim.labels import label, labelled
from sim.shading import Finish, Photograph, Studio, photograph

WIDTH_PX = 1200
ASSEMBLED_HEIGHT_PX = 900
LEAST_HEIGHT_PX, GREATEST_HEIGHT_PX = 800, 1400
AZIMUTH_DEG, ELEVATION_DEG = 122.0, -30.0
EXPLODED_DEG = tuple(
    (azimuth, elevation) for elevation in (-24.0, -31.0) for azimuth in (108.0, 122.0, 146.0)
)
"""Azimuths and elevations from which an exploded view may be taken."""
TRIAL_PX = 240
METAL_KG_M3 = 2500.0
"""Denser parts are drawn as metal."""
GUIDE_RADIUS_M = 0.00022
GUIDE = Finish((0.60, 0.64, 0.68), outlined=False)


def finish_of(part: Part) -> Finish:
    """How ``part`` looks."""
    red, green, blue = (int(part.colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    return Finish((red, green, blue), metal=(part.density_kg_m3 or 0.0) >= METAL_KG_M3)


def product_views(assembly: Assembly) -> dict[str, Image8]:
    """``assembled`` and ``exploded``, each a (height, width, 3) picture in sRGB. Raises NoRenderer."""
    return {"assembled": assembled_view(assembly), "exploded": exploded_view(assembly)}


def assembled_view(assembly: Assembly) -> Image8:
    """The finished product, from a corner and above. Raises NoRenderer."""
    poses = seated_poses(assembly)
    points = np.concatenate([vertices(assembly, part, pose) for part, pose in poses.items()])
    aspect = WIDTH_PX / ASSEMBLED_HEIGHT_PX
    view = framed(points, AZIMUTH_DEG, ELEVATION_DEG, aspect, (0.80, 0.80))
    return _taken(assembly, poses, view, ASSEMBLED_HEIGHT_PX)[0].pixels


def exploded_view(assembly: Assembly) -> Image8:
    """The parts drawn back along their insertions, with their names. Raises NoRenderer."""
    layout = exploded_layout(assembly)
    poses = {item.part: item.pose for item in layout.floating}
    photo, geoms = _taken(assembly, poses, layout.view, layout.height_px, guides=layout.floating[1:])
    plugs = [geom for part, geom in geoms.items() if part != assembly.base.part]
    crowd = np.isin(photo.geom, plugs)
    labels = [label(assembly.parts[part].title, geom, photo.geom, crowd) for part, geom in geoms.items()]
    return labelled(photo.pixels, [found for found in labels if found is not None])


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of an exploded view float, and from where they are seen."""

    floating: list[Floating]
    view: Viewpoint
    height_px: int
    least_seen: float
    """Share of its outline that shows of the part of which least shows."""


def exploded_layout(assembly: Assembly) -> Layout:
    """The layout in which the part that is hidden most is hidden least. Raises NoRenderer."""
    floating = exploded(assembly)
    poses = {item.part: item.pose for item in floating}
    points = np.concatenate([vertices(assembly, part, pose) for part, pose in poses.items()])
    layouts = []
    for degrees in EXPLODED_DEG:
        height, view = _portrait(points, *degrees)
        layouts.append(Layout(floating, view, height, _least_seen(assembly, poses, view)))
    return max(layouts, key=lambda layout: layout.least_seen)


def _portrait(points: NDArray[np.float64], azimuth_deg: float, elevation_deg: float) -> tuple[int, Viewpoint]:
    """A height [px] that suits what is to be seen, and a view of it with room for names on both sides."""
    share = (0.54, 0.90)
    square = framed(points, azimuth_deg, elevation_deg, 1.0, (0.9, 0.9))
    extent = np.ptp(square.pixels(points, 1, 1), axis=0)
    wanted = WIDTH_PX * share[0] / share[1] * extent[1] / extent[0]
    height = int(np.clip(round(wanted / 100) * 100, LEAST_HEIGHT_PX, GREATEST_HEIGHT_PX))
    return height, framed(points, azimuth_deg, elevation_deg, WIDTH_PX / height, share)


def _least_seen(assembly: Assembly, poses: Mapping[str, RigidTransform], view: Viewpoint) -> float:
    """How much shows of the part of which least shows, as a share of its bounds in the picture."""
    model, data, geoms = _scene(assembly, poses)
    with Canvas(model, TRIAL_PX, TRIAL_PX) as canvas:
        canvas.look(data, view)
        seen = canvas.surfaces()[0]
    shares = []
    for part, geom in geoms.items():
        at = view.pixels(vertices(assembly, part, poses[part]), TRIAL_PX, TRIAL_PX)
        shares.append(np.count_nonzero(seen == geom) / MultiPoint(at).convex_hull.area)
    return float(min(shares))


def _taken(
    assembly: Assembly,
    poses: Mapping[str, RigidTransform],
    view: Viewpoint,
    height: int,
    guides: Sequence[Floating] = (),
) -> tuple[Photograph, dict[str, int]]:
    """The parts on light ground, and each part's geom."""
    model, data, geoms = _scene(assembly, poses, guides)
    finishes = {geom: finish_of(assembly.parts[part]) for part, geom in geoms.items()}
    finishes |= {int(model.geom(f"guide/{item.part}").id): GUIDE for item in guides}
    low, high = _bounds(assembly, poses)
    x, y, z = (low + high) / 2
    studio = Studio(view, finishes, (x, y, z), 0.6 * float(np.linalg.norm(high - low)))
    return photograph(model, data, studio, WIDTH_PX, height), geoms


def _scene(
    assembly: Assembly, poses: Mapping[str, RigidTransform], guides: Sequence[Floating] = ()
) -> tuple[mujoco.MjModel, mujoco.MjData, dict[str, int]]:
    spec = mujoco.MjSpec()
    ground = [0, 0, _bounds(assembly, poses)[0][2] - 1e-4]
    spec.worldbody.add_geom(name="ground", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[5, 5, 0.1], pos=ground)
    for part, pose in poses.items():
        _add_part(spec, part, assembly.parts[part], pose)
    for item in guides:
        _add_guide(spec, assembly, item)
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data, {part: int(model.geom(part).id) for part in poses}


def _bounds(
    assembly: Assembly, poses: Mapping[str, RigidTransform]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = np.concatenate([vertices(assembly, part, pose) for part, pose in poses.items()])
    return points.min(axis=0), points.max(axis=0)


def _add_part(spec: mujoco.MjSpec, name: str, part: Part, pose: RigidTransform) -> None:
    add_crisp_mesh(spec, name, solid_of(part).mesh)
    spec.worldbody.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=name,
        pos=pose.translation,
        quat=pose.rotation.as_quat(scalar_first=True),
    )


def _add_guide(spec: mujoco.MjSpec, assembly: Assembly, item: Floating) -> None:
    """A thin line along which the part travels."""
    low, high = solid_of(assembly.parts[item.part]).bounds
    inside = item.seated.apply([0.0, 0.0, (low[2] + high[2]) / 2])
    spec.worldbody.add_geom(
        name=f"guide/{item.part}",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[GUIDE_RADIUS_M, 0, 0],
        fromto=[*inside, *(inside + item.shift)],
    )
