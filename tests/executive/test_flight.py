"""The flight recorder: written on every kind of trouble, read without pickle, shown in reports."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from executive.board import Board, Phase
from executive.flight import KEPT_S, FlightRecorder, flights_of
from executive.main import app
from executive.operator.attendant import Nobody, Watched
from executive.operator.hold import holdable
from executive.operator.protocol import Abort, Pause
from executive.options import OnFailure, RunOptions
from executive.places import flights_folder
from executive.records import RunState
from executive.reports.report import write_report
from executive.reports.story import told
from executive.track import COLUMNS, Track

Make = Callable[..., Any]
ONCE = RunOptions(attempts=1, on_failure=OnFailure.SKIP)


def test_a_failed_attempt_leaves_its_last_half_minute(make_world: Make) -> None:
    world = make_world(("jam", "left"))
    result = world.run(RunOptions(attempts=2))
    assert result.state is RunState.ASSEMBLED
    (flight,) = flights_of(world.journal.runs_dir, result.run)
    assert flight.why == "attempt failed: not seated"
    assert flight.part == "left"
    track = flight.track
    assert len(track) <= round(KEPT_S / world.cell.control_period_s)
    assert (np.diff(track.time_s) > 0.0).all()
    assert flight.peak_n == pytest.approx(result.attempts[0].peak_force_n, rel=1e-4)
    assert track.tcp.shape == track.command.shape == (len(track), 7)
    assert np.allclose(np.linalg.norm(track.tcp[:, 3:], axis=1), 1.0)
    assert set(track.phase) <= set(Phase)
    assert any("push" in words for words in track.doing)
    assert track.grasped.any()
    assert np.linalg.norm(track.command[-1, :3] - track.tcp[-1, :3]) < 0.05


def test_it_reaches_back_half_a_minute_and_no_further(make_world: Make) -> None:
    world = make_world()
    world.journal.begin("bridge", "{}", ONCE, "1")
    board = Board(world.assembly, world.kit.insertion_of)
    board.cell = cell = holdable(world.cell)
    recorder = FlightRecorder(world.journal.runs_dir, 1, board, cell)
    recorder.write("nothing has been seen")
    for _ in range(1000):
        board.observation = cell.observe()
        recorder.look()
        cell.advance()
    recorder.write("first")
    recorder.write("the same once more")
    (flight,) = flights_of(world.journal.runs_dir, 1)
    assert flight.why == "first"
    assert flight.track.lasted_s == pytest.approx(KEPT_S - world.cell.control_period_s)
    assert flight.track.time_s[-1] == pytest.approx(999 * world.cell.control_period_s)
    board.close()


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        ("lost", "attempt failed: fault"),
        ("reflex", "attempt failed: fault"),
        ("spike", "attempt failed: force limit"),
        ("slip", "attempt failed: slip in the grasp"),
    ],
)
def test_every_trouble_has_it_written(make_world: Make, trouble: str, why: str) -> None:
    world = make_world((trouble, "left"))
    result = world.run(ONCE)
    assert flights_of(world.journal.runs_dir, result.run)[0].why == why


class Acting(Nobody):
    """Does something once the first part is carried."""

    def __init__(self, act: Callable[[Watched], None]) -> None:
        self.act = act

    def began(self, watched: Watched) -> None:
        self.script = self.play(watched)

    def turn(self) -> None:
        next(self.script, None)

    def play(self, watched: Watched) -> Iterator[None]:
        while watched.board.phase is not Phase.CARRIED:
            yield
        self.act(watched)


def test_an_abort_a_stop_and_a_mistake_of_the_program_have_it_written(make_world: Make) -> None:
    def breaks(watched: Watched) -> None:
        raise ZeroDivisionError("of the program's own")

    make_world().run(attendant=Acting(lambda watched: watched.helm.wish("anna", Abort()) and None))
    make_world().run(attendant=Acting(lambda watched: watched.helm.stop("anna")))
    world = make_world()
    with pytest.raises(ZeroDivisionError):
        world.run(attendant=Acting(breaks))
    written = [[f.why for f in flights_of(world.journal.runs_dir, run)] for run in (1, 2, 3)]
    assert written[0] == ["attempt failed: operator"]
    assert written[1] == ["interrupted"]
    assert written[2] == ["""ZeroDivisionError("of the program's own")"""]


def test_the_clock_runs_on_while_the_arm_is_held(make_world: Make) -> None:
    def hold(watched: Watched) -> None:
        watched.helm.wish("anna", Pause())

    world = make_world()
    left = [50]

    class Patient(Acting):
        def turn(self) -> None:
            super().turn()
            if self.watched.helm.paused:
                left[0] -= 1
            if left[0] == 0:
                self.watched.helm.stop("anna")

        def began(self, watched: Watched) -> None:
            self.watched = watched
            super().began(watched)

    world.run(attendant=Patient(hold))
    (flight,) = flights_of(world.journal.runs_dir, 1)
    assert np.diff(flight.track.time_s) == pytest.approx(world.cell.control_period_s)


def test_reports_list_and_draw_it(make_world: Make, tmp_path: Path) -> None:
    world = make_world(("jam", "left"))
    result = world.run(RunOptions(attempts=2))
    story = told(world.journal, result.run)
    page = write_report(tmp_path / "page", result.as_json(profiles=True), story=story).read_text()
    assert "<h2>Flight recorder</h2>" in page
    assert "left, attempt 1: attempt failed: not seated" in page
    assert page.count("from above") == 1
    runs = ("--runs-dir", str(world.journal.runs_dir))
    shown = CliRunner().invoke(app, ["report", "1", *runs]).stdout
    assert "Flight recorder" in shown
    (flight,) = json.loads(CliRunner().invoke(app, ["report", "1", "--json", *runs]).stdout)["flights"]
    assert (flight["part"], flight["attempt"]) == ("left", 1)
    assert Path(flight["file"]).exists()


def test_files_that_are_no_recording_are_passed_over(make_world: Make) -> None:
    world = make_world(("jam", "left"))
    world.run(RunOptions(attempts=2))
    folder = flights_folder(world.journal.runs_dir, 1)
    (folder / "2.npz").write_bytes(b"not a zip")
    odd = {name: np.zeros(1) for name in COLUMNS} | {"joints": np.array([{"a": 1}], dtype=object)}
    np.savez(folder / "3.npz", **odd)  # type: ignore[arg-type]
    (folder / "notes.npz").write_bytes(b"")
    assert [flight.number for flight in flights_of(world.journal.runs_dir, 1)] == [1]
    with pytest.raises(ValueError, match="allow_pickle"):
        Track.from_bytes((folder / "3.npz").read_bytes())
