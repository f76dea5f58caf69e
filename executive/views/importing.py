"""What an import found, as a table for the terminal."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def import_view(report: dict[str, Any]) -> RenderableType:
    """Order, fit, proof and what was changed; ``report`` as ``sequences.importing.writing`` makes it."""
    count = len(report["parts"])
    title = f"{report['product']}: {count} parts in {report['unit']}, base '{report['base']}'"
    return Group(Text(title), _steps(report), *_changes(report))


def _steps(report: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("part", "into", "play", "contact adds", "loses", "penetrates", "pieces", "grasps"):
        table.add_column(heading, justify="left" if heading in ("part", "into") else "right")
    for row in report["contact"]:
        table.add_row(
            row["part"],
            ", ".join(row["mates"]),
            f"{row['play_mm']:.2f} mm",
            f"{row['added_mm']:.3f}",
            f"{row['lost_mm']:.3f}",
            f"{row['penetration_mm']:.3f}",
            str(row["pieces"]),
            str(len(report["grasps"][row["part"]])),
        )
    return table


def _changes(report: dict[str, Any]) -> list[Text]:
    lines = [
        Text(
            f"relieved {row['part']} against {', '.join(row['against'])}: {row['removed_mm3']:g} mm³, "
            f"{row['thickness_mm']:g} mm thick, z {row['from_mm'][2]:g} to {row['to_mm'][2]:g} mm"
        )
        for row in report["relieved"]
    ]
    for name, part in report["parts"].items():
        lines += [Text(f"{name}: {note}") for note in part["notes"] if not note.startswith("relieved")]
    return lines
