"""A learned policy as a routine: the same commands as in a batch for the same readings."""

from collections.abc import Callable

import numpy as np
import pytest

from calibration.crews import LearnedCrew
from sequences.load import load
from sim.control import CONTROL_PERIOD_S
from sim.insertions import Insertions
from sim.world_cell import WorldCell, target_rows
from skills.cell import Compliance
from skills.insert import CARRYING, SEARCHING
from skills.insertion import Attempt
from skills.learned import Learned
from skills.library import Found
from skills.routine import Cause, Progress
from skills.search import Search
from skills.tasks import insertion_of

PRODUCT = load("bearing_block")
STEP = PRODUCT.step_of("bolt_left")
INSERTION = insertion_of(PRODUCT, STEP)
Make = Callable[..., Found]

pytestmark = pytest.mark.usefixtures("banks")


def test_routine_and_crew_command_alike(make_found: Make) -> None:
    n, found = 2, make_found(PRODUCT, STEP, scale=0.3)
    worlds = Insertions(PRODUCT, STEP, INSERTION, n, seed=1, bank_size=16)
    crew = LearnedCrew(found, INSERTION)
    crew.begin(worlds)
    cells = [WorldCell(worlds, row, CONTROL_PERIOD_S) for row in range(n)]
    attempts = [Attempt(INSERTION, cell.locate_goal(STEP.part).pose_in_base) for cell in cells]
    routines = [Learned(attempt, found) for attempt in attempts]
    for routine, cell in zip(routines, cells, strict=True):
        routine.start(cell)
    worked = 0
    for _ in range(90):
        for routine, cell in zip(routines, cells, strict=True):
            assert routine.update(cell) is Progress.RUNNING, routine.message
        crew.act(worlds, np.arange(n))
        commanded = worlds.worlds.control[:, -1, worlds.worlds.model.nu :]
        wanted = target_rows(cells)
        flip = np.sign(np.sum(commanded[:, 3:] * wanted[:, 3:], axis=1, keepdims=True))
        assert commanded[:, :3] == pytest.approx(wanted[:, :3], abs=1e-6)
        assert flip * commanded[:, 3:] == pytest.approx(wanted[:, 3:], abs=1e-6)
        worked += sum(routine.message.startswith("inserting") for routine in routines)
    assert worked > 20
    for attempt in attempts:
        assert attempt.face_height_m is not None
        assert len(attempt.trace) == 90
        assert attempt.peak_force_n > 4.0


class Noting(WorldCell):
    """Keeps the springs that it is given."""

    springs: tuple[Compliance, ...] = ()

    def compliance(self, compliance: Compliance) -> None:
        """See :class:`skills.cell.Cell`."""
        self.springs += (compliance,)
        super().compliance(compliance)


@pytest.mark.parametrize("learned", [True, False])
def test_a_plug_is_turned_firmly_until_it_touches(learned: bool, make_found: Make) -> None:
    """And the spring is changed once only: on a robot that is another motion."""
    worlds = Insertions(PRODUCT, STEP, INSERTION, 1, seed=1, bank_size=16)
    worlds.place(np.array([0]))
    cell = Noting(worlds, 0, CONTROL_PERIOD_S)
    attempt = Attempt(INSERTION, cell.locate_goal(STEP.part).pose_in_base)
    routine = Learned(attempt, make_found(PRODUCT, STEP)) if learned else Search(attempt)
    routine.start(cell)
    while attempt.face_height_m is None:
        assert routine.update(cell) is Progress.RUNNING, routine.message
        before, touched = cell.springs, float(worlds.worlds.felt.peak_n[0]) > 1.0
        assert touched or before == (CARRYING,)
        worlds.move(target_rows([cell]))
    assert cell.springs == (CARRYING, SEARCHING)


def test_it_gives_up_with_a_cause(make_found: Make) -> None:
    """Its clock is set so short that it is late at once when it has touched down."""
    found = make_found(PRODUCT, STEP)
    hurried = {**found.skill.settings, "lead": {**found.skill.settings["lead"], "work_s": 0.1}}
    found = make_found(PRODUCT, STEP, settings=hurried)
    worlds = Insertions(PRODUCT, STEP, INSERTION, 1, seed=1, bank_size=16)
    worlds.place(np.array([0]))
    cell = WorldCell(worlds, 0, CONTROL_PERIOD_S)
    routine = Learned(Attempt(INSERTION, cell.locate_goal(STEP.part).pose_in_base), found)
    routine.start(cell)
    for _ in range(200):
        progress = routine.update(cell)
        if progress is not Progress.RUNNING:
            break
        worlds.move(target_rows([cell]))
    assert progress is Progress.FAILED
    assert routine.cause in (Cause.TIMEOUT, Cause.JAM)
    assert routine.message
