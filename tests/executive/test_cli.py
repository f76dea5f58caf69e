"""The command, in this process and in one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from executive import cells, run
from executive.main import app
from skills.fake import EXACT, FakeCell
from skills.trouble import Trouble, TroubleKind

Dovetail = Callable[..., Any]


@pytest.fixture
def dovetail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_world: Any) -> Dovetail:
    """Runs the command in this process, with stub routines and an exact fake cell."""
    world = make_world()
    troubles: list[Trouble] = []
    monkeypatch.setenv("DOVETAIL_HOME", str(tmp_path / "home"))
    for name, value in {"COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(run, "standard_kit", lambda assembly, name: world.kit)

    def bench(assembly: Any, options: Any, runs_dir: Any = None) -> run.Bench:
        cell = FakeCell(assembly, world.cell.insertions, seed=options.seed, noise=EXACT, troubles=troubles)
        return run.Bench(cell, lambda c, step: c.truth(step))  # type: ignore[attr-defined]

    monkeypatch.setattr(cells, "open_bench", bench)
    monkeypatch.setattr("executive.repeat.open_bench", bench)

    def invoke(*args: object, troubles_: Any = ()) -> Any:
        troubles[:] = [Trouble(TroubleKind(kind), *rest) for kind, *rest in troubles_]
        return CliRunner().invoke(app, [str(arg) for arg in args])

    return invoke


def test_help(dovetail: Dovetail, golden: Callable[[str, str], None]) -> None:
    benchmarks = [["benchmark", name] for name in ("assembly", "skills", "throughput", "physics")]
    for words in ([], ["run"], ["resume"], ["train"], ["evaluate"], ["skills"], *benchmarks):
        result = dovetail(*words, "--help")
        assert result.exit_code == 0
        golden("_".join(["help", *words]) + ".txt", result.stdout)


def test_help_is_quick_and_light() -> None:
    code = (
        "import sys, time; t = time.process_time(); import executive.main; "
        "print(time.process_time() - t); "
        "heavy = {'numpy', 'scipy', 'pydantic', 'mujoco', 'torch', 'rich', 'sqlalchemy', 'py_trees'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    seconds, heavy = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert heavy == "[]"
    assert float(seconds) < 0.4


def test_a_run_prints_one_object(dovetail: Dovetail, product_file: Path) -> None:
    result = dovetail("run", product_file, "--cell", "fake", "--json", "--seed", 5)
    assert result.exit_code == 0
    written = json.loads(result.stdout)
    assert written["product"] == "bridge"
    assert written["seed"] == 5
    assert written["assembled"] is True
    assert [step["step"] for step in written["steps"]] == ["left", "right", "top"]
    assert "force_profile" not in written["attempts"][0]
    assert "Two pegs and a bridge: 3 steps" in result.stderr


def test_a_run_that_does_not_assemble(dovetail: Dovetail, product_file: Path) -> None:
    result = dovetail("run", product_file, "--attempts", 1, troubles_=[("missed grasp", "right")])
    assert result.exit_code == 1
    assert "grasp missed" in result.stdout
    assert "failed" in result.stdout


def test_a_fault_says_how_to_go_on(dovetail: Dovetail, product_file: Path) -> None:
    result = dovetail("run", product_file, troubles_=[("reflex", "right")])
    assert result.exit_code == 3
    assert "Go on with: dovetail resume 1\n" in result.stderr
    again = dovetail("resume", 1, "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout)["assembled"] is True
    assert dovetail("resume", 1).exit_code == 2


def test_resume_finds_the_last_unfinished_run(dovetail: Dovetail, product_file: Path) -> None:
    assert dovetail("run", product_file, troubles_=[("stop", "right")]).exit_code == 3
    assert dovetail("run", product_file, "--quiet").stdout == "assembled\n"
    assert dovetail("resume", "-q").exit_code == 0
    nothing = dovetail("resume")
    assert nothing.exit_code == 2
    assert "there is no run to speak of" in nothing.stderr


def test_repeats_are_summed_up(dovetail: Dovetail, product_file: Path, tmp_path: Path) -> None:
    result = dovetail("run", product_file, "--repeat", 3, "--json", "--report", tmp_path / "reports")
    assert result.exit_code == 0
    written = json.loads(result.stdout)
    assert [entry["seed"] for entry in written["runs"]] == [0, 1, 2]
    assert (written["assembled"], written["assembled_runs"]) == (True, 3)
    assert written["verdict_agreement"]["judged"] == 9
    assert len(list((tmp_path / "reports").glob("run-*/report.html"))) == 3
    failing = dovetail("run", product_file, "--repeat", 2, troubles_=[("missed grasp", "left", 9)])
    assert failing.exit_code == 1
    assert "assembled 0/2 = 0 % [0, 66]" in failing.stdout


def test_a_benchmark_covers_every_product_and_policy(dovetail: Dovetail, product_file: Path) -> None:
    words = ("benchmark", "assembly", "--product", product_file, "--repeat", 2)
    result = dovetail(*words, "--format", "json", troubles_=[("missed grasp", "left")])
    assert result.exit_code == 0
    written = json.loads(result.stdout)
    assert [(row["policy"], row["runs"]) for row in written["rows"]] == [
        ("learned", 2), ("search", 2), ("push", 2),
    ]  # fmt: skip
    assert written["rows"][0]["causes"] == {"grasp missed": 2}
    assert written["total"]["search"]["mean_step_success"] == 1.0
    table = dovetail(*words, "--policy", "push", "--quiet")
    assert "| bridge | push | 6/6 = 100 % [61, 100] |" in table.stdout
    assert table.stderr == ""


def test_a_benchmark_goes_on_from_the_runs_that_its_file_holds(
    dovetail: Dovetail, product_file: Path, tmp_path: Path
) -> None:
    words = ("benchmark", "assembly", "--product", product_file, "--policy", "push", "--format", "json")
    kept = ("--out", tmp_path / "rows.json", "--runs-dir", tmp_path / "made")
    at_once = json.loads(dovetail(*words, "--repeat", 3).stdout)["rows"]
    assert dovetail(*words, *kept, "--repeat", 1).exit_code == 0
    in_two = json.loads(dovetail(*words, *kept, "--repeat", 3).stdout)["rows"]
    again = json.loads(dovetail(*words, *kept, "--repeat", 3).stdout)["rows"]
    for rows in (at_once, in_two, again):
        for row in rows:
            del row["wall_s"], row["pace"]
    assert at_once == in_two == again
    assert len(json.loads(dovetail("runs", "--json", "--runs-dir", tmp_path / "made").stdout)["runs"]) == 3


def test_the_journal_can_be_read(dovetail: Dovetail, product_file: Path, tmp_path: Path) -> None:
    dovetail("run", product_file, troubles_=[("jam", "left")])
    assert "assembled" in dovetail("runs").stdout
    assert json.loads(dovetail("runs", "--json").stdout)["runs"][0]["options"]["seed"] == 0
    report = dovetail("report", "--report", tmp_path / "out")
    assert "step done" in report.stdout
    assert (tmp_path / "out" / "report.html").exists()
    events = json.loads(dovetail("report", 1, "--json").stdout)["events"]
    assert events[0]["kind"] == "run_began"
    assert "not seated 1" in dovetail("queue").stdout
    (failure,) = json.loads(dovetail("queue", "insert-left", "--json").stdout)["failures"]
    assert failure["cause"] == "not seated"
    unknown = dovetail("report", 77)
    assert unknown.exit_code == 2
    assert "there is no run 77" in unknown.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("run", "no-such-product"),
        ("run", "no/such/file.yaml"),
        ("show", "no-such-product"),
        ("run", "gearbox", "--noise", "loud"),
        ("run", "gearbox", "--seed", "-1"),
        ("resume", "seven"),
        ("resume", "7"),
        ("report",),
        ("frobnicate",),
    ],
)
def test_bad_input_is_one_screen(dovetail: Dovetail, words: tuple[str, ...]) -> None:
    result = dovetail(*words)
    assert result.exit_code == 2
    assert 0 < len(result.stderr.splitlines()) < 24
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_a_journal_that_is_none(dovetail: Dovetail, product_file: Path, tmp_path: Path) -> None:
    result = dovetail("run", product_file, "--runs-dir", product_file)
    assert result.exit_code == 2
    assert "cannot be used as a journal" in result.stderr


def test_a_product_is_shown(dovetail: Dovetail, product_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("executive.tree.standard_kit", run.standard_kit)
    result = dovetail("show", product_file)
    assert result.exit_code == 0
    assert "insert-top" in result.stdout
    written = json.loads(dovetail("show", product_file, "--json").stdout)
    assert written["assembly"]["name"] == "bridge"
    assert "policy learned" in written["tree"]


def test_without_a_renderer_there_are_no_pictures_and_nothing_fails(
    dovetail: Dovetail, product_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("executive.tree.standard_kit", run.standard_kit)
    opengl = pytest.importorskip("sim.opengl")
    monkeypatch.setenv("MUJOCO_GL", "disable")
    opengl.backend.cache_clear()
    shown = dovetail("show", product_file, "--png", tmp_path / "views", "--json")
    opengl.backend.cache_clear()
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["pictures"] == []
    assert "no pictures: no off-screen renderer works here" in shown.stderr
    assert "apt-get install" in shown.stderr
    ran = dovetail("run", product_file, "--png", tmp_path / "end.png", "--video", tmp_path / "run.mp4")
    assert ran.exit_code == 0
    assert "no picture: only a simulated cell can be drawn" in ran.stderr


def test_products_are_completed(dovetail: Dovetail) -> None:
    from executive.commands.common import complete_product

    assert complete_product("gear") == ["gearbox"]
    assert len(complete_product("")) >= 5
    assert "gearbox" in dovetail("list").stdout


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    environment = {**os.environ, "DOVETAIL_HOME": str(tmp_path)}
    shown = subprocess.run(
        [sys.executable, "-m", "executive.main", "runs"],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == "No runs yet. Begin with: dovetail run PRODUCT\n"
