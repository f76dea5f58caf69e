"""The floors hold, and the command's help costs nothing that it does not need."""

import subprocess
import sys
import time

HEAVY = (
    "torch",
    "mujoco",
    "franky_sim",
    "scipy",
    "sklearn",
    "trimesh",
    "shapely",
    "matplotlib",
    "sqlalchemy",
)
PATIENCE_S = 1.5
"""The aim is 0.5 s; a loaded machine may take longer."""


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_every_floor_imports_only_downwards() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_help_imports_nothing_heavy() -> None:
    said = python(
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from executive.main import app\n"
        "result = CliRunner().invoke(app, ['--help'])\n"
        "assert result.exit_code == 0, result.output\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    assert said.split() == []


def test_help_is_quick() -> None:
    durations = []
    for _ in range(3):
        began = time.perf_counter()
        python("import sys; sys.argv = ['dovetail', '--help']\nfrom executive.main import run\nrun()")
        durations.append(time.perf_counter() - began)
    assert min(durations) < PATIENCE_S


def test_reading_a_file_needs_no_simulator() -> None:
    assert (
        python("import sys, sequences.load; print('mujoco' in sys.modules, 'torch' in sys.modules)")
        == "False False\n"
    )
