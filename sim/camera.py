"""Where a picture is taken from, and where in the picture a point lies."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """A pinhole camera that looks at a point, upright."""

    target: tuple[float, float, float]
    """What it looks at [m]."""
    azimuth_deg: float
    """Direction of the gaze about the vertical, from +x towards +y."""
    elevation_deg: float
    """Direction of the gaze above the horizon; negative looks down."""
    distance_m: float
    """From the camera to the target."""
    fovy_deg: float = 22.0
    """Opening angle of the picture's height."""

    @property
    def axes(self) -> tuple[Points, Points, Points]:
        """Unit vectors to the right, up and into the picture."""
        azimuth, elevation = np.deg2rad([self.azimuth_deg, self.elevation_deg])
        level = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
        forward = level * np.cos(elevation) + np.array([0.0, 0.0, np.sin(elevation)])
        right = np.array([level[1], -level[0], 0.0])
        return right, np.cross(right, forward), forward

    @property
    def position(self) -> Points:
        """(3,) where the camera stands [m]."""
        return np.asarray(self.target) - self.distance_m * self.axes[2]

    @property
    def clip_m(self) -> tuple[float, float]:
        """Nearest and farthest depth that is drawn [m]."""
        return 0.05 * self.distance_m, 30.0 * self.distance_m

    def pixels(self, points: Points, width: int, height: int) -> Points:
        """(n, 2) columns and rows of (n, 3) points in a picture of the given size."""
        right, up, forward = self.axes
        offset = np.asarray(points) - self.position
        scale = height / 2 / np.tan(np.deg2rad(self.fovy_deg) / 2) / (offset @ forward)
        return np.column_stack([width / 2 + scale * (offset @ right), height / 2 - scale * (offset @ up)])

    def rays(self, width: int, height: int) -> NDArray[np.float32]:
        """(height, width, 3) unit vectors from the camera through the middle of each pixel."""
        right, up, forward = self.axes
        half = np.tan(np.deg2rad(self.fovy_deg) / 2)
        x = ((np.arange(width) + 0.5) / width * 2 - 1) * half * width / height
        y = (1 - (np.arange(height) + 0.5) / height * 2) * half
        rays = (forward + x[None, :, None] * right + y[:, None, None] * up).astype(np.float32)
        return np.asarray(rays / np.linalg.norm(rays, axis=2, keepdims=True))

    def apply(self, scene: mujoco.MjvScene, aspect: float) -> None:
        """Put the scene's camera here, for a picture ``aspect`` times as wide as high."""
        near, far = self.clip_m
        top = near * np.tan(np.deg2rad(self.fovy_deg) / 2)
        for eye in scene.camera:
            eye.pos, eye.forward, eye.up = self.position, self.axes[2], self.axes[1]
            eye.frustum_center, eye.frustum_width = 0.0, top * aspect
            eye.frustum_bottom, eye.frustum_top = -top, top
            eye.frustum_near, eye.frustum_far = near, far
            eye.orthographic = 0


def framed(
    points: Points, azimuth_deg: float, elevation_deg: float, aspect: float, fill: tuple[float, float]
) -> Viewpoint:
    """A viewpoint in which ``points`` just fit into the middle ``fill`` (shares of width and height)."""
    corners = np.asarray(points)
    low, high = corners.min(axis=0), corners.max(axis=0)
    target, distance = (low + high) / 2, 4.0 * float(np.linalg.norm(high - low))
    for _ in range(6):
        view = Viewpoint((target[0], target[1], target[2]), azimuth_deg, elevation_deg, distance)
        at = view.pixels(corners, 2, 2) - 1.0
        at[:, 0] *= 1.0 / aspect
        middle, half = (at.min(axis=0) + at.max(axis=0)) / 2, np.ptp(at, axis=0) / 2
        right, up, _ = view.axes
        per_unit = distance * np.tan(np.deg2rad(view.fovy_deg) / 2)
        target = target + per_unit * (middle[0] * aspect * right - middle[1] * up)
        distance *= float(max(half[0] / fill[0], half[1] / fill[1]))
    return Viewpoint((target[0], target[1], target[2]), azimuth_deg, elevation_deg, distance)
