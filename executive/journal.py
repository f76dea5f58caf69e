"""The run journal: every change of a run is a row on disk before it is acted on.

SQLite in WAL mode with ``synchronous=FULL``: a committed event survives the death of the process and of
the machine. Of the snapshots only a run's newest is kept, written in the same transaction as its event.
A failed attempt leaves a row in ``failures``, the queue from which skills are refined.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from executive.database import exclusive, now, opened
from executive.errors import JournalUnreadable, UnknownRun
from executive.lock import held
from executive.options import RunOptions
from executive.records import RunState
from executive.schema import DONE_ONCE, SCHEMA, demonstrations, events, failures, metadata, runs

FILE = "journal.sqlite"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run."""

    kind: str
    step: int | None = None
    """Place of the step in the assembly, from 0."""
    attempt: int | None = None
    sim_time_s: float | None = None
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt, as a skill's refinement needs it."""

    step: int
    attempt: int
    product: str
    part: str
    skill: str
    skill_version: str
    seed: int
    cause: str
    initialization: tuple[float, ...] | None
    trace: bytes
    """As ``executive.codec.trace_to_bytes`` writes it."""


@dataclass(frozen=True, slots=True)
class Demonstration:
    """How a person moved the tool in the middle of an attempt."""

    step: int
    attempt: int
    product: str
    part: str
    skill: str
    who: str
    how: str
    """``jog`` or ``guide``."""
    trace: bytes
    """As ``executive.codec.trace_to_bytes`` writes it."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as the journal knows it."""

    run: int
    product: str
    assembly: str
    """The whole assembly as JSON: a run does not change when its file does."""
    options: RunOptions
    version: str
    started: str
    ended: str | None
    state: RunState
    result: dict[str, Any] | None


class Journal:
    """The journal of one directory. Safe to open from several processes."""

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self.path = runs_dir / FILE
        try:
            runs_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalUnreadable(self.path, error.strerror or str(error)) from None
        self._engine = opened(self.path)
        try:
            self._ensure_schema()
        except sa.exc.DatabaseError as error:
            raise JournalUnreadable(self.path, str(error.orig)) from None

    def _ensure_schema(self) -> None:
        with self._engine.connect() as connection:
            version = connection.execute(sa.text("PRAGMA user_version")).scalar_one()
        if version == SCHEMA:
            return
        if version > SCHEMA:
            raise JournalUnreadable(self.path, f"its format is {version}, this version writes {SCHEMA}")
        with exclusive(self._engine) as connection:
            metadata.create_all(connection)  # an older format lacks tables, but has no others
            for statement in DONE_ONCE:
                connection.execute(sa.text(statement))
            connection.execute(sa.text(f"PRAGMA user_version={SCHEMA}"))

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def begin(self, product: str, assembly: str, options: RunOptions, version: str) -> int:
        """Enter a new run and return its number."""
        row = {
            "product": product, "assembly": assembly, "options": options.as_json(), "version": version,
            "started": now(), "state": str(RunState.RUNNING),
        }  # fmt: skip
        with exclusive(self._engine) as connection:
            return int(connection.execute(runs.insert().returning(runs.c.run), row).scalar_one())

    def record(
        self, run: int, event: Event, *, snapshot: bytes | None = None, failure: Failure | None = None
    ) -> int:
        """Write ``event`` durably and return its number within the run.

        A ``snapshot`` replaces the run's older ones, and a ``failure`` enters the queue, in the same
        transaction. Raises sqlalchemy.exc.IntegrityError when a step is recorded as done twice.
        """
        with exclusive(self._engine) as connection:
            newest = sa.select(sa.func.max(events.c.seq)).where(events.c.run == run)
            last = connection.execute(newest).scalar()
            seq = 1 if last is None else int(last) + 1
            if snapshot is not None:
                older = (events.c.run == run) & events.c.snapshot.is_not(None)
                connection.execute(events.update().where(older).values(snapshot=None))
            connection.execute(
                events.insert().values(
                    run=run, seq=seq, time=now(), sim_time_s=event.sim_time_s, step=event.step,
                    attempt=event.attempt, kind=event.kind, data=event.data or {}, snapshot=snapshot,
                )
            )  # fmt: skip
            if failure is not None:
                connection.execute(failures.insert().values(run=run, time=now(), **_columns(failure)))
        return seq

    def demonstrated(self, run: int, demonstration: Demonstration) -> None:
        """Keep how a person moved the tool."""
        values = {name: getattr(demonstration, name) for name in demonstration.__slots__}
        with exclusive(self._engine) as connection:
            connection.execute(demonstrations.insert().values(run=run, time=now(), **values))

    def demonstrations(self, skill: str | None = None) -> Sequence[sa.RowMapping]:
        """What people have shown, oldest first, traces included."""
        query = sa.select(demonstrations).order_by(demonstrations.c.demonstration)
        if skill is not None:
            query = query.where(demonstrations.c.skill == skill)
        with self._engine.connect() as connection:
            return connection.execute(query).mappings().all()

    def finish(self, run: int, state: RunState, result: dict[str, Any]) -> None:
        """Enter how the run ended; an assembled run gives up its snapshot."""
        with exclusive(self._engine) as connection:
            connection.execute(
                runs.update()
                .where(runs.c.run == run)
                .values(state=str(state), ended=now(), result=json.loads(json.dumps(result)))
            )
            if state.finished:
                connection.execute(events.update().where(events.c.run == run).values(snapshot=None))

    def reopen(self, run: int) -> None:
        """Enter that the run is being driven again."""
        with exclusive(self._engine) as connection:
            connection.execute(runs.update().where(runs.c.run == run).values(state=str(RunState.RUNNING)))

    def rows(self, limit: int | None = None) -> list[RunRow]:
        """Runs, the newest first."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(runs).order_by(runs.c.run.desc()).limit(limit))
            return [_run_row(row) for row in found]

    def row(self, run: int | None = None) -> RunRow:
        """One run, the newest when no number is given. Raises UnknownRun."""
        query = sa.select(runs).order_by(runs.c.run.desc()).limit(1)
        if run is not None:
            query = query.where(runs.c.run == run)
        with self._engine.connect() as connection:
            found = connection.execute(query).one_or_none()
            if found is None:
                known = connection.execute(sa.select(sa.func.count()).select_from(runs)).scalar_one()
                raise UnknownRun(run, int(known), self.path)
        return _run_row(found)

    def resumable(self) -> RunRow:
        """The newest run that is not assembled, whose world is still there, and that nobody drives.

        Raises UnknownRun.
        """
        for row in self.rows():
            if row.options.cell.lasting and not row.state.finished and not held(self.runs_dir, row.run):
                return row
        raise UnknownRun(None, len(self.rows()), self.path)

    def events(self, run: int, *, after: int = 0) -> list[Event]:
        """What happened in a run, in order, without the first ``after`` events."""
        columns = (events.c.kind, events.c.step, events.c.attempt, events.c.sim_time_s, events.c.data)
        query = sa.select(*columns).where(events.c.run == run).order_by(events.c.seq).limit(-1).offset(after)
        with self._engine.connect() as connection:
            return [Event(*row) for row in connection.execute(query)]

    def products_in_cells(self) -> list[tuple[str, str]]:
        """Every product and cell that a run was made with."""
        cell = runs.c.options["cell"].as_string()
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(runs.c.product, cell).distinct().order_by(runs.c.product, cell)
            )
            return [(product, where) for product, where in rows]

    def found_off(self, product: str, cell: str, newest: int) -> list[tuple[float, float]]:
        """Where the newest seated parts stood, less where their goals had been measured: x, y [m]."""
        off = events.c.data["record"]["found_off_m"]
        query = (
            sa.select(off[0].as_float(), off[1].as_float())
            .join(runs)
            .where((runs.c.product == product) & (runs.c.options["cell"].as_string() == cell))
            .where((events.c.kind == "step_done") & off[0].as_float().is_not(None))
            .order_by(events.c.run.desc(), events.c.seq.desc())
            .limit(newest)
        )
        with self._engine.connect() as connection:
            return [(x, y) for x, y in connection.execute(query)]

    def lay_high(self, product: str, cell: str, newest: int) -> list[float]:
        """How much higher than located the newest parts that were felt in their places had lain [m]."""
        high = events.c.data["record"]["lay_high_m"].as_float()
        query = (
            sa.select(high)
            .join(runs)
            .where((runs.c.product == product) & (runs.c.options["cell"].as_string() == cell))
            .where(events.c.kind.in_(("step_done", "attempt_failed")) & high.is_not(None))
            .order_by(events.c.run.desc(), events.c.seq.desc())
            .limit(newest)
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def snapshot(self, run: int) -> bytes | None:
        """The newest recorded state of the run's world; None where the cell cannot write one."""
        query = (
            sa.select(events.c.snapshot)
            .where((events.c.run == run) & events.c.snapshot.is_not(None))
            .order_by(events.c.seq.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def queue(self, skill: str | None = None) -> Sequence[sa.RowMapping]:
        """Failures that wait for refinement, oldest first, without their traces."""
        columns = [c for c in failures.c if c.name != "trace"]
        query = sa.select(*columns).where(failures.c.state == "waiting").order_by(failures.c.failure)
        if skill is not None:
            query = query.where(failures.c.skill == skill)
        with self._engine.connect() as connection:
            return connection.execute(query).mappings().all()

    def trace(self, failure: int) -> bytes:
        """The compressed trace of one failure. Raises sqlalchemy.exc.NoResultFound."""
        with self._engine.connect() as connection:
            query = sa.select(failures.c.trace).where(failures.c.failure == failure)
            return bytes(connection.execute(query).scalar_one())


def _columns(failure: Failure) -> dict[str, Any]:
    values = {name: getattr(failure, name) for name in failure.__slots__}
    if failure.initialization is not None:
        values["initialization"] = list(failure.initialization)
    return values


def _run_row(row: Any) -> RunRow:
    return RunRow(
        run=row.run, product=row.product, assembly=row.assembly, options=RunOptions.from_json(row.options),
        version=row.version, started=row.started, ended=row.ended, state=RunState(row.state),
        result=row.result,
    )  # fmt: skip
