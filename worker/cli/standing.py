"""What commands stand on: settings, a database that is up to date, a broker that answers. Errors in one line."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from profiles.errors import KeyringInvalid
from worker import revisions
from worker.cli import entry
from worker.cli.shown import fail
from worker.database import DatabaseUnusable
from worker.ground import Ground, lay_ground
from worker.state import StateUnusable


def bare_ground() -> Ground:
    """Build settings, engine, keys and profiles without asking whether the tables are there."""
    found = entry.settings()
    try:
        return lay_ground(found)
    except (DatabaseUnusable, StateUnusable, KeyringInvalid) as error:
        fail(str(error))


def ground() -> Ground:
    """Build what a command needs on a database that is up to date; the embedded one is made and migrated.

    A database set by RUNMAIL_DATABASE_URL is migrated only by `runmail migrate`.
    """
    found = bare_ground()
    try:
        revision = revisions.current(found.engine)
        if revision == revisions.newest():
            return found
        if found.settings.database_url is None:
            from worker.migrate import migrate  # 200 ms of alembic that only a migration should cost

            migrate(found.engine)
            return found
    except SQLAlchemyError as error:
        fail(
            f"the database does not answer ({type(error).__name__}): look at RUNMAIL_DATABASE_URL and `runmail doctor`"
        )
    if revision is None:
        fail("the database has no tables yet: run `runmail migrate`")
    if revisions.is_known(revision):
        fail("the database is older than this program: run `runmail migrate`")
    # A newer program has migrated already; old and new run side by side during an upgrade.
    return found
