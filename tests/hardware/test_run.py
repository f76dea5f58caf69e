"""Runs on cells behind a bridge: one insertion, the dry-run rule, what cannot be resumed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation
from typer.testing import CliRunner

from executive.cells import laid_out, open_bench
from executive.errors import NotRehearsed
from executive.journal import Event, Journal
from executive.kit import standard_kit
from executive.main import app
from executive.options import CellName, Noise, PolicyName, RunOptions
from executive.records import RunState
from executive.rehearsal import Papers
from executive.run import Bench, assemble
from hardware.bridge_cell import BridgeCell
from hardware.cell_file import load_cell
from hardware.places import Places
from sequences.assembly import Assembly
from sequences.load import load
from skills.cell import Cell

if TYPE_CHECKING:
    from conftest import Start

CELL = """\
format: dovetail-cell/1
robot: {address: 172.16.0.2}
fixture: {position_mm: [455, 4, 20], rotation_deg: [0.3, 0, 3]}
tray: {position_mm: [0, 10, 2]}
"""


def only(product: str, part: str) -> Assembly:
    """The product's base and one of its parts."""
    content = load(product).model_dump()
    keep = {content["base"]["part"], part}
    content["parts"] = {name: value for name, value in content["parts"].items() if name in keep}
    places = content["tray"]["places"]
    content["tray"]["places"] = {name: value for name, value in places.items() if name in keep}
    content["steps"] = [step for step in content["steps"] if step["part"] == part]
    return Assembly.model_validate(content)


def events(journal: Journal, run: int, kind: str) -> list[dict[str, Any]]:
    return [event.data or {} for event in journal.events(run) if event.kind == kind]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_inserts_a_part_through_bridge_franky_and_libfranka(tmp_path: Path) -> None:
    product = only("connector_panel", "circular")
    options = RunOptions(seed=1, cell=CellName.SIMULATED_FR3, policy=PolicyName.SEARCH, attempts=4)
    journal = Journal(tmp_path / "runs")
    bench = open_bench(product, options, tmp_path / "runs")
    try:
        result = assemble(product, bench, options, journal)
    finally:
        bench.cell.close()
    assert result.state is RunState.ASSEMBLED, [(a.cause, a.message) for a in result.attempts]
    assert result.truth == {"circular": True}
    assert not result.faults
    (log,) = (tmp_path / "runs" / "bridges").glob("*.jsonl")
    assert events(journal, result.run, "run_began")[0]["bridge_log"] == str(log)
    assert "run" in log.read_text()
    journal.close()


class Recorded:
    """Counts what a cell is asked to do."""

    def __init__(self, cell: Cell) -> None:
        self.cell, self.motions = cell, 0

    def __getattr__(self, name: str) -> Any:
        if name in ("move", "servo", "grasp", "release"):
            self.motions += 1
        return getattr(self.cell, name)


@pytest.fixture
def cell_file(tmp_path: Path) -> Path:
    path = tmp_path / "cell.yaml"
    path.write_text(CELL)
    return path


@pytest.fixture
def options(cell_file: Path) -> RunOptions:
    return RunOptions(cell=CellName.FR3, policy=PolicyName.PUSH, attempts=1, cell_file=str(cell_file))


@pytest.fixture
def product(options: RunOptions) -> Assembly:
    return laid_out(only("bearing_block", "bushing"), options)


Robot = Callable[[], tuple[Bench, Recorded]]


@pytest.fixture
def robot(start: "Start", product: Assembly, cell_file: Path) -> Robot:
    """Opens a bench with a scripted arm behind a bridge in the place of a robot."""

    def opened() -> tuple[Bench, Recorded]:
        described = load_cell(cell_file)
        bridge = start(pace=5.0)
        bridge.server.supervisor.control_period_s = 0.012
        cell = Recorded(BridgeCell(bridge.link(), described.places(product)))
        return Bench(cell, None, described.fingerprint), cell  # type: ignore[arg-type]

    return opened


def rehearsed(journal: Journal, product: Assembly, options: RunOptions, **other: Any) -> int:
    """Enters a dry run that was assembled; what is not ``other`` is as it must be."""
    calibration = load_cell(Path(options.cell_file or "")).fingerprint
    papers = Papers.of(product, standard_kit(product, options.policy).versions, calibration)
    settings = replace(options, cell=other.pop("cell", CellName.SIM), noise=other.pop("noise", Noise.FIXED))
    state = other.pop("state", RunState.ASSEMBLED)
    run = journal.begin(product.name, product.model_dump_json(), settings, "0")
    journal.record(run, Event("run_began", data={**papers.as_json(), **other}))
    journal.finish(run, state, {})
    return run


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (None, "was not assembled in simulation with this cell file"),
        ({"sequence": "another"}, "only with another sequence"),
        ({"calibration": "another"}, "only with another cell file"),
        ({"skills": {"bushing": "another"}}, "only with other versions of its skills"),
        ({"state": RunState.FAILED}, "was not assembled in simulation"),
        ({"noise": Noise.NONE}, "was not assembled in simulation"),
        ({"cell": CellName.FAKE}, "was not assembled in simulation"),
        ({"cell": CellName.FR3}, "was not assembled in simulation"),
    ],
)
def test_a_robot_does_not_move_without_a_dry_run_of_the_same(
    tmp_path: Path,
    product: Assembly,
    options: RunOptions,
    robot: Robot,
    other: dict[str, Any] | None,
    said: str,
) -> None:
    journal = Journal(tmp_path / "runs")
    if other is not None:
        rehearsed(journal, product, options, **other)
    before = len(journal.rows())
    bench, cell = robot()
    with pytest.raises(NotRehearsed, match=said) as refused:
        assemble(product, bench, options, journal)
    remedy = f"dovetail run bearing_block --cell simulated-fr3 --cell-file {options.cell_file} --policy push"
    assert remedy in str(refused.value)
    assert cell.motions == 0
    assert len(journal.rows()) == before
    journal.close()


def test_a_dry_run_lets_the_robot_move_and_is_named(
    tmp_path: Path, product: Assembly, options: RunOptions, robot: Robot
) -> None:
    journal = Journal(tmp_path / "runs")
    rehearsed(journal, product, options, sequence="another")
    dry_run = rehearsed(journal, product, options, cell=CellName.SIMULATED_FR3)
    bench, cell = robot()
    result = assemble(product, bench, options, journal, stop_wanted=lambda: cell.motions > 3)
    assert cell.motions > 3
    assert events(journal, result.run, "run_began")[0]["dry_run"] == dry_run
    assert not events(journal, result.run, "without_dry_run")
    journal.close()


def test_an_operator_s_word_stands_in_for_a_dry_run_and_is_journaled(
    tmp_path: Path, product: Assembly, options: RunOptions, robot: Robot
) -> None:
    journal = Journal(tmp_path / "runs")
    bench, cell = robot()
    bold = replace(options, without_dry_run=True)
    result = assemble(product, bench, bold, journal, stop_wanted=lambda: cell.motions > 3)
    assert cell.motions > 3
    (said,) = events(journal, result.run, "without_dry_run")
    assert said["by"]
    assert journal.row(result.run).options.without_dry_run
    journal.close()


def test_the_run_of_a_simulated_robot_that_is_gone_does_not_go_on(
    tmp_path: Path, product: Assembly, options: RunOptions
) -> None:
    journal = Journal(tmp_path / "runs")
    run = rehearsed(journal, product, options, cell=CellName.SIMULATED_FR3, state=RunState.FAULT)
    journal.close()
    place = ["--runs-dir", str(tmp_path / "runs")]
    named = CliRunner().invoke(app, ["resume", str(run), *place])
    assert named.exit_code == 2
    assert f"run {run} cannot go on" in named.stderr
    assert "there is no run to speak of" in CliRunner().invoke(app, ["resume", *place]).stderr


def test_a_robot_needs_a_cell_file_and_somebody_to_fill_the_tray(cell_file: Path) -> None:
    without = CliRunner().invoke(app, ["run", "bearing_block", "--cell", "fr3"])
    assert without.exit_code == 2
    assert "--cell fr3 needs --cell-file" in without.stderr
    words = ["run", "bearing_block", "--cell", "fr3", "--cell-file", str(cell_file), "--repeat", "2"]
    assert "fill the tray" in CliRunner().invoke(app, words).stderr


def test_a_simulated_cell_is_laid_out_like_the_cell_file(product: Assembly, cell_file: Path) -> None:
    as_bought = load("bearing_block")
    assert product.base.pose.position_mm == (455.0, 4.0, 20.0)
    assert product.base.pose.yaw_deg == pytest.approx(3.0)
    assert product.tray.height_mm == as_bought.tray.height_mm + 2.0
    before, after = as_bought.tray.places["bushing"], product.tray.places["bushing"]
    assert np.subtract(after.position_mm, before.position_mm) == pytest.approx([0.0, 10.0])
    assert product.steps[0] == as_bought.steps[0]


def test_a_robot_s_places_keep_the_tilt_that_an_assembly_cannot_say(tmp_path: Path) -> None:
    path = tmp_path / "cell.yaml"
    path.write_text(CELL.replace("[0, 10, 2]}", "[0, 10, 2], rotation_deg: [1, -2, 5]}"))
    described, plain = load_cell(path), only("bearing_block", "bushing")
    assert described.tray is not None
    assert described.fixture is not None
    options = RunOptions(cell_file=str(path))
    there = described.places(laid_out(plain, options))
    turn = Rotation.from_euler("xyz", [1, -2, 5], degrees=True)
    moved = RigidTransform.from_components([0.0, 0.010, 0.002], turn)
    wanted = moved * Places(plain).locate("bushing").pose_in_base
    error = wanted.inv() * there.locate("bushing").pose_in_base
    assert np.linalg.norm(error.translation) < 1e-5
    assert error.rotation.magnitude() < 1e-4
    goal = described.fixture.transform * plain.steps[0].goal.transform
    assert there.locate_goal("bushing").pose_in_base.as_matrix() == pytest.approx(goal.as_matrix())
