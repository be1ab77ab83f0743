"""The verb plan: write down for every recipient of an event one delivery, or why there is none.

Counting a start comes first and in a commit of its own, so that an event whose planning kills the worker is
noticed. It knows the rows; who the recipients are is decided in `consumers.outbound.planner`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from consumers.ledger.lease import lease_ended, read_lease_clock
from consumers.ledger.plans import Plan
from consumers.ledger.recording import RecordOutcome, record_answers
from consumers.ledger.runs import record_runs
from consumers.ledger.standing_rules import apply_rules
from consumers.ledger.states import MAX_STARTS, DeliveryState, EventState
from consumers.ledger.tables import deliveries, events
from consumers.ledger.waiting import profiles
from profiles.profile import Profile

# Statements are made once: SQLAlchemy takes longer to make one than SQLite to run it.
STILL_ACCEPTED = (
    select(events.c.id)
    .where(events.c.id.in_(bindparam("ids", expanding=True)), events.c.state == EventState.ACCEPTED.value)
    .with_for_update()
)
# A profile that is being removed must not get new deliveries; the lock makes its remover wait, or this plan.
STANDING_PROFILES = (
    select(profiles.c.id)
    .where(profiles.c.id.in_(bindparam("profiles", expanding=True)))
    .with_for_update(read=True, key_share=True)
)
STORE_STATE = (
    update(events)
    .where(events.c.id == bindparam("row"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("why"),
        detail=bindparam("more"),
        updated_at=bindparam("now"),
        starts=0,
        lease_until=None,
    )
)
INSERT = insert(deliveries).returning(deliveries.c.id, sort_by_parameter_order=True)
GIVE_MESSAGE_ID = update(deliveries).where(deliveries.c.id == bindparam("row")).values(message_id=bindparam("message"))


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What was written: ids of the deliveries that are due at once, and the row of an answer that is to be planned.

    `written` is False when it stood already.
    """

    written: bool
    due: tuple[int, ...] = ()
    answer_row: int | None = None


#: Makes the Message-ID (without brackets) of a delivery: id, recipient key, milliseconds of its creation, profile.
MessageIds = Callable[[int, str, int, Profile], str]


def make_start_planning(lease_seconds: float) -> Callable[[Connection, Sequence[int]], list[bytes | None]]:
    """Make the step that begins to plan events which are the caller's for so many seconds."""

    def start_planning(connection: Connection, row_ids: Sequence[int]) -> list[bytes | None]:
        return begin_planning(connection, row_ids, lease_seconds)

    return start_planning


def begin_planning(connection: Connection, row_ids: Sequence[int], lease_seconds: float) -> list[bytes | None]:
    """Count a start of each event and lease it; the event's body, or None when it is no longer to be planned.

    An event started three times without an end is quarantined instead.
    """
    now = read_lease_clock(connection)
    found = {
        row.id: row
        for row in connection.execute(
            select(events.c.id, events.c.body, events.c.starts)
            .where(events.c.id.in_(row_ids), events.c.state == EventState.ACCEPTED, lease_ended(events, now))
            .with_for_update(skip_locked=True)
        )
    }
    poison = [row.id for row in found.values() if row.starts >= MAX_STARTS]
    if poison:
        connection.execute(
            update(events)
            .where(events.c.id.in_(poison))
            .values(
                state=EventState.QUARANTINED,
                reason="crashed_worker",
                detail=f"planning it was begun {MAX_STARTS} times and never came to an end",
                lease_until=None,
            )
        )
    taken = [row_id for row_id in found if row_id not in poison]
    if taken:
        connection.execute(
            update(events)
            .where(events.c.id.in_(taken))
            .values(starts=events.c.starts + 1, lease_epoch=now.epoch, lease_until=now.after(lease_seconds))
        )
    return [found[row_id].body if row_id in taken else None for row_id in row_ids]


def make_store_plans(
    message_ids: MessageIds, lease_seconds: float
) -> Callable[[Connection, Sequence[Plan]], list[PlanOutcome]]:
    """Make the step that writes plans. Answers among them are the caller's to plan for `lease_seconds`."""

    def store_plans(connection: Connection, plans: Sequence[Plan]) -> list[PlanOutcome]:
        """Write plans: the state of each event, its deliveries, its run and its answer in one transaction.

        A plan whose profile was removed meanwhile is not written: the event stays accepted and is planned anew.
        """
        open_rows = set(connection.execute(STILL_ACCEPTED, {"ids": [plan.row_id for plan in plans]}).scalars())
        wanted = {plan.profile.id for plan in plans if plan.profile is not None}
        standing = set(connection.execute(STANDING_PROFILES, {"profiles": sorted(wanted)}).scalars())
        written = [
            plan for plan in plans if plan.row_id in open_rows and (plan.profile is None or plan.profile.id in standing)
        ]
        if not written:
            return [PlanOutcome(False) for _ in plans]
        connection.execute(
            STORE_STATE,
            [
                {
                    "row": plan.row_id,
                    "new_state": plan.state,
                    "why": plan.reason,
                    "more": plan.detail,
                    "now": plan.now,
                }
                for plan in written
            ],
        )
        due = _insert_deliveries(connection, apply_rules(connection, written), message_ids)
        record_runs(connection, [plan.run for plan in written if plan.run is not None])
        answers = _record_answers(connection, written, lease_seconds)
        rows = {plan.row_id for plan in written}
        return [
            PlanOutcome(True, tuple(due.get(plan.row_id, ())), answers.get(plan.row_id))
            if plan.row_id in rows
            else PlanOutcome(False)
            for plan in plans
        ]

    return store_plans


def _record_answers(connection: Connection, plans: Sequence[Plan], lease_seconds: float) -> dict[int, int]:
    """Record the answers of plans; the rows of those that are new, by the row of what they answer."""
    answered = [(plan.row_id, plan.answer) for plan in plans if plan.answer is not None]
    recorded = record_answers(connection, [answer for _, answer in answered], lease_seconds)
    return {
        row_id: answer.row_id
        for (row_id, _), answer in zip(answered, recorded, strict=True)
        if answer.outcome is RecordOutcome.NEW
    }


def _insert_deliveries(connection: Connection, plans: Sequence[Plan], message_ids: MessageIds) -> dict[int, list[int]]:
    """Insert the deliveries of plans with their Message-IDs; the ids that are due, by event row."""
    meant = [(plan, plan.profile, item) for plan in plans if plan.profile for item in plan.deliveries]
    rows = [
        {
            "event_row": plan.row_id,
            "recipient": item.recipient,
            "recipient_key": item.recipient_key,
            "profile_id": profile.id,
            "profile": profile.name,
            "state": item.state,
            "reason": item.reason,
            "due_at": plan.now if item.state is DeliveryState.PENDING else None,
            "created_at": plan.now,
            "updated_at": plan.now,
            "fence": 0,
            "at_data": False,
            "starts": 0,
            "attempts": 0,
            "maybe_twice": False,
        }
        for plan, profile, item in meant
    ]
    if not rows:
        return {}
    ids = connection.execute(INSERT, rows).scalars().all()
    connection.execute(
        GIVE_MESSAGE_ID,
        [
            {"row": delivery_id, "message": message_ids(delivery_id, item.recipient_key, plan.now, profile)}
            for delivery_id, (plan, profile, item) in zip(ids, meant, strict=True)
        ],
    )
    due: dict[int, list[int]] = {}
    for delivery_id, (plan, _, item) in zip(ids, meant, strict=True):
        if item.state is DeliveryState.PENDING:
            due.setdefault(plan.row_id, []).append(delivery_id)
    return due
