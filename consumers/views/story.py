"""The story of mail: all that happened to an event and its deliveries, interleaved in the order of time.

    published, recorded          the event, by its publisher's clock and ours
    planned                      its deliveries were written
    attempt                      one try at a delivery; `outcome` and the server's answer
    reply, command, bounce, …    what came back, by its outcome
    took_effect                  a command in it that had an effect
    answered                     what runmail answers by itself, as a mail of its own: `sent_as`
    bounced                      the later fact on the delivery
    muted, stopped               what a command silences, while it stands
    acknowledged                 somebody took the alert in hand
    address_suppressed           the recipient gets no mail for a while

Reads only, in a fixed number of queries; what a person decided leaves no time behind and is in the state alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from consumers.ledger.acting_tables import acknowledgements, issued_commands, mutes, suppressions
from consumers.ledger.reply_tables import replies
from consumers.ledger.states import HARD_BOUNCES
from consumers.ledger.tables import attempts, deliveries, events
from consumers.ledger.waiting import profiles
from consumers.views.automatic import find_answers
from consumers.views.shown_times import shown_time

#: Deliveries of one event whose story is told.
MOST_TOLD = 1_000
#: What of `said` is a moment.
_MOMENTS = ("ended_at", "until")
#: The order of what has the same time: what causes stands before what follows.
_CAUSES = ("published", "recorded", "planned", "attempt")
_EFFECTS = ("answered", "bounced", "took_effect", "muted", "stopped", "acknowledged", "address_suppressed")
_RANKS = {what: rank for rank, what in enumerate((*_CAUSES, "", *_EFFECTS))}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened at `at` (milliseconds UTC); `delivery` is None for what concerns the event alone.

    `said` holds what else is known: names, moments (milliseconds UTC) and texts, none empty. Texts are a stranger's.
    """

    at: int
    what: str
    delivery: int | None = None
    said: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the step as JSON; the keys of `said` stand beside the others."""
        said = {name: shown_time(value) if name in _MOMENTS else value for name, value in self.said.items()}
        return {"at": shown_time(self.at), "what": self.what, "delivery": self.delivery, **said}


def story(connection: Connection, event_row: int, delivery_ids: Sequence[int]) -> list[Step]:
    """Return what happened to an event and to these of its deliveries, in order."""
    ids = list(delivery_ids)[:MOST_TOLD]
    steps = [
        *_event(connection, event_row),
        *_deliveries(connection, ids),
        *_attempts(connection, ids),
        *_replies(connection, ids),
        *_commands(connection, ids),
        *_mutes(connection, ids),
        *_acknowledgements(connection, event_row),
    ]
    return sorted(steps, key=lambda step: (step.at, _RANKS.get(step.what, _RANKS[""])))


def deliveries_of(connection: Connection, event_row: int) -> list[int]:
    """Return the deliveries of an event whose story is told."""
    query = select(deliveries.c.id).where(deliveries.c.event_row == event_row).order_by(deliveries.c.id)
    return list(connection.execute(query.limit(MOST_TOLD)).scalars())


def _event(connection: Connection, event_row: int) -> Iterator[Step]:
    query = select(events.c.published_at, events.c.recorded_at).where(events.c.id == event_row)
    for row in connection.execute(query):
        if row.published_at is not None:
            yield Step(row.published_at, "published")
        yield Step(row.recorded_at, "recorded")


def _deliveries(connection: Connection, ids: list[int]) -> Iterator[Step]:
    """Tell of planning, once for all that was planned together, and of bounces with what they brought about."""
    query = (
        select(
            deliveries.c.id,
            deliveries.c.created_at,
            deliveries.c.bounced,
            deliveries.c.bounced_status,
            deliveries.c.bounced_at,
            suppressions.c.created_at.label("suppressed_at"),
            suppressions.c.until,
            suppressions.c.reason,
        )
        .outerjoin(suppressions, suppressions.c.recipient_key == deliveries.c.recipient_key)
        .where(deliveries.c.id.in_(ids))
        .order_by(deliveries.c.id)
    )
    planned: dict[int, list[int]] = {}
    for row in connection.execute(query):
        planned.setdefault(row.created_at, []).append(row.id)
        if row.bounced is None:
            continue
        yield _step(row.bounced_at, "bounced", row.id, kind=row.bounced, status=row.bounced_status)
        if row.reason == HARD_BOUNCES and row.suppressed_at >= row.bounced_at:
            yield _step(row.suppressed_at, "address_suppressed", row.id, until=row.until)
    for at, together in planned.items():
        if len(together) == 1:
            yield Step(at, "planned", together[0])
        else:
            yield Step(at, "planned", None, {"deliveries": len(together)})


def _attempts(connection: Connection, ids: list[int]) -> Iterator[Step]:
    query = (
        select(attempts, profiles.c.name.label("profile"))
        .outerjoin(profiles, profiles.c.id == attempts.c.profile_id)
        .where(attempts.c.delivery_id.in_(ids))
        .order_by(attempts.c.delivery_id, attempts.c.fence)
    )
    number, of = 0, None
    for row in connection.execute(query):
        number = number + 1 if row.delivery_id == of else 1
        of = row.delivery_id
        yield _step(
            row.started_at,
            "attempt",
            row.delivery_id,
            number=number,
            outcome=row.outcome,
            profile=row.profile,
            reason=row.reason,
            code=row.code,
            status=row.status,
            answer=row.answer,
            ended_at=row.ended_at,
        )


def _replies(connection: Connection, ids: list[int]) -> Iterator[Step]:
    columns = (
        replies.c.id,
        replies.c.kept_at,
        replies.c.read_at,
        replies.c.outcome,
        replies.c.reason,
        replies.c.sender,
        replies.c.subject,
        replies.c.command,
        replies.c.delivery_id,
        replies.c.facts,
    )
    wishes: dict[str, Any] = {}
    for row in connection.execute(select(*columns).where(replies.c.delivery_id.in_(ids)).order_by(replies.c.id)):
        wish = (row.facts or {}).get("answer")
        if wish and wish["event"]:
            wishes[wish["event"]] = (row, wish)
        yield _step(
            row.read_at or row.kept_at,
            row.outcome or "kept",
            row.delivery_id,
            reply=row.id,
            by=row.sender,
            command=row.command,
            reason=row.reason,
            subject=row.subject,
        )
    for event_id, given in find_answers(connection, wishes).items():
        row, wish = wishes[event_id]
        reason = wish["reason"] or wish["kind"]
        yield _step(given.at, "answered", row.delivery_id, reply=row.id, reason=reason, sent_as=given.delivery)


def _commands(connection: Connection, ids: list[int]) -> Iterator[Step]:
    query = select(issued_commands).where(issued_commands.c.delivery_id.in_(ids)).order_by(issued_commands.c.id)
    for row in connection.execute(query):
        yield _step(
            row.created_at, "took_effect", row.delivery_id, reply=row.reply_id, by=row.issued_by, command=row.command
        )


def _mutes(connection: Connection, ids: list[int]) -> Iterator[Step]:
    for row in connection.execute(select(mutes).where(mutes.c.delivery_id.in_(ids)).order_by(mutes.c.id)):
        yield _step(row.created_at, row.kind, row.delivery_id, by=row.asked_by, about=row.about, until=row.until)


def _acknowledgements(connection: Connection, event_row: int) -> Iterator[Step]:
    query = select(acknowledgements).where(acknowledgements.c.event_row == event_row).order_by(acknowledgements.c.id)
    for row in connection.execute(query):
        yield _step(row.created_at, "acknowledged", None, by=row.taken_by, about=row.about)


def _step(at: int, what: str, delivery: int | None, **said: Any) -> Step:
    return Step(at, what, delivery, {name: value for name, value in said.items() if value not in (None, "")})
