"""A run's time as a drawing: a lane for each step, its attempts as bars, who stepped in as marks below.

Signs say what colours say: a bar ends in ✓, ✗ or …, and each carries its words for those who cannot see it.
"""

import html
from collections.abc import Iterator, Sequence

from executive.reports.story import Story, Stretch

WIDTH, LANE, LEFT, TOP = 720, 24, 118, 8
COLOURS = {True: "#1a7f37", False: "#c1121f", None: "#8a6d00"}
SIGNS = {True: "✓", False: "✗", None: "…"}
PHASE_SHADES = {"": 0.35, "picked": 0.5, "carried": 0.65, "inserted": 0.85, "seated": 0.95, "released": 1.0}
"""How dark a bar is after what was reached."""


def timeline_svg(story: Story, steps: Sequence[str]) -> str:
    """The story as an inline drawing; empty where nothing was tried."""
    if not story.attempts:
        return ""
    end_s = max([s.ended_s for s in story.attempts] + [h.time_s for h in story.help] + [1e-6])
    scale = (WIDTH - LEFT - 24) / end_s
    base = TOP + LANE * len(steps)
    height = base + (58 if story.help else 34)
    drawing = [
        *_lanes(steps),
        *(part for stretch in story.attempts for part in _bar(stretch, scale, steps)),
        *(_resumed(time_s, scale, base) for time_s in story.resumed_s),
        *_axis(end_s, scale, base),
        *_marks(story, scale, base),
    ]
    return (
        f"<svg viewBox='0 0 {WIDTH} {height}' role='img' aria-label='timeline' font-size='11'>"
        f"{''.join(drawing)}</svg>"
    )


def _lanes(steps: Sequence[str]) -> Iterator[str]:
    for i, part in enumerate(steps):
        y = TOP + LANE * i
        shade = "#f3f4f6" if i % 2 == 0 else "#ffffff"
        yield f"<rect x='0' y='{y}' width='{WIDTH}' height='{LANE}' fill='{shade}'/>"
        yield f"<text x='4' y='{y + 16}' fill='#1c1e21'>{i + 1} {html.escape(part)}</text>"


def _bar(stretch: Stretch, scale: float, steps: Sequence[str]) -> Iterator[str]:
    if not 0 <= stretch.step < len(steps):
        return
    y, colour = TOP + LANE * stretch.step + 4, COLOURS[stretch.seated]
    words = f"{steps[stretch.step]}, attempt {stretch.number}: {stretch.cause or _word(stretch.seated)}"
    yield f"<g><title>{html.escape(words)}, {stretch.ended_s - stretch.began_s:.1f} s</title>"
    began_s, shade = stretch.began_s, PHASE_SHADES[""]
    for phase, time_s in (*stretch.phases, ("released", stretch.ended_s)):
        width = max(0.0, time_s - began_s) * scale
        yield (
            f"<rect x='{LEFT + began_s * scale:.1f}' y='{y}' width='{width:.1f}' height='{LANE - 8}' "
            f"fill='{colour}' fill-opacity='{shade}'/>"
        )
        began_s, shade = time_s, PHASE_SHADES[phase]
    x = LEFT + stretch.ended_s * scale + 2
    yield f"<text x='{x:.1f}' y='{y + 12}' fill='{colour}' font-weight='bold'>{SIGNS[stretch.seated]}</text>"
    yield "</g>"


def _word(seated: bool | None) -> str:
    return {True: "seated", False: "failed", None: "broken off"}[seated]


def _resumed(time_s: float, scale: float, base: int) -> str:
    x = LEFT + time_s * scale
    line = f"<path d='M{x:.1f} {TOP}V{base}' stroke='#6b7280' stroke-dasharray='3 3'/>"
    return f"<g><title>resumed</title>{line}</g>"


def _axis(end_s: float, scale: float, base: int) -> Iterator[str]:
    tick = next((t for t in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800) if end_s / t <= 9), 3600)
    yield f"<path d='M{LEFT} {base}H{WIDTH - 24}' stroke='#9aa0a6'/>"
    for i in range(int(end_s / tick) + 1):
        x = LEFT + i * tick * scale
        yield f"<path d='M{x:.1f} {base}v4' stroke='#9aa0a6'/>"
        yield f"<text x='{x:.1f}' y='{base + 16}' text-anchor='middle' fill='#6b7280'>{i * tick} s</text>"


def _marks(story: Story, scale: float, base: int) -> Iterator[str]:
    """Where an operator did something; those close to each other share a mark."""
    if not story.help:
        return
    yield f"<text x='4' y='{base + 40}' fill='#1c1e21'>operator</text>"
    last = -1e9
    for help_ in story.help:
        x = LEFT + help_.time_s * scale
        words = html.escape(f"{help_.time_s:.1f} s, {help_.who}: {help_.wish}")
        far = x - last > 6.0
        yield f"<g><title>{words}</title>"
        if far:
            yield f"<path d='M{x:.1f} {base + 30}l5 10h-10z' fill='#2563eb'/>"
            last = x
        yield "</g>"
