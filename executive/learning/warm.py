"""What a training starts from when it does not start from nothing: another skill of the same preset."""

from dataclasses import dataclass
from pathlib import Path

from calibration.similarity import most_similar
from executive.errors import NoSkill
from executive.steps import Task, is_a_path, name_of
from skills.artifact import RECORD, SkillError, load
from skills.library import Found, latest
from skills.presets import Preset

NONE, SIMILAR = "none", "similar"


@dataclass(frozen=True, slots=True)
class Warm:
    """A skill to start from."""

    found: Found
    label: str
    """For records: its name, preset and version."""


def warm_start(wish: str, tasks: tuple[Task, ...], kind: Preset) -> Warm | None:
    """The skill that ``wish`` means for a training of ``tasks``; None for a training from nothing.

    ``similar`` means the skill of the library, other than the tasks' own, whose step is most like theirs;
    where there is none, the training starts from nothing. Raises NoSkill, SkillError.
    """
    if wish == NONE:
        return None
    found = most_similar(tasks, kind) if wish == SIMILAR else _named(wish, tasks, kind)
    if found is None:
        return None
    skill = found.skill
    if skill.policy != kind.name:
        what = f"was trained by preset '{skill.policy}'; '{kind.name}' cannot start from it"
        raise SkillError(found.path / RECORD, what)
    return Warm(found, f"{skill.name} {skill.policy}-{skill.version}")


def _named(wish: str, tasks: tuple[Task, ...], kind: Preset) -> Found:
    if is_a_path(wish):
        path = Path(wish).expanduser()
        return Found(*load(path), path)
    found = latest(wish, preset=kind.name)
    if found is None:
        raise NoSkill(wish, name_of(tasks[0]), "to start from; see 'dovetail skills', or give a folder")
    return found
