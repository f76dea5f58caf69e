"""How much a little help is worth: runs with a simulated operator, counted by how often it had to step in.

A run is the same up to the first question whatever help follows, so that one campaign with the most help
answers for less: what was assembled with k interventions is assembled by everybody who may step in k times.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from executive.benchmarks.rows import Row, completed
from executive.cells import open_bench
from executive.journal import Journal
from executive.operator.stand_in import StandIn, Workbench
from executive.options import OnFailure, RunOptions
from executive.run import StopWanted, assemble
from executive.workers import Tell
from sequences.assembly import Assembly
from skills.statistics import share_text, wilson

VERDICTS = ("judged", "agreed", "false_seated", "missed_seated")
"""Counts of the robot's verdicts, and how they stand to the truth."""


@dataclass(frozen=True, slots=True)
class HelpedOrder:
    """One run with a simulated operator; plain enough to be sent to another process."""

    assembly: str
    """The assembly as JSON."""
    options: RunOptions
    runs_dir: Path
    helps: int

    def identity(self) -> Row:
        """What makes it the run that it is."""
        product = Assembly.model_validate_json(self.assembly).name
        return {"product": product, "helps": self.helps, "options": self.options.as_json()}


def plan(
    products: Sequence[Assembly], options: RunOptions, runs_dir: Path, repeat: int, helps: int
) -> list[HelpedOrder]:
    """Every run of the campaign."""
    asking = replace(options, on_failure=OnFailure.ASK)
    return [
        HelpedOrder(product.model_dump_json(), replace(asking, seed=options.seed + i), runs_dir, helps)
        for product in products
        for i in range(repeat)
    ]


def measured(
    work: Sequence[HelpedOrder],
    jobs: int,
    file: Path | None,
    told: Callable[[Row], None],
    stop_wanted: StopWanted,
) -> list[Row]:
    """A row for each run, as far as they were made; those that ``file`` holds are not made again.

    Raises ResultsUnreadable.
    """
    return completed([(order, order.identity()) for order in work], carry_out, jobs, file, told, stop_wanted)


def carry_out(order: HelpedOrder, tell: Tell, stop_wanted: StopWanted) -> Row | None:
    """Make one run with its simulated operator; None when it was stopped."""
    assembly = Assembly.model_validate_json(order.assembly)
    journal = Journal(order.runs_dir)
    try:
        bench = open_bench(assembly, order.options, order.runs_dir)
        try:
            world = bench.cell
            if not isinstance(world, Workbench):
                raise TypeError(f"nobody can reach into a {type(world).__name__}")
            operator = StandIn(world, order.helps, order.options.seed)
            result = assemble(
                assembly, bench, order.options, journal, stop_wanted=stop_wanted, attendant=operator
            )
        finally:
            bench.cell.close()
    finally:
        journal.close()
    if str(result.state) == "interrupted":
        return None
    return {
        **order.identity(),
        "assembled": result.assembled,
        "truth_assembled": result.truth_assembled,
        "interventions": result.interventions,
        "at_first": bool(result.assembled and result.truth_assembled)
        and all(a.number == 1 for a in result.attempts),
        **result.agreement(),
        "causes": [a.cause for a in result.attempts if a.cause is not None],
        "helped_at": [step.part for step in result.steps if step.note],
        "wall_s": round(result.wall_s, 2),
    }


def said(row: Row) -> str:
    """One run in a few words."""
    helped = f"helped {row['interventions']}×" if row["interventions"] else "alone"
    return f"{row['product']} {'assembled' if row['assembled'] else 'not assembled'}, {helped}"


def summed(rows: Sequence[Row], helps: int) -> list[Row]:
    """Of each product and of all: how many runs were assembled with at most 0, 1, ... interventions."""
    products = list(dict.fromkeys(row["product"] for row in rows))
    groups = [(product, [row for row in rows if row["product"] == product]) for product in products]
    return [_sum(name, group, helps) for name, group in [*groups, ("all", list(rows))] if group]


def _sum(name: str, rows: Sequence[Row], helps: int) -> Row:
    with_help = [sum(assembled_with(row, k) for row in rows) for k in range(helps + 1)]
    return {
        "product": name,
        "runs": len(rows),
        "at_first": sum(row["at_first"] for row in rows),
        **{word: sum(row[word] for row in rows) for word in VERDICTS},
        "assembled": with_help,
        "assembled_95": [[round(x, 4) for x in wilson(n, len(rows))] for n in with_help],
        "interventions": sum(min(row["interventions"], helps) for row in rows),
    }


def assembled_with(row: Row, most: int) -> bool:
    """The product is assembled, in truth too, where at most so many interventions are allowed."""
    return bool(row["assembled"] and row["truth_assembled"]) and int(row["interventions"]) <= most


def markdown(sums: Sequence[Row]) -> str:
    """The table; shares with their 95 % Wilson intervals."""
    helps = len(sums[0]["assembled"]) - 1 if sums else 0
    words = ["at first attempts", "alone", *(f"with up to {k}" for k in range(1, helps + 1))]
    lines = ["| product | " + " | ".join(words) + " |", "|---|" + "---|" * len(words)]
    for row in sums:
        name = "**all**" if row["product"] == "all" else row["product"]
        cells = (share_text(n, row["runs"]) for n in (row["at_first"], *row["assembled"]))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
