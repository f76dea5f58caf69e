"""The elementary profiles, and the arcs they are made of.

Curves become polygons on the safe side: an outline of material is inscribed in the true curve and a hole is
circumscribed about it, so the gap between the two is never less than stated.

A solid's outline is fine, for its edges cost nothing in contact. A hole's is coarse, for each of its edges
costs a contact piece, and it may be: a disc with play c in a regular polygon circumscribed about the hole can
move by c towards each side and by c / cos(π / n) towards each corner, at any yaw. With 16 sides that is 2 %
more play than in a true circle: a hundredth of a millimetre for c = 0.5 mm.
"""

import math
from enum import Enum
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator
from shapely import MultiPolygon, Polygon

SOLID_SAGITTA_MM = 0.006
"""How far an inscribed chord may lie inside the true curve of a solid."""
HOLE_STEP_RAD = math.pi / 8
"""Turn from one side of a hole's outline to the next, at most."""

Size = Annotated[float, Field(gt=0, le=2000, allow_inf_nan=False)]
Offset = Annotated[float, Field(ge=-2000, le=2000, allow_inf_nan=False)]
Turn = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]
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


class Profile(BaseModel):
    """Common settings: nothing unknown is accepted, nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Circle(Profile):
    """A disc about the origin."""

    diameter_mm: Size

    def outline(self, grow_mm: float, side: Side) -> Polygon:
        """The disc [mm] with its radius grown."""
        return Polygon(arc_mm((0.0, 0.0), self.diameter_mm / 2 + grow_mm, 0.0, 2 * math.pi, side)[:-1])


class Ring(Profile):
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


class Rectangle(Profile):
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


class Slot(Profile):
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


class RegularPolygon(Profile):
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


class DShape(Profile):
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


class FreePolygon(Profile):
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
        return offset_mm(Polygon(self.points_mm), grow_mm)


def arc_mm(
    centre: tuple[float, float], radius: float, start: float, end: float, side: Side
) -> list[tuple[float, float]]:
    """Points of an arc from angle ``start`` to ``end`` [rad], both ends included, on the given side."""
    if radius <= 0:
        raise ShapeError(f"a radius of {radius:g} mm is left after the offset")
    turn = end - start
    chord = HOLE_STEP_RAD
    if side is Side.SOLID:
        chord = 2 * math.acos(1 - min(SOLID_SAGITTA_MM / radius, 0.25))
    count = max(math.ceil(turn / chord - 1e-9), 1)
    if turn > 1.99 * math.pi:
        count = 4 * math.ceil(count / 4)
    step = turn / count
    if side is Side.SOLID:
        polar = [(radius, start + i * step) for i in range(count + 1)]
    else:
        far = radius / math.cos(step / 2)
        polar = [(radius, start), *((far, start + (i + 0.5) * step) for i in range(count)), (radius, end)]
    return [(centre[0] + r * math.cos(a), centre[1] + r * math.sin(a)) for r, a in polar]


def offset_mm(flat: Polygon, grow_mm: float) -> Outline:
    """The polygon with every edge moved out by ``grow_mm``, its corners kept sharp. Raises ShapeError."""
    grown = flat.buffer(grow_mm, join_style="mitre", mitre_limit=8.0) if grow_mm else flat
    if grown.is_empty:
        raise ShapeError(f"a polygon vanishes when it grows by {grow_mm:g} mm")
    assert isinstance(grown, Polygon | MultiPolygon)
    return grown
