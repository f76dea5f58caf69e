"""An SQLite file that several processes write to, and that survives the death of any of them."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PATIENCE_S = 60
"""How long one process waits for another that is writing [s]."""
ONCE_MORE_S = 0.005
"""How soon it tries again where SQLite does not wait for it [s]."""


def opened(path: Path) -> sa.Engine:
    """The file at ``path``, made if it is not there: write-ahead log, on disk before a commit returns."""
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": PATIENCE_S})
    sa.event.listen(engine, "connect", _prepare)
    return engine


@contextmanager
def exclusive(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that holds the write lock from its first statement."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("BEGIN IMMEDIATE"))
        try:
            yield connection
        except BaseException:
            connection.execute(sa.text("ROLLBACK"))
            raise
        connection.execute(sa.text("COMMIT"))


def now() -> str:
    """The time, as rows carry it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _prepare(connection: Any, _: object) -> None:
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA busy_timeout={1000 * PATIENCE_S}")


def _write_ahead(connection: Any) -> None:
    """Turn the write-ahead log on. SQLite does not wait by itself for another process that does so too."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(ONCE_MORE_S)
