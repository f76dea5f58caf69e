"""An SQLite file that several processes write to, and that survives the death of any of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PATIENCE_S = 60
"""How long one process waits for another that is writing [s]."""


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
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA busy_timeout={1000 * PATIENCE_S}")
