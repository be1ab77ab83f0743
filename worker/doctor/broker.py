"""The doctor on the broker: whether it answers, keeps what it takes, and may be written to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import redis
from redis.exceptions import RedisError

from consumers.contract.broker_url import BrokerUrlWrong, explain
from consumers.contract.queue_message import QUEUE
from worker.broker_file import read_broker
from worker.doctor.finding import Finding, Surroundings
from worker.doctor.ledger import MOST_WAIT, skew_of
from worker.redis_client import make_client
from worker.settings import Settings
from worker.state import state_folder

#: The first version that waits on a queue for us (BLMOVE).
LEAST_VERSION = (6, 2)
#: Share of `maxmemory` above which it is worth a warning.
MUCH_MEMORY = 0.8


def examine_broker(settings: Settings, around: Surroundings) -> Iterator[Finding]:
    """Examine the broker that the settings or a running `up` name."""
    url = settings.broker_url.get_secret_value() if settings.broker_url else read_broker(state_folder(settings))
    if url is None:
        yield Finding("broker", "wrong", "there is none", "start `runmail up` or set RUNMAIL_BROKER_URL")
        return
    try:
        client = make_client(url)
    except BrokerUrlWrong as error:
        yield Finding("broker", "wrong", str(error), "see docs/settings.md, “Broker addresses”")
        return
    try:
        yield from _examine(client, around)
    except RedisError as error:
        advice = "start `runmail up` or see that the server of RUNMAIL_BROKER_URL runs and takes the login"
        yield Finding("broker", "wrong", explain(client, error), advice)
    finally:
        client.close()


def _examine(client: redis.Redis, around: Surroundings) -> Iterator[Finding]:
    said: Any = client.info()
    seconds, microseconds = client.time()
    yield _version(said)
    if said.get("role") == "slave":
        advice = "point RUNMAIL_BROKER_URL at the master, or at the sentinels: redis+sentinel://…"
        yield Finding("broker role", "wrong", "a read-only replica", advice)
    if "err" in (said.get("aof_last_write_status"), said.get("rdb_last_bgsave_status")):
        advice = "see its log and the disk it writes to: it refuses writes until it can save"
        yield Finding("broker disk", "wrong", "Redis cannot write its data to disk", advice)
    yield from _configuration(client, said)
    yield from _queue(client, around)
    yield from skew_of("the broker's host", around.now() - (seconds + microseconds / 1e6))


def _version(said: dict[str, Any]) -> Finding:
    version = str(said.get("redis_version", "?"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < LEAST_VERSION:
        return Finding("broker", "wrong", f"Redis {version} is too old", "upgrade to Redis 6.2 or newer")
    return Finding("broker", "ok", f"Redis {version}")


def _configuration(client: redis.Redis, said: dict[str, Any]) -> Iterator[Finding]:
    """Examine persistence and eviction, where the server lets us read its configuration."""
    try:
        kept: Any = client.config_get("*")
    except redis.ResponseError:
        advice = "see that its append-only file is on and its eviction policy is noeviction"
        yield Finding("broker configuration", "warning", "the server does not let it be read", advice)
        return
    if kept.get("appendonly") == "no":
        advice = "set `appendonly yes`: without it a restart of Redis loses events that no worker has accepted yet"
        yield Finding("broker persistence", "warning", "append-only file is off", advice)
    elif kept.get("appendfsync") == "no":
        advice = "set `appendfsync everysec`: now a power cut may lose half a minute of events"
        yield Finding("broker persistence", "warning", "the append-only file is not flushed to disk", advice)
    limit, policy = int(kept.get("maxmemory", 0)), kept.get("maxmemory-policy", "noeviction")
    if policy != "noeviction":
        advice = "set `maxmemory-policy noeviction`: Redis may throw waiting events away"
        yield Finding("broker eviction", "wrong" if limit else "warning", str(policy), advice)
    used = int(said.get("used_memory", 0))
    if limit and used > MUCH_MEMORY * limit:
        advice = "raise `maxmemory`, or see why events are not taken from the queue: a full Redis refuses new ones"
        yield Finding("broker memory", "warning", f"{used / limit:.0%} of maxmemory is used", advice)


def _queue(client: redis.Redis, around: Surroundings) -> Iterator[Finding]:
    """Examine how long the oldest event waits to be accepted."""
    key = f"dramatiq:{QUEUE}"
    first: Any = client.lindex(key, 0)
    body: Any = client.hget(f"{key}.msgs", first) if first else None
    if body is None:
        return
    try:
        waited = around.now() - json.loads(body)["message_timestamp"] / 1000
    except (ValueError, TypeError, KeyError):
        return  # no queue message: a worker puts it into quarantine
    if waited > MOST_WAIT:
        said = f"{client.llen(key)} events wait to be accepted, the oldest for {waited / 60:.0f} min"
        yield Finding("queue", "warning", said, "start `runmail worker`, and see what its log says")
