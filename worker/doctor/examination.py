"""The order in which the doctor examines; what cannot be examined because of an earlier finding is left out."""

from __future__ import annotations

from collections.abc import Iterator

from worker.doctor.broker import examine_broker
from worker.doctor.finding import Finding, Surroundings
from worker.doctor.inbound import examine_inbound
from worker.doctor.ledger import examine_database, examine_work
from worker.doctor.machine import examine_keys, examine_settings, examine_state
from worker.doctor.profiles import examine_profiles
from worker.settings import Settings


def examine(settings: Settings, surroundings: Surroundings | None = None) -> Iterator[Finding]:
    """Examine everything, and yield each finding as soon as it is made."""
    around = surroundings or Surroundings()
    yield from examine_settings(around)
    yield from examine_state(settings, around)
    engine, found = examine_database(settings, around)
    yield from found
    keyring, found = examine_keys(settings)
    yield from found
    if engine is not None:
        if keyring is not None:
            yield from examine_profiles(engine, keyring, around)
        yield from examine_work(engine, around)
        yield from examine_inbound(engine, around)
        engine.dispose()
    yield from examine_broker(settings, around)
