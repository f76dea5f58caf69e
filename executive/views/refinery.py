"""What people see of maps and refinements, as rich renderables made of plain rows."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from executive.views.runs import new_table
from executive.views.skills import causes_text
from skills.statistics import share_text

EXPLAINED = ("start", "error", "both")


def surveys_view(rows: Sequence[dict[str, Any]]) -> RenderableType:
    """Maps, as ``executive.refinery.mapping.Survey`` tells of them: how good, and what decides."""
    right = ("Brier", "mean's")
    main = new_table("step", "policy", "success", *right, "worth while", "causes of failure", right=right)
    shares = ("start", "error", "both")
    more = new_table("step", *shares, "what decides", right=shares)
    for table, columns in ((main, (0, 2)), (more, (0, 1, 2, 3))):
        for column in columns:
            table.columns[column].no_wrap = True
    for row in rows:
        step, found = f"{row['product']}/{row['step']}", row["map"]
        main.add_row(
            step, row["version"].rpartition("-")[0], share_text(row["successes"], row["rollouts"]),
            f"{found['brier']:.3f}", f"{found['brier_of_mean']:.3f}", "yes" if found["worthwhile"] else "no",
            causes_text(row["causes"]),
        )  # fmt: skip
        more.add_row(step, *(explained_text(row["explained"][name]) for name in EXPLAINED), row["verdict"])
    note = Text("Shares of the outcome's variance, foretold of held-out rollouts; * surely more than none.")
    return Group(main, more, note)


def explained_text(check: dict[str, Any]) -> str:
    """``30 % *``."""
    return f"{100 * check['explained']:.0f} %" + (" *" if check["worthwhile"] else "")


def refinements_view(rows: Sequence[dict[str, Any]]) -> RenderableType:
    """Refinements that have ended, one line each."""
    view = new_table("skill", "came of it", "failures", "again", "why", right=("failures", "again"))
    for row in rows:
        version = row.get("version")
        state = f"published {version}" if version is not None else str(row["state"])
        again = row.get("reproduced")
        shown = "" if again is None else f"{again['again']}/{again['failures']}"
        view.add_row(row["skill"], state, str(row.get("failures", "")), shown, row["why"])
    return view
