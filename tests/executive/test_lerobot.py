"""Attempts as a LeRobot dataset: read back with pyarrow and held against the published format."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from typer.testing import CliRunner

from executive.episodes import episodes_of
from executive.main import app
from executive.options import RunOptions

pq = pytest.importorskip("pyarrow.parquet")
pa = pytest.importorskip("pyarrow")

Make = Callable[..., Any]
TOTALS = ("total_episodes", "total_frames", "total_tasks")
DEFAULTS = {
    "timestamp": "float32", "frame_index": "int64", "episode_index": "int64", "index": "int64",
    "task_index": "int64",
}  # fmt: skip
EPISODE_COLUMNS = {
    "episode_index", "tasks", "length", "data/chunk_index", "data/file_index", "dataset_from_index",
    "dataset_to_index", "meta/episodes/chunk_index", "meta/episodes/file_index",
}  # fmt: skip
STATISTICS = {"min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"}


@pytest.fixture
def ran(make_world: Make) -> Any:
    world = make_world(("jam", "left"))
    world.result = world.run(RunOptions(attempts=2))
    return world


@pytest.fixture
def dataset(ran: Any, tmp_path: Path) -> Path:
    out = tmp_path / "set"
    words = ("export", "1", "--format", "lerobot", "--out", str(out), "--fps", "25")
    done = CliRunner().invoke(app, [*words, "--runs-dir", str(ran.journal.runs_dir)])
    assert done.exit_code == 0, done.output
    return out


def info(dataset: Path) -> dict[str, Any]:
    return dict(json.loads((dataset / "meta" / "info.json").read_text()))


def frames(dataset: Path) -> Any:
    return pq.read_table(dataset / "data" / "chunk-000" / "file-000.parquet")


def test_every_attempt_is_kept(ran: Any) -> None:
    kept = list(episodes_of(ran.journal.runs_dir, 1))
    assert [(e.track.facts["part"], e.seated) for e in kept] == [
        ("left", False), ("left", True), ("right", True), ("top", True),
    ]  # fmt: skip
    assert [e.track.lasted_s for e in kept] == pytest.approx(
        [attempt.duration_s for attempt in ran.result.attempts], abs=0.13
    )
    assert kept[0].task == "insert left of bridge"


def test_the_info_is_that_of_the_format(dataset: Path) -> None:
    told, table = info(dataset), frames(dataset)
    assert told["codebase_version"] == "v3.0"
    assert (told["fps"], told["chunks_size"], told["splits"]) == (25, 1000, {"train": "0:4"})
    assert tuple(told[key] for key in TOTALS) == (4, table.num_rows, 3)
    assert told["data_path"].format(chunk_index=0, file_index=0) == "data/chunk-000/file-000.parquet"
    assert told["video_path"] is None
    assert {name: told["features"][name]["dtype"] for name in DEFAULTS} == DEFAULTS
    for name, feature in told["features"].items():
        assert "/" not in name
        assert set(feature) == {"dtype", "shape", "names"}
        assert feature["names"] is None or [len(feature["names"])] == feature["shape"]


def test_the_frames_have_the_types_that_the_info_says(dataset: Path) -> None:
    table = frames(dataset)
    assert table.column_names == list(info(dataset)["features"])
    for name, feature in info(dataset)["features"].items():
        kind = table.schema.field(name).type
        (size,) = feature["shape"]
        scalar = pa.bool_() if feature["dtype"] == "bool" else pa.type_for_alias(feature["dtype"])
        assert kind == (scalar if size == 1 else pa.list_(scalar, size))
    assert pq.ParquetFile(dataset / "data" / "chunk-000" / "file-000.parquet").num_row_groups == 4


def test_frames_stand_on_an_even_clock(dataset: Path) -> None:
    table = frames(dataset).to_pydict()
    assert table["index"] == list(range(len(table["index"])))
    assert table["timestamp"] == pytest.approx(np.array(table["frame_index"]) / 25.0, abs=1e-4)
    assert sorted(set(table["episode_index"])) == [0, 1, 2, 3]
    ends = [i for i, done in enumerate(table["next.done"]) if done]
    assert [table["episode_index"][i] for i in ends] == [0, 1, 2, 3]
    assert [table["next.success"][i] for i in ends] == [False, True, True, True]
    assert sum(table["next.success"]) == 3


def test_episodes_point_at_their_frames(dataset: Path) -> None:
    table = pq.read_table(dataset / "meta" / "episodes" / "chunk-000" / "file-000.parquet")
    assert set(table.column_names) >= EPISODE_COLUMNS
    index = frames(dataset)["episode_index"].to_pylist()
    for row in table.to_pylist():
        first, end = row["dataset_from_index"], row["dataset_to_index"]
        assert end - first == row["length"]
        assert set(index[first:end]) == {row["episode_index"]}
        assert row["stats/action/count"] == [row["length"]]
        assert len(row["stats/observation.state/mean"]) == 15
    assert [row["tasks"] for row in table.to_pylist()][:2] == [["insert left of bridge"]] * 2


def test_tasks_are_numbered_and_indexed_by_their_words(dataset: Path) -> None:
    table = pq.read_table(dataset / "meta" / "tasks.parquet")
    parts = ("left", "right", "top")
    assert table["task_index"].to_pylist() == [0, 1, 2]
    assert table["task"].to_pylist() == [f"insert {part} of bridge" for part in parts]
    assert json.loads(table.schema.metadata[b"pandas"])["index_columns"] == ["task"]


def test_statistics_are_those_of_the_frames(dataset: Path) -> None:
    stats = json.loads((dataset / "meta" / "stats.json").read_text())
    table = frames(dataset)
    assert set(stats) == set(table.column_names)
    for name, one in stats.items():
        assert set(one) == STATISTICS
        assert one["count"] == [table.num_rows]
        values = np.array(table[name].to_pylist(), dtype=float).reshape(table.num_rows, -1)
        assert np.allclose(one["mean"], values.mean(axis=0), atol=1e-5)
        assert np.allclose(one["min"], values.min(axis=0))


def test_what_is_told_is_what_comes_next(ran: Any, dataset: Path) -> None:
    track = list(episodes_of(ran.journal.runs_dir, 1))[-1].track
    table = frames(dataset).to_pydict()
    mine = [i for i, episode in enumerate(table["episode_index"]) if episode == 3]
    state = np.array([table["observation.state"][i] for i in mine])
    action = np.array([table["action"][i] for i in mine])
    at = np.arange(len(mine)) / 25.0 + track.time_s[0]
    heights = np.interp(at, track.time_s, track.tcp[:, 2])
    assert np.allclose(state[:, 9], heights, atol=1e-5)
    assert np.linalg.norm(state[:, 10:14], axis=1) == pytest.approx(1.0, abs=1e-5)
    ahead = np.linalg.norm(action[:-1, :3] - state[1:, 7:10], axis=1)
    behind = np.linalg.norm(action[:-1, :3] - state[:-1, 7:10], axis=1)
    assert ahead.mean() < behind.mean()
    told = {tuple(np.round(row, 5)) for row in track.command[:, :3]}
    assert {tuple(np.round(row.astype(float), 5)) for row in action[:, :3]} <= told


def test_rotations_do_not_jump(dataset: Path) -> None:
    table = frames(dataset).to_pydict()
    quaternions = np.array(table["observation.state"])[:, 10:14]
    same = np.diff(table["episode_index"]) == 0
    assert (np.linalg.norm(np.diff(quaternions, axis=0), axis=1)[same] < 0.5).all()
    assert Rotation.from_quat(quaternions).magnitude() == pytest.approx(np.pi, abs=0.1)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("1", "--format", "lerobot"), "say where to write"),
        (("one", "--format", "lerobot", "--out", "x"), "'one' is not the number of a run"),
        (("7", "--format", "lerobot", "--out", "x"), "there is no run 7"),
        (("gearbox", "motor", "--stl", "x"), "one product at a time"),
    ],
)
def test_what_cannot_be_exported_is_said(ran: Any, words: tuple[str, ...], why: str) -> None:
    done = CliRunner().invoke(app, ["export", *words, "--runs-dir", str(ran.journal.runs_dir)])
    assert done.exit_code == 2
    assert why in " ".join(done.output.replace("│", " ").split())


def test_only_what_came_off_and_never_over_something_else(ran: Any, tmp_path: Path) -> None:
    out = tmp_path / "set"
    words = ["export", "1", "--format", "lerobot", "--seated", "--out", str(out)]
    words += ["--runs-dir", str(ran.journal.runs_dir)]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert info(out)["total_episodes"] == 3
    before = (out / "meta" / "info.json").read_bytes()
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 2
    assert "not empty" in again.output
    assert (out / "meta" / "info.json").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_run_without_attempts_has_nothing_to_export(ran: Any, tmp_path: Path) -> None:
    for path in (ran.journal.runs_dir / "episodes").rglob("*.npz"):
        path.unlink()
    words = ["export", "1", "--format", "lerobot", "--out", str(tmp_path / "set")]
    done = CliRunner().invoke(app, [*words, "--runs-dir", str(ran.journal.runs_dir)])
    assert done.exit_code == 2
    assert "kept no attempt" in done.output
