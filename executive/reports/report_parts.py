"""Pieces of a report's page: tables and drawings as HTML that needs nothing beside itself."""

import base64
import html
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from executive.reports.story import Story

WIDTH, HEIGHT, MARGIN = 640, 120, 28
STYLE = """
:root{color-scheme:light}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c1e21;
background:#fff}
h1{font-size:1.4rem;margin-bottom:.2rem}h2{font-size:1.05rem;margin-top:2rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid #e3e5e8;vertical-align:top}
td.n,th.n{text-align:right}.good{color:#1a7f37}.bad{color:#c1121f}.dim{color:#6b7280}
figure{margin:1rem 0}figcaption{font-size:.9rem}
img{max-width:100%;border-radius:6px}svg{width:100%;height:auto}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.8rem}
.cards figure{margin:0}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0}
dt{color:#6b7280}dd{margin:0;overflow-wrap:anywhere}
@media(max-width:40rem){body{font-size:14px;margin:1rem auto}.wide{display:none}dl{grid-template-columns:1fr}}
@media print{body{margin:0;max-width:none;font-size:11px}h2,figure,tr{break-inside:avoid;break-after:auto}
h2{break-after:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def document(title: str, body: str) -> str:
    """A whole page."""
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """A table of cells that are HTML already; columns in ``right`` hold numbers."""

    def line(cells: Sequence[str], tag: str) -> str:
        kinds = (" class='n'" if i in right else "" for i in range(len(cells)))
        return "".join(f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<div class='scroll'><table><tr>{line(head, 'th')}</tr>{body}</table></div>"


def facts(pairs: Mapping[str, str]) -> str:
    """Names and values."""
    shown = {name: value for name, value in pairs.items() if value}
    lines = (f"<dt>{html.escape(n)}</dt><dd>{html.escape(v)}</dd>" for n, v in shown.items())
    return f"<dl>{''.join(lines)}</dl>" if shown else ""


def steps_table(steps: Sequence[dict[str, Any]], versions: Mapping[str, str]) -> str:
    """What came of each step."""
    rows = [
        (
            str(i),
            html.escape(step["step"]),
            f"<span class='dim'>{html.escape(versions.get(step['step']) or step['skill'])}</span>",
            str(step["attempts"]),
            yes(step["seated"]),
            yes(step["truth_seated"]),
            f"{step['peak_force_n']:.0f} N",
            f"{step['duration_s']:.1f} s",
            html.escape(step["cause"] or step["note"] or ""),
        )
        for i, step in enumerate(steps, 1)
    ]
    head = ("#", "part", "skill", "attempts", "seated", "truth", "peak", "time", "cause or note")
    return table(head, rows, right=(0, 3, 6, 7))


def causes_table(attempts: Sequence[dict[str, Any]]) -> str:
    """Why attempts failed, the most frequent first."""
    counts = Counter(attempt["cause"] for attempt in attempts if attempt["cause"])
    if not counts:
        return "<p class='dim'>No attempt failed.</p>"
    said = {
        cause: next((a.get("message") or "" for a in attempts if a["cause"] == cause), "") for cause in counts
    }
    rows = [(html.escape(c), str(n), html.escape(said[c])) for c, n in counts.most_common()]
    return table(("cause", "attempts", "for instance"), rows, right=(1,))


def help_table(story: Story, steps: Sequence[str]) -> str:
    """Who stepped in, when and how."""
    if not story.help:
        return "<p class='dim'>Nobody stepped in.</p>"
    rows = [
        (
            f"{h.time_s:.1f} s",
            html.escape(h.at[11:19]),
            html.escape(h.who),
            html.escape(h.wish + (f": {h.note}" if h.note else "")),
            "" if h.step is None or h.step >= len(steps) else html.escape(steps[h.step]),
        )
        for h in story.help
    ]
    return table(("time", "UTC", "who", "what", "step"), rows, right=(0,))


def yes(value: bool | None) -> str:
    """A yes, a no, or neither."""
    if value is None:
        return "<span class='dim'>–</span>"
    return "<span class='good'>yes</span>" if value else "<span class='bad'>no</span>"


def attempt_figure(attempt: dict[str, Any]) -> str:
    """One attempt's contact force."""
    what = f"{attempt['part']}, attempt {attempt['number']}: {attempt['cause'] or 'seated'}"
    if attempt.get("helped"):
        what += f" ({attempt['helped']})"
    drawing = force_svg(attempt.get("force_profile") or [])
    return f"<figure><figcaption>{html.escape(what)}</figcaption>{drawing}</figure>"


def force_svg(profile: Sequence[Sequence[float]]) -> str:
    """Force [N] over time [s] as an inline drawing."""
    if len(profile) < 2:
        return "<p class='dim'>no contact recorded</p>"
    most_s = max(profile[-1][0], 1e-9)
    most_n = max(10.0, *(force for _, force in profile))
    inner_w, inner_h = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    points = " ".join(
        f"{MARGIN + inner_w * t / most_s:.1f},{HEIGHT - MARGIN - inner_h * f / most_n:.1f}"
        for t, f in profile
    )
    base = HEIGHT - MARGIN
    return (
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img'>"
        f"<path d='M{MARGIN} {MARGIN}V{base}H{WIDTH - MARGIN}' fill='none' stroke='#9aa0a6'/>"
        f"<polyline points='{points}' fill='none' stroke='#2563eb' stroke-width='1.5'/>"
        f"<text x='{MARGIN}' y='{MARGIN - 8}' font-size='11' fill='#6b7280'>{most_n:.0f} N</text>"
        f"<text x='{WIDTH - MARGIN}' y='{HEIGHT - 10}' font-size='11' fill='#6b7280' "
        f"text-anchor='end'>{most_s:.1f} s</text></svg>"
    )


def picture(path: Path) -> str:
    """A picture from a file."""
    kind = "jpeg" if path.suffix.lower() in (".jpg", ".jpeg") else "png"
    return embedded(path.read_bytes(), path.stem, kind)


def embedded(content: bytes, caption: str, kind: str = "jpeg") -> str:
    """A picture inside the page."""
    data = base64.b64encode(content).decode("ascii")
    name = html.escape(caption)
    return f"<figure><img alt='{name}' src='data:image/{kind};base64,{data}'></figure>"


def step_pictures(pictures: Mapping[str, bytes]) -> str:
    """A picture for each step, with its name below."""
    cards = (
        f"<figure>{embedded(content, part)}<figcaption>{html.escape(part)}</figcaption></figure>"
        for part, content in pictures.items()
    )
    return f"<div class='cards'>{''.join(cards)}</div>"
