"""Who refines what: the failures that wait in the journal, claimed by one refiner and by no other.

A refinement is a row that holds its failures from the claim to the end. It is claimed under a file lock of
its skill, which the system drops when the holder dies: whoever takes the lock next finds the open row and
goes on with it, so that nothing is lost, and a failure belongs to at most one refinement, so that nothing is
done twice. The tables stand in the journal's own file.
"""

import uuid
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from executive.database import exclusive, now, opened
from executive.journal import FILE, Journal
from executive.lock import FileLock, Held
from executive.schema import failures, runs

metadata = sa.MetaData()

refinements = sa.Table(
    "refinements",
    metadata,
    sa.Column("refinement", sa.Text, primary_key=True),
    sa.Column("skill", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("began", sa.Text, nullable=False),
    sa.Column("ended", sa.Text),
    sa.Column("version", sa.Integer),
    sa.Column("report", sa.JSON),
)
claims = sa.Table(
    "claims",
    metadata,
    sa.Column("failure", sa.Integer, primary_key=True),
    sa.Column("refinement", sa.ForeignKey("refinements.refinement"), nullable=False),
)
sa.Index("an_open_refinement_of_a_skill", refinements.c.skill, unique=True,
         sqlite_where=refinements.c.state == "open")  # fmt: skip


class Ending(StrEnum):
    """How a refinement ends."""

    PUBLISHED = "published"
    KEPT = "kept"
    """The old version stays."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A refinement in hand."""

    refinement: str
    """Its name, the same after it was taken over."""
    skill: str
    failures: tuple[dict[str, Any], ...]
    """Rows of the queue, without traces; none when a person asked for the refinement."""
    taken_over: bool
    """Its first refiner died before it ended."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Failures that a refinement which has not ended holds."""

    refinement: str
    skill: str
    since: str
    """When they were claimed, UTC."""
    process: str
    """The process that refines; empty when its refiner died, and the next one is to go on."""
    failures: tuple[dict[str, Any], ...]
    """Rows of the queue, without traces; none when a person asked for the refinement."""

    @property
    def by(self) -> str:
        """Who holds them, for people."""
        return f"process {self.process}" if self.process else "nobody: its refiner died"


class Refinery:
    """The refinements of one journal. Safe to open from several processes."""

    def __init__(self, runs_dir: Path) -> None:
        Journal(runs_dir).close()
        self.runs_dir = runs_dir
        self._engine = opened(runs_dir / FILE)
        with exclusive(self._engine) as connection:
            metadata.create_all(connection)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def lock(self, skill: str) -> FileLock:
        """To be held from before the claim until after the end. Raises Held on entering."""
        return FileLock(self.runs_dir / "locks" / f"refine-{skill.replace('/', '.')}.lock")

    def waiting(self) -> dict[str, int]:
        """Skill → how many failures wait for it or are held by a refinement that has not ended."""
        query = (
            sa.select(failures.c.skill, sa.func.count())
            .where(failures.c.state.in_(("waiting", "claimed")))
            .group_by(failures.c.skill)
            .order_by(sa.func.count().desc(), failures.c.skill)
        )
        with self._engine.connect() as connection:
            return {skill: int(count) for skill, count in connection.execute(query)}

    def held(self, skill: str | None = None) -> list[Hold]:
        """What refinements that have not ended hold, the oldest first."""
        query = sa.select(refinements).where(refinements.c.state == "open").order_by(refinements.c.began)
        if skill is not None:
            query = query.where(refinements.c.skill == skill)
        with self._engine.connect() as connection:
            return [
                Hold(
                    row["refinement"], row["skill"], row["began"], self._holder(row["skill"]),
                    _held(connection, row["refinement"]),
                )
                for row in connection.execute(query).mappings().all()
            ]  # fmt: skip

    def _holder(self, skill: str) -> str:
        """The process that holds the lock of ``skill``; empty for none."""
        try:
            with self.lock(skill):
                return ""
        except Held as other:
            return other.holder

    def assembly_of(self, skill: str) -> str | None:
        """The product, as JSON, in whose run the skill failed last; None when it never did."""
        query = (
            sa.select(runs.c.assembly)
            .join(failures, failures.c.run == runs.c.run)
            .where(failures.c.skill == skill)
            .order_by(failures.c.failure.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def claim(self, skill: str, *, asked_for: bool = False) -> Claim | None:
        """All that waits for ``skill``, or the refinement that its refiner left; the lock must be held.

        None when nothing waits, unless the refinement is ``asked_for`` all the same.
        """
        with exclusive(self._engine) as connection:
            is_open = (refinements.c.skill == skill) & (refinements.c.state == "open")
            found = connection.execute(sa.select(refinements.c.refinement).where(is_open)).scalar()
            name = found or uuid.uuid4().hex
            waiting = (failures.c.skill == skill) & (failures.c.state == "waiting")
            fresh = connection.execute(sa.select(failures.c.failure).where(waiting)).scalars().all()
            if found is None:
                if not fresh and not asked_for:
                    return None
                row = {"refinement": name, "skill": skill, "state": "open", "began": now()}
                connection.execute(refinements.insert().values(row))
                if fresh:
                    connection.execute(claims.insert(), [{"failure": f, "refinement": name} for f in fresh])
                    connection.execute(failures.update().where(waiting).values(state="claimed"))
            return Claim(name, skill, _held(connection, name), found is not None)

    def finish(
        self, claim: Claim, ending: Ending, report: dict[str, Any], version: int | None = None
    ) -> None:
        """Close a refinement with its failures. Raises ValueError for one that is closed already."""
        with exclusive(self._engine) as connection:
            row = (refinements.c.refinement == claim.refinement) & (refinements.c.state == "open")
            values = {"state": str(ending), "ended": now(), "version": version, "report": report}
            if connection.execute(refinements.update().where(row).values(values)).rowcount != 1:
                raise ValueError(f"the refinement of '{claim.skill}' has ended already")
            mine = sa.select(claims.c.failure).where(claims.c.refinement == claim.refinement)
            done = failures.update().where(failures.c.failure.in_(mine)).values(state="refined")
            connection.execute(done)

    def history(self, skill: str | None = None) -> list[dict[str, Any]]:
        """Refinements, the newest first."""
        query = sa.select(refinements).order_by(refinements.c.began.desc())
        if skill is not None:
            query = query.where(refinements.c.skill == skill)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _held(connection: sa.Connection, refinement: str) -> tuple[dict[str, Any], ...]:
    columns = [column for column in failures.c if column.name != "trace"]
    joined = sa.join(failures, claims, failures.c.failure == claims.c.failure)
    query = sa.select(*columns).select_from(joined).where(claims.c.refinement == refinement)
    return tuple(dict(row) for row in connection.execute(query.order_by(failures.c.failure)).mappings())
