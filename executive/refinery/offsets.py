"""How far products stand from where a cell has them: kept beside the journal, and learned from it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.offset import MOST_M, Offset, offset_of
from executive.database import now
from executive.errors import OffsetsUnreadable
from executive.journal import Journal
from executive.options import RunOptions
from executive.places import offsets_file
from sequences.files import write_whole

NEWEST = 40
"""So many seated parts, the newest, are asked."""


def known(runs_dir: Path, product: str, options: RunOptions) -> tuple[float, float]:
    """The offset that runs of ``product`` allow for, base axes x, y [m]. Raises OffsetsUnreadable."""
    record = _records(runs_dir).get(_key(product, options))
    return (0.0, 0.0) if record is None else (record["x_mm"] / 1000.0, record["y_mm"] / 1000.0)


@dataclass(frozen=True, slots=True)
class Learned:
    """What seated parts said of one product in one cell."""

    product: str
    cell: str
    offset: Offset
    """Beside what was known before."""
    before_m: tuple[float, float]
    too_far: bool
    """It was not taken over: nobody should work around so much."""

    @property
    def now_m(self) -> tuple[float, float]:
        """The offset that runs allow for from now on [m]."""
        x, y = self.before_m
        return self.before_m if self.too_far else (x + self.offset.x_m, y + self.offset.y_m)

    def words(self) -> str:
        """For people."""
        said = f"{self.product} in {self.cell} stands off by {self.offset.words()}"
        if self.too_far:
            return f"{said}: too far to allow for; find the fixture anew with 'dovetail calibrate fixture'"
        return f"{said}: runs allow for it from now on"

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        x, y = (round(1000.0 * value, 3) for value in self.now_m)
        return {
            "product": self.product, "cell": self.cell, "x_mm": x, "y_mm": y, "too_far": self.too_far,
            "found_mm": [round(1000.0 * v, 3) for v in (self.offset.x_m, self.offset.y_m)],
            "error_mm": [round(1000.0 * v, 3) for v in self.offset.error_m],
            "parts": self.offset.parts, "time": now(),
        }  # fmt: skip


def learn(journal: Journal) -> list[Learned]:
    """Ask the newest seated parts of every product in every cell, and keep what they say.

    Raises OffsetsUnreadable.
    """
    records, found = _records(journal.runs_dir), []
    for product, cell in journal.products_in_cells():
        options = RunOptions.from_json({"cell": cell})
        before = known(journal.runs_dir, product, options)
        rows = journal.found_off(product, cell, NEWEST)
        offset = offset_of([(x - before[0], y - before[1]) for x, y in rows])
        if offset is None:
            continue
        total = (before[0] + offset.x_m, before[1] + offset.y_m)
        learned = Learned(product, cell, offset, before, too_far=max(map(abs, total)) > MOST_M)
        found.append(learned)
        if not learned.too_far:
            records[_key(product, options)] = learned.as_json()
    if found:
        text = json.dumps({"offsets": records}, indent=1) + "\n"
        write_whole(offsets_file(journal.runs_dir), text.encode())
    return found


def _key(product: str, options: RunOptions) -> str:
    return f"{options.cell}/{product}"


def _records(runs_dir: Path) -> dict[str, dict[str, Any]]:
    file = offsets_file(runs_dir)
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["offsets"]
        return {
            str(key): {**row, "x_mm": float(row["x_mm"]), "y_mm": float(row["y_mm"])}
            for key, row in rows.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OffsetsUnreadable(file, str(error)) from None
