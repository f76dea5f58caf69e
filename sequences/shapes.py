"""Profiles: the 2-D shapes that an assembly file extrudes, and the polygons they become.

A shape is a mapping with exactly one kind (``circle``, ``rectangle``, ``union``, ...) and, beside it, three
optional keys: ``at_mm`` and ``yaw_deg`` (where its own origin lies and how it is turned) and ``grow_mm`` (an
offset of its outline: a hole is its plug grown by the clearance).
"""

import math
from typing import Annotated

from pydantic import Field, model_validator
from shapely import MultiPolygon, Polygon, affinity, set_precision, union_all

from sequences.gears import Gear, gear_outline_mm
from sequences.profiles import (
    Circle,
    DShape,
    FreePolygon,
    Outline,
    Point,
    Profile,
    Rectangle,
    RegularPolygon,
    Ring,
    ShapeError,
    Side,
    Size,
    Slot,
    Turn,
    offset_mm,
)

__all__ = ["KINDS", "Shape", "ShapeError", "Side", "polygon"]

GRID_MM = 1e-6
"""Vertices are rounded to this grid, so that edges meant to coincide do."""

Count = Annotated[int, Field(ge=1, le=64)]


class Polar(Profile):
    """Copies on a circle, each turned with its place."""

    count: Count
    radius_mm: Annotated[float, Field(ge=0, le=2000, allow_inf_nan=False)]
    start_deg: Turn = 0.0


class Grid(Profile):
    """Copies on a rectangular grid centred on the origin."""

    columns: Count
    rows: Count = 1
    pitch_mm: tuple[Size, Size]


class Pattern(Profile):
    """One shape many times; give ``polar`` or ``grid``."""

    shape: "Shape"
    polar: Polar | None = None
    grid: Grid | None = None

    @model_validator(mode="after")
    def _one_layout(self) -> "Pattern":
        if (self.polar is None) == (self.grid is None):
            raise ValueError("give exactly one of polar, grid")
        return self

    def places(self) -> list[tuple[float, float, float]]:
        """Each copy's x, y [mm] and turn [deg]."""
        if self.polar is not None:
            radius, count = self.polar.radius_mm, self.polar.count
            turns = [self.polar.start_deg + 360.0 * i / count for i in range(count)]
            rad = [math.radians(turn) for turn in turns]
            return [(radius * math.cos(a), radius * math.sin(a), t) for a, t in zip(rad, turns, strict=True)]
        assert self.grid is not None
        (px, py), nx, ny = self.grid.pitch_mm, self.grid.columns, self.grid.rows
        return [(px * (i - (nx - 1) / 2), py * (j - (ny - 1) / 2), 0.0) for i in range(nx) for j in range(ny)]


class Shape(Profile):
    """A profile: exactly one kind, placed and offset."""

    circle: Circle | None = None
    ring: Ring | None = None
    rectangle: Rectangle | None = None
    slot: Slot | None = None
    regular: RegularPolygon | None = None
    d_shape: DShape | None = None
    polygon: FreePolygon | None = None
    gear: Gear | None = None
    union: Annotated[tuple["Shape", ...], Field(min_length=1, max_length=64)] | None = None
    """All of these together."""
    cut: Annotated[tuple["Shape", ...], Field(min_length=2, max_length=64)] | None = None
    """The first without the others."""
    pattern: Pattern | None = None
    at_mm: Point = (0.0, 0.0)
    yaw_deg: Turn = 0.0
    grow_mm: Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _one_kind(self) -> "Shape":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(KINDS)}; got {', '.join(given) or 'none'}")
        return self


KINDS = tuple(name for name in Shape.model_fields if name not in ("at_mm", "yaw_deg", "grow_mm"))


def polygon(shape: Shape, side: Side = Side.SOLID) -> Polygon | MultiPolygon:
    """The shape's polygon in metres, curves inscribed (``Side.SOLID``) or circumscribed (``Side.HOLE``).

    Raises ShapeError when nothing is left of it.
    """
    flat = set_precision(_outline(shape, 0.0, side), GRID_MM)
    if not isinstance(flat, Polygon | MultiPolygon) or flat.is_empty:
        raise ShapeError("nothing is left of the shape")
    scaled = affinity.scale(flat.simplify(GRID_MM), 1e-3, 1e-3, origin=(0, 0))
    assert isinstance(scaled, Polygon | MultiPolygon)
    return scaled


def _outline(shape: Shape, grow_mm: float, side: Side) -> Outline:
    """The shape [mm], offset by ``grow_mm`` besides its own, in its parent's frame."""
    grow = grow_mm + shape.grow_mm
    if shape.union is not None:
        flat = _joined([_outline(child, grow, side) for child in shape.union])
    elif shape.cut is not None:
        whole, *holes = shape.cut
        flat = _outline(whole, grow, side).difference(
            _joined([_outline(hole, -grow, side.other) for hole in holes])
        )
    elif shape.pattern is not None:
        flat = _repeated(_outline(shape.pattern.shape, grow, side), shape.pattern.places())
    elif shape.gear is not None:
        flat = offset_mm(Polygon(gear_outline_mm(shape.gear)), grow)
    else:
        flat = _leaf(shape).outline(grow, side)
    if flat.is_empty:
        raise ShapeError("nothing is left of the shape after its cuts and offsets")
    return _placed(flat, *shape.at_mm, shape.yaw_deg)


def _leaf(
    shape: Shape,
) -> Circle | Ring | Rectangle | Slot | RegularPolygon | DShape | FreePolygon:
    for leaf in (shape.circle, shape.ring, shape.rectangle, shape.slot, shape.regular, shape.d_shape):
        if leaf is not None:
            return leaf
    assert shape.polygon is not None
    return shape.polygon


def _repeated(flat: Outline, places: list[tuple[float, float, float]]) -> Outline:
    return _joined([_placed(flat, *place) for place in places])


def _placed(flat: Outline, x: float, y: float, yaw_deg: float) -> Outline:
    """Turned about the origin, then moved [mm, deg]."""
    cos, sin = math.cos(math.radians(yaw_deg)), math.sin(math.radians(yaw_deg))
    moved = affinity.affine_transform(flat, [cos, -sin, sin, cos, x, y])
    assert isinstance(moved, Polygon | MultiPolygon)
    return moved


def _joined(flats: list[Outline]) -> Outline:
    joined = union_all([set_precision(flat, GRID_MM) for flat in flats], grid_size=GRID_MM)
    assert isinstance(joined, Polygon | MultiPolygon)
    return joined
