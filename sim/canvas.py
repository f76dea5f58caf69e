"""What OpenGL is asked for: light, surfaces and depth of a scene, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.camera import Viewpoint
from sim.opengl import new_context

Image8 = NDArray[np.uint8]
MAX_GEOMS = 3000


@dataclass(frozen=True, slots=True)
class Lamp:
    """A light so far away that its rays are parallel."""

    towards: tuple[float, float, float]
    """Unit vector from the scene to the lamp."""
    colour: tuple[float, float, float]
    casts_shadow: bool = True


class Canvas:
    """Draws one model off-screen. Use it as a context manager, or ``close`` it.

    Its pictures are (height, width, ...) arrays with the first row on top.
    """

    def __init__(
        self, model: mujoco.MjModel, width: int, height: int, *, samples: int = 0, shadow_px: int = 4096
    ) -> None:
        """Prepare for pictures of this size, with ``samples`` per pixel and shadow maps ``shadow_px`` wide.

        Raises NoRenderer.

        The settings of the picture are written into ``model``, which should not be the one that is simulated.
        """
        self.model, self.width, self.height = model, width, height
        model.vis.global_.offwidth, model.vis.global_.offheight = width, height
        model.vis.quality.offsamples, model.vis.quality.shadowsize = samples, shadow_px
        self._gl = new_context(width, height)
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self.scene = mujoco.MjvScene(model, maxgeom=MAX_GEOMS)
        self._option = mujoco.MjvOption()
        mujoco.mjv_defaultOption(self._option)
        self._option.geomgroup[:] = (1, 1, 1, 0, 0, 0)
        self._option.sitegroup[:] = 0
        self._rect = mujoco.MjrRect(0, 0, width, height)

    def __enter__(self) -> "Canvas":
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free what the graphics library holds."""
        self.close()

    def close(self) -> None:
        """Free what the graphics library holds. May be called twice."""
        if self._gl is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = None

    def look(self, data: mujoco.MjData, view: Viewpoint) -> None:
        """Take over where everything is in ``data`` and look from ``view``."""
        self._gl.make_current()
        mujoco.mjv_updateScene(
            self.model, data, self._option, None, mujoco.MjvCamera(), mujoco.mjtCatBit.mjCAT_ALL, self.scene
        )
        view.apply(self.scene, self.width / self.height)

    def white(self) -> None:
        """Make every surface matt and white, so that a picture shows nothing but light."""
        for geom in self._geoms():
            geom.rgba, geom.matid = (1.0, 1.0, 1.0, 1.0), -1
            geom.emission = geom.specular = geom.shininess = geom.reflectance = 0.0

    def light(self, lamps: Sequence[Lamp], centre: Sequence[float], radius_m: float) -> None:
        """Replace all lights by ``lamps``, whose shadows are right within ``radius_m`` of ``centre``."""
        self.scene.nlight = len(lamps)
        for light, lamp in zip(self.scene.lights, lamps, strict=False):
            light.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
            light.pos = np.asarray(centre) + 2.0 * radius_m * np.asarray(lamp.towards)
            light.dir = -np.asarray(lamp.towards)
            light.diffuse, light.ambient, light.specular = lamp.colour, (0, 0, 0), (0, 0, 0)
            light.attenuation, light.headlight, light.castshadow = (1, 0, 0), 0, lamp.casts_shadow
        self._context.shadowClip = radius_m

    def colours(self) -> Image8:
        """(height, width, 3) what is seen."""
        mujoco.mjr_render(self._rect, self.scene, self._context)
        picture = np.empty((self.height, self.width, 3), np.uint8)
        mujoco.mjr_readPixels(picture, None, self._rect, self._context)
        return picture[::-1]

    def surfaces(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """(height, width) the geom that is seen, -1 for none, and its depth along the gaze [m]."""
        flags = self.scene.flags.copy()
        self.scene.flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = 1
        self.scene.flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = 1
        mujoco.mjr_render(self._rect, self.scene, self._context)
        self.scene.flags[:] = flags
        picture = np.empty((self.height, self.width, 3), np.uint8)
        depth = np.empty((self.height, self.width), np.float32)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZERONEAR
        mujoco.mjr_readPixels(picture, depth, self._rect, self._context)
        seen = picture.astype(np.int32) @ np.array([1, 256, 65536], np.int32)
        geom_of = np.full(MAX_GEOMS + 1, -1, np.int32)
        for geom in self._geoms():
            if geom.segid >= 0 and geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
                geom_of[geom.segid + 1] = geom.objid
        near, far = (float(self.scene.camera[0].frustum_near), float(self.scene.camera[0].frustum_far))
        metres = near * far / (far - depth * (far - near))
        return geom_of[seen][::-1], metres[::-1]

    def _geoms(self) -> list[mujoco.MjvGeom]:
        return list(self.scene.geoms[: self.scene.ngeom])
