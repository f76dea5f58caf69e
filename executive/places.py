"""Where journals are, and where runs and their screens find each other under the folder of one."""

import os
from pathlib import Path


def default_runs_dir() -> Path:
    """``$DOVETAIL_HOME``, else ``dovetail`` in the user's data directory."""
    if home := os.environ.get("DOVETAIL_HOME"):
        return Path(home)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "dovetail"


def keys_folder(runs_dir: Path) -> Path:
    """Where the keys of a journal's stations are."""
    return runs_dir / "operator" / "keys"


def whereabouts_file(runs_dir: Path, run: int) -> Path:
    """Where a run that goes on says how to reach it."""
    return runs_dir / "operator" / f"run-{run}.json"


def whereabouts_files(runs_dir: Path) -> list[Path]:
    """The same of all runs, the newest first; some may be of runs that were killed."""
    files = (runs_dir / "operator").glob("run-*.json")
    numbers = {int(file.stem[4:]): file for file in files if file.stem[4:].isdigit()}
    return [numbers[number] for number in sorted(numbers, reverse=True)]


def flights_folder(runs_dir: Path, run: int) -> Path:
    """Where a run's flight recorder writes."""
    return runs_dir / "flights" / f"run-{run}"


def episodes_folder(runs_dir: Path, run: int) -> Path:
    """Where a run keeps its attempts, period by period."""
    return runs_dir / "episodes" / f"run-{run}"


def offsets_file(runs_dir: Path) -> Path:
    """Where it is kept how far products stand from where a cell has them."""
    return runs_dir / "offsets.json"


def map_file(runs_dir: Path, version: str) -> Path:
    """Where the success map of one version of a skill at a step is kept."""
    return runs_dir / "maps" / f"{version}.json"
