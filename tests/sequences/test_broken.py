"""The corpus of broken files: each gets one screen of plain words: the file, the field and a remedy."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from executive.main import app
from sequences.errors import AssemblyError
from sequences.load import load

HERE = Path(__file__).parent
CORPUS = sorted((HERE / "broken").glob("*.yaml"))
EXPECTED: dict[str, dict[str, str]] = yaml.safe_load((HERE / "broken.yaml").read_text())
SCREEN_LINES = 40
SCREEN_COLUMNS = 400


def refused(file: Path) -> AssemblyError:
    with pytest.raises(AssemblyError) as caught:
        load(file)
    return caught.value


def test_every_file_has_its_expectation_and_there_are_enough() -> None:
    assert [file.stem for file in CORPUS] == sorted(EXPECTED)
    assert len(CORPUS) >= 60


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_a_broken_file_is_explained(file: Path) -> None:
    expected = EXPECTED[file.stem]
    error = refused(file)
    text = str(error)
    lines = text.splitlines()

    assert lines[0].startswith(f"{file}: ")
    assert len(lines) <= SCREEN_LINES
    assert max(map(len, lines)) <= SCREEN_COLUMNS
    assert "Traceback" not in text
    assert text.isprintable() or all(line.isprintable() for line in lines)
    assert expected["says"] in text
    assert expected["hints"] in text
    if "field" in expected:
        assert any(problem.field.endswith(expected["field"]) for problem in error.problems)


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_every_problem_has_a_line_and_a_remedy(file: Path) -> None:
    last = len(file.read_bytes().splitlines()) + 1
    for problem in refused(file).problems:
        assert problem.message
        assert problem.hint
        assert problem.line is not None
        assert 1 <= problem.line <= last


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_the_command_explains_and_exits_with_2(file: Path) -> None:
    result = CliRunner().invoke(app, ["show", str(file)])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert EXPECTED[file.stem]["hints"].split()[0] in result.output


@pytest.mark.parametrize("name", ["empty", "unsafe-tag", "goal-collides"])
def test_the_installed_command_explains_and_exits_with_2(name: str) -> None:
    file = HERE / "broken" / f"{name}.yaml"
    command = [sys.executable, "-c", "from executive.main import run; run()", "show", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    assert EXPECTED[name]["says"].split()[0] in done.stderr
