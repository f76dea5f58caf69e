"""What can go wrong above the cell.

ExecutiveError
├── UnknownRun        a run was named that the journal does not hold
├── RunBusy           another process drives the run
├── RunFinished       there is nothing left to resume
├── WorldGone         what a run had built ended with the process that drove it
├── NotRehearsed      a robot was to move without a dry run of the same in simulation
├── CellFileNeeded    a robot was asked for and nothing says how to reach it
├── JournalUnreadable the file is not a journal of this version
├── CellUnavailable   the cell that was asked for is not installed here
├── UnknownStep       a step was named that no product has
├── NoSkill           a policy was named that nobody wrote or trained for the step
├── NoSuchVersion     a skill has no version to return to
├── NothingToRefine   no skill was named and none waits
├── ResultsUnreadable a file of measured rows cannot be added to
├── ExtraMissing      what was asked for needs a package that is installed only on demand
├── ClusterUnreachable a Ray cluster cannot be joined, or was lost
└── NothingToExport   the runs that were named kept no attempt
"""

from pathlib import Path
from typing import Any


class ExecutiveError(Exception):
    """Something was asked of the executive that it cannot do; the message is for a person."""

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it comes whole out of another process, whatever it was made of."""
        return _remade, (type(self), self.args), self.__dict__


def _remade(kind: type[ExecutiveError], args: tuple[Any, ...]) -> ExecutiveError:
    return kind.__new__(kind, *args)


class UnknownRun(ExecutiveError):
    """A run was named that the journal does not hold."""

    def __init__(self, run: int | None, known: int, journal: Path) -> None:
        self.run, self.known, self.journal = run, known, journal
        what = "there is no run to speak of" if run is None else f"there is no run {run}"
        has = f"it holds {known} runs, see 'dovetail runs'" if known else "it is empty"
        super().__init__(f"{what} in {journal}; {has}")


class RunBusy(ExecutiveError):
    """Another process drives the run."""

    def __init__(self, run: int, holder: str) -> None:
        self.run, self.holder = run, holder
        who = f"process {holder}" if holder else "another process"
        super().__init__(f"run {run} is being driven by {who}; wait for it, or stop it first")


class RunFinished(ExecutiveError):
    """There is nothing left to resume."""

    def __init__(self, run: int) -> None:
        self.run = run
        super().__init__(f"run {run} is assembled, nothing is left to resume; see 'dovetail report {run}'")


class WorldGone(ExecutiveError):
    """What a run had built ended with the process that drove it."""

    def __init__(self, run: int, cell: str) -> None:
        self.run, self.cell = run, cell
        super().__init__(
            f"run {run} cannot go on: its parts were those of a {cell} that ended with it. Begin again with "
            "'dovetail run'; 'dovetail bridge serve --robot simulated' keeps a robot that outlasts runs"
        )


class NotRehearsed(ExecutiveError):
    """A robot was to move without a dry run of the same in simulation."""

    def __init__(self, product: str, why: str, command: str) -> None:
        self.product, self.why = product, why
        super().__init__(
            f"the robot does not move: {why}.\n"
            f"    → {command}\n"
            "    or, at your own word, --without-dry-run; the journal will say so"
        )


class CellFileNeeded(ExecutiveError):
    """A robot was asked for and nothing says how to reach it."""

    def __init__(self) -> None:
        super().__init__(
            "--cell fr3 needs --cell-file CELL.yaml, the file that says where bridge and fixture are; "
            "docs/robot.md shows one"
        )


class JournalUnreadable(ExecutiveError):
    """The file is not a journal of this version."""

    def __init__(self, journal: Path, why: str) -> None:
        self.journal, self.why = journal, why
        super().__init__(f"{journal} cannot be used as a journal: {why}; choose another with --runs-dir")


class CellUnavailable(ExecutiveError):
    """The cell that was asked for is not installed here."""

    def __init__(self, cell: str, why: str) -> None:
        self.cell, self.why = cell, why
        super().__init__(f"the cell '{cell}' cannot be opened: {why}")


class UnknownStep(ExecutiveError):
    """A step was named that no product has."""

    def __init__(self, name: str, hint: str) -> None:
        self.name = name
        super().__init__(f"'{name}' is neither PRODUCT/PART nor the name of a skill; {hint}")


class NoSkill(ExecutiveError):
    """A policy was named that nobody wrote or trained for the step."""

    def __init__(self, policy: str, step: str, hint: str) -> None:
        self.policy, self.step = policy, step
        super().__init__(f"there is no skill or policy '{policy}' for {step}; {hint}")


class NothingToRefine(ExecutiveError):
    """No skill was named and none waits."""


class NoSuchVersion(ExecutiveError):
    """A skill has no version to return to."""

    def __init__(self, skill: str, version: int | None, known: list[int]) -> None:
        self.skill, self.version, self.known = skill, version, known
        what = "no earlier version" if version is None else f"no version {version}"
        has = (
            f"it has {', '.join(map(str, known))}"
            if known
            else "there is no such skill, see 'dovetail skills'"
        )
        super().__init__(f"'{skill}' has {what} to return to; {has}")


class ResultsUnreadable(ExecutiveError):
    """A file of measured rows cannot be added to."""

    def __init__(self, file: Path, why: str) -> None:
        self.file, self.why = file, why
        super().__init__(f"{file}: is not a file of results ({why}); give another with --out")


class OffsetsUnreadable(ExecutiveError):
    """The file of offsets that runs allow for is not one."""

    def __init__(self, file: Path, why: str) -> None:
        self.file, self.why = file, why
        super().__init__(
            f"{file}: is not a file of offsets ({why}); delete it, and 'dovetail refine' makes it anew"
        )


class ExtraMissing(ExecutiveError):
    """What was asked for needs a package that is installed only on demand."""

    def __init__(self, extra: str, package: str) -> None:
        self.extra, self.package = extra, package
        super().__init__(f"this needs the package {package}: pip install 'dovetail[{extra}]'")


class ClusterUnreachable(ExecutiveError):
    """A Ray cluster cannot be joined, or was lost."""

    def __init__(self, address: str, why: str) -> None:
        self.address, self.why = address, why
        first = why.strip().partition("\n")[0]
        super().__init__(f"no work can be done on the cluster '{address}': {first}; see 'ray status'")


class NothingToExport(ExecutiveError):
    """The runs that were named kept no attempt."""

    def __init__(self) -> None:
        super().__init__("these runs kept no attempt to export; see 'dovetail runs'")
