"""What seated parts say of where a product stands: learned from the journal, kept, allowed for by runs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from executive.cells import open_bench
from executive.errors import OffsetsUnreadable
from executive.journal import Event, Journal
from executive.options import CellName, Noise, OnFailure, PolicyName, RunOptions
from executive.places import offsets_file
from executive.refinery.offsets import NEWEST, Allowance, known, learn
from executive.run import assemble
from sequences.load import load

PRODUCT, SIM = "plate", RunOptions()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "runs")


def placed(journal: Journal, offs: Any, *, product: str = PRODUCT, cell: CellName = CellName.SIM) -> None:
    """A run in which one part after another was seated, off by the rows of ``offs`` [m]."""
    run = journal.begin(product, "{}", RunOptions(cell=cell), "1")
    for index, off in enumerate(offs):
        record = {"found_off_m": None if off is None else [float(off[0]), float(off[1])], "lay_high_m": None}
        journal.record(run, Event("step_done", index, 1, 0.0, {"record": record}))


def scattered(n: int, x_m: float, y_m: float, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(-0.002, 0.002, (n, 2)) + np.array([x_m, y_m])


def test_an_offset_is_learned_kept_and_not_learned_twice(journal: Journal) -> None:
    placed(journal, [*scattered(30, 0.0015, 0.0), None, None])
    placed(journal, scattered(30, 0.0, 0.0), product="other")
    (learned,) = learn(journal)
    assert learned.offset is not None
    assert (learned.product, learned.cell, learned.offset.parts) == (PRODUCT, "sim", 30)
    assert known(journal.runs_dir, PRODUCT, SIM).offset_m == pytest.approx(learned.now.offset_m, abs=1e-6)
    assert learned.now.offset_m[0] == pytest.approx(0.0015, abs=0.0008)
    assert "runs allow for it" in learned.words()
    assert known(journal.runs_dir, "other", SIM) == Allowance()
    assert known(journal.runs_dir, PRODUCT, RunOptions(cell=CellName.FAKE)) == Allowance()
    assert learn(journal) == []


def test_only_the_newest_parts_are_asked_so_that_it_is_unlearned_too(journal: Journal) -> None:
    placed(journal, scattered(NEWEST, 0.0015, 0.0))
    learn(journal)
    placed(journal, scattered(NEWEST, 0.0, 0.0, seed=1))
    (back,) = learn(journal)
    assert back.offset is not None
    assert back.offset.x_m == pytest.approx(-0.0015, abs=0.001)
    assert np.hypot(*known(journal.runs_dir, PRODUCT, SIM).offset_m) < 0.0007


def felt(journal: Journal, heights_m: Any, kind: str = "step_done") -> None:
    """A run in which one part after another was felt so much too high [m]."""
    run = journal.begin(PRODUCT, "{}", SIM, "1")
    for index, high_m in enumerate(heights_m):
        record = {"found_off_m": None, "lay_high_m": None if high_m is None else float(high_m)}
        journal.record(run, Event(kind, index, 1, 0.0, {"record": record}))


def test_how_parts_lie_is_learned_of_seated_and_refused_ones_and_not_learned_twice(journal: Journal) -> None:
    rng = np.random.default_rng(0)
    felt(journal, [*rng.normal(0.0009, 0.0001, 10), None])
    felt(journal, rng.normal(0.0012, 0.0001, 10), "attempt_failed")
    (learned,) = learn(journal)
    assert learned.offset is None
    assert learned.lying is not None
    assert learned.lying.parts == 20
    assert "lies in the tray higher by +1.0" in learned.words()
    now = known(journal.runs_dir, PRODUCT, SIM)
    assert now.offset_m == (0.0, 0.0)
    assert now.lying_m == pytest.approx(0.00105, abs=0.0001)
    assert learn(journal) == []
    felt(journal, rng.normal(0.008, 0.0001, NEWEST))
    (far,) = learn(journal)
    assert far.too_far
    assert known(journal.runs_dir, PRODUCT, SIM) == now


def test_offsets_kept_without_how_parts_lie_are_read(journal: Journal) -> None:
    record = {"x_mm": 1.0, "y_mm": 0.5}
    offsets_file(journal.runs_dir).write_text(json.dumps({"offsets": {f"sim/{PRODUCT}": record}}))
    assert known(journal.runs_dir, PRODUCT, SIM) == Allowance((0.001, 0.0005), 0.0)


def test_nobody_works_around_a_fixture_that_was_moved(journal: Journal) -> None:
    placed(journal, scattered(30, 0.009, 0.0))
    (learned,) = learn(journal)
    assert learned.too_far
    assert "dovetail calibrate fixture" in learned.words()
    assert known(journal.runs_dir, PRODUCT, SIM) == Allowance()


@pytest.mark.parametrize("text", ["", "[]", '{"offsets": {"sim/plate": {"x_mm": 1}}}', '{"offsets": 3}'])
def test_a_broken_file_is_named(journal: Journal, text: str) -> None:
    offsets_file(journal.runs_dir).write_text(text)
    with pytest.raises(OffsetsUnreadable, match=r"offsets\.json: is not a file of offsets"):
        known(journal.runs_dir, PRODUCT, SIM)


def test_a_run_finds_how_far_off_its_parts_stand_and_allows_for_what_is_known(journal: Journal) -> None:
    """In physics: the fixture is 1.5 mm from where it is measured, and nothing else is wrong."""
    assembly = load("valve_manifold")
    one = assembly.model_copy(update={"steps": assembly.steps[:1]})
    options = RunOptions(
        policy=PolicyName.SEARCH, noise=Noise.NONE, on_failure=OnFailure.SKIP, drift="fixture_x_mm=1.5"
    )
    play_m = 0.0005 + 0.0004
    for allowed_m in (0.0, 0.0015):
        record = {"x_mm": 1000 * allowed_m, "y_mm": 0.0}
        offsets_file(journal.runs_dir).write_text(json.dumps({"offsets": {f"sim/{one.name}": record}}))
        result = assemble(one, open_bench(one, options), options, journal)
        (attempt,) = result.attempts
        assert attempt.seated
        assert attempt.found_off_m == pytest.approx((0.0015, 0.0), abs=play_m)
        begun = journal.events(result.run)[0].data
        assert begun is not None
        assert begun["offset_m"] == [allowed_m, 0.0]
    rows = journal.found_off(one.name, "sim", 10)
    assert len(rows) == 2
    assert rows[0] == pytest.approx(attempt.found_off_m)


def test_a_run_finds_how_much_higher_parts_lie_and_takes_hold_of_them_there(journal: Journal) -> None:
    """In physics: the fingers take hold of every part 1.5 mm lower than told, and nothing else is wrong."""
    assembly = load("valve_manifold")
    one = assembly.model_copy(update={"steps": assembly.steps[:1]})
    options = RunOptions(
        policy=PolicyName.SEARCH, noise=Noise.NONE, on_failure=OnFailure.SKIP, drift="grasp_mm=1.5"
    )
    for lying_mm in (0.0, 1.5):
        record = {"x_mm": 0.0, "y_mm": 0.0, "lying_mm": lying_mm}
        offsets_file(journal.runs_dir).write_text(json.dumps({"offsets": {f"sim/{one.name}": record}}))
        result = assemble(one, open_bench(one, options), options, journal)
        attempt = result.attempts[0]
        assert attempt.lay_high_m == pytest.approx(0.0015, abs=0.0003)
        begun = journal.events(result.run)[0].data
        assert begun is not None
        assert begun["lying_m"] == pytest.approx(lying_mm / 1000.0)
    assert attempt.seated
    assert journal.lay_high(one.name, "sim", 1) == [pytest.approx(attempt.lay_high_m)]
