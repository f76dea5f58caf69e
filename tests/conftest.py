"""What tests of several floors share."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest


@pytest.fixture(scope="session")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Banks of starts are kept in a folder of the tests' own."""
    folder = tmp_path_factory.mktemp("banks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.bank.default_cache", lambda: folder)
        yield folder


@pytest.fixture(scope="session")
def make_found() -> Callable[..., Any]:
    """Makes skills of the dovetail preset whose networks are random: ``make_found(assembly, step)``."""
    from sim.control import CONTROL_PERIOD_S
    from skills.artifact import Skill, geometry_of
    from skills.library import Found
    from skills.presets import DOVETAIL, as_record
    from skills.tasks import insertion_of

    def make(assembly: Any, step: Any, *, scale: float = 0.05, **changes: Any) -> Found:
        pilot = DOVETAIL.fly(insertion_of(assembly, step), 1, CONTROL_PERIOD_S, DOVETAIL.settings)
        skill = Skill(
            name=step.skill,
            version=1,
            policy="dovetail",
            settings=as_record(DOVETAIL.settings),
            geometries=(geometry_of(assembly, step),),
            observation=pilot.observation,
            action=pilot.action,
            record={"steps": [f"{assembly.name}/{step.part}"], "environment_steps": 1000},
        )
        rng, sizes = np.random.default_rng(5), (pilot.observation.size, 8, pilot.action.size)
        weights = {
            "obs_normalizer._mean": np.zeros((1, sizes[0])),
            "obs_normalizer._std": np.ones((1, sizes[0])),
        }
        for index, (before, after) in enumerate(pairwise(sizes)):
            weights[f"mlp.{2 * index}.weight"] = scale * rng.standard_normal((after, before))
            weights[f"mlp.{2 * index}.bias"] = scale * rng.standard_normal(after)
        weights = {name: value.astype(np.float32) for name, value in weights.items()}
        return Found(msgspec.structs.replace(skill, **changes), weights, Path(step.skill))

    return make
