"""The verb accept: write events down. What is written here is accepted and is never lost.

Runs on groups inside a transaction. It knows what makes two events the same, and nothing of what they say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, tuple_

from consumers.contract import Event
from consumers.contract.reading import MalformedEvent
from consumers.contract.texts import MAX_IDENTIFIER
from consumers.ledger.awaiting import await_finishes
from consumers.ledger.lease import Moment, read_lease_clock
from consumers.ledger.states import EventState
from consumers.ledger.tables import events

#: Bytes of an unreadable input that are kept; of more, the head, the size and the hash.
KEPT_BYTES = 4 * 1024 * 1024


KNOWN = select(events.c.id, events.c.source, events.c.event_id, events.c.fingerprint).where(
    tuple_(events.c.source, events.c.event_id).in_(bindparam("pairs", expanding=True)),
    events.c.state != EventState.QUARANTINED.value,
)
INSERT = insert(events).returning(events.c.id, sort_by_parameter_order=True)


class RecordOutcome(StrEnum):
    """What recording an input came to."""

    NEW = "new"
    REPEAT = "repeat"
    CONFLICTING = "conflicting"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that can be read, as it arrived. Times in milliseconds since 1970 UTC."""

    event: Event
    body: bytes
    fingerprint: str
    published_at: int | None
    now: int


@dataclass(frozen=True, slots=True)
class Reject:
    """An input that cannot be planned: the bytes as they came, and why."""

    body: bytes
    reason: str
    detail: str
    now: int
    source: str | None = None
    event_id: str | None = None
    type: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The row of an input and what recording it came to."""

    row_id: int
    outcome: RecordOutcome


def arrival(event: Event, raw: Any, *, published_at: int | None, now: int) -> Arrival:
    """Make an Arrival of an event and the JSON object it was read from.

    The fingerprint leaves the envelope's `time` out: publishing the same fact again is a repeat.
    """
    meaning = json.dumps(raw["data"], sort_keys=True, separators=(",", ":"))
    envelope = json.dumps({name: value for name, value in raw.items() if name != "data"}, separators=(",", ":"))
    body = f'{envelope[:-1]},"data":{meaning}}}'.encode("ascii")
    fingerprint = hashlib.sha256(f"{event.type}\n{meaning}".encode("ascii")).hexdigest()
    return Arrival(event=event, body=body, fingerprint=fingerprint, published_at=published_at, now=now)


def reject_of(published: object, error: MalformedEvent, now: int) -> Reject:
    """Make a Reject of a decoded input that is no event, with what of its identity can be read."""
    body = json.dumps(published, ensure_ascii=False, separators=(",", ":"), default=str)
    found = published if isinstance(published, dict) else {}
    inner = found.get("data")
    return Reject(
        body=body.encode("utf-8", "surrogatepass"),
        reason=error.reason,
        detail=error.text,
        now=now,
        source=_identifier(found.get("source")),
        event_id=_identifier(found.get("id")),
        type=_identifier(found.get("type")),
        profile=_identifier(inner.get("profile")) if isinstance(inner, dict) else None,
    )


def _identifier(value: object) -> str | None:
    """Return a text that can stand in an identity's column, or None."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_IDENTIFIER or "\0" in value:
        return None
    return value.encode("utf-8", "replace").decode("utf-8")


def make_record(lease_seconds: float) -> Callable[[Connection, Sequence[Arrival]], list[Recorded]]:
    """Make the step that records events for a process that plans them next, and has so many seconds for it."""

    def record(connection: Connection, arrivals: Sequence[Arrival]) -> list[Recorded]:
        return record_events(connection, arrivals, lease_seconds)

    return record


def record_events(
    connection: Connection, arrivals: Sequence[Arrival], lease_seconds: float | None = None
) -> list[Recorded]:
    """Write arrivals down, each pair of source and id once; a conflicting repeat goes to quarantine.

    With `lease_seconds` they are the caller's to plan, and a start of each is counted; without, anyone may.

    Raises:
        sqlalchemy.exc.IntegrityError: when another process recorded a pair in the same moment; run again.
    """
    moment = read_lease_clock(connection)
    wanted = {item.event.identity for item in arrivals}
    known: dict[tuple[str, str], tuple[int | None, str]] = {
        (row.source, row.event_id): (row.id, row.fingerprint)
        for row in connection.execute(KNOWN, {"pairs": sorted(wanted)})
    }
    new: dict[tuple[str, str], Arrival] = {}
    for item in arrivals:
        if item.event.identity not in known:
            known[item.event.identity] = (None, item.fingerprint)
            new[item.event.identity] = item
    inserted = dict(
        zip(new, _insert(connection, [_row(item, moment, lease_seconds) for item in new.values()]), strict=True)
    )
    await_finishes(connection, [(inserted[identity], item.event, item.now) for identity, item in new.items()])

    results: list[Recorded] = []
    for item in arrivals:
        row_id, fingerprint = known[item.event.identity]
        if item is new.get(item.event.identity):
            results.append(Recorded(inserted[item.event.identity], RecordOutcome.NEW))
        elif fingerprint == item.fingerprint:
            results.append(Recorded(row_id or inserted[item.event.identity], RecordOutcome.REPEAT))
        else:
            quarantined = quarantine(connection, [_conflict(item)])[0]
            results.append(Recorded(quarantined.row_id, RecordOutcome.CONFLICTING))
    return results


def find_events(connection: Connection, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the rows of events outside quarantine, by source and id."""
    if not pairs:
        return {}
    found = connection.execute(KNOWN, {"pairs": sorted(set(pairs))})
    return {(row.source, row.event_id): row.id for row in found}


def record_answers(connection: Connection, answers: Sequence[Arrival], lease_seconds: float) -> list[Recorded]:
    """Write events down that answer others. An answer that stands already stays as it was given first.

    Raises:
        sqlalchemy.exc.IntegrityError: as `record_events` does.
    """
    if not answers:
        return []
    standing = find_events(connection, [item.event.identity for item in answers])
    missing = [item for item in answers if item.event.identity not in standing]
    new = iter(record_events(connection, missing, lease_seconds))
    return [
        Recorded(standing[item.event.identity], RecordOutcome.REPEAT) if item.event.identity in standing else next(new)
        for item in answers
    ]


def quarantine(connection: Connection, rejects: Sequence[Reject]) -> list[Recorded]:
    """Write rejects down. The same bytes refused for the same reason are one row, however often they come."""
    results = []
    for item in rejects:
        digest = hashlib.sha256(item.body).hexdigest()
        row_id = connection.execute(
            select(events.c.id).where(
                events.c.body_sha256 == digest,
                events.c.state == EventState.QUARANTINED,
                events.c.reason == item.reason,
            )
        ).scalar()
        if row_id is None:
            row_id = _insert(connection, [_rejected_row(item, digest)])[0]
        results.append(Recorded(row_id, RecordOutcome.QUARANTINED))
    return results


def _insert(connection: Connection, rows: list[dict[str, Any]]) -> list[int]:
    """Insert rows and return their ids in order."""
    if not rows:
        return []
    found: Sequence[Row[tuple[int]]] = connection.execute(INSERT, rows).all()
    return [row.id for row in found]


def _row(item: Arrival, moment: Moment, lease_seconds: float | None) -> dict[str, Any]:
    return {
        "source": item.event.source,
        "event_id": item.event.id,
        "type": item.event.type,
        "profile": item.event.data.profile,
        "body": item.body,
        "body_size": len(item.body),
        "body_sha256": hashlib.sha256(item.body).hexdigest(),
        "fingerprint": item.fingerprint,
        "state": EventState.ACCEPTED,
        "published_at": item.published_at,
        "recorded_at": item.now,
        "updated_at": item.now,
        "starts": 0 if lease_seconds is None else 1,
        "lease_epoch": moment.epoch,
        "lease_until": None if lease_seconds is None else moment.after(lease_seconds),
    }


def _rejected_row(item: Reject, digest: str) -> dict[str, Any]:
    return {
        "source": item.source,
        "event_id": item.event_id,
        "type": item.type,
        "profile": item.profile,
        "body": item.body[:KEPT_BYTES],
        "body_size": len(item.body),
        "body_sha256": digest,
        "fingerprint": None,
        "state": EventState.QUARANTINED,
        "reason": item.reason,
        "detail": item.detail,
        "published_at": None,
        "recorded_at": item.now,
        "updated_at": item.now,
        "starts": 0,
    }


def _conflict(item: Arrival) -> Reject:
    return Reject(
        body=item.body,
        reason="conflicting_repeat",
        detail="an event with this source and id was accepted before and says something else",
        now=item.now,
        source=item.event.source,
        event_id=item.event.id,
        type=item.event.type,
        profile=item.event.data.profile,
    )
