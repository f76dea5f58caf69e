"""An off-screen OpenGL context: EGL where there is one, else OSMesa, else a clear word about what is missing.

A graphics library that is missing or broken may end the process that first calls it, so each is tried in a
process of its own before it is used here. ``MUJOCO_GL``, when it is ``egl`` or ``osmesa``, names the only one
that is tried.
"""

import os
import subprocess
import sys
from functools import cache
from importlib import import_module
from typing import Any

BACKENDS = ("egl", "osmesa")
PATIENCE_S = 60.0
"""How long a first context may take on a busy machine."""

_PROBE = "from mujoco.{0} import GLContext; c = GLContext(64, 64); c.make_current(); c.free()"


class NoRenderer(RuntimeError):
    """Nothing can be drawn on this machine. Everything else works without pictures."""

    def __init__(self, tried: tuple[str, ...]) -> None:
        self.tried = tried
        super().__init__(
            f"no off-screen renderer works here (tried: {', '.join(tried) or 'none'}); on Debian and Ubuntu,"
            " 'apt-get install libegl1 libgl1-mesa-dri' brings EGL and 'apt-get install libosmesa6'"
            " brings OSMesa"
        )


@cache
def backend() -> str:
    """The backend that works: ``egl`` or ``osmesa``. Raises NoRenderer."""
    asked = os.environ.get("MUJOCO_GL", "").lower()
    if asked in ("disable", "disabled", "off", "false", "0"):
        raise NoRenderer(())
    tried = (asked,) if asked in BACKENDS else BACKENDS
    for name in tried:
        if _works(name):
            return name
    raise NoRenderer(tried)


def _works(name: str) -> bool:
    """Whether a context can be made, found out in another process."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MUJOCO_GL", "PYOPENGL_PLATFORM")}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE.format(name)],
            env={**environment, "MUJOCO_GL": name},
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def new_context(width: int, height: int) -> Any:
    """A current OpenGL context with room for ``width`` by ``height`` pixels. Raises NoRenderer.

    Whoever asks for it frees it (``free()``).
    """
    name = backend()
    if os.environ.get("PYOPENGL_PLATFORM", name) != name:
        raise NoRenderer((name,))
    context = import_module(f"mujoco.{name}").GLContext(width, height)
    context.make_current()
    return context
