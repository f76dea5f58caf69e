"""The limits of a cell as they stand in its file: millimetres, degrees, milliseconds, each within reason."""

import math
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hardware.safety import Limits

Millimetres = Annotated[float, Field(ge=-2000, le=2000, allow_inf_nan=False)]


class Model(BaseModel):
    """Common settings: nothing unknown is accepted, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitsInFile(Model):
    """What the arm may do; see :class:`hardware.safety.Limits`. Nothing can be turned off."""

    workspace_min_mm: tuple[Millimetres, Millimetres, Millimetres] = (200.0, -500.0, 0.0)
    workspace_max_mm: tuple[Millimetres, Millimetres, Millimetres] = (700.0, 500.0, 600.0)
    speed_mm_s: Annotated[float, Field(gt=0, le=1000)] = 250.0
    acceleration_mm_s2: Annotated[float, Field(gt=0, le=10000)] = 2000.0
    turn_speed_deg_s: Annotated[float, Field(gt=0, le=150)] = 57.0
    turn_acceleration_deg_s2: Annotated[float, Field(gt=0, le=2000)] = 460.0
    joint_speed: Annotated[float, Field(gt=0, le=1)] = 0.2
    servo_step_mm: Annotated[float, Field(gt=0, le=100)] = 50.0
    servo_step_deg: Annotated[float, Field(gt=0, le=45)] = 20.0
    soft_force_n: Annotated[float, Field(gt=0, le=150)] = 40.0
    hard_force_n: Annotated[float, Field(gt=0, le=400)] = 80.0
    soft_torque_nm: Annotated[float, Field(gt=0, le=30)] = 8.0
    hard_torque_nm: Annotated[float, Field(gt=0, le=60)] = 16.0
    gripper_force_n: Annotated[float, Field(gt=0, le=70)] = 60.0
    stiffness_n_m: Annotated[float, Field(gt=0, le=5000)] = 3000.0
    rotational_stiffness_nm_rad: Annotated[float, Field(gt=0, le=300)] = 200.0
    joint_margin_deg: Annotated[float, Field(ge=1, le=30)] = 3.0
    lease_ms: Annotated[float, Field(ge=50, le=120)] = 50.0
    servo_timeout_ms: Annotated[float, Field(ge=100, le=2000)] = 500.0
    state_timeout_ms: Annotated[float, Field(ge=20, le=120)] = 100.0

    @model_validator(mode="after")
    def _soft_before_hard(self) -> Self:
        if not self.soft_force_n < self.hard_force_n:
            raise ValueError("soft_force_n must be below hard_force_n")
        if not self.soft_torque_nm < self.hard_torque_nm:
            raise ValueError("soft_torque_nm must be below hard_torque_nm")
        box = zip(self.workspace_min_mm, self.workspace_max_mm, strict=True)
        if not all(high - low >= 50.0 for low, high in box):
            raise ValueError("workspace_max_mm must be at least 50 mm above workspace_min_mm in x, y and z")
        return self

    @property
    def limits(self) -> Limits:
        """In SI units."""
        low, high = self.workspace_min_mm, self.workspace_max_mm
        return Limits(
            workspace_min_m=(low[0] / 1000, low[1] / 1000, low[2] / 1000),
            workspace_max_m=(high[0] / 1000, high[1] / 1000, high[2] / 1000),
            speed=self.speed_mm_s / 1000,
            acceleration=self.acceleration_mm_s2 / 1000,
            turn_speed=math.radians(self.turn_speed_deg_s),
            turn_acceleration=math.radians(self.turn_acceleration_deg_s2),
            joint_speed=self.joint_speed,
            servo_step_m=self.servo_step_mm / 1000,
            servo_step_rad=math.radians(self.servo_step_deg),
            soft_force_n=self.soft_force_n,
            hard_force_n=self.hard_force_n,
            soft_torque_nm=self.soft_torque_nm,
            hard_torque_nm=self.hard_torque_nm,
            gripper_force_n=self.gripper_force_n,
            stiffness=self.stiffness_n_m,
            rotational_stiffness=self.rotational_stiffness_nm_rad,
            joint_margin_rad=math.radians(self.joint_margin_deg),
            lease_s=self.lease_ms / 1000,
            servo_timeout_s=self.servo_timeout_ms / 1000,
            state_timeout_s=self.state_timeout_ms / 1000,
        )
