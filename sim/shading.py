"""Studio light: a picture from many lamps, each with its own shadow, gathered into soft ones.

OpenGL delivers what each of some fifty lamps does to white, matt surfaces, three at a time in the three
colour channels, and which surface faces where. The rest happens here in linear light: soft sky, key light,
what a glossy surface mirrors, and lines along the edges.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sim.camera import Viewpoint
from sim.canvas import Canvas, Image8, Lamp

Floats = NDArray[np.float32]

SKY_LAMPS, KEY_LAMPS = 36, 15
KEY_DEG = (215.0, 52.0)
"""Azimuth (relative to the gaze) and elevation of the key light."""
KEY_SPREAD_DEG = 6.0
SKY, KEY, BOUNCE = 0.62, 0.62, 0.16
"""How much of the sky, of the key light and of the light that the ground throws back arrives at a surface."""
WARM, COOL = np.array([1.0, 0.965, 0.92]), np.array([0.94, 0.97, 1.0])
BACKDROP = (0.955, 0.96, 0.968)
STRIP_ROWS = 200
SKY_BLUR_PX, KEY_BLUR_PX = 6.0, 12.0
"""Shadows on the ground are blurred by this much, so that those of single lamps cannot be told apart."""
CREASE_COS = 0.86
"""Normals of neighbouring pixels that differ by more make an edge."""


@dataclass(frozen=True, slots=True)
class Finish:
    """What a surface is made of."""

    colour: tuple[float, float, float]
    """sRGB, 0 to 1."""
    metal: bool = False
    outlined: bool = True


@dataclass(frozen=True, slots=True)
class Studio:
    """How a scene is lit and looked at."""

    view: Viewpoint
    finishes: dict[int, Finish]
    """By geom; a geom without one is ground: it shows the backdrop with shadows on it."""
    centre: tuple[float, float, float]
    """Shadows are right around here [m]."""
    radius_m: float
    """And this far."""
    backdrop: tuple[float, float, float] = BACKDROP


def linear(srgb: NDArray[np.floating] | Sequence[float]) -> Floats:
    """sRGB (0 to 1) as amounts of light."""
    value = np.asarray(srgb, np.float32)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encoded(light: Floats) -> Image8:
    """Amounts of light as 8-bit sRGB; the brightest are rolled off, not cut."""
    knee = 0.8
    over = np.maximum(light - knee, 0.0)
    value = np.clip(np.minimum(light, knee) + (1 - knee) * (1 - np.exp(-over / (1 - knee))), 0.0, 1.0)
    srgb = np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)
    return np.asarray(srgb * 255.0 + 0.5).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture, and what is seen where."""

    pixels: Image8
    """(height, width, 3) sRGB."""
    geom: NDArray[np.int32]
    """(height, width) the geom that is seen, -1 for none."""


def photograph(
    model: mujoco.MjModel, data: mujoco.MjData, studio: Studio, width: int, height: int
) -> Photograph:
    """Take a picture. Writes picture settings into ``model``. Raises NoRenderer."""
    with Canvas(model, 2 * width, 2 * height, shadow_px=min(4 * width, 4096)) as canvas:
        canvas.look(data, studio.view)
        canvas.white()
        geom, depth = canvas.surfaces()
        normals = _normals(canvas, studio)
        sky, key = (_gathered(canvas, studio, lamps) for lamps in (sky_lamps(), key_lamps(studio.view)))
    ground = ~np.isin(geom, list(studio.finishes))
    sky, key = _softened(sky, ground, SKY_BLUR_PX), _softened(key, ground, KEY_BLUR_PX)
    edges = _edges(geom, depth, normals)
    rays = studio.view.rays(2 * width, 2 * height)
    picture = np.empty((height, width, 3), np.uint8)
    for top in range(0, 2 * height, STRIP_ROWS):
        rows = slice(top, top + STRIP_ROWS)
        light = _composed(studio, geom[rows], normals[rows], sky[rows], key[rows], rays[rows], edges[rows])
        small = light.reshape(-1, 2, width, 2, 3).mean(axis=(1, 3))
        picture[top // 2 : (top + STRIP_ROWS) // 2] = encoded(small)
    return Photograph(picture, geom[::2, ::2].copy())


def sky_lamps() -> list[tuple[float, float, float]]:
    """Directions spread evenly over the upper half of the sky."""
    index = np.arange(SKY_LAMPS) + 0.5
    height = 0.06 + 0.94 * index / SKY_LAMPS
    turn = np.pi * (1 + 5**0.5) * index
    level = np.sqrt(1 - height**2)
    lamps = np.column_stack([level * np.cos(turn), level * np.sin(turn), height])
    return [(float(x), float(y), float(z)) for x, y, z in lamps]


def key_lamps(view: Viewpoint) -> list[tuple[float, float, float]]:
    """Directions within a softbox behind the photographer's left shoulder."""
    azimuth = np.deg2rad(view.azimuth_deg + KEY_DEG[0])
    elevation, spread = np.deg2rad(KEY_DEG[1]), np.tan(np.deg2rad(KEY_SPREAD_DEG))
    middle = np.array(
        [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)]
    )
    side = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    up = np.cross(middle, side)
    lamps = []
    for i in range(KEY_LAMPS):
        out, turn = spread * np.sqrt((i + 0.5) / KEY_LAMPS), 2.4 * i
        lamp = middle + out * (np.cos(turn) * side + np.sin(turn) * up)
        x, y, z = lamp / np.linalg.norm(lamp)
        lamps.append((float(x), float(y), float(z)))
    return lamps


def _normals(canvas: Canvas, studio: Studio) -> Floats:
    """(height, width, 3) unit normals, read off with lamps along the axes and against them."""
    total = np.zeros((canvas.height, canvas.width, 3), np.float32)
    for sign in (1.0, -1.0):
        lamps = [
            Lamp((sign, 0.0, 0.0), (1, 0, 0), casts_shadow=False),
            Lamp((0.0, sign, 0.0), (0, 1, 0), casts_shadow=False),
            Lamp((0.0, 0.0, sign), (0, 0, 1), casts_shadow=False),
        ]
        canvas.light(lamps, studio.centre, studio.radius_m)
        total += sign * canvas.colours().astype(np.float32)
    length = np.linalg.norm(total, axis=2, keepdims=True)
    return np.where(length > 1.0, total / np.maximum(length, 1.0), np.array([0, 0, 1], np.float32)).astype(
        np.float32
    )


def _gathered(canvas: Canvas, studio: Studio, towards: Sequence[tuple[float, float, float]]) -> Floats:
    """(height, width) light from lamps of equal strength, 1 where all shine straight on a surface."""
    total = np.zeros((canvas.height, canvas.width), np.float32)
    channels = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    for first in range(0, len(towards), 3):
        group = towards[first : first + 3]
        lamps = [Lamp(lamp, colour) for lamp, colour in zip(group, channels, strict=False)]
        canvas.light(lamps, studio.centre, studio.radius_m)
        total += canvas.colours().sum(axis=2, dtype=np.float32)
    return total / np.float32(255.0 * len(towards))


def _softened(light: Floats, where: NDArray[np.bool_], blur_px: float) -> Floats:
    """``light`` blurred within the pixels ``where``."""
    weight = where.astype(np.float32)
    total = gaussian_filter(light * weight, blur_px, truncate=3.0)
    return np.where(where, total / np.maximum(gaussian_filter(weight, blur_px, truncate=3.0), 1e-3), light)


def _edges(geom: NDArray[np.int32], depth: Floats, normals: Floats) -> Floats:
    """(height, width) 1 on an outline, less on a crease, 0 elsewhere.

    One over depth is linear in the picture on every plane: where its second difference is not zero, the
    surface steps back.
    """
    edges = np.zeros(geom.shape, np.float32)
    inverse = 1.0 / depth
    for axis in (0, 1):
        here: list[slice] = [slice(None), slice(None)]
        there: list[slice] = [slice(None), slice(None)]
        here[axis], there[axis] = slice(None, -1), slice(1, None)
        one, two = (here[0], here[1]), (there[0], there[1])
        crease = np.einsum("ijk,ijk->ij", normals[one], normals[two]) < CREASE_COS
        second = np.abs(np.diff(inverse, 2, axis=axis, prepend=inverse.take([0], axis)))
        step = second * depth[one] > 0.004
        other = geom[one] != geom[two]
        strength = np.where(other, 1.0, np.where(step, 0.8, np.where(crease, 0.5, 0.0))).astype(np.float32)
        nearer = depth[one] <= depth[two]
        edges[one] = np.maximum(edges[one], np.where(nearer, strength, 0.0))
        edges[two] = np.maximum(edges[two], np.where(nearer, 0.0, strength))
    return edges


def _composed(
    studio: Studio,
    geom: NDArray[np.int32],
    normals: Floats,
    sky: Floats,
    key: Floats,
    rays: Floats,
    edges: Floats,
) -> Floats:
    """(rows, columns, 3) light that reaches the camera."""
    count = max([*studio.finishes, 0]) + 2
    colours, metal = np.ones((count, 3), np.float32), np.zeros(count, np.float32)
    known, outlined = np.zeros(count, bool), np.zeros(count, np.float32)
    for number, finish in studio.finishes.items():
        colours[number], metal[number] = linear(finish.colour), finish.metal
        known[number], outlined[number] = True, finish.outlined
    index = np.where((geom >= 0) & (geom < count - 1), geom, count - 1)
    albedo, shine = colours[index], metal[index][..., None]
    up = normals[..., 2:3]
    open_sky = sum(z for _, _, z in sky_lamps()) / SKY_LAMPS
    fill = 2.0 * SKY * sky[..., None] * COOL + BOUNCE * (1 - up) / 2
    light = fill + 1.6 * KEY * key[..., None] * WARM
    seen = np.clip(sky[..., None] / open_sky, 0.0, 1.0)
    mirrored, facing = _mirrored(studio.view, normals, rays)
    fresnel = 0.045 + 0.6 * (1 - facing) ** 5
    plastic = albedo * light + fresnel * mirrored * (0.35 + 0.65 * seen)
    metallic = (
        albedo * (0.42 * light + 0.72 * mirrored * (0.3 + 0.7 * seen)) + 0.25 * (1 - facing) ** 5 * seen
    )
    surface = plastic * (1 - shine) + metallic * shine
    line = (edges * outlined[index])[..., None]
    dark = albedo.mean(axis=2, keepdims=True) < 0.03
    surface = np.where(dark, surface + 0.05 * line, surface * (1 - 0.62 * line))
    lit = 2.0 * SKY * open_sky + 1.6 * KEY * np.sin(np.deg2rad(KEY_DEG[1]))
    received = 2.0 * SKY * sky[..., None] + 1.6 * KEY * key[..., None]
    shade = np.clip(received / lit, 0.0, 1.0) ** 0.8
    ground = linear(studio.backdrop) * np.where(geom[..., None] >= 0, shade, 1.0)
    return np.where(known[index][..., None], surface, ground).astype(np.float32)


def _mirrored(view: Viewpoint, normals: Floats, rays: Floats) -> tuple[Floats, Floats]:
    """(..., 3) what a glossy surface shows of the studio, and (..., 1) how squarely it faces the camera."""
    along = np.einsum("ijk,ijk->ij", rays, normals)[..., None]
    out = rays - 2 * along * normals
    height = out[..., 2:3]
    room = 0.38 + 0.34 * np.clip(height + 0.25, 0.0, 1.0) - 0.18 * np.clip(-height, 0.0, 1.0)
    box = out @ np.mean(key_lamps(view), axis=0).astype(np.float32)
    right = view.axes[0].astype(np.float32)
    strip = 1.0 - np.abs(out @ right - 0.72) / 0.30
    glow = 1.5 * _smooth((box - 0.72) / 0.26) + 0.55 * _smooth(strip)
    return (room + glow[..., None]).astype(np.float32), np.clip(-along, 0.0, 1.0)


def _smooth(x: Floats) -> Floats:
    """0 below 0, 1 above 1, without a corner."""
    t = np.clip(x, 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))
