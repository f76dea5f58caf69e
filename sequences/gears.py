"""Gear profiles: chunky teeth with straight flanks, thinned so that meshing gears keep a gap.

A tooth is a trapezoid from the root circle to the tip circle, its flanks inclined by the pressure angle at
the pitch circle. Tooth 0 of an external gear and *space* 0 of an internal one are centred on +x, so that a
gear turned by :func:`meshing_yaw_deg` has a tooth in the middle of the other's space.
"""

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

PRESSURE_ANGLE_DEG = 20.0


class Gear(BaseModel):
    """A gear's profile. ``internal`` gives the outline that a ring gear's teeth leave open: cut it out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    module_mm: Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)]
    """Pitch diameter divided by the number of teeth."""
    teeth: Annotated[int, Field(ge=5, le=120)]
    internal: bool = False
    flank_gap_mm: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.25
    """How far each flank stands back from the tooth without play, along its normal. The gap between two gears
    is about the sum of theirs; with few teeth the neighbouring pair comes closer, so measure it."""
    addendum: Annotated[float, Field(gt=0, le=1.5)] = 0.8
    """Tooth height above the pitch circle, in modules."""
    dedendum: Annotated[float, Field(gt=0, le=2.0)] = 1.1
    """Tooth depth below the pitch circle, in modules."""

    @property
    def pitch_radius_mm(self) -> float:
        """Radius at which two gears roll on each other."""
        return self.module_mm * self.teeth / 2

    @model_validator(mode="after")
    def _teeth_have_tips(self) -> "Gear":
        if min(_half_widths_mm(self)) <= 0:
            raise ValueError("the teeth come to a point: less flank_gap_mm or addendum, or more module_mm")
        widest = max(
            half / radius for half, radius in zip(_half_widths_mm(self), _radii_mm(self), strict=True)
        )
        if widest >= math.sin(math.pi / self.teeth):
            raise ValueError("neighbouring flanks cross at the root: less dedendum, or more teeth")
        return self


def gear_outline_mm(gear: Gear) -> list[tuple[float, float]]:
    """Corners of the outline, counter-clockwise: four to a tooth (of an internal gear: to a space) [mm]."""
    inner, outer = _radii_mm(gear)
    at_inner, at_outer = _half_widths_mm(gear)
    pitch = 2 * math.pi / gear.teeth
    half_inner, half_outer = math.asin(at_inner / inner), math.asin(at_outer / outer)
    tooth_corners = (inner, -half_inner), (outer, -half_outer), (outer, half_outer), (inner, half_inner)
    points = []
    for tooth in range(gear.teeth):
        for radius, half in tooth_corners:
            angle = tooth * pitch + half
            points.append((radius * math.cos(angle), radius * math.sin(angle)))
    return points


def meshing_yaw_deg(driver: Gear, driver_yaw_deg: float, towards_deg: float, driven: Gear) -> float:
    """Yaw at which ``driven``, in direction ``towards_deg`` from ``driver``, has its teeth midway in spaces.

    Both angles are in the frame of the driver's parent. Internal drivers hold the driven gear inside.
    """
    driver_pitch, driven_pitch = 360.0 / driver.teeth, 360.0 / driven.teeth
    phase = (towards_deg - driver_yaw_deg) / driver_pitch
    if driver.internal:
        return towards_deg - phase % 1.0 * driven_pitch
    return towards_deg + 180.0 + phase % 1.0 * driven_pitch + driven_pitch / 2


def _radii_mm(gear: Gear) -> tuple[float, float]:
    """Inner and outer radius of the outline [mm]."""
    add, ded = gear.addendum * gear.module_mm, gear.dedendum * gear.module_mm
    if gear.internal:
        return gear.pitch_radius_mm - add, gear.pitch_radius_mm + ded
    return gear.pitch_radius_mm - ded, gear.pitch_radius_mm + add


def _half_widths_mm(gear: Gear) -> tuple[float, float]:
    """Half the outline's tooth width (space width if internal) at the inner and the outer radius [mm]."""
    inner, outer = _radii_mm(gear)
    slope = math.tan(math.radians(PRESSURE_ANGLE_DEG))
    normal = gear.flank_gap_mm / math.cos(math.radians(PRESSURE_ANGLE_DEG))
    middle = gear.module_mm * math.pi / 4 + (normal if gear.internal else -normal)
    return (
        middle + (gear.pitch_radius_mm - inner) * slope,
        middle - (outer - gear.pitch_radius_mm) * slope,
    )
