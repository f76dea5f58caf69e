"""What people see, as rich renderables made of plain records. Nothing here touches a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from executive.journal import Event, RunRow
from executive.records import Outcome, RunState
from sequences.assembly import Assembly
from skills.statistics import share_text

STATE_STYLE = {
    RunState.RUNNING: "cyan",
    RunState.INTERRUPTED: "yellow",
    RunState.ASSEMBLED: "green",
    RunState.FAILED: "red",
    RunState.FAULT: "bold red",
}
OUTCOME_STYLE = {
    Outcome.OPEN: "dim",
    Outcome.PLACED: "green",
    Outcome.FAILED: "red",
    Outcome.SKIPPED: "yellow",
    Outcome.DISPLACED: "red",
}


def new_table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table with these columns."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def product_list(products: Iterable[Assembly]) -> Table:
    """The bundled products."""
    table = new_table("product", "title", "parts", "steps", right=("parts", "steps"))
    for assembly in products:
        table.add_row(assembly.name, assembly.title, str(len(assembly.parts)), str(len(assembly.steps)))
    return table


def product_view(assembly: Assembly, tree: str) -> Group:
    """A product: its parts, its steps, its tree."""
    parts = new_table("part", "title", "mass or density", "friction", "grasps", right=("friction", "grasps"))
    for name, part in assembly.parts.items():
        mass = f"{part.mass_g:g} g" if part.mass_g is not None else f"{part.density_kg_m3 or 0:g} kg/m³"
        shown = Text(name, style="bold" if name == assembly.base.part else "")
        parts.add_row(shown, part.title, mass, f"{part.friction:g}", str(len(part.grasps)))
    right = ("#", "clearance", "depth", "tolerance")
    steps = new_table("#", "part", "skill", "onto", "clearance", "depth", "tolerance", "alike", right=right)
    for i, step in enumerate(assembly.steps, 1):
        alike = "round" if step.symmetry == 0 else f"{step.symmetry} turn{'s' * (step.symmetry != 1)}"
        steps.add_row(
            str(i), step.part, step.skill, ", ".join(step.mates), f"{step.clearance_mm:g} mm",
            f"{step.depth_mm:g} mm", f"{step.seated_tolerance_mm:g} mm", alike,
        )  # fmt: skip
    title = Text(f"{assembly.title} ({assembly.name})", style="bold")
    return Group(title, Text(assembly.summary.strip()), parts, steps, Text(tree))


def result_view(result: dict[str, Any]) -> Group:
    """What came of a run, from the JSON object of its result."""
    right = ("#", "attempts", "peak", "time")
    table = new_table("#", "part", "attempts", "seated", "truth", "peak", "time", "cause", right=right)
    for i, step in enumerate(result["steps"], 1):
        table.add_row(
            str(i), step["step"], str(step["attempts"]), _yes(step["seated"]), _yes(step["truth_seated"]),
            f"{step['peak_force_n']:.0f} N", f"{step['duration_s']:.1f} s", step["cause"] or step["note"],
        )  # fmt: skip
    return Group(
        table, summary_line(result), *(Text(note, style="yellow") for note in result.get("notes", ()))
    )


def summary_line(result: dict[str, Any]) -> Text:
    """One line about a run."""
    state = RunState(result["state"])
    pace = result["simulated_s"] / result["wall_s"] if result["wall_s"] else 0.0
    line = Text(f"run {result['run']}  {result['product']}  seed {result['seed']}  ")
    line.append(str(state), style=STATE_STYLE[state])
    if result["truth_assembled"] is not None and result["truth_assembled"] != result["assembled"]:
        line.append("  the simulator disagrees", style="red")
    line.append(f"  {result['simulated_s']:.0f} s in {result['wall_s']:.1f} s ({pace:.0f}×)")
    agreement = result["verdict_agreement"]
    if agreement["judged"]:
        line.append(f"  verdicts right {agreement['agreed']}/{agreement['judged']}")
    if result["faults"]:
        line.append(f"  fault: {', '.join(result['faults'])}", style="red")
    return line


def runs_view(rows: Sequence[tuple[RunRow, str]]) -> RenderableType:
    """Runs with what can be done with each."""
    if not rows:
        return Text("No runs yet. Begin with: dovetail run PRODUCT")
    table = new_table("run", "product", "seed", "policy", "began", "state", "placed", right=("run", "seed"))
    for row, state in rows:
        steps = row.result["steps"] if row.result else []
        placed = f"{sum(step['seated'] for step in steps)}/{len(steps)}" if steps else ""
        style = STATE_STYLE[row.state] if state == str(row.state) else "yellow"
        table.add_row(
            str(row.run), row.product, str(row.options.seed), str(row.options.policy),
            row.started[:19].replace("T", " "), Text(state, style=style), placed,
        )  # fmt: skip
    return table


def events_view(events: Sequence[Event], assembly: Assembly) -> Table:
    """What happened in a run."""
    table = new_table("time", "part", "attempt", "event", "", right=("time", "attempt"))
    for event in events:
        part = "" if event.step is None else assembly.steps[event.step].part
        time = "" if event.sim_time_s is None else f"{event.sim_time_s:.1f} s"
        detail = event_detail(event)
        kind = event.kind.replace("_", " ")
        table.add_row(time, part, "" if event.attempt is None else str(event.attempt), kind, detail)
    return table


def event_detail(event: Event) -> str:
    """What is to be said about an event besides its kind."""
    data = event.data or {}
    if event.kind == "operator":
        note = f": {data['note']}" if data.get("note") else ""
        return f"{data['who']}: {data['wish']}{note}"
    known = (data.get("record") or {}).get("cause") or data.get("found") or data.get("note")
    return str(known or (data.get("step") or {}).get("note") or "")


def comparison_view(names: tuple[str, str], parts: Mapping[str, Sequence[tuple[str, str, str]]]) -> Group:
    """Two runs side by side: what came of them, what was another, step by step."""
    tables = []
    for title, rows in parts.items():
        table = new_table(title, *names)
        for row in rows:
            table.add_row(*row)
        tables.append(table)
    return Group(*tables)


def stats_view(report: Mapping[str, Any]) -> RenderableType:
    """All runs summed up."""
    if not report["runs"]:
        return Text("No runs yet. Begin with: dovetail run PRODUCT")
    right = ("runs", "helped", "between")
    products = new_table("product", "runs", "assembled", "first pass", "helped", "between", right=right)
    for row in report["products"]:
        between = row["assemblies_between_interventions"]
        products.add_row(
            row["product"], str(row["runs"]), share_text(row["assembled"], row["runs"]),
            share_text(row["first_pass"], row["runs"]), str(row["interventions"]),
            "never" if between is None else f"{between:g}",
        )  # fmt: skip
    causes = new_table("cause", "attempts", "up to here", "mostly", right=("attempts", "up to here"))
    for row in report["causes"]:
        causes.add_row(
            row["cause"], str(row["attempts"]), f"{100 * row['cumulative']:.0f} %", ", ".join(row["mostly"])
        )
    skills = new_table("step", "version", "seated at the first attempt")
    for row in report["skills"]:
        skills.add_row(
            f"{row['product']}/{row['step']}", row["version"], share_text(row["seated"], row["tried"])
        )
    explained = Text("first pass: each step at its first attempt, nobody stepping in; between: assemblies\n"
                     "for each intervention; brackets: 95 % intervals", style="dim")  # fmt: skip
    return Group(products, explained, causes, skills)


def _yes(value: bool | None) -> Text:
    if value is None:
        return Text("–", style="dim")
    return Text("yes", style="green") if value else Text("no", style="red")
