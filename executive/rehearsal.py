"""The dry-run rule: a robot moves only for what was assembled in simulation before.

A dry run counts for the same sequence as laid out in the same cell, inserted by the same versions of the same
skills, with the goals as uncertain as on a bench.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from executive.errors import NotRehearsed
from executive.journal import Journal, RunRow
from executive.options import CellName, Noise, RunOptions
from executive.records import RunState
from sequences.assembly import Assembly

BEGINNINGS = ("run_began", "resumed")
"""Events that say with what a run went on."""
TURNS = {
    "sequence": "was assembled in simulation only with another sequence",
    "calibration": "was assembled in simulation only with another cell file",
    "skills": "was assembled in simulation only with other versions of its skills",
}


@dataclass(frozen=True, slots=True)
class Papers:
    """What a run stands on, as its journal keeps it."""

    sequence: str
    """A hash of the assembly's content, fixture and tray as they stand in the cell."""
    calibration: str
    """The fingerprint of the cell file; empty without one."""
    skills: Mapping[str, str]
    """Part → version of the skill that inserts it."""
    product: str = ""

    @classmethod
    def of(cls, assembly: Assembly, skills: Mapping[str, str], calibration: str) -> "Papers":
        """The papers of a run of ``assembly``."""
        content = assembly.model_dump_json().encode()
        return cls(hashlib.sha256(content).hexdigest()[:16], calibration, dict(skills), assembly.name)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    def differs_from(self, record: Mapping[str, Any]) -> list[str]:
        """What is another in ``record``; empty when it is of the same."""
        mine = self.as_json()
        return [name for name in TURNS if record.get(name) != mine[name]]


def require_rehearsal(journal: Journal, papers: Papers, options: RunOptions) -> int | None:
    """The dry run that lets a robot move; None where none is needed. Raises NotRehearsed."""
    if options.cell is not CellName.FR3 or options.without_dry_run:
        return None
    closest: list[str] = []
    for row in journal.rows():
        if not _is_dry_run(row, papers.product):
            continue
        differences = _differences(journal, row, papers)
        if not differences:
            return row.run
        if not closest or len(differences) < len(closest):
            closest = differences
    raise NotRehearsed(papers.product, _why(papers.product, closest), _remedy(papers.product, options))


def _is_dry_run(row: RunRow, product: str) -> bool:
    done = row.product == product and row.state is RunState.ASSEMBLED
    return done and row.options.cell.rehearses and row.options.noise is not Noise.NONE


def _differences(journal: Journal, row: RunRow, papers: Papers) -> list[str]:
    beginnings = [event.data or {} for event in journal.events(row.run) if event.kind in BEGINNINGS]
    return [name for name in TURNS if any(name in papers.differs_from(data) for data in beginnings)]


def _why(product: str, differences: list[str]) -> str:
    if not differences:
        return f"{product} was not assembled in simulation with this cell file"
    return f"{product} {'; it '.join(TURNS[name] for name in differences)}"


def _remedy(product: str, options: RunOptions) -> str:
    policy = "" if options.policy == RunOptions().policy else f" --policy {options.policy}"
    return f"dovetail run {product} --cell simulated-fr3 --cell-file {options.cell_file}{policy}"
