"""What each part of the operator's screen shows, as text of a given size; nothing here knows the terminal."""

import math
from collections.abc import Sequence

from rich.text import Text

from executive.operator.drawings import bars, force_scale, plug_above, plug_beside, starts_above
from executive.operator.feed import View
from executive.operator.protocol import Line, Mode, State
from sequences.errors import clipped

OUTCOME_SIGNS = {"placed": ("✓", "green"), "failed": ("✗", "red"), "displaced": ("✗", "red"),
                 "skipped": ("–", "yellow"), "open": ("·", "dim")}  # fmt: skip
TREE_SIGNS = {"running": ("▸", "bold cyan"), "success": ("✓", "green"), "failure": ("✗", "red"),
              "invalid": ("·", "dim")}  # fmt: skip
MODE_SIGNS = {
    Mode.RUNNING: ("▶", "bold green"),
    Mode.PAUSED: ("‖", "bold yellow"),
    Mode.GUIDED: ("~", "bold yellow"),
    Mode.ASKING: ("?", "bold red"),
    Mode.OVER: ("■", "bold"),
}
EVENT_SIGNS = {"attempt_failed": "✗", "step_done": "✓", "step_skipped": "–", "step_failed": "✗", "asked": "?",
               "operator": "»", "displaced": "✗", "reopened": "?", "not_believed": "✗"}  # fmt: skip

STARTS_SIGNS = {"": "◆ now x failed", "success": "▓≥80 ▒≥50 %", "succeeded": "▓ succeeded"}
"""What the signs of the starts mean: without more, over a success map, over starts that succeeded."""

QUESTION_KEYS = (
    (("R", "retry from here"), ("E", "from another start"), ("G", "regrasp")),
    (("B", "I did it by hand"), ("K", "skip it"), ("A", "abort")),
    (("↑↓←→", "move the tool"), ("H", "lead it by hand")),
)  # fmt: skip


def header(view: View, width: int) -> Text:
    """One line: which run, what it is doing, who is in control."""
    state = view.state
    if state is None:
        return Text(f" dovetail operate  {view.trouble}", "bold yellow", no_wrap=True)
    sign, style = MODE_SIGNS[state.mode]
    word = state.outcome or state.mode.value
    if state.mode is Mode.PAUSED and state.held:
        word = f"paused, {state.held}"
    line = Text(f" {state.product} run {state.run} ", "bold", no_wrap=True)
    line.append(f" {sign} {word.upper()} ", style)
    if view.trouble:
        line.append(f" ! {view.trouble}, {view.silence_s:.0f} s ", "bold reverse yellow")
    done = sum(step.outcome != "open" for step in state.steps)
    helped = f"{state.interventions} helped" if state.interventions else ""
    who = "you are the operator" if view.controlling else f"operator: {state.operator or 'nobody'}"
    right = "  ".join(filter(None, (f"{done}/{len(state.steps)}", f"{state.time_s:.0f} s", helped, who)))
    room = width - line.cell_len - 1
    line.append(clipped(right, room).rjust(room) if room > 3 else "", "dim")
    return line


def steps(state: State, height: int) -> Text:
    """The product's steps, a line each, the one in hand in view."""
    lines = []
    for i, step in enumerate(state.steps):
        now = i == state.step and step.outcome == "open" and state.mode is not Mode.OVER
        sign, style = ("▸", "bold cyan") if now else OUTCOME_SIGNS.get(step.outcome, ("·", "dim"))
        line = Text(f"{sign} {i + 1} {step.part}", style)
        if step.attempts:
            line.append(f"  {step.attempts}×", "")
        if step.note:
            line.append(f" {step.note}", "dim")
        lines.append(line)
    return _window(lines, state.step, height)


def tree(state: State, height: int) -> Text:
    """The tree, with the behaviour that is running in view."""
    lines, deepest = [], 0
    for i, line in enumerate(state.tree):
        if line.status == "running":
            deepest = i
        lines.append(_tree_line(line))
    return _window(lines, deepest, height)


def _tree_line(line: Line) -> Text:
    sign, style = TREE_SIGNS.get(line.status, ("·", "dim"))
    text = Text("  " * line.depth + f"{sign} {line.name}", style)
    if line.said:
        text.append(f"  {line.said}", "dim")
    return text


def forces(state: State, width: int, height: int) -> Text:
    """The contact force over the last seconds."""
    shown = state.forces_n[-width:]
    top = force_scale(shown)
    now, peak = (shown[-1] if shown else 0.0), max(shown, default=0.0)
    seconds = len(shown) * state.period_s
    line = Text(f"{now:.0f} N, peak {peak:.0f} N ")
    line.append(f"of {top:.0f} in {seconds:.0f} s", "dim")
    for row in bars(shown, width, max(1, height - 1), top):
        line.append("\n")
        line.append(row, "red" if now > 0.5 * state.limit_n else "cyan")
    return line


def plug(state: State, width: int, height: int) -> Text:
    """Where the plug is relative to its estimated goal: from above and from the side."""
    where = state.plug
    if where is None:
        return Text("nothing in hand", "dim")
    beside = max(7, width // 3)
    over = width - beside - 2
    view, half = plug_above(where, over, height - 1)
    side = plug_beside(where, beside, height - 1)
    x, y, z = (1e3 * v for v in (where.x_m, where.y_m, where.z_m))
    line = Text(f"{x:+.1f} {y:+.1f} {math.degrees(where.yaw_rad):+.0f}° (±{half:.0f})".ljust(over + 2))
    line.append(f"{z:+.1f} mm")
    for a, b in zip(view, side, strict=True):
        line.append("\n")
        line.append(a, "bold")
        line.append("  ")
        line.append(b, "cyan")
    return line


def starts(state: State, width: int, height: int) -> Text:
    """Where this step's attempts began, over what is known around them."""
    known = state.around
    if not state.starts and known is None:
        return Text("no start yet", "dim")
    view, half = starts_above(state.starts, width, height - 1, known)
    line = Text("")
    line.append(f"{STARTS_SIGNS[known.kind if known else '']} ±{half:.0f} mm", "dim")
    if known is not None and not known.worthwhile:
        line.append(" unsure", "yellow")
    for row in view:
        shown = Text(row, "dim")
        shown.highlight_regex("[◆xo+]", "bold not dim")
        line.append("\n")
        line.append_text(shown)
    return line


def events(state: State, height: int) -> Text:
    """The newest events, the last at the bottom."""
    lines = []
    for event in state.events[-max(1, height) :]:
        number = f" attempt {event.attempt}" if event.attempt else ""
        sign = EVENT_SIGNS.get(event.kind, "·")
        text = Text(f"{event.time_s:7.1f} s ", "dim")
        text.append(f"{sign} {event.part}{number} " if event.part else f"{sign} ", "")
        text.append(event.kind.replace("_", " "), "bold" if sign != "·" else "")
        text.append(f": {event.detail}" if event.detail else "", "dim")
        text.append(f" ×{event.times}" if event.times > 1 else "")
        lines.append(text)
    return _joined(lines)


def question(state: State, *, controlling: bool) -> Text:
    """What happened, why, and what one key does about it."""
    asked = state.question
    if asked is None:
        return Text("")
    text = Text(f"{asked.part} failed {asked.attempts} time{'s' * (asked.attempts != 1)}: ", "bold")
    text.append(f"{asked.cause}\n", "bold red")
    text.append(f"{asked.evidence}\n")
    text.append(f"→ {asked.advice}\n\n", "italic")
    if not controlling:
        return text + Text(f"{state.operator or 'nobody'} is the operator; T asks for control", "bold yellow")
    for line in QUESTION_KEYS:
        for key, what in line:
            text.append(f" {key} ", "bold reverse")
            text.append(f" {what}".ljust(22 - len(key)))
        text.rstrip()
        text.append("\n")
    text.rstrip()
    return text


def _window(lines: Sequence[Text], focus: int, height: int) -> Text:
    """``height`` of the lines, with the one in focus among them."""
    first = max(0, min(focus - height + 2, len(lines) - height)) if len(lines) > height else 0
    return _joined(lines[first : first + height])


def _joined(lines: Sequence[Text]) -> Text:
    text = Text("\n").join(lines)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
