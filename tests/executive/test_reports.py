"""Reports: the story of a run, its timeline, two runs side by side, fleets, and the page in a browser."""

import html.parser
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from executive.operator.attendant import Nobody, Watched
from executive.operator.protocol import Mode, Remark, Retry
from executive.options import OnFailure, RunOptions
from executive.reports.comparison import Told, outcome_rows, setting_rows, step_rows, write_comparison
from executive.reports.report import write_report
from executive.reports.stats import statistics
from executive.reports.story import told
from executive.reports.timeline import timeline_svg
from executive.views.runs import stats_view

Make = Callable[..., Any]
Golden = Callable[[str, str], None]
ASK = RunOptions(attempts=1, on_failure=OnFailure.ASK)


class Anna(Nobody):
    """Sees to each question in the same way: a note, then another attempt."""

    def began(self, watched: Watched) -> None:
        self.helm = watched.helm

    def turn(self) -> None:
        if self.helm.mode is Mode.ASKING:
            self.helm.wish("anna", Remark("crooked <tray>"))
            self.helm.wish("anna", Retry(elsewhere=True))


def helped(make_world: Make) -> tuple[Any, Any]:
    world = make_world(("jam", "left"), ("missed grasp", "right"))
    return world, world.run(ASK, attendant=Anna())


def test_a_story_tells_attempts_and_who_stepped_in(make_world: Make) -> None:
    world, result = helped(make_world)
    story = told(world.journal, result.run)
    assert [(s.step, s.number, s.seated, s.cause) for s in story.attempts] == [
        (0, 1, False, "not seated"), (0, 2, True, ""), (1, 1, False, "grasp missed"), (1, 2, True, ""),
        (2, 1, True, ""),
    ]  # fmt: skip
    assert [(h.who, h.wish, h.step) for h in story.help] == [
        ("anna", "note", 0), ("anna", "retry from another start", 0),
        ("anna", "note", 1), ("anna", "retry from another start", 1),
    ]  # fmt: skip
    assert story.attempts[0].began_s == 0.0
    assert all(s.began_s < s.ended_s for s in story.attempts)
    assert story.facts["attempts a step"] == "1"


def test_an_attempt_that_was_broken_off_has_no_verdict(make_world: Make) -> None:
    world = make_world()
    asked = iter([False] * 40 + [True] * 10)
    result = world.run(stop_wanted=lambda: next(asked))
    story = told(world.journal, result.run)
    assert [s.seated for s in story.attempts] == [True, None]
    assert "…" in timeline_svg(story, ["left", "right", "top"])


class Page(html.parser.HTMLParser):
    """Notes what a page would load and which tags stay open."""

    VOID = frozenset(("meta", "img", "path", "rect", "polyline", "br"))

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.loads += [v for k, v in attributes if k in ("src", "href") and v and not v.startswith("data:")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def report_of(make_world: Make, folder: Path) -> Path:
    world, result = helped(make_world)
    written = result.as_json(profiles=True)
    pictures = {"left": b"\xff\xd8\xff\xd9"}
    return write_report(folder, written, story=told(world.journal, result.run), steps=pictures)


def test_a_report_shows_everything_and_loads_nothing(make_world: Make, tmp_path: Path) -> None:
    text = report_of(make_world, tmp_path).read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.loads == []
    assert page.open == []
    for heading in ("Timeline", "Steps", "Every step as it was done", "Why attempts failed", "Interventions"):
        assert f"<h2>{heading}</h2>" in text
    assert "note: crooked &lt;tray&gt;" in text
    assert "2 interventions" in text
    assert "@media print" in text
    assert "width=device-width" in text


def test_two_runs_beside_each_other(make_world: Make, tmp_path: Path) -> None:
    world, first = helped(make_world)
    second = make_world().run(RunOptions(seed=4))
    a, b = (Told(r.as_json(profiles=True), told(world.journal, r.run)) for r in (first, second))
    assert ("interventions", "2", "0") in outcome_rows(a, b)
    assert ("seed", "0", "4") in setting_rows(a, b)
    assert not any(name == "product" for name, _, _ in setting_rows(a, b))
    assert [row[0] for row in step_rows(a, b)] == ["left", "right", "top"]
    page = Page()
    page.feed(write_comparison(tmp_path, a, b).read_text(encoding="utf-8"))
    assert page.loads == page.open == []


def test_a_fleet_is_summed_up(make_world: Make, golden: Golden) -> None:
    world, _ = helped(make_world)
    for seed in range(3):
        make_world().run(RunOptions(seed=seed))
    make_world(("slip", "top")).run()
    report = statistics(world.journal.rows())
    (row,) = report["products"]
    assert (row["runs"], row["assembled"], row["first_pass"], row["interventions"]) == (5, 5, 3, 2)
    assert row["assemblies_between_interventions"] == 2.5
    assert [cause["cause"] for cause in report["causes"]][-1] != report["causes"][0]["cause"]
    assert report["causes"][-1]["cumulative"] == 1.0
    assert json.loads(json.dumps(report)) == report
    console = Console(width=110, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(stats_view(report))
    golden("stats.txt", capture.get())


def test_nothing_to_sum_up() -> None:
    report = statistics([])
    assert report == {"runs": 0, "products": [], "causes": [], "skills": []}


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_a_browser_opens_a_report_without_errors_or_requests(make_world: Make, tmp_path: Path) -> None:
    page = report_of(make_world, tmp_path / "report")
    command = (
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
        f"--user-data-dir={tmp_path / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom",
        page.as_uri(),
    )  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "<h2>Timeline</h2>" in done.stdout
    assert "CONSOLE" not in done.stderr
