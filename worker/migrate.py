"""Bring the database's tables up to date, and tell whether they are."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

MIGRATIONS = Path(__file__).with_name("migrations")
#: Key of PostgreSQL's advisory lock, so that of two migrations at once one waits.
LOCK = 0x72756E6D61696C


def newest() -> str:
    """Return the revision this program wants."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    assert head is not None
    return head


def current(engine: Engine) -> str | None:
    """Return the revision of the database; None when it has no tables of ours."""
    with engine.execution_options(reading=True).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str) -> bool:
    """Say whether a revision is one of ours; a newer program's is not."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(configuration()).walk_revisions())


def is_due(revision: str | None) -> bool:
    """Say whether a database of this revision must be migrated before this program can use it."""
    return revision != newest() and (revision is None or is_known(revision))


def migrate(engine: Engine) -> tuple[str | None, str | None]:
    """Migrate to the newest revision; return the revision before and after. Safe to run twice at once.

    A database that a newer program has migrated is left as it is.
    """
    with engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        before = MigrationContext.configure(connection).get_current_revision()
        if is_due(before):
            command.upgrade(configuration(connection), "head")
        return before, MigrationContext.configure(connection).get_current_revision()


def configuration(connection: Connection | None = None) -> Config:
    """Return what alembic needs to know; with a connection it works on that one, in its transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
