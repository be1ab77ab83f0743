"""Events as they are listed and shown, those in quarantine with what is wrong and their bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from consumers.ledger.tables import deliveries, events
from consumers.views.replies import answers_to
from consumers.views.shown_times import shown_time
from consumers.views.story import deliveries_of, story

#: Keys of an event as JSON, in order; programs rely on them.
KEYS = ("id", "source", "event_id", "type", "profile", "state", "reason", "detail", "bytes", "sha256")


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; None means any."""

    state: str | None = None
    type: str | None = None
    profile: str | None = None
    limit: int = 50


_COLUMNS = (
    events.c.id,
    events.c.source,
    events.c.event_id,
    events.c.type,
    events.c.profile,
    events.c.state,
    events.c.reason,
    events.c.detail,
    events.c.body_size.label("bytes"),
    events.c.body_sha256.label("sha256"),
    events.c.published_at,
    events.c.recorded_at,
    events.c.updated_at,
)


def list_events(connection: Connection, wanted: EventFilter) -> list[dict[str, Any]]:
    """Return events, newest first."""
    query = select(*_COLUMNS)
    if wanted.state is not None:
        query = query.where(events.c.state == wanted.state)
    if wanted.type is not None:
        query = query.where(events.c.type == wanted.type)
    if wanted.profile is not None:
        query = query.where(events.c.profile == wanted.profile)
    rows = connection.execute(query.order_by(events.c.id.desc()).limit(wanted.limit))
    return [_as_json(row) for row in rows]


def show_event(connection: Connection, row_id: int) -> dict[str, Any] | None:
    """Return one event with its content, how its deliveries stand, and its whole story; or None.

    `content` is the JSON the event was published as, or the kept bytes as text where they are none.
    """
    row = connection.execute(select(*_COLUMNS, events.c.body).where(events.c.id == row_id)).first()
    if row is None:
        return None
    counts = connection.execute(
        select(deliveries.c.state, func.count().label("n"))
        .where(deliveries.c.event_row == row_id)
        .group_by(deliveries.c.state)
    )
    ids = deliveries_of(connection, row_id)
    return {
        **_as_json(row),
        "deliveries": {count.state: count.n for count in counts},
        "answers": answers_to(connection, ids),
        "story": [step.to_json() for step in story(connection, row_id, ids)],
        "kept_bytes": len(row.body),
        "content": read_content(row.body),
    }


def read_body(connection: Connection, row_id: int) -> bytes | None:
    """Return the bytes of an event as they were kept, or None."""
    body: bytes | None = connection.execute(select(events.c.body).where(events.c.id == row_id)).scalar()
    return body


def find_rows(connection: Connection, name: str) -> list[int]:
    """Return the rows that a person may mean by `name`: a row's number, else the id of a CloudEvent."""
    if name.isdigit() and len(name) < 19:
        row = connection.execute(select(events.c.id).where(events.c.id == int(name))).scalar()
        if row is not None:
            return [row]
    return list(
        connection.execute(select(events.c.id).where(events.c.event_id == name).order_by(events.c.id)).scalars()
    )


def read_content(body: bytes) -> Any:
    """Return a kept body as JSON, or as text where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "backslashreplace")


def _as_json(row: Any) -> dict[str, Any]:
    return {
        **{key: getattr(row, key) for key in KEYS},
        "published_at": shown_time(row.published_at),
        "recorded_at": shown_time(row.recorded_at),
        "updated_at": shown_time(row.updated_at),
    }
