"""The trained skills that are at hand: a folder of folders, ``PRODUCT/SKILL/VERSION``.

The package ships one; another folder can be named to look there first.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sequences.assembly import Assembly, Step
from skills.artifact import RECORD, Skill, check_fits, load, read_record, save
from skills.insertion import Insertion

SHIPPED = Path(__file__).parent / "library"
"""The skills that come with the package."""
SHIPPED_PRESET = "dovetail"
"""The kind of learned policy that runs use; others are there to be compared with."""
GENERAL_KEYED, GENERAL_ROUND = "general/keyed", "general/round"
"""Skills trained on steps of several products: for plugs that must find their yaw, and for others."""
OWN = "DOVETAIL_SKILLS"
"""Environment variable that names a folder of skills to look in before the shipped ones."""


@dataclass(frozen=True, slots=True)
class Found:
    """A skill as it was found."""

    skill: Skill
    weights: Mapping[str, NDArray[Any]]
    path: Path


def own_folder() -> Path:
    """Where skills trained here are kept: ``$DOVETAIL_SKILLS``, else ``~/.local/share/dovetail/skills``."""
    named = os.environ.get(OWN)
    if named:
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local" / "share"))
    return Path(data) / "dovetail" / "skills"


def versions(name: str, folder: Path) -> dict[int, Path]:
    """Version → its folder, of the skill called ``name`` in ``folder``."""
    found = (path for path in (folder / name).glob("*") if path.name.isdigit() and (path / RECORD).exists())
    return {int(path.name): path for path in sorted(found, key=lambda path: int(path.name))}


def latest(name: str, folder: Path | None = None, preset: str = SHIPPED_PRESET) -> Found | None:
    """The newest version of the skill called ``name`` that ``preset`` trained; None when there is none.

    Looks in ``folder`` if given, else in the own folder and then among the shipped; in each, before those
    called ``name``, at those called ``PRESET/name``. Raises SkillError.
    """
    for place in (own_folder(), SHIPPED) if folder is None else (folder,):
        for known in (versions(f"{preset}/{name}", place), versions(name, place)):
            for path in reversed(known.values()):
                if read_record(path).policy == preset:
                    return Found(*load(path), path)
    return None


def fitting(
    assembly: Assembly, step: Step, folder: Path | None = None, preset: str = SHIPPED_PRESET
) -> Found | None:
    """The newest version of ``step``'s skill that ``preset`` trained; None when there is none.

    Raises Misfit when the one that is there was trained for another geometry, and other SkillErrors.
    """
    found = latest(step.skill, folder, preset)
    if found is not None:
        check_fits(found.skill, assembly, step, found.path)
    return found


def general(insertion: Insertion) -> Found | None:
    """The skill that was trained on many steps of this kind; None for a plug that enters finely, which is
    led in another way. Raises SkillError.

    It was made for no step in particular: whoever lets it fly one has to be told to.
    """
    if insertion.fine:
        return None
    return latest(GENERAL_KEYED if insertion.needs_yaw else GENERAL_ROUND)


def next_version(name: str, folder: Path) -> int:
    """The number that a new version of the skill called ``name`` gets."""
    known = [*versions(name, folder), *versions(name, SHIPPED)]
    return max(known, default=0) + 1


def refined_in(name: str, folder: Path, refinement: str) -> Path | None:
    """The version of the skill called ``name`` that ``refinement`` has published; None when it has not yet.

    Raises SkillError.
    """
    paths = versions(name, folder).values()
    return next((path for path in paths if read_record(path).record.get("refinement") == refinement), None)


def publish(
    skill: Skill,
    weights: Mapping[str, NDArray[Any]],
    folder: Path,
    beside: Mapping[str, bytes] | None = None,
) -> Path:
    """Put a version into ``folder``, with the files ``beside`` it, whole or not at all.

    Raises SkillError when it is there already.
    """
    path = folder / skill.name / str(skill.version)
    save(skill, path, weights, beside)
    return path


def everything() -> list[tuple[Skill, Path]]:
    """Every version of every skill that is at hand, by name and version; own ones before shipped ones.

    Raises SkillError.
    """
    found: list[tuple[Skill, Path]] = []
    for place in (own_folder(), SHIPPED):
        paths = (path.parent for path in place.glob(f"**/{RECORD}") if path.parent.name.isdigit())
        found += [(read_record(path), path) for path in paths]
    return sorted(found, key=lambda one: (one[0].name, one[0].version))
