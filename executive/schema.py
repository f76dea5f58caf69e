"""The tables of the journal."""

import sqlalchemy as sa

SCHEMA = 3
"""Version of the file's format; 2 adds demonstrations to 1, and 3 lets a displaced part be placed again."""

metadata = sa.MetaData()

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("assembly", sa.Text, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("started", sa.Text, nullable=False),
    sa.Column("ended", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("result", sa.JSON),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.run"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("sim_time_s", sa.Float),
    sa.Column("step", sa.Integer),
    sa.Column("attempt", sa.Integer),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("snapshot", sa.LargeBinary),
)
DONE_ONCE = (
    "DROP INDEX IF EXISTS a_step_is_done_once",
    """
    CREATE TRIGGER IF NOT EXISTS done_once BEFORE INSERT ON events
    WHEN NEW.kind = 'step_done' AND 'step_done' = (
        SELECT kind FROM events WHERE run = NEW.run AND step = NEW.step AND kind IN ('step_done', 'displaced')
        ORDER BY seq DESC LIMIT 1
    ) BEGIN SELECT RAISE(ABORT, 'a step is done once, unless its part is displaced'); END
    """,
)
"""A step is done once, unless its part was displaced; the index is that of formats before 3."""

failures = sa.Table(
    "failures",
    metadata,
    sa.Column("failure", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.run"), nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("skill", sa.Text, nullable=False),
    sa.Column("skill_version", sa.Text, nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("initialization", sa.JSON),
    sa.Column("trace", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.Text, nullable=False, default="waiting"),
)
sa.Index("failures_of_a_skill", failures.c.skill, failures.c.state)

demonstrations = sa.Table(
    "demonstrations",
    metadata,
    sa.Column("demonstration", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.run"), nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("skill", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("trace", sa.LargeBinary, nullable=False),
)
sa.Index("demonstrations_of_a_skill", demonstrations.c.skill)
