"""Profiles: the 2-D shapes that an assembly file extrudes, and the polygons they become.

A shape is a mapping with exactly one kind (``circle``, ``rectangle``, ``union``, ...) and, beside it, three
optional keys: ``at_mm`` and ``yaw_deg`` (where its own origin lies and how it is turned) and ``grow_mm`` (an
offset of its outline: a hole is its plug grown by the clearance).

Curves become polygons on the safe side: an outline of material is inscribed in the true curve and a hole is
circumscribed about it, so the gap between the two is never less than stated. A hole's chord may stray further
than a solid's, because each edge of a hole costs a contact piece and an edge of a solid costs nothing; the
two together stray less than 0.02 mm.
"""

import math
from enum import Enum
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator
from shapely import MultiPolygon, Polygon, affinity, set_precision, union_all

from sequences.gears import Gear, gear_outline_mm

SOLID_SAGITTA_MM = 0.006
"""How far an inscribed chord may lie inside the true curve of a solid."""
HOLE_SAGITTA_MM = 0.013
"""How far a circumscribed corner may lie outside the true curve of a hole."""
GRID_MM = 1e-6
"""Vertices are rounded to this grid, so that edges meant to coincide do."""

Size = Annotated[float, Field(gt=0, le=2000, allow_inf_nan=False)]
Offset = Annotated[float, Field(ge=-2000, le=2000, allow_inf_nan=False)]
Turn = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=64)]
Point = tuple[Offset, Offset]
Outline: TypeAlias = Polygon | MultiPolygon


class Side(Enum):
    """On which side of a curve its polygon must stay."""

    SOLID = "inscribed"
    HOLE = "circumscribed"

    @property
    def other(self) -> "Side":
        """The side for what is cut out of this one."""
        return Side.HOLE if self is Side.SOLID else Side.SOLID


class ShapeError(ValueError):
    """A shape that has no polygon: it vanishes, or its outline crosses itself."""


class _Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Circle(_Leaf):
    """A disc about the origin."""

    diameter_mm: Size

    def outline(self, grow_mm: float, side: Side) -> Polygon:
        """The disc [mm] with its radius grown."""
        return Polygon(arc_mm((0.0, 0.0), self.diameter_mm / 2 + grow_mm, 0.0, 2 * math.pi, side)[:-1])


class Ring(_Leaf):
    """A disc with a concentric hole."""

    outer_mm: Size
    inner_mm: Size

    @model_validator(mode="after")
    def _is_ring(self) -> "Ring":
        if self.inner_mm >= self.outer_mm:
            raise ValueError(f"inner_mm {self.inner_mm:g} must be less than outer_mm {self.outer_mm:g}")
        return self

    def outline(self, grow_mm: float, side: Side) -> Polygon:
        """The ring [mm], outer radius grown and inner radius shrunk."""
        outer = Circle(diameter_mm=self.outer_mm).outline(grow_mm, side)
        if self.inner_mm / 2 <= grow_mm:
            return outer
        inner = Circle(diameter_mm=self.inner_mm).outline(-grow_mm, side.other)
        return Polygon(outer.exterior, [inner.exterior])


class Rectangle(_Leaf):
    """A rectangle centred on the origin, its corners sharp or rounded."""

    size_mm: tuple[Size, Size]
    corner_mm: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _corners_fit(self) -> "Rectangle":
        if 2 * self.corner_mm > min(self.size_mm):
            raise ValueError(f"corner_mm {self.corner_mm:g} is more than half of {min(self.size_mm):g}")
        return self

    def outline(self, grow_mm: float, side: Side) -> Polygon:
        """The rectangle [mm] with every face moved out; sharp corners stay sharp."""
        x, y = self.size_mm[0] / 2 + grow_mm, self.size_mm[1] / 2 + grow_mm
        radius = self.corner_mm + grow_mm if self.corner_mm else 0.0
        if min(x, y) <= 0:
            raise ShapeError(f"a rectangle {self.size_mm} mm vanishes when it grows by {grow_mm:g} mm")
        if radius <= 0:
            return Polygon([(x, y), (-x, y), (-x, -y), (x, -y)])
        quarter = math.pi / 2
        centres = [(x - radius, y - radius), (radius - x, y - radius)]
        centres += [(radius - x, radius - y), (x - radius, radius - y)]
        points: list[tuple[float, float]] = []
        for turn, centre in enumerate(centres):
            points += arc_mm(centre, radius, turn * quarter, (turn + 1) * quarter, side)
        return Polygon(points)


class Slot(_Leaf):
    """An oblong along x: two half discs and what lies between them."""

    length_mm: Size
    """Overall length, rounded ends included."""
    width_mm: Size

    @model_validator(mode="after")
    def _is_oblong(self) -> "Slot":
        if self.length_mm <= self.width_mm:
            raise ValueError(f"length_mm {self.length_mm:g} must exceed width_mm {self.width_mm:g}")
        return self

    def outline(self, grow_mm: float, side: Side) -> Polygon:
        """The oblong [mm] with its radius grown."""
        x, radius, quarter = (self.length_mm - self.width_mm) / 2, self.width_mm / 2 + grow_mm, math.pi / 2
        right = arc_mm((x, 0.0), radius, -quarter, quarter, side)
        return Polygon([*right, *arc_mm((-x, 0.0), radius, quarter, 3 * quarter, side)])


class RegularPolygon(_Leaf):
    """An equilateral polygon; one flat faces along +y when ``sides`` is even."""

    sides: Annotated[int, Field(ge=3, le=36)]
    across_flats_mm: Size
    """Twice the distance from the centre to a side."""

    def outline(self, grow_mm: float, side: Side) -> Polygon:
        """The polygon [mm] with every side moved out."""
        apothem = self.across_flats_mm / 2 + grow_mm
        if apothem <= 0:
            raise ShapeError(f"a polygon {self.across_flats_mm:g} mm across flats vanishes")
        step = 2 * math.pi / self.sides
        angles = math.pi / 2 + step * (np.arange(self.sides) + 0.5)
        return Polygon(apothem / math.cos(step / 2) * np.column_stack([np.cos(angles), np.sin(angles)]))


class DShape(_Leaf):
    """A disc with one flat, which faces +x."""

    diameter_mm: Size
    flat_mm: Size
    """Distance from the centre to the flat."""

    @model_validator(mode="after")
    def _flat_cuts(self) -> "DShape":
        if self.flat_mm >= self.diameter_mm / 2:
            raise ValueError(
                f"flat_mm {self.flat_mm:g} must be less than the radius {self.diameter_mm / 2:g}"
            )
        return self

    def outline(self, grow_mm: float, side: Side) -> Polygon:
        """The D [mm] with its radius and its flat moved out."""
        radius, flat = self.diameter_mm / 2 + grow_mm, self.flat_mm + grow_mm
        if flat <= 0:
            raise ShapeError(f"a D with its flat at {self.flat_mm:g} mm vanishes when grown {grow_mm:g} mm")
        start = math.acos(flat / radius)
        return Polygon(arc_mm((0.0, 0.0), radius, start, 2 * math.pi - start, side))


class FreePolygon(_Leaf):
    """Any simple polygon, by its corners in order."""

    points_mm: Annotated[tuple[Point, ...], Field(min_length=3, max_length=400)]

    @model_validator(mode="after")
    def _is_simple(self) -> "FreePolygon":
        outline = Polygon(self.points_mm)
        if not outline.is_valid or outline.area == 0:
            raise ValueError("the outline crosses or touches itself, or encloses nothing")
        return self

    def outline(self, grow_mm: float, side: Side) -> Polygon:
        """The polygon [mm], offset with sharp corners."""
        return _offset(Polygon(self.points_mm), grow_mm)


class Polar(_Leaf):
    """Copies on a circle, each turned with its place."""

    count: Count
    radius_mm: Annotated[float, Field(ge=0, le=2000, allow_inf_nan=False)]
    start_deg: Turn = 0.0


class Grid(_Leaf):
    """Copies on a rectangular grid centred on the origin."""

    columns: Count
    rows: Count = 1
    pitch_mm: tuple[Size, Size]


class Pattern(_Leaf):
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


class Shape(_Leaf):
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


def arc_mm(
    centre: tuple[float, float], radius: float, start: float, end: float, side: Side
) -> list[tuple[float, float]]:
    """Points of an arc from angle ``start`` to ``end`` [rad], both ends included, on the given side."""
    if radius <= 0:
        raise ShapeError(f"a radius of {radius:g} mm is left after the offset")
    sagitta = min(SOLID_SAGITTA_MM if side is Side.SOLID else HOLE_SAGITTA_MM, radius / 4)
    turn = end - start
    ratio = 1 - sagitta / radius if side is Side.SOLID else radius / (radius + sagitta)
    count = max(math.ceil(turn / (2 * math.acos(ratio)) - 1e-9), 1)
    if turn > 1.99 * math.pi:
        count = 4 * math.ceil(count / 4)
    step = turn / count
    if side is Side.SOLID:
        polar = [(radius, start + i * step) for i in range(count + 1)]
    else:
        far = radius / math.cos(step / 2)
        polar = [(radius, start), *((far, start + (i + 0.5) * step) for i in range(count)), (radius, end)]
    return [(centre[0] + r * math.cos(a), centre[1] + r * math.sin(a)) for r, a in polar]


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
        flat = _offset(Polygon(gear_outline_mm(shape.gear)), grow)
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


def _offset(flat: Polygon, grow_mm: float) -> Outline:
    grown = flat.buffer(grow_mm, join_style="mitre", mitre_limit=8.0) if grow_mm else flat
    if grown.is_empty:
        raise ShapeError(f"a polygon vanishes when it grows by {grow_mm:g} mm")
    assert isinstance(grown, Polygon | MultiPolygon)
    return grown


def corners(flat: Polygon) -> NDArray[np.float64]:
    """(n, 2) corners of a polygon's outer ring, counter-clockwise, the first not repeated."""
    points = np.asarray(flat.exterior.coords)[:-1]
    return points if flat.exterior.is_ccw else points[::-1]
