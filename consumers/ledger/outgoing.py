"""Deliveries of outgoing events: what is due, claim and settle.

A claim is a compare-and-set with a lease and a fence: what a lost owner writes later no longer counts. Attempts are
counted at the claim, so that a target that kills its process is given up too. Steps of the ledger writer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, exists, select, update

from consumers.ledger.lease import Moment, lease_ended, read_lease_clock
from consumers.ledger.outgoing_tables import OutgoingState, TargetKind, outgoing_deliveries, outgoing_events

#: Targets of one look; the rest follows in the next.
MOST_TARGETS = 1_000

CHOSEN = select(
    outgoing_deliveries.c.id,
    outgoing_deliveries.c.fence,
    outgoing_deliveries.c.attempts,
    outgoing_events.c.event_id,
    outgoing_events.c.body,
).join(outgoing_events, outgoing_events.c.id == outgoing_deliveries.c.event_row)


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """The name of a handler, or the id of a webhook as text."""

    kind: TargetKind
    name: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The wish for a target's next delivery; `now` in milliseconds since 1970 UTC."""

    target: Target
    lease_seconds: float
    most_attempts: int
    now: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours while the lease holds; `attempts` counts this one."""

    row_id: int
    fence: int
    attempts: int
    event_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of an attempt: done, dead with a reason, or pending again at `due_at`."""

    row_id: int
    fence: int
    state: OutgoingState
    reason: str | None
    answer: str | None
    due_at: int | None
    now: int


def is_waiting(connection: Connection, now: int) -> bool:
    """Say whether anything is to be routed or delivered now."""
    moment = read_lease_clock(connection)
    unrouted = exists().where(outgoing_events.c.routed_at.is_(None))
    return bool(connection.execute(select(unrouted)).scalar()) or bool(
        connection.execute(select(exists().where(_due(now, moment)))).scalar()
    )


def due_targets(connection: Connection, now: int) -> list[Target]:
    """Return the targets that have something due."""
    columns = (outgoing_deliveries.c.kind, outgoing_deliveries.c.target)
    due = select(*columns).where(_due(now, read_lease_clock(connection))).distinct().limit(MOST_TARGETS)
    return [Target(TargetKind(row.kind), row.target) for row in connection.execute(due)]


def claim_outgoing(connection: Connection, wanted: Sequence[Claim]) -> list[Claimed | None]:
    """Claim the oldest due delivery of each target; None where there is none.

    One whose last attempt never ended, because its process died, is dead with the reason `never_ended`.
    """
    moment = read_lease_clock(connection)
    return [_claim(connection, each, moment) for each in wanted]


def settle_outgoing(connection: Connection, settlements: Sequence[Settlement]) -> list[bool]:
    """Write down what came of attempts; False for one whose delivery belongs to somebody else by now."""
    return [_settle(connection, each) for each in settlements]


def _due(now: int, moment: Moment) -> ColumnElement[bool]:
    return and_(
        outgoing_deliveries.c.state == OutgoingState.PENDING.value,
        outgoing_deliveries.c.due_at <= now,
        lease_ended(outgoing_deliveries, moment),
    )


def _claim(connection: Connection, wanted: Claim, moment: Moment) -> Claimed | None:
    chosen = connection.execute(
        CHOSEN.where(
            outgoing_deliveries.c.kind == wanted.target.kind.value,
            outgoing_deliveries.c.target == wanted.target.name,
            _due(wanted.now, moment),
        )
        .order_by(outgoing_deliveries.c.id)
        .limit(1)
        .with_for_update(of=outgoing_deliveries, skip_locked=True)
    ).first()
    if chosen is None:
        return None
    if chosen.attempts >= wanted.most_attempts:
        died = Settlement(chosen.id, chosen.fence, OutgoingState.DEAD, "never_ended", None, None, wanted.now)
        _settle(connection, died)
        return None
    changed = connection.execute(
        update(outgoing_deliveries)
        .where(outgoing_deliveries.c.id == chosen.id, outgoing_deliveries.c.fence == chosen.fence)
        .values(
            fence=chosen.fence + 1,
            attempts=chosen.attempts + 1,
            lease_epoch=moment.epoch,
            lease_until=moment.after(wanted.lease_seconds),
            updated_at=wanted.now,
        )
    )
    if changed.rowcount != 1:
        return None
    return Claimed(chosen.id, chosen.fence + 1, chosen.attempts + 1, chosen.event_id, chosen.body)


def _settle(connection: Connection, settled: Settlement) -> bool:
    changed = connection.execute(
        update(outgoing_deliveries)
        .where(
            outgoing_deliveries.c.id == settled.row_id,
            outgoing_deliveries.c.fence == settled.fence,
            outgoing_deliveries.c.state == OutgoingState.PENDING.value,
        )
        .values(
            state=settled.state.value,
            reason=settled.reason,
            last_answer=settled.answer,
            due_at=settled.due_at,
            lease_epoch=None,
            lease_until=None,
            updated_at=settled.now,
        )
    )
    return changed.rowcount == 1


def retry_outgoing(connection: Connection, row_ids: Sequence[int], kind: TargetKind, now: int) -> list[int]:
    """Let dead deliveries of a kind be tried again from the beginning, and waiting ones now; return which those are."""
    return [row_id for row_id in row_ids if _retry(connection, row_id, kind, now)]


def dead_rows(connection: Connection, kind: TargetKind, target: str | None = None) -> list[int]:
    """Return the dead deliveries of a kind, of one target or of all."""
    query = select(outgoing_deliveries.c.id).where(
        outgoing_deliveries.c.kind == kind.value, outgoing_deliveries.c.state == OutgoingState.DEAD.value
    )
    if target is not None:
        query = query.where(outgoing_deliveries.c.target == target)
    return list(connection.execute(query.order_by(outgoing_deliveries.c.id)).scalars())


def _retry(connection: Connection, row_id: int, kind: TargetKind, now: int) -> bool:
    changed = connection.execute(
        update(outgoing_deliveries)
        .where(
            outgoing_deliveries.c.id == row_id,
            outgoing_deliveries.c.kind == kind.value,
            outgoing_deliveries.c.state != OutgoingState.DONE.value,
        )
        .values(state=OutgoingState.PENDING.value, attempts=0, due_at=now, updated_at=now)
    )
    return changed.rowcount == 1
