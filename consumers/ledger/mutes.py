"""Mutes and stops: a recipient wants no mail about a thread for a while, or about a topic any more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, or_, select

from consumers.ledger.acting_tables import mutes
from consumers.ledger.states import MUTED, STOPPED

STANDING = select(mutes.c.scope, mutes.c.recipient_key, mutes.c.kind).where(
    mutes.c.scope.in_(bindparam("scopes", expanding=True)),
    or_(mutes.c.until.is_(None), mutes.c.until > bindparam("now")),
)

INSERT = insert(mutes)
END = delete(mutes).where(
    mutes.c.scope == bindparam("of_scope"),
    mutes.c.recipient_key == bindparam("key"),
    mutes.c.kind == bindparam("of_kind"),
)


@dataclass(frozen=True, slots=True)
class Silence:
    """What a recipient wants no mail about, and until when; `until` None is a stop."""

    profile_id: int
    scope: str
    recipient: str
    recipient_key: str
    about: str
    asked_by: str
    delivery_id: int
    until: int | None = None

    @property
    def kind(self) -> str:
        """`muted` or `stopped`, which is also the reason of what is suppressed by it."""
        return STOPPED if self.until is None else MUTED


def find_silenced(connection: Connection, scopes: Collection[str], now: int) -> dict[tuple[str, str], str]:
    """Return `muted` or `stopped` for each scope and recipient key with a silence at `now`; a stop is the stronger."""
    if not scopes:
        return {}
    found: dict[tuple[str, str], str] = {}
    for row in connection.execute(STANDING, {"scopes": sorted(scopes), "now": now}):
        pair = (row.scope, row.recipient_key)
        found[pair] = STOPPED if STOPPED in (row.kind, found.get(pair)) else row.kind
    return found


def silence(connection: Connection, wanted: Silence, now: int) -> None:
    """Write a mute or a stop; it takes the place of an earlier one of its kind."""
    unsilence(connection, wanted.scope, wanted.recipient_key, wanted.kind)
    row = {
        "profile_id": wanted.profile_id,
        "scope": wanted.scope,
        "recipient": wanted.recipient,
        "recipient_key": wanted.recipient_key,
        "kind": wanted.kind,
        "about": wanted.about,
        "asked_by": wanted.asked_by,
        "delivery_id": wanted.delivery_id,
        "until": wanted.until,
        "created_at": now,
    }
    connection.execute(INSERT, row)


def unsilence(connection: Connection, scope: str, recipient_key: str, kind: str) -> bool:
    """End a mute or a stop; False when there was none."""
    return bool(connection.execute(END, {"of_scope": scope, "key": recipient_key, "of_kind": kind}).rowcount)


def remove_mute(connection: Connection, mute_id: int) -> bool:
    """Remove a mute or a stop by its number; False when there is none."""
    return bool(connection.execute(delete(mutes).where(mutes.c.id == mute_id)).rowcount)
