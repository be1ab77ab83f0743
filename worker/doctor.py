"""What `runmail doctor` examines, each finding with what was seen and what to do about it.

It changes nothing. A secret never stands in a finding.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from redis.exceptions import RedisError
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from consumers.ledger.lease import lease_holds, read_lease_clock
from consumers.ledger.states import DeliveryState, EventState
from consumers.ledger.tables import deliveries, events, leases
from profiles.errors import CredentialNeeded, CredentialUnreadable, KeyringInvalid
from profiles.sealing import Keyring
from profiles.store import ProfileStore
from worker import migrate
from worker.clock import LEASE
from worker.database import DatabaseUnusable, make_engine
from worker.embedded_redis import read_broker
from worker.redis_client import make_client
from worker.settings import Settings
from worker.state import StateUnusable, database_url, prepare, secret_keys, state_folder

Verdict = Literal["ok", "warning", "wrong"]

#: Free bytes below which a disk is about to stop the database.
LEAST_FREE = 500 * 1024 * 1024
#: Seconds a clock may differ from the broker's host.
MOST_SKEW = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing examined."""

    subject: str
    verdict: Verdict
    said: str
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Examine everything; what cannot be examined because of an earlier finding is left out."""
    findings = [*_state(settings)]
    engine, found = _database(settings)
    findings += found
    keyring, found = _keys(settings)
    findings += found
    if engine is not None:
        if keyring is not None:
            findings += _profiles(engine, keyring)
        findings += _work(engine)
        engine.dispose()
    return findings + list(_broker(settings))


def _state(settings: Settings) -> Iterator[Finding]:
    folder = state_folder(settings)
    try:
        free = shutil.disk_usage(prepare(folder)).free
    except (StateUnusable, OSError) as error:
        yield Finding("state folder", "wrong", str(error))
        return
    if free < LEAST_FREE:
        advice = "make room: a full disk stops accepting events"
        yield Finding("state folder", "wrong", f"{folder}: {free // 2**20} MB free", advice)
    else:
        yield Finding("state folder", "ok", f"{folder}: {free // 2**30} GB free")


def _keys(settings: Settings) -> tuple[Keyring | None, list[Finding]]:
    try:
        keyring = Keyring.parse(secret_keys(settings))
    except (KeyringInvalid, StateUnusable) as error:
        return None, [Finding("secret keys", "wrong", str(error), "set RUNMAIL_SECRET_KEYS, or mend the key file")]
    if settings.secret_keys is None and settings.database_url is not None:
        advice = "every host needs the same keys: set RUNMAIL_SECRET_KEYS"
        return keyring, [Finding("secret keys", "warning", "a key file of this host with a shared database", advice)]
    return keyring, [Finding("secret keys", "ok", "readable")]


def _database(settings: Settings) -> tuple[Engine | None, list[Finding]]:
    try:
        engine = make_engine(database_url(settings))
        revision = migrate.current(engine)
    except (DatabaseUnusable, StateUnusable) as error:
        return None, [Finding("database", "wrong", str(error))]
    except SQLAlchemyError as error:
        advice = "see that the server runs and RUNMAIL_DATABASE_URL names it"
        return None, [Finding("database", "wrong", f"does not answer ({type(error).__name__})", advice)]
    name = engine.dialect.name
    if revision == migrate.newest():
        return engine, [Finding("database", "ok", f"{name}, up to date ({revision})")]
    if revision is not None and not migrate.is_known(revision):
        return engine, [Finding("database", "warning", f"newer ({revision}) than this program", "upgrade the program")]
    said = "has no tables yet" if revision is None else f"is older ({revision}) than this program"
    return None, [Finding("database", "wrong", said, "run `runmail migrate`")]


def _profiles(engine: Engine, keyring: Keyring) -> Iterator[Finding]:
    store = ProfileStore(engine, keyring)
    found = store.all()
    if not found:
        yield Finding("profiles", "warning", "No email profiles configured", "run `runmail profiles new`")
    for profile in found:
        subject = f"profile “{profile.name}”"
        try:
            store.credential(profile, "smtp")
            store.credential(profile, "imap")
        except (CredentialNeeded, CredentialUnreadable) as error:
            yield Finding(subject, "wrong", str(error), "bring the old key back, or enter the credential again")
            continue
        if profile.enabled:
            yield Finding(subject, "ok", f"{profile.smtp.host}:{profile.smtp.port}, credentials readable")
        else:
            yield Finding(subject, "warning", "is disabled: its mail is held")


def _work(engine: Engine) -> Iterator[Finding]:
    with engine.execution_options(reading=True).connect() as connection:
        moment = read_lease_clock(connection)
        clock = connection.execute(
            select(leases.c.owner).where(leases.c.name == LEASE, lease_holds(leases, moment))
        ).scalar()
        quarantined = connection.execute(
            select(func.count()).select_from(events).where(events.c.state == EventState.QUARANTINED)
        ).scalar_one()
        uncertain = connection.execute(
            select(func.count()).select_from(deliveries).where(deliveries.c.state == DeliveryState.UNCERTAIN)
        ).scalar_one()
    if clock:
        yield Finding("clock", "ok", f"runs as {clock}")
    else:
        yield Finding("clock", "warning", "none runs: retries wait", "start `runmail clock`, or use `runmail up`")
    if quarantined:
        advice = "runmail events list --state quarantined"
        yield Finding("quarantine", "warning", f"{quarantined} events wait for a person", advice)
    if uncertain:
        advice = "runmail deliveries list --state uncertain"
        yield Finding("uncertain mail", "warning", f"{uncertain} deliveries wait for a person", advice)


def _broker(settings: Settings) -> Iterator[Finding]:
    url = settings.broker_url.get_secret_value() if settings.broker_url else read_broker(state_folder(settings))
    if url is None:
        advice = "start `runmail up` or set RUNMAIL_BROKER_URL"
        yield Finding("broker", "wrong", "there is none", advice)
        return
    try:
        client = make_client(url)
        said: Any = client.info()
        kept: Any = client.config_get("*")
        seconds, microseconds = client.time()
    except (RedisError, ValueError) as error:
        advice = "start `runmail up` or see that the server of RUNMAIL_BROKER_URL runs"
        yield Finding("broker", "wrong", f"does not answer ({type(error).__name__})", advice)
        return
    yield Finding("broker", "ok", f"Redis {said.get('redis_version', '?')}")
    if kept.get("appendonly") == "no":
        advice = "set `appendonly yes`: without it a restart of Redis loses events that no worker has accepted yet"
        yield Finding("broker persistence", "warning", "append-only file is off", advice)
    if kept.get("maxmemory-policy", "noeviction") != "noeviction":
        advice = "set `maxmemory-policy noeviction`: Redis may throw waiting events away"
        yield Finding("broker eviction", "wrong", kept["maxmemory-policy"], advice)
    skew = time.time() - (seconds + microseconds / 1e6)
    if abs(skew) > MOST_SKEW:
        yield Finding("clock skew", "warning", f"{skew:+.1f} s against the broker's host", "run a time daemon on both")
    client.close()
