"""A success map as a picture: what it believes, how sure it is, and the rollouts it was made from."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import qmc

from calibration.map_check import Check
from calibration.rollouts import Rollouts
from calibration.success_map import Belief, SuccessMap
from skills.cell import Vector
from skills.statistics import share_text

SLICES = ((0, 1), (0, 2), (3, 4), (5, 2))
"""Pairs of the six numbers that are drawn, across and upwards: x-y, x-z, roll-pitch, yaw-z."""
GRID, OTHERS = 25, 32
LEAST_UNSURE = 0.2
"""The darkest shade of uncertainty means at least this: a map that is sure everywhere looks so."""
SUCCESS_COLOURS = ("#8c2d26", "#d9825b", "#f6ead7", "#8fc1bb", "#3f8f98")
UNSURE_COLOURS = ("#fbfaf7", "#cfc6dd", "#8a79ad", "#43306b")
GOOD, BAD, INK = "#0f3f4f", "#a5231a", "#333333"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A map, its check and its rollouts, with a name for them."""

    name: str
    found: SuccessMap
    check: Check
    rollouts: Rollouts


def averaged(found: SuccessMap, axes: tuple[int, int], grid: int = GRID) -> Belief:
    """What the map believes over two of its numbers: (grid * grid,), averaged over the others."""
    space = found.space
    others = qmc.scale(
        qmc.Sobol(space.size, rng=np.random.default_rng(3)).random(OTHERS), space.low, space.high
    )
    across, up = (np.linspace(space.low[axis], space.high[axis], grid) for axis in axes)
    points = np.tile(others, (grid * grid, 1))
    first, second = np.meshgrid(across, up)
    points[:, axes[0]] = np.repeat(first.ravel(), OTHERS)
    points[:, axes[1]] = np.repeat(second.ravel(), OTHERS)
    belief = found.believed(points)
    return Belief(*(value.reshape(-1, OTHERS).mean(axis=1) for value in (belief.mean, belief.std)))


def picture(title: str, maps: Sequence[Mapped], verdict: str = "") -> bytes:
    """Two rows for each map, its mean and its uncertainty, one column for each slice; as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(hspace=0.04)
    figure = Figure(figsize=(13.6, 6.2 * len(maps) + 0.9), layout=layout, facecolor="w")
    FigureCanvasAgg(figure)
    figure.suptitle(title if not verdict else f"{title}: {verdict}", fontsize=14, color=INK)
    for part, mapped in zip(figure.subfigures(len(maps), 1, squeeze=False).ravel(), maps, strict=True):
        part.suptitle(_words(mapped), fontsize=10, color="#666666")
        _draw(part, part.subplots(2, len(SLICES)), mapped)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    return file.getvalue()


def _draw(figure: Any, panels: Any, mapped: Mapped) -> None:
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    beliefs = [averaged(mapped.found, axes) for axes in SLICES]
    unsure = max(LEAST_UNSURE, *(float(belief.std.max()) for belief in beliefs))
    looks = (
        (LinearSegmentedColormap.from_list("success", SUCCESS_COLOURS), Normalize(0.0, 1.0), "success"),
        (LinearSegmentedColormap.from_list("unsure", UNSURE_COLOURS), Normalize(0.0, unsure), "uncertainty"),
    )
    for row, (colours, norm, what) in zip(panels, looks, strict=True):
        shown: Any = None
        for panel, axes, belief in zip(row, SLICES, beliefs, strict=True):
            values = belief.mean if what == "success" else belief.std
            shown = _slice(panel, mapped, axes, values.reshape(GRID, GRID), colours, norm)
            if what == "success":
                _points(panel, mapped, axes)
        bar = figure.colorbar(shown, ax=row, fraction=0.05, pad=0.01, aspect=14)
        bar.set_label(f"{what} of an attempt" if what == "success" else f"{what} of that (std)", color=INK)
        bar.outline.set_visible(False)


def _words(mapped: Mapped) -> str:
    rollouts, check = mapped.rollouts, mapped.check
    share = share_text(int(rollouts.success.sum()), len(rollouts))
    worth = "better than the mean" if check.worthwhile else "no better than the mean"
    return (
        f"{mapped.name}: seated {share}.   Of held-out rollouts the map is {worth}: Brier {check.brier:.3f} "
        f"(mean {check.brier_of_mean:.3f}), correlation {check.correlation:.2f}"
    )


def _slice(panel: Any, mapped: Mapped, axes: tuple[int, int], values: Vector, colours: Any, norm: Any) -> Any:
    space = mapped.found.space
    (across, per_x), (up, per_y) = space.shown(axes[0]), space.shown(axes[1])
    x, y = (
        np.linspace(space.low[axis], space.high[axis], GRID) / per
        for axis, per in zip(axes, (per_x, per_y), strict=True)
    )
    shown = panel.imshow(
        values, origin="lower", extent=(x[0], x[-1], y[0], y[-1]), aspect="auto", cmap=colours, norm=norm,
        interpolation="bicubic",
    )  # fmt: skip
    if np.ptp(values) > 0.05 * norm.vmax:
        levels = np.linspace(0.0, norm.vmax, 21)
        panel.contour(x, y, values, levels=levels, colors="w", linewidths=0.7, alpha=0.7)
    panel.set_xlabel(across, color=INK)
    panel.set_ylabel(up, color=INK)
    panel.tick_params(colors="#777777", labelsize=8, length=2.5)
    for side in panel.spines.values():
        side.set_visible(False)
    return shown


def _points(panel: Any, mapped: Mapped, axes: tuple[int, int]) -> None:
    space, rollouts = mapped.found.space, mapped.rollouts
    x, y = (rollouts.starts[:, axis] / space.shown(axis)[1] for axis in axes)
    good = rollouts.success
    few = float(np.clip(14.0 * (200.0 / max(len(rollouts), 1)) ** 0.5, 5.0, 16.0))
    panel.scatter(x[good], y[good], s=few, c=GOOD, alpha=0.55, linewidths=0.0)
    panel.scatter(x[~good], y[~good], s=3.2 * few, c="w", marker="X", linewidths=0.0)
    panel.scatter(x[~good], y[~good], s=2.0 * few, c=BAD, marker="X", linewidths=0.0)
    panel.set_xlim(
        space.low[axes[0]] / space.shown(axes[0])[1], space.high[axes[0]] / space.shown(axes[0])[1]
    )
    panel.set_ylim(
        space.low[axes[1]] / space.shown(axes[1])[1], space.high[axes[1]] / space.shown(axes[1])[1]
    )
