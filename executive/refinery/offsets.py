"""How far products stand and lie from where a cell has them: kept beside the journal, and learned from it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.offset import MOST_M, Lying, Offset, lying_of, offset_of
from executive.database import now
from executive.errors import OffsetsUnreadable
from executive.journal import Journal
from executive.options import RunOptions
from executive.places import offsets_file
from sequences.files import write_whole

NEWEST = 40
"""So many parts, the newest, are asked."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What runs of a product in a cell allow for."""

    offset_m: tuple[float, float] = (0.0, 0.0)
    """How far the product stands from where goals are measured, base axes x, y [m]."""
    lying_m: float = 0.0
    """How much higher than located parts lie in the tray [m]."""

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"offset_m": self.offset_m, "lying_m": self.lying_m}


def known(runs_dir: Path, product: str, options: RunOptions) -> Allowance:
    """What runs of ``product`` allow for. Raises OffsetsUnreadable."""
    record = _records(runs_dir).get(_key(product, options))
    if record is None:
        return Allowance()
    return Allowance((record["x_mm"] / 1000.0, record["y_mm"] / 1000.0), record["lying_mm"] / 1000.0)


@dataclass(frozen=True, slots=True)
class Learned:
    """What parts said of one product in one cell."""

    product: str
    cell: str
    offset: Offset | None
    lying: Lying | None
    """Beside what was known before; None where that is right."""
    before: Allowance

    @property
    def too_far(self) -> bool:
        """Some of it was not taken over: nobody should work around so much."""
        return self.now != self._wanted

    @property
    def now(self) -> Allowance:
        """What runs allow for from now on."""
        wanted, before = self._wanted, self.before
        far = max(map(abs, wanted.offset_m)) > MOST_M
        high = abs(wanted.lying_m) > MOST_M
        return Allowance(
            before.offset_m if far else wanted.offset_m, before.lying_m if high else wanted.lying_m
        )

    @property
    def _wanted(self) -> Allowance:
        (x, y), lying_m = self.before.offset_m, self.before.lying_m
        if self.offset is not None:
            x, y = x + self.offset.x_m, y + self.offset.y_m
        return Allowance((x, y), lying_m + (0.0 if self.lying is None else self.lying.higher_m))

    def words(self) -> str:
        """For people."""
        said = []
        if self.offset is not None:
            said.append(f"stands off by {self.offset.words()}")
        if self.lying is not None:
            said.append(f"lies in the tray higher by {self.lying.words()}")
        found = f"{self.product} in {self.cell} {' and '.join(said)}"
        if self.too_far:
            return f"{found}: too far to allow for; find the fixture anew with 'dovetail calibrate fixture'"
        return f"{found}: runs allow for it from now on"

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        offset, lying, now_ = self.offset, self.lying, self.now
        x, y = (round(1000.0 * value, 3) for value in now_.offset_m)
        found = None if offset is None else [round(1000.0 * v, 3) for v in (offset.x_m, offset.y_m)]
        return {
            "product": self.product, "cell": self.cell, "x_mm": x, "y_mm": y,
            "lying_mm": round(1000.0 * now_.lying_m, 3), "too_far": self.too_far, "found_mm": found,
            "error_mm": None if offset is None else [round(1000.0 * v, 3) for v in offset.error_m],
            "parts": 0 if offset is None else offset.parts,
            "found_lying_mm": None if lying is None else round(1000.0 * lying.higher_m, 3),
            "felt_parts": 0 if lying is None else lying.parts, "time": now(),
        }  # fmt: skip


def learn(journal: Journal) -> list[Learned]:
    """Ask the newest parts of every product in every cell, and keep what they say.

    Raises OffsetsUnreadable.
    """
    records, found = _records(journal.runs_dir), []
    for product, cell in journal.products_in_cells():
        options = RunOptions.from_json({"cell": cell})
        before = known(journal.runs_dir, product, options)
        x, y = before.offset_m
        offset = offset_of([(a - x, b - y) for a, b in journal.found_off(product, cell, NEWEST)])
        lying = lying_of([high - before.lying_m for high in journal.lay_high(product, cell, NEWEST)])
        if offset is None and lying is None:
            continue
        learned = Learned(product, cell, offset, lying, before)
        found.append(learned)
        if learned.now != before:
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
            str(key): {
                **row,
                "x_mm": float(row["x_mm"]),
                "y_mm": float(row["y_mm"]),
                "lying_mm": float(row.get("lying_mm", 0.0)),
            }
            for key, row in rows.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OffsetsUnreadable(file, str(error)) from None
