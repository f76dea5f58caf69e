"""Attempts as a LeRobot dataset, version 3.0 of its format, written without the package.

The layout is that of huggingface/lerobot's ``LeRobotDataset`` (``meta/info.json``, ``stats.json``,
``tasks.parquet``, ``episodes/``, ``data/``; many episodes to a file, a row group each). A frame stands every
``1 / fps`` s: what was measured lies between two control periods in a straight line, what was commanded is
that of the period that the frame falls into.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from executive.episodes import Episode
from executive.errors import ExtraMissing, NothingToExport
from executive.reports.lerobot_frames import SCALARS, VECTORS, Columns, frames_of, statistics

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = "v3.0"
FPS = 20
CHUNK = 1000
DATA_MB, VIDEO_MB = 100, 200
FRAMES_A_FILE = 400_000
"""About 80 MB."""
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"


def export(episodes: Sequence[Episode], out: Path, fps: int = FPS) -> dict[str, Any]:
    """Write ``episodes`` into the new folder ``out``, whole or not at all; the dataset's ``info.json``.

    Raises ExtraMissing without pyarrow, NothingToExport, OSError (``out`` exists and is not empty).
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise ExtraMissing("lerobot", "pyarrow") from None
    if not episodes:
        raise NothingToExport
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        info = _written(episodes, beside, fps)
        beside.chmod(0o755)
        beside.replace(out)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return info


def _written(episodes: Sequence[Episode], out: Path, fps: int) -> dict[str, Any]:
    tasks = {task: i for i, task in enumerate(dict.fromkeys(episode.task for episode in episodes))}
    rows: list[dict[str, Any]] = []
    files: list[list[Columns]] = [[]]
    frames = 0
    for number, episode in enumerate(episodes):
        columns = frames_of(episode, fps, number, frames, tasks[episode.task])
        length = len(columns["index"])
        if sum(len(one["index"]) for one in files[-1]) + length > FRAMES_A_FILE and files[-1]:
            files.append([])
        files[-1].append(columns)
        place = {"chunk_index": (len(files) - 1) // CHUNK, "file_index": (len(files) - 1) % CHUNK}
        rows.append(_row(episode, number, frames, length, place) | _flat(statistics([columns])))
        frames += length
    everything = [columns for file in files for columns in file]
    info = info_of(len(episodes), frames, len(tasks), fps)
    for i, file in enumerate(files):
        _write(_data_table(file), out / DATA.format(chunk_index=i // CHUNK, file_index=i % CHUNK), file)
    _write(_table(rows), out / EPISODES)
    _write(_tasks_table(tasks), out / "meta" / "tasks.parquet")
    (out / "meta" / "info.json").write_text(json.dumps(info, indent=4) + "\n")
    (out / "meta" / "stats.json").write_text(json.dumps(statistics(everything), indent=4) + "\n")
    return info


def info_of(episodes: int, frames: int, tasks: int, fps: int) -> dict[str, Any]:
    """The content of ``meta/info.json``."""
    vectors = {
        name: {"dtype": "float32", "shape": [len(names)], "names": list(names)}
        for name, names in VECTORS.items()
    }
    scalars = {name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in SCALARS.items()}
    return {
        "codebase_version": VERSION,
        "robot_type": "franka_fr3",
        "total_episodes": episodes,
        "total_frames": frames,
        "total_tasks": tasks,
        "chunks_size": CHUNK,
        "data_files_size_in_mb": DATA_MB,
        "video_files_size_in_mb": VIDEO_MB,
        "fps": fps,
        "splits": {"train": f"0:{episodes}"},
        "data_path": DATA,
        "video_path": None,
        "features": vectors | scalars,
    }


def _flat(stats: Mapping[str, Mapping[str, list[Any]]]) -> dict[str, list[Any]]:
    return {f"stats/{name}/{key}": value for name, one in stats.items() for key, value in one.items()}


def _row(episode: Episode, number: int, first: int, length: int, place: Mapping[str, int]) -> dict[str, Any]:
    return {
        "episode_index": number,
        "tasks": [episode.task],
        "length": length,
        "data/chunk_index": place["chunk_index"],
        "data/file_index": place["file_index"],
        "dataset_from_index": first,
        "dataset_to_index": first + length,
        "meta/episodes/chunk_index": 0,
        "meta/episodes/file_index": 0,
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_pylist([dict(row) for row in rows])


def _data_table(file: Sequence[Columns]) -> "pa.Table":
    import pyarrow as pa

    arrays, kinds = [], []
    for name, names in VECTORS.items():
        values = np.concatenate([part[name] for part in file]).astype(np.float32)
        kinds.append(pa.field(name, pa.list_(pa.float32(), len(names))))
        arrays.append(pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), len(names)))
    for name, dtype in SCALARS.items():
        kind = {"bool": pa.bool_(), "float32": pa.float32(), "int64": pa.int64()}[dtype]
        kinds.append(pa.field(name, kind))
        arrays.append(pa.array(np.concatenate([part[name] for part in file]), kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(kinds))


def _tasks_table(tasks: Mapping[str, int]) -> "pa.Table":
    """Number and words of each task; the words are the index, for readers that use pandas."""
    import pyarrow as pa

    column = {"metadata": None, "field_name": "task_index", "name": "task_index"}
    index = {"metadata": None, "field_name": "task", "name": "task"}
    pandas = {
        "index_columns": ["task"],
        "column_indexes": [
            {"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object",
             "metadata": {"encoding": "UTF-8"}}
        ],
        "columns": [
            {**column, "pandas_type": "int64", "numpy_type": "int64"},
            {**index, "pandas_type": "unicode", "numpy_type": "object"},
        ],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }  # fmt: skip
    table = pa.table({"task_index": pa.array(tasks.values(), pa.int64()), "task": pa.array(tasks.keys())})
    return table.replace_schema_metadata({"pandas": json.dumps(pandas)})


def _write(table: "pa.Table", path: Path, parts: Sequence[Columns] = ()) -> None:
    """A parquet file, with a row group for each of ``parts``."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, table.schema, compression="snappy", use_dictionary=True) as writer:
        first = 0
        for length in [len(part["index"]) for part in parts] or [table.num_rows]:
            writer.write_table(table.slice(first, length))
            first += length
