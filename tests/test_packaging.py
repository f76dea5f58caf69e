"""What gets installed: six packages that are ours alone, their data, and the versions that were tested."""

import importlib
import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = tuple(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
PINNED = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and line[0] != "#"
)


TOO_LARGE = {"rerun-sdk"}
"""Of extras: not installed for the tests, and so not pinned."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required() -> list[str]:
    extras = PROJECT["project"]["optional-dependencies"]
    lines = [*PROJECT["project"]["dependencies"], *(line for extra in extras.values() for line in extra)]
    return [canonical(re.split(r"[<>=!~\[; ]", line)[0]) for line in lines]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_import_name_is_ours(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__).parent == ROOT / package


def test_no_other_distribution_owns_one_of_our_names() -> None:
    owners = {
        (str(distribution.metadata["Name"]), file.parts[0])
        for distribution in distributions()
        for file in distribution.files or ()
        if file.parts[0] in PACKAGES and distribution.metadata["Name"] != "dovetail"
    }
    assert owners == set()


def test_every_dependency_is_pinned() -> None:
    pinned = {canonical(name) for name in PINNED}
    assert sorted(set(required()) - pinned - TOO_LARGE) == []


def test_the_tested_versions_are_the_installed_ones() -> None:
    installed = {
        canonical(str(found.metadata["Name"])): found.version.split("+")[0] for found in distributions()
    }
    different = {
        name: (pinned, installed[canonical(name)])
        for name, pinned in PINNED.items()
        if installed.get(canonical(name), pinned) != pinned
    }
    assert different == {}


def test_torch_comes_first_and_exact() -> None:
    assert next(iter(PINNED.items())) == ("torch", "2.13.0")


def test_nothing_in_the_project_files_belongs_to_one_machine() -> None:
    for name in ("pyproject.toml", "constraints.txt", "Makefile", ".ci/run"):
        text = (ROOT / name).read_text()
        assert not re.search(r"/home/|/Users/|/root/|file://|@ ", text), name


def test_the_command_is_declared() -> None:
    assert PROJECT["project"]["scripts"] == {"dovetail": "executive.main:run"}


def test_tests_are_no_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
    assert not (ROOT / "scripts").exists()
