"""The assembly file as data: what is to be built, out of which parts, in which order.

Lengths are millimetres and angles degrees in the file and carry the unit in their name; the properties
without a unit suffix, or with ``_m``/``_rad``, are SI. Frames: each part has its own (z up, as it stands in
the tray and as it is inserted); goals are poses of a part's frame in the *base part's* frame; the base part's
frame and the tray's places are poses in the robot's base frame.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from scipy.spatial.transform import RigidTransform, Rotation

from sequences.shapes import Shape

FORMAT = "dovetail-assembly/1"
GRIPPER_OPENING_MM = 80.0

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


def _within_reason(value: float) -> float:
    """Refuse a coordinate that no part of this robot's cell can have."""
    if not abs(value) <= 2000.0:
        raise ValueError("must lie within ±2000 mm of the frame's origin")
    return value


Coordinate = Annotated[float, Field(allow_inf_nan=False), AfterValidator(_within_reason)]
Length = Annotated[float, Field(gt=0, le=2000, allow_inf_nan=False)]
Angle = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]
Point3 = tuple[Coordinate, Coordinate, Coordinate]


class Model(BaseModel):
    """Common settings: nothing unknown is accepted, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Pose(Model):
    """A pose of an upright frame: a position and a turn about the vertical."""

    position_mm: Point3
    yaw_deg: Angle = 0.0

    @property
    def transform(self) -> RigidTransform:
        """The pose as a transform [m, rad]."""
        return RigidTransform.from_components(
            np.asarray(self.position_mm) / 1000.0, Rotation.from_euler("z", self.yaw_deg, degrees=True)
        )


class Layer(Model):
    """One extrusion: a profile from one height of the part to another."""

    from_mm: Coordinate
    to_mm: Coordinate
    shape: Shape


class Grasp(Model):
    """Where the fingers close: a TCP pointing down, its closing direction turned by ``yaw_deg``.

    ``yaw_deg`` 0 closes along the part's y axis.
    """

    position_mm: Point3
    """The point midway between the pads, in the part's frame."""
    yaw_deg: Angle = 0.0
    width_mm: Annotated[float, Field(gt=0, le=GRIPPER_OPENING_MM)]
    """Distance between the surfaces that the pads touch."""
    centre: bool = True
    """Squeeze across before grasping, so that the part is centred in both directions."""

    @property
    def tcp_in_part(self) -> RigidTransform:
        """Pose of the TCP in the part's frame: z down, y along the closing direction."""
        down = Rotation.from_euler("x", 180, degrees=True)
        yaw = Rotation.from_euler("z", self.yaw_deg, degrees=True)
        return RigidTransform.from_components(np.asarray(self.position_mm) / 1000.0, yaw * down)


class MeshFiles(Model):
    """A part's surface and what ``dovetail import`` has made of it. Its frame's z = 0 is its lowest point."""

    surface: Annotated[str, Field(min_length=1, max_length=1000)]
    """A watertight OBJ in millimetres, beside the assembly file."""
    contact: Annotated[str, Field(min_length=1, max_length=1000)]
    """Cross-sections and convex pieces of the same, as JSON."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Of both files, one after the other."""


class Part(Model):
    """One part: stacked extrusions or a mesh, what it is made of, and where it may be grasped."""

    title: str
    layers: Annotated[tuple[Layer, ...], Field(max_length=64)] = ()
    mesh: MeshFiles | None = None
    density_kg_m3: Annotated[float, Field(gt=0, le=25000)] | None = None
    mass_g: Annotated[float, Field(gt=0, le=3000)] | None = None
    friction: Annotated[float, Field(ge=0.01, le=2.0)] = 0.4
    colour: Colour = "#9aa0a6"
    grasps: tuple[Grasp, ...] = ()

    @model_validator(mode="after")
    def _has_one_shape(self) -> "Part":
        if bool(self.layers) == (self.mesh is not None):
            raise ValueError(f"give exactly one of layers, mesh; got {'both' if self.layers else 'none'}")
        return self

    @property
    def lowest_mm(self) -> float:
        """Height of the lowest point above the part's frame [mm]."""
        return 0.0 if self.mesh is not None else min(layer.from_mm for layer in self.layers)


class Fixture(Model):
    """The base part and where the fixture clamps it, in the robot's base frame."""

    part: Name
    pose: Pose


class Tray(Model):
    """Where each part waits, standing on a flat tray, in the robot's base frame."""

    height_mm: Coordinate
    """Height of the surface on which the parts stand."""
    places: dict[Name, "Place"]


class Place(Model):
    """A spot on the tray: where the origin of a part's frame stands (its lowest layer on the surface)."""

    position_mm: tuple[Coordinate, Coordinate]
    yaw_deg: Angle = 0.0


class Step(Model):
    """One insertion."""

    part: Name
    skill: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*(/[a-z][a-z0-9_-]*)?$")]
    goal: Pose
    """The seated pose of the part's frame in the base part's frame."""
    mates: Annotated[tuple[Name, ...], Field(min_length=1)]
    """The parts whose surfaces guide it: all must be in place before."""
    direction: tuple[float, float, float] = (0.0, 0.0, -1.0)
    """Direction of the last, straight motion, in the base part's frame."""
    clearance_mm: Annotated[float, Field(gt=0, le=5)] = 0.5
    """Gap on each side between the mating surfaces."""
    depth_mm: Length
    """How far the part travels along ``direction`` between entering and being seated."""
    seated_tolerance_mm: Annotated[float, Field(gt=0, le=5)] = 1.0
    """How far from its depth a part may be and still count as seated."""
    symmetry: Annotated[int, Field(ge=0, le=360)] = 1
    """How many turns about the vertical look alike; 0 for a round part."""


class Assembly(Model):
    """A product: parts, the base in its fixture, the tray, and the steps in order."""

    format: Literal["dovetail-assembly/1"]
    name: Name
    title: str
    summary: str = ""
    parts: Annotated[dict[Name, Part], Field(min_length=2, max_length=40)]
    base: Fixture
    tray: Tray
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=60)]

    def goal_in_base(self, step: Step) -> RigidTransform:
        """The seated pose of ``step``'s part in the robot's base frame."""
        return self.base.pose.transform * step.goal.transform

    def step_of(self, part: str) -> Step:
        """The step that places ``part``. Raises KeyError."""
        for step in self.steps:
            if step.part == part:
                return step
        raise KeyError(part)


Tray.model_rebuild()
