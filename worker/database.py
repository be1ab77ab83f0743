"""The database engine: SQLite in WAL mode or PostgreSQL, with the settings that keep promises true.

SQLite: `BEGIN IMMEDIATE` for every transaction that writes, because a deferred one loses updates or fails late;
`synchronous=FULL`, because an accepted event must survive a power cut. Parameters are never shown in errors.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

#: Milliseconds a writer waits for another one on SQLite; longer than any transaction of ours.
BUSY_MILLISECONDS = 20_000
#: Seconds a connection to PostgreSQL may take.
CONNECT_SECONDS = 10


class DatabaseUnusable(Exception):
    """Raised when the database cannot be used as it is; the text says what to do."""


def make_engine(address: str) -> Engine:
    """Make the engine for a database address.

    Raises:
        DatabaseUnusable: when the address is none of SQLite or PostgreSQL.
    """
    try:
        url = make_url(address)
    except ArgumentError:
        raise DatabaseUnusable(
            "RUNMAIL_DATABASE_URL is not a database address such as postgresql://host/name"
        ) from None
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=8,
            connect_args={"connect_timeout": CONNECT_SECONDS},
        )
    raise DatabaseUnusable("RUNMAIL_DATABASE_URL must begin with sqlite:/// or postgresql://")


def open_snapshot(engine: Engine) -> Connection:
    """Open a connection whose reads all see one moment, however long they take."""
    if engine.dialect.name == "postgresql":
        # Its default shows each statement a later moment, and sums of two statements then do not belong together.
        return engine.connect().execution_options(isolation_level="REPEATABLE READ")
    return engine.execution_options(reading=True).connect()


def _sqlite(url: URL) -> Engine:
    """Make an engine whose every transaction is immediate and durable."""
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_MILLISECONDS / 1000})

    @event.listens_for(engine, "connect")
    def _set_up(connection, record):  # type: ignore[no-untyped-def]
        # Python's own transaction control opens deferred transactions; ours are opened below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection):  # type: ignore[no-untyped-def]
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
