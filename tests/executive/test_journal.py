"""The journal on a real file."""

import pickle
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from executive.codec import trace_from_bytes, trace_to_bytes
from executive.errors import ExecutiveError, JournalUnreadable, NothingToRefine, UnknownRun, UnknownStep
from executive.journal import FILE, Event, Failure, Journal
from executive.lock import RunLock, held
from executive.options import Noise, OnFailure, PolicyName, RunOptions
from executive.places import default_runs_dir
from executive.records import RunState


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "runs")


def begin(journal: Journal) -> int:
    return journal.begin("bridge", "{}", RunOptions(seed=7, noise=Noise.RESAMPLED), "0.1.0")


def failure(**changes: object) -> Failure:
    values = {
        "step": 1, "attempt": 2, "product": "bridge", "part": "left", "skill": "insert-left",
        "skill_version": "search-0.1.0", "seed": 7, "cause": "jam", "initialization": (0.0,) * 6,
        "trace": trace_to_bytes([tuple(range(14))]),
    }  # fmt: skip
    return Failure(**{**values, **changes})  # type: ignore[arg-type]


def test_every_event_is_on_disk_when_record_returns(journal: Journal) -> None:
    run = begin(journal)
    for i in range(5):
        assert journal.record(run, Event("picked", step=0, attempt=1, data={"i": i})) == i + 1
        with sqlite3.connect(journal.path) as other:
            assert other.execute("select count(*) from events").fetchone() == (i + 1,)


def test_the_file_is_durable(journal: Journal) -> None:
    with journal._engine.connect() as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2


def test_a_file_that_another_process_begins_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    later = threading.Timer(0.2, lambda: other.execute("ROLLBACK"))
    later.start()
    try:
        assert begin(Journal(tmp_path)) == 1
    finally:
        later.join()
        other.close()


@pytest.mark.parametrize(
    "error",
    [
        JournalUnreadable(Path("runs/journal.sqlite"), "its format is 9"),
        UnknownRun(3, 2, Path("runs/journal.sqlite")),
        NothingToRefine("none waits"),
        UnknownStep("gearbox/moon", "perhaps 'sun'"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_went_wrong_in_another_process_arrives_whole(error: ExecutiveError) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert (str(arrived), vars(arrived)) == (str(error), vars(error))


def test_events_come_back_as_they_were(journal: Journal) -> None:
    run = begin(journal)
    event = Event("seated", step=2, attempt=1, sim_time_s=1.5, data={"a": [1.0, None], "ü": "é"})
    journal.record(run, event)
    assert journal.events(run) == [event]


def test_only_the_newest_snapshot_is_kept(journal: Journal) -> None:
    run, other = begin(journal), begin(journal)
    journal.record(other, Event("picked"), snapshot=b"other")
    journal.record(run, Event("picked"), snapshot=b"old")
    journal.record(run, Event("carried"), snapshot=b"new")
    journal.record(run, Event("resumed"))
    assert journal.snapshot(run) == b"new"
    assert journal.snapshot(other) == b"other"
    with sqlite3.connect(journal.path) as file:
        assert file.execute("select count(*) from events where snapshot is not null").fetchone() == (2,)


def test_an_assembled_run_gives_up_its_snapshot(journal: Journal) -> None:
    run = begin(journal)
    journal.record(run, Event("released"), snapshot=b"world")
    journal.finish(run, RunState.FAILED, {})
    assert journal.snapshot(run) == b"world"
    journal.finish(run, RunState.ASSEMBLED, {"steps": []})
    assert journal.snapshot(run) is None


def test_a_step_is_done_once(journal: Journal) -> None:
    run, other = begin(journal), begin(journal)
    journal.record(run, Event("step_done", step=0))
    journal.record(run, Event("step_done", step=1))
    journal.record(other, Event("step_done", step=0))
    with pytest.raises(sa.exc.IntegrityError, match="a step is done once"):
        journal.record(run, Event("step_done", step=0))
    assert [event.step for event in journal.events(run)] == [0, 1]


def test_a_step_whose_part_was_displaced_is_done_once_more(journal: Journal) -> None:
    run = begin(journal)
    for kind in ("step_done", "displaced", "step_done"):
        journal.record(run, Event(kind, step=0))
    with pytest.raises(sa.exc.IntegrityError, match="a step is done once"):
        journal.record(run, Event("step_done", step=0))


def test_a_failure_and_its_event_are_written_together_or_not_at_all(journal: Journal) -> None:
    run = begin(journal)
    journal.record(run, Event("attempt_failed", step=1), failure=failure())
    with pytest.raises(sa.exc.IntegrityError, match="NOT NULL"):
        journal.record(run, Event("attempt_failed", step=1), failure=failure(cause=None))
    assert len(journal.events(run)) == 1
    (row,) = journal.queue("insert-left")
    assert (row["cause"], row["seed"], row["initialization"]) == ("jam", 7, [0.0] * 6)
    assert journal.queue("insert-right") == []
    assert np.array_equal(trace_from_bytes(journal.trace(row["failure"])), [list(range(14))])


def test_a_run_comes_back_with_its_options(journal: Journal) -> None:
    options = RunOptions(
        seed=3, noise=Noise.NONE, policy=PolicyName.PUSH, on_failure=OnFailure.SKIP, attempts=5
    )
    run = journal.begin("bridge", '{"name": "bridge"}', options, "0.1.0")
    journal.finish(run, RunState.FAILED, {"faults": []})
    row = journal.row(run)
    assert (row.options, row.state, row.assembly) == (options, RunState.FAILED, '{"name": "bridge"}')
    assert row.result == {"faults": []}


def test_the_newest_comes_first(journal: Journal) -> None:
    runs = [begin(journal) for _ in range(4)]
    assert [row.run for row in journal.rows(3)] == runs[:0:-1]
    assert journal.row().run == runs[-1]


def test_an_unknown_run_is_named(journal: Journal) -> None:
    with pytest.raises(UnknownRun, match=r"there is no run to speak of in .*; it is empty"):
        journal.row()
    begin(journal)
    with pytest.raises(UnknownRun, match=r"there is no run 9 in .*; it holds 1 runs"):
        journal.row(9)


def test_the_resumable_run_is_unfinished_and_not_driven(journal: Journal) -> None:
    first, second, third = (begin(journal) for _ in range(3))
    journal.finish(third, RunState.ASSEMBLED, {})
    with RunLock(journal.runs_dir, second):
        assert held(journal.runs_dir, second)
        assert journal.resumable().run == first
    assert journal.resumable().run == second


def test_two_journals_of_one_directory_take_turns(journal: Journal) -> None:
    other = Journal(journal.runs_dir)
    run = begin(journal)
    numbers = [j.record(run, Event("picked")) for j in (journal, other) * 5]
    assert numbers == list(range(1, 11))


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is not a database, it is a shopping list" * 40)
    with pytest.raises(JournalUnreadable, match="file is not a database"):
        Journal(tmp_path)


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute("PRAGMA user_version=99")
    with pytest.raises(JournalUnreadable, match="its format is 99, this version writes 3"):
        Journal(tmp_path)


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalUnreadable, match="choose another with --runs-dir"):
        Journal(tmp_path / "file" / "runs")


def test_the_default_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOVETAIL_HOME", str(tmp_path / "here"))
    assert default_runs_dir() == tmp_path / "here"
    monkeypatch.delenv("DOVETAIL_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_runs_dir() == tmp_path / "dovetail"


@given(st.lists(st.tuples(*[st.floats(-1e3, 1e3, width=32)] * 14), max_size=5))
def test_a_trace_comes_back(rows: list[tuple[float, ...]]) -> None:
    assert np.array_equal(trace_from_bytes(trace_to_bytes(rows)), np.reshape(rows, (-1, 14)))


def test_a_journal_of_the_format_before_gets_what_it_lacks(tmp_path: Path) -> None:
    Journal(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute("DROP TABLE demonstrations")
        file.execute("DROP TRIGGER done_once")
        file.execute("CREATE UNIQUE INDEX a_step_is_done_once ON events (run, step) WHERE kind = 'step_done'")
        file.execute("PRAGMA user_version=1")
    journal = Journal(tmp_path)
    assert journal.demonstrations() == []
    run = begin(journal)
    for kind in ("step_done", "displaced", "step_done"):
        journal.record(run, Event(kind, step=0))
    with pytest.raises(sa.exc.IntegrityError, match="a step is done once"):
        journal.record(run, Event("step_done", step=0))
