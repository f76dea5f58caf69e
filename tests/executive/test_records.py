"""Records, options and attempts as JSON and back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform

from executive.codec import attempt_from_json, attempt_to_json, pose_from_json, pose_to_json
from executive.options import CellName, Noise, OnFailure, PolicyName, RunOptions
from executive.records import AttemptRecord, Outcome, RunResult, RunState, StepRecord
from executive.reports.report import write_report
from executive.reports.report_parts import force_svg
from skills.insertion import Attempt

numbers = st.floats(-10, 10, allow_nan=False)
starts = st.none() | st.tuples(*[numbers] * 6)
attempts = st.builds(
    AttemptRecord, step=st.integers(0, 9), part=st.text(max_size=5), number=st.integers(1, 9),
    seated=st.booleans(), judged=st.booleans(), cause=st.none() | st.just("jam"), initialization=starts,
    peak_force_n=numbers, duration_s=numbers, truth_seated=st.none() | st.booleans(),
    position_error_m=st.none() | numbers,
    force_profile=st.lists(st.tuples(numbers, numbers), max_size=3).map(tuple),
)  # fmt: skip
steps = st.builds(
    StepRecord, index=st.integers(0, 9), part=st.text(max_size=5), skill=st.text(max_size=5),
    outcome=st.sampled_from(Outcome), attempts=st.integers(0, 9), cause=st.none() | st.just("jam"),
    initialization=starts, peak_force_n=numbers, duration_s=numbers, note=st.text(max_size=5),
)  # fmt: skip
options = st.builds(
    RunOptions, seed=st.integers(0, 2**40), cell=st.sampled_from(CellName), noise=st.sampled_from(Noise),
    policy=st.sampled_from(PolicyName), attempts=st.integers(1, 9), on_failure=st.sampled_from(OnFailure),
)  # fmt: skip


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


@given(attempts)
def test_an_attempt_record_comes_back(record: AttemptRecord) -> None:
    assert AttemptRecord.from_json(through_json(record.as_json())) == record


@given(steps)
def test_a_step_record_comes_back(record: StepRecord) -> None:
    assert StepRecord.from_json(through_json(record.as_json())) == record


@given(options)
def test_options_come_back(chosen: RunOptions) -> None:
    assert RunOptions.from_json({**through_json(chosen.as_json()), "of_tomorrow": 1}) == chosen


def test_an_attempt_comes_back(tilted: RigidTransform, make_world: Any) -> None:
    world = make_world()
    insertion = world.kit.insertion_of(world.assembly, world.assembly.steps[0])
    attempt = Attempt(
        insertion, tilted, initialization=np.arange(6.0), face_height_m=0.03, released_tcp=tilted,
        peak_force_n=12.0, trace=[(0.0,) * 14],
    )  # fmt: skip
    back = attempt_from_json(through_json(attempt_to_json(attempt)), insertion)
    assert np.allclose(back.goal_in_base.as_matrix(), tilted.as_matrix(), atol=1e-15)
    assert back.released_tcp is not None
    assert np.array_equal(back.initialization, attempt.initialization)
    assert (back.face_height_m, back.peak_force_n, back.trace) == (0.03, 12.0, [])


def test_a_pose_comes_back(tilted: RigidTransform) -> None:
    assert np.allclose(pose_from_json(pose_to_json(tilted)).as_matrix(), tilted.as_matrix())


def result(**changes: Any) -> RunResult:
    """A run of two steps: one in place at the second attempt, one skipped."""
    start = (0.0, 0.0, 0.035, 0.0, 0.0, 0.0)
    profile = ((0.0, 0.0), (0.2, 12.5), (0.4, 3.0))
    attempt = AttemptRecord(0, "left", 1, False, True, "jam", start, 31.0, 4.2, False, 0.006, profile)
    second = AttemptRecord(0, "left", 2, True, True, None, start, 17.5, 3.0, True, 0.0001, profile)
    values: dict[str, Any] = {
        "run": 4, "product": "bridge", "seed": 7, "policy": "search", "noise": "fixed",
        "state": RunState.FAILED,
        "steps": (
            StepRecord(0, "left", "insert-left", Outcome.PLACED, 2, None, start, 31.0, 8.0),
            StepRecord(
                1, "top", "insert-top", Outcome.SKIPPED, 0, None, None, 0.0, 0.0,
                note="not tried: right not in place",
            ),
        ),
        "attempts": (attempt, second), "interventions": 1, "wall_s": 1.25, "simulated_s": 20.0,
        "truth": {"left": True, "top": False},
    }  # fmt: skip
    return RunResult(**{**values, **changes})


def test_agreement_counts_both_ways_of_being_wrong() -> None:
    def one(seated: bool, truth: bool | None, judged: bool = True) -> AttemptRecord:
        return AttemptRecord(0, "left", 1, seated, judged, None, None, 0.0, 0.0, truth)

    wrong = (one(True, True), one(True, False), one(False, True), one(False, None), one(False, True, False))
    counts = {"judged": 3, "agreed": 1, "false_seated": 1, "missed_seated": 1}
    assert result(attempts=wrong).agreement() == counts


def test_the_json_object_has_what_was_promised() -> None:
    written = through_json(result().as_json())
    promised = {"product", "seed", "assembled", "steps", "interventions", "wall_s", "simulated_s"}
    assert promised <= written.keys()
    step = {
        "step", "skill", "attempts", "seated", "truth_seated", "cause", "initialization", "peak_force_n",
        "duration_s",
    }  # fmt: skip
    assert all(step <= entry.keys() for entry in written["steps"])
    assert written["truth_assembled"] is False


def test_a_report_needs_nothing_beside_itself(tmp_path: Path) -> None:
    picture = tmp_path / "end.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    written = result(product="<b>bridge</b>").as_json(profiles=True)
    path = write_report(tmp_path / "report", written, [picture])
    page = path.read_text(encoding="utf-8")
    assert "&lt;b&gt;bridge&lt;/b&gt;" in page
    assert page.count("<polyline") == 2
    assert "data:image/png;base64,iVBORw0KGgo=" in page
    assert "http://" not in page
    assert "https://" not in page
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == through_json(written)
    assert sorted(p.name for p in (tmp_path / "report").iterdir()) == ["report.html", "report.json"]


def test_a_force_drawing_reaches_from_edge_to_edge() -> None:
    drawing = force_svg([(0.0, 0.0), (1.0, 20.0), (2.0, 0.0)])
    assert "points='28.0,92.0 320.0,28.0 612.0,92.0'" in drawing
    assert "20 N" in drawing
    assert "no contact recorded" in force_svg([])
