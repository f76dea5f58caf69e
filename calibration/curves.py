"""How a training went, as numbers and as a picture."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict

from calibration.training import Point

CURVE, PICTURE = "curve.json", "curve.png"
COLOUR = "#1f6f8b"


def curve_files(points: Sequence[Point], title: str) -> dict[str, bytes]:
    """Name → content of the files that are kept beside a skill."""
    record = json.dumps({"title": title, "points": [asdict(point) for point in points]}) + "\n"
    return {CURVE: record.encode(), PICTURE: picture(points, title)}


def picture(points: Sequence[Point], title: str) -> bytes:
    """Success, duration and peak force against environment steps and processor time, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 7.0), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    across = (
        ("thousands of environment steps", [point.environment_steps / 1000 for point in points]),
        ("minutes of processor time", [point.cpu_s / 60 for point in points]),
    )
    upwards = (
        ("success", [point.success for point in points], (0.0, 1.0)),
        ("duration [s]", [point.duration_s for point in points], (0.0, None)),
        ("peak force p95 [N]", [point.peak_p95_n for point in points], (0.0, None)),
    )
    panels = figure.subplots(len(upwards), len(across), sharex="col", sharey="row")
    for level, (row, (what, values, bounds)) in enumerate(zip(panels, upwards, strict=True)):
        for panel, (against, positions) in zip(row, across, strict=True):
            panel.plot(positions, values, color=COLOUR, linewidth=1.4)
            panel.set_ylim(*bounds)
            panel.set_xlim(left=0.0)
            panel.grid(alpha=0.3)
            if panel is row[0]:
                panel.set_ylabel(what)
            if level == len(upwards) - 1:
                panel.set_xlabel(against)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=90, metadata={"Software": None})
    return file.getvalue()
