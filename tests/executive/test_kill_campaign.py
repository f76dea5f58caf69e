"""The kill campaign: what it calls wrong, whom it kills, and that a few deaths do no harm."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from executive.benchmarks.kill_check import troubles
from executive.journal import Event
from executive.main import app
from executive.operator.helper import Answered, Helper, Screen
from executive.operator.post import Post
from executive.options import OnFailure, RunOptions
from executive.records import RunState

Make = Callable[..., Any]
ASK = RunOptions(attempts=1, on_failure=OnFailure.ASK)


@pytest.fixture
def done(make_world: Make) -> tuple[Any, list[Event]]:
    world = make_world()
    result = world.run()
    return world.journal.row(result.run), world.journal.events(result.run)


def operator(**data: Any) -> Event:
    return Event("operator", data={"interventions": 0, "who": "anna", **data})


def test_a_run_that_nobody_disturbed_has_no_troubles(done: Any) -> None:
    row, events = done
    said = [operator(wish="note", note="hello"), operator(wish="pause")]
    answered = [Answered("note", "hello"), Answered("pause")]
    assert troubles(row, [*events[:5], *said, *events[5:]], [events[:3], events[:5]], answered, ["hi"]) == []


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda row, events: (replace(row, state=RunState.FAULT), events, {}), "it ended fault"),
        (
            lambda row, events: (row, [e for e in events if e.kind != "step_done"], {}),
            "left was done 0 times",
        ),
        (lambda row, events: (row, [*events, *events], {}), "left was done 2 times"),
        (
            lambda row, events: (row, [*events, Event("attempt_began", step=1, data=events[8].data)], {}),
            "right was tried again after it was done",
        ),
        (
            lambda row, events: (row, events, {"held": [events[:4], events[2:]]}),
            "events were lost at death 2",
        ),
        (
            lambda row, events: (row, events, {"answered": [Answered("note", "hello")]}),
            "the note 'hello' is journaled 0 times",
        ),
        (
            lambda row, events: (row, events, {"answered": [Answered("pause")]}),
            "1 wishes 'pause' were answered, 0 are journaled",
        ),
        (
            lambda row, events: (row, [*events, *[operator(wish="note", note="x")] * 2], {"noted": ["x"]}),
            "the note 'x' is journaled 2 times",
        ),
        (
            lambda row, events: (replace(row, result={"interventions": 3}), events, {}),
            "3 interventions in the result, 0 journaled",
        ),
    ],
)
def test_every_trouble_is_told(done: Any, spoil: Callable[..., Any], why: str) -> None:
    row, events, more = spoil(*done)
    assert why in troubles(row, events, more.pop("held", []), **more)


def test_a_screen_in_a_process_of_its_own_operates_a_run(make_world: Make) -> None:
    world = make_world(("jam", "left"))
    post = Post(world.journal.runs_dir)
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(world.run(ASK, attendant=post))
        finally:
            post.close()

    thread = threading.Thread(target=run, daemon=True)
    screen = Screen(world.journal.runs_dir)
    helper = Helper(world.journal.runs_dir, np.random.default_rng(0), watch=True)
    try:
        thread.start()
        ends = time.monotonic() + 60.0
        while "screen" not in post.station.controller:
            assert time.monotonic() < ends, "the screen never took control"
            time.sleep(0.05)
        screen.note("typed")
        while not _notes(world):
            assert time.monotonic() < ends, "the note never came through"
            time.sleep(0.05)
        while thread.is_alive():
            assert time.monotonic() < ends, "the question was never answered"
            helper.help(screen)
            thread.join(0.2)
    finally:
        screen.close()
        helper.close()
    assert results[0].state is RunState.ASSEMBLED
    assert _notes(world) == ["typed"]


def _notes(world: Any) -> list[str]:
    events = world.journal.events(1) if world.journal.rows() else []
    return [str(e.data["note"]) for e in events if e.kind == "operator" and "note" in e.data]


@pytest.mark.slow
def test_a_few_deaths_do_no_harm(tmp_path: Path, product_file: Path) -> None:
    words = ["benchmark", "kills", "--cell", "fake", "--product", str(product_file), "--kills", "2", "--seed"]
    out = tmp_path / "rows.json"
    words += [
        "2",
        "--pace",
        "4",
        "--quiet",
        "--json",
        "--runs-dir",
        str(tmp_path / "runs"),
        "--out",
        str(out),
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["kills"] == len(told["deaths"]) == 2
    assert told["finished"] == told["runs"] >= 1
    assert told["problems"] == []
    assert json.loads(out.read_text())["deaths"] == told["deaths"]
