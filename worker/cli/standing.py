"""What commands stand on: settings, a database that is up to date, a broker that answers. Errors in one line."""

from __future__ import annotations

import sys

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from profiles.errors import KeyringInvalid
from worker import migrate
from worker.broker import make_client
from worker.cli.shown import fail
from worker.composition import Ground, lay_ground
from worker.database import DatabaseUnusable
from worker.embedded_redis import read_broker
from worker.logs import set_up_logs
from worker.settings import Settings, SettingsInvalid, read_settings
from worker.state import StateUnusable, state_folder

NO_BROKER = "no broker: start `runmail up` or set RUNMAIL_BROKER_URL"


def settings() -> Settings:
    """Read the settings, or end with 2 and the variable that is wrong."""
    try:
        found = read_settings()
    except SettingsInvalid as error:
        fail(str(error), 2)
    as_json = found.log_format == "json" or (found.log_format == "auto" and not sys.stderr.isatty())
    set_up_logs(as_json=as_json, level=found.log_level)
    return found


def bare_ground() -> Ground:
    """Build settings, engine, keys and profiles without asking whether the tables are there."""
    found = settings()
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
        revision = migrate.current(found.engine)
        if revision == migrate.newest():
            return found
        if found.settings.database_url is None:
            migrate.migrate(found.engine)
            return found
    except SQLAlchemyError as error:
        fail(
            f"the database does not answer ({type(error).__name__}): look at RUNMAIL_DATABASE_URL and `runmail doctor`"
        )
    if revision is None:
        fail("the database has no tables yet: run `runmail migrate`")
    if migrate.is_known(revision):
        fail("the database is older than this program: run `runmail migrate`")
    # A newer program has migrated already; old and new run side by side during an upgrade.
    return found


def broker_url(found: Settings) -> str:
    """Return the address of a broker that answers, or end with 1 and what to do."""
    url = found.broker_url.get_secret_value() if found.broker_url else read_broker(state_folder(found))
    if url is None:
        fail(NO_BROKER)
    client = None
    try:
        client = make_client(url)
        client.ping()
    except (RedisError, ValueError):
        fail(NO_BROKER)
    finally:
        if client is not None:
            client.close()
    return url
