"""Who gets no mail, a page at a time: suppressed addresses, and mutes and stops, those that stand now."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, or_, select

from consumers.ledger.acting_tables import mutes, suppressions
from consumers.views.paging import Found, Place, Search, by_id, find_page


def find_suppressions(connection: Connection, now: int, place: Place, recipient: str | None = None) -> Found:
    """Return the recipient keys of a page of the suppressions that stand at `now`, newest first."""
    standing = (or_(suppressions.c.until.is_(None), suppressions.c.until > now),)
    driving = () if recipient is None else (suppressions.c.recipient_key == recipient,)
    order = (suppressions.c.created_at, suppressions.c.recipient_key)
    return find_page(connection, Search(suppressions, suppressions, order, driving, standing), place)


def read_suppressions(connection: Connection, keys: tuple[str, ...]) -> list[Any]:
    """Return suppressions in the order of the keys."""
    query = select(suppressions).where(suppressions.c.recipient_key.in_(keys))
    found = {row.recipient_key: row for row in connection.execute(query)}
    return [found[each] for each in keys if each in found]


def find_mutes(connection: Connection, now: int, place: Place, recipient: str | None = None) -> Found:
    """Return the ids of a page of the mutes and stops that stand at `now`, newest first."""
    standing = [or_(mutes.c.until.is_(None), mutes.c.until > now)]
    of_recipient = [] if recipient is None else [mutes.c.recipient_key == recipient]
    return find_page(connection, by_id(mutes, [], [*standing, *of_recipient]), place)


def read_mutes(connection: Connection, ids: tuple[int, ...]) -> list[Any]:
    """Return mutes and stops in the order of the ids."""
    found = {row.id: row for row in connection.execute(select(mutes).where(mutes.c.id.in_(ids)))}
    return [found[each] for each in ids if each in found]
