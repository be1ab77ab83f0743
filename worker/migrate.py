"""Bring the database's tables up to date. Loads alembic: whether they are is told by `worker.revisions` without it."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from worker.revisions import MIGRATIONS, is_due, read_revision

#: Key of PostgreSQL's advisory lock, so that of two migrations at once one waits.
LOCK = 0x72756E6D61696C


def migrate(engine: Engine) -> tuple[str | None, str | None]:
    """Migrate to the newest revision; return the revision before and after. Safe to run twice at once.

    A database that a newer program has migrated is left as it is.
    """
    with engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        before = read_revision(connection)
        if is_due(before):
            command.upgrade(configuration(connection), "head")
        return before, read_revision(connection)


def configuration(connection: Connection) -> Config:
    """Return what alembic needs to know: it works on this connection, in its transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
