"""What every command begins with, publishing included: settings, logs, the broker's address.

Kept apart from `standing`, which loads the database: a pipeline that publishes should not wait for that. Nor do
commands that only read the database wait for redis, which is loaded when a broker is asked.
"""

from __future__ import annotations

import sys

from consumers.contract.broker_url import BrokerUrlWrong, explain
from worker.broker_file import read_broker
from worker.cli.shown import fail
from worker.logs import set_up_logs
from worker.redis_client import make_client
from worker.settings import Settings, SettingsInvalid, read_settings
from worker.state import state_folder

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


def configured_broker(found: Settings) -> str | None:
    """Return the address of the broker that is set, else of the embedded one that runs; None when there is neither."""
    return found.broker_url.get_secret_value() if found.broker_url else read_broker(state_folder(found))


def broker_url(found: Settings) -> str:
    """Return the address of a broker that answers, or end with 1 and what to do."""
    url = configured_broker(found)
    if url is None:
        fail(NO_BROKER)
    from redis.exceptions import RedisError  # 300 ms that only a command with a broker should cost

    try:
        client = make_client(url)
    except BrokerUrlWrong as error:
        fail(f"RUNMAIL_BROKER_URL: {error}")
    try:
        client.ping()
    except RedisError as error:
        said = explain(client, error)
        fail(NO_BROKER if said.startswith("no broker") else said)
    finally:
        client.close()
    return url
