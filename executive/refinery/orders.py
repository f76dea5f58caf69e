"""Which skills are to be refined, and of which product."""

from pathlib import Path

from calibration.refinement import FineTuning
from executive.errors import NothingToRefine
from executive.refinery.refining import RefineOrder
from executive.refinery.store import Refinery
from executive.steps import tasks_named
from skills.library import own_folder


def orders_for(
    named: list[str],
    every: bool,
    runs_dir: Path,
    out: Path | None,
    settings: FineTuning,
    *,
    trial: int,
    episodes: int,
) -> list[RefineOrder]:
    """One order for each skill that is ``named``, by steps or skills, and for ``every`` one that waits.

    Skills that wait come with the product of the run in which they failed last, the one with the most
    failures first. Raises NothingToRefine, UnknownStep, AssemblyError.
    """
    if not named and not every:
        raise NothingToRefine("say which STEP, or --all")
    refinery = Refinery(runs_dir)
    assemblies: dict[str, tuple[str, bool]] = {}
    for name in named:
        (assembly, step), *_ = tasks_named(name)
        assemblies[step.skill] = (assembly.model_dump_json(), True)
    for skill in refinery.waiting() if every else ():
        assembly_text = refinery.assembly_of(skill)
        if skill not in assemblies and assembly_text is not None:
            assemblies[skill] = (assembly_text, False)
    refinery.close()
    if not assemblies:
        raise NothingToRefine("nothing waits in the queue; see 'dovetail queue'")
    return [
        RefineOrder(text, skill, runs_dir, out or own_folder(), settings, trial, episodes, asked)
        for skill, (text, asked) in assemblies.items()
    ]
