"""Runs with trained skills: which one inserts what, what is written down, what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from executive.choice import chosen
from executive.kit import insertions_of, standard_kit
from executive.main import app
from executive.options import OnFailure, PolicyName, RunOptions
from skills.artifact import WEIGHTS, SkillError, geometry_of
from skills.learned import Learned
from skills.library import Found, own_folder, publish
from skills.search import Search
from skills.tasks import insertion_of

Make = Callable[..., Any]


@pytest.fixture
def learned_world(make_world: Make, make_found: Callable[..., Found]) -> Any:
    """The bridge, with a trained skill for the left peg only."""
    world = make_world(("jam", "left"))
    found = make_found(world.assembly, world.assembly.steps[0], version=3)
    publish(found.skill, found.weights, own_folder())
    world.kit = standard_kit(world.assembly, PolicyName.LEARNED)
    world.cell.insertions = {step.part: insertion_of(world.assembly, step) for step in world.assembly.steps}
    return world


def test_each_step_gets_its_skill_and_the_others_the_search(learned_world: Any) -> None:
    assembly = learned_world.assembly
    choice = chosen(assembly, PolicyName.LEARNED, insertions_of(assembly))
    geometry = geometry_of(assembly, assembly.steps[0])
    assert choice.versions["left"] == f"dovetail-3-{geometry}"
    assert choice.versions["right"].startswith("search-1-")
    assert choice.notes == ("no trained skill for right, top: search is used",)


def test_a_general_skill_stands_in_where_that_is_asked_for(learned_world: Any) -> None:
    assembly = learned_world.assembly
    choice = chosen(assembly, PolicyName.GENERAL, insertions_of(assembly))
    left, right = (geometry_of(assembly, step) for step in assembly.steps[:2])
    assert choice.versions["left"] == f"dovetail-3-{left}"
    assert choice.versions["right"] == f"dovetail-1-{right}"
    assert choice.versions["top"].startswith("search-1-")
    assert choice.notes == (
        "no trained skill for right: a general skill is used",
        "no trained skill for top: search is used",
    )
    from skills.insertion import Attempt

    kinds = {}
    for part, insertion in insertions_of(assembly).items():
        goal = learned_world.cell.locate_goal(part).pose_in_base
        kinds[part] = type(learned_world.kit.policy(Attempt(insertion, goal)))
    assert kinds == {"left": Learned, "right": Search, "top": Search}


def test_a_general_skill_stands_in_for_one_that_was_made_for_other_geometry(
    learned_world: Any, make_found: Callable[..., Found]
) -> None:
    assembly = learned_world.assembly
    found = make_found(assembly, assembly.steps[0], version=4, geometries=("0123456789abcdef",))
    publish(found.skill, found.weights, own_folder())
    choice = chosen(assembly, PolicyName.GENERAL, insertions_of(assembly))
    assert choice.versions["left"] == f"dovetail-1-{geometry_of(assembly, assembly.steps[0])}"
    assert choice.notes[0] == "only a skill for other geometry for left: a general skill is used"
    with pytest.raises(SkillError):
        chosen(assembly, PolicyName.LEARNED, insertions_of(assembly))


def test_a_scripted_policy_needs_no_library(learned_world: Any) -> None:
    assembly = learned_world.assembly
    choice = chosen(assembly, PolicyName.SEARCH, insertions_of(assembly))
    assert choice.notes == ()
    assert {version.split("-")[0] for version in choice.versions.values()} == {"search"}


def test_a_run_writes_down_what_inserted_its_parts(learned_world: Any) -> None:
    result = learned_world.run(RunOptions(attempts=1, on_failure=OnFailure.SKIP, routine_limit_s=20.0))
    assert result.as_json()["skills"]["left"].startswith("dovetail-3-")
    assert result.as_json()["notes"] == ["no trained skill for right, top: search is used"]
    events = learned_world.journal.events(1)
    assert events[0].data["skills"] == result.skills
    assert [event.data for event in events if event.kind == "note"] == [{"note": result.notes[0]}]
    failed = {row["part"]: row["skill_version"] for row in learned_world.journal.queue()}
    assert failed["left"] == result.skills["left"]


@pytest.mark.parametrize("harm", ["corrupt", "other geometry"])
def test_a_skill_that_cannot_be_used_is_an_error_before_anything_moves(
    make_world: Make,
    make_found: Callable[..., Found],
    product_file: Path,
    tmp_path: Path,
    harm: str,
) -> None:
    assembly = make_world().assembly
    step = assembly.steps[0]
    geometries = ("0123456789abcdef",) if harm == "other geometry" else (geometry_of(assembly, step),)
    found = make_found(assembly, step, geometries=geometries)
    path = publish(found.skill, found.weights, own_folder())
    if harm == "corrupt":
        (path / WEIGHTS).write_bytes(b"x" * 100)
    with pytest.raises(SkillError):
        standard_kit(assembly, PolicyName.LEARNED)
    runs = tmp_path / "runs-of-the-command"
    words = ["run", str(product_file), "--cell", "fake", "--runs-dir", str(runs)]
    result = CliRunner().invoke(app, words, env={"COLUMNS": "110"})
    assert result.exit_code == 2
    assert str(path) in result.stderr
    assert "Traceback" not in result.output
    listed = CliRunner().invoke(app, ["runs", "--json", "--runs-dir", str(runs)])
    assert '"runs": []' in listed.stdout
    searching = CliRunner().invoke(app, [*words, "--policy", "search", "--attempts", "1", "--quiet"])
    assert searching.exit_code in (0, 1)
