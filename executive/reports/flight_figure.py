"""A recording of the flight recorder for people: force and path as a drawing, and a line in a table."""

import html
from collections.abc import Sequence

import numpy as np
from rich.console import Group
from rich.text import Text

from executive.flight import Flight
from executive.reports.report_parts import force_svg
from executive.views.runs import new_table
from skills.cell import Vector

POINTS = 300
SIDE, GAP = 200, 40
LEAST_M = 0.01
"""The smallest stretch that a path's drawing shows [m]."""


def flights_view(flights: Sequence[Flight]) -> Group:
    """What was recorded, one line each."""
    right = ("seconds", "peak")
    table = new_table("recorded", "part", "attempt", "seconds", "peak", "doing", "file", right=right)
    for flight in flights:
        told = flight.as_json()
        table.add_row(
            flight.why, flight.part, str(told["attempt"]), f"{flight.track.lasted_s:.0f}",
            f"{flight.peak_n:.0f} N", str(told["doing"]), "/".join(flight.path.parts[-3:]),
        )  # fmt: skip
    return Group(Text("Flight recorder", style="bold"), table)


def flight_figure(flight: Flight) -> str:
    """Force and path of the last seconds, inline."""
    track = flight.track
    where = f"{flight.part}, attempt {int(track.attempt[-1])}: " if flight.part else ""
    words = f"{where}{flight.why}; the last {track.lasted_s:.0f} s, while {track.doing[-1]}"
    began = track.time_s - track.time_s[0]
    profile = [(float(t), float(f)) for t, f in zip(began, track.peak_force_n, strict=True)]
    caption = f"<figcaption>{html.escape(words)}</figcaption>"
    return f"<figure>{caption}{force_svg(thinned(profile))}{path_svg(track.tcp[:, :3])}</figure>"


def thinned(profile: Sequence[tuple[float, float]], points: int = POINTS) -> list[tuple[float, float]]:
    """At most about so many points, of each stretch the one with the largest force."""
    width = max(1, -(-len(profile) // points))
    stretches = (profile[i : i + width] for i in range(0, len(profile), width))
    return [max(stretch, key=lambda point: point[1]) for stretch in stretches]


def path_svg(positions: Vector) -> str:
    """The TCP's path (n, 3) [m] from above (up is away from the robot, left its left) and from the side."""
    if len(positions) < 2:
        return ""
    low, high = positions.min(axis=0), positions.max(axis=0)
    span = max(float((high - low).max()), LEAST_M)
    middle = (low + high) / 2.0
    x, y, z = ((positions - middle) / span * SIDE * 0.9 + SIDE / 2).T
    above = _line(SIDE - y, SIDE - x, 0, "from above")
    beside = _line(SIDE - y, SIDE - z, SIDE + GAP, "from the side")
    return (
        f"<svg viewBox='0 0 {2 * SIDE + GAP} {SIDE + 22}' role='img' aria-label='path' font-size='11' "
        f"style='max-width:30rem'>{above}{beside}<text x='{2 * SIDE + GAP}' y='{SIDE + 16}' fill='#6b7280' "
        f"text-anchor='end'>{1e3 * span / 0.9:.0f} mm wide</text></svg>"
    )


def _line(across: Vector, down: Vector, left: int, title: str) -> str:
    every = max(1, len(across) // POINTS)
    places = np.column_stack([across + left, down])
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in [*places[::every], places[-1]])
    end = places[-1]
    return (
        f"<rect x='{left}' y='0' width='{SIDE}' height='{SIDE}' fill='none' stroke='#9aa0a6'/>"
        f"<polyline points='{points}' fill='none' stroke='#2563eb' stroke-width='1.2'/>"
        f"<circle cx='{end[0]:.1f}' cy='{end[1]:.1f}' r='3.5' fill='#c1121f'><title>the end</title></circle>"
        f"<text x='{left + 2}' y='{SIDE + 16}' fill='#6b7280'>{title}</text>"
    )
