"""The whole cell as a model that is only looked at.

A cell is simulated in its own model, without anything that is only for show. To be drawn, the state of its
joints is copied into this one, which has the robot's and the parts' surfaces, so that drawing can neither
change nor slow the physics.
"""

import mujoco
import numpy as np

from sequences.assembly import Assembly
from sequences.solid import solid_of
from sim.camera import Viewpoint, framed
from sim.cell import SimCell
from sim.crisp import add_crisp_mesh
from sim.scene import body_name, build
from sim.shading import Finish, Studio
from sim.views import finish_of

TABLE = Finish((0.60, 0.61, 0.62))
ROOM = {"table": TABLE, "tray": Finish((0.36, 0.44, 0.52)), "fixture": Finish((0.30, 0.32, 0.35), metal=True)}
CELL_VIEW = Viewpoint((0.31, -0.12, 0.28), 140.0, -24.0, 2.75, 24.0)
"""The robot, the tray and the fixture from the front right."""
HEIGHTS_M = (-0.02, 0.11)
"""What of the product and its fixture a close-up shows, in the base part's frame [m]."""


class Portrait:
    """A cell's likeness: a model and data to draw it with."""

    def __init__(self, cell: SimCell) -> None:
        self.cell = cell
        self.model = likeness(cell.assembly).compile()
        if self.model.nq != cell.model.nq:
            raise ValueError(f"the likeness has {self.model.nq} coordinates, the cell has {cell.model.nq}")
        self.data = mujoco.MjData(self.model)
        self.update()

    def update(self) -> None:
        """Take over where everything is."""
        self.data.qpos[:] = self.cell.data.qpos
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)

    def close_up(self, aspect: float = 4 / 3) -> Viewpoint:
        """A view of the fixture and what stands in it, for a picture ``aspect`` times as wide as high."""
        assembly = self.cell.assembly
        low, high = solid_of(assembly.parts[assembly.base.part]).bounds
        corners = np.array(
            [[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (-0.03, 0.11)]
        )
        return framed(assembly.base.pose.transform.apply(corners), 122.0, -30.0, aspect, (0.76, 0.76))

    def studio(self, view: Viewpoint, radius_m: float) -> Studio:
        """How it is lit, with shadows right within ``radius_m`` of what is looked at."""
        return Studio(view, self.finishes(), view.target, radius_m)

    def finishes(self) -> dict[int, Finish]:
        """What each visible surface is made of, by geom."""
        model, parts = self.model, self.cell.assembly.parts
        found = {}
        for geom in np.nonzero(model.geom_group < 3)[0]:
            name = model.geom(geom).name
            if name in ROOM:
                found[int(geom)] = ROOM[name]
            elif name.startswith("part/"):
                found[int(geom)] = finish_of(parts[name.split("/")[1]])
            elif name != "floor":
                found[int(geom)] = Finish(_colour(model, int(geom)), outlined=False)
        return found


def likeness(assembly: Assembly) -> mujoco.MjSpec:
    """The scene without anything that collides, with crisp parts, on a floor."""
    spec = build(assembly, visuals=True)
    for geom in list(spec.geoms):
        if geom.group >= 3 or geom.name.endswith("/look"):
            spec.delete(geom)
    for mesh in list(spec.meshes):
        if mesh.name.startswith("part/"):
            spec.delete(mesh)
    for light in list(spec.lights):
        spec.delete(light)
    for part, description in assembly.parts.items():
        add_crisp_mesh(spec, body_name(part), solid_of(description).mesh)
        body = spec.body(body_name(part))
        body.add_geom(
            name=f"{body_name(part)}/look",
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=body_name(part),
            mass=0.0,
            group=2,
            rgba=[*finish_of(description).colour, 1.0],
        )
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[6, 6, 0.1],
        pos=[0, 0, -0.045],
        rgba=[0.93, 0.94, 0.95, 1],
    )
    return spec


def _colour(model: mujoco.MjModel, geom: int) -> tuple[float, float, float]:
    material = int(model.geom_matid[geom])
    rgba = model.geom_rgba[geom] if material < 0 else model.mat_rgba[material]
    return float(rgba[0]), float(rgba[1]), float(rgba[2])
