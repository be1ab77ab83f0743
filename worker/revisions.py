"""The revisions of the database's tables: which one this program wants, which it knows, which a database has.

Every command and every process asks, so alembic is not needed for the answers: migrations follow each other in one
line, and the name of each one's file begins with its revision. How a migration is done is in `worker.migrate`.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, String, column, inspect, select, table

MIGRATIONS = Path(__file__).with_name("migrations")
#: The table in which alembic keeps the revision of a database.
TABLE = "alembic_version"


def known() -> list[str]:
    """Return the revisions of this program, the oldest first."""
    return sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def newest() -> str:
    """Return the revision this program wants."""
    return known()[-1]


def is_known(revision: str) -> bool:
    """Say whether a revision is one of ours; a newer program's is not."""
    return revision in known()


def is_due(revision: str | None) -> bool:
    """Say whether a database of this revision must be migrated before this program can use it."""
    return revision != newest() and (revision is None or is_known(revision))


def current(engine: Engine) -> str | None:
    """Return the revision of the database; None when it has no tables of ours."""
    with engine.execution_options(reading=True).connect() as connection:
        return read_revision(connection)


def read_revision(connection: Connection) -> str | None:
    """Return the revision of the database in the transaction of this connection; None when it has no tables of ours."""
    if not inspect(connection).has_table(TABLE):
        return None
    query = select(column("version_num", String)).select_from(table(TABLE))
    return connection.execute(query).scalar_one_or_none()
