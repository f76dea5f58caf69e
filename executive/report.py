"""A run's report: ``report.json`` and a ``report.html`` that needs nothing beside itself."""

import base64
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sequences.files import write_whole

WIDTH, HEIGHT, MARGIN = 640, 120, 28

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c1e21}
h1{font-size:1.4rem;margin-bottom:.2rem}h2{font-size:1.05rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .7rem .3rem 0;
border-bottom:1px solid #e3e5e8}td.n,th.n{text-align:right}.good{color:#1a7f37}.bad{color:#c1121f}
.dim{color:#6b7280}figure{margin:1rem 0}img{max-width:100%;border-radius:6px}svg{width:100%;height:auto}
"""


def write_report(directory: Path, result: dict[str, Any], pictures: Sequence[Path] = ()) -> Path:
    """Write both files into ``directory`` and return the path of the HTML one."""
    record = json.dumps(result, indent=2, allow_nan=False) + "\n"
    write_whole(directory / "report.json", record.encode())
    return write_whole(directory / "report.html", page(result, pictures).encode())


def page(result: dict[str, Any], pictures: Sequence[Path] = ()) -> str:
    """The report as one HTML page."""
    title = f"{result['product']}, run {result['run']}"
    state = f"<b class='{'good' if result['assembled'] else 'bad'}'>{html.escape(result['state'])}</b>"
    agreement = result["verdict_agreement"]
    facts = [
        f"seed {result['seed']}, policy {result['policy']}, noise {result['noise']}",
        f"{result['simulated_s']:.1f} s of the cell's time in {result['wall_s']:.1f} s",
        f"{result['interventions']} interventions",
    ]
    if agreement["judged"]:
        facts.append(f"verdicts right in {agreement['agreed']} of {agreement['judged']} attempts")
    if result["faults"]:
        facts.append("fault: " + ", ".join(result["faults"]))
    body = [
        f"<h1>{html.escape(title)}: {state}</h1>",
        f"<p class='dim'>{html.escape(' · '.join(facts))}</p>",
        *(_picture(path) for path in pictures),
        _steps(result["steps"]),
        "<h2>Contact force of every attempt</h2>",
        *(_attempt(attempt) for attempt in result["attempts"]),
    ]
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _steps(steps: Sequence[dict[str, Any]]) -> str:
    head = (
        "<tr><th class='n'>#</th><th>part</th><th>skill</th><th class='n'>attempts</th><th>seated</th>"
        "<th>truth</th><th class='n'>peak</th><th class='n'>time</th><th>cause</th></tr>"
    )
    rows = (
        f"<tr><td class='n'>{i}</td><td>{html.escape(step['step'])}</td>"
        f"<td class='dim'>{html.escape(step['skill'])}</td><td class='n'>{step['attempts']}</td>"
        f"<td>{_yes(step['seated'])}</td><td>{_yes(step['truth_seated'])}</td>"
        f"<td class='n'>{step['peak_force_n']:.0f} N</td><td class='n'>{step['duration_s']:.1f} s</td>"
        f"<td>{html.escape(step['cause'] or step['note'] or '')}</td></tr>"
        for i, step in enumerate(steps, 1)
    )
    return f"<table>{head}{''.join(rows)}</table>"


def _yes(value: bool | None) -> str:
    if value is None:
        return "<span class='dim'>–</span>"
    return "<span class='good'>yes</span>" if value else "<span class='bad'>no</span>"


def _attempt(attempt: dict[str, Any]) -> str:
    what = f"{attempt['part']}, attempt {attempt['number']}: {attempt['cause'] or 'seated'}"
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


def _picture(path: Path) -> str:
    kind = "jpeg" if path.suffix.lower() in (".jpg", ".jpeg") else "png"
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"<figure><img alt='{html.escape(path.stem)}' src='data:image/{kind};base64,{data}'></figure>"
