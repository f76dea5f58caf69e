"""Returning to an earlier version of a skill, without forgetting the later ones."""

from pathlib import Path

import msgspec

from executive.errors import NoSuchVersion
from skills.artifact import FORMAT, load
from skills.library import SHIPPED, SHIPPED_PRESET, latest, next_version, publish, versions


def rolled_back(name: str, version: int | None, folder: Path) -> tuple[Path, int, int]:
    """Publish ``version`` of the skill called ``name`` again, the newest one's parent when None.

    Returns the new version's folder and number, and the number of the version that it is again. Raises
    NoSuchVersion, SkillError.
    """
    known = {**versions(name, SHIPPED), **versions(name, folder)}
    newest = latest(name, folder, SHIPPED_PRESET) or latest(name)
    if newest is None or not known:
        raise NoSuchVersion(name, version, sorted(known))
    wanted = newest.skill.record.get("parent") if version is None else version
    if wanted not in known:
        raise NoSuchVersion(name, wanted, sorted(known))
    skill, weights = load(known[wanted])
    number = next_version(name, folder)
    record = {
        **{key: value for key, value in skill.record.items() if key != "refinement"},
        "parent": newest.skill.version,
        "again": wanted,
        "why": f"rolled back from version {newest.skill.version} to {wanted}",
    }
    again = msgspec.structs.replace(skill, format=FORMAT, version=number, record=record)
    return publish(again, weights, folder), number, int(wanted)
