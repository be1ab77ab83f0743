"""The audit trail: what was changed of which profile, when, by whom and from where, and never a secret.

An entry is written in the transaction of its change, so that there is no change without one. Entries outlive
the profile. This file knows neither who may change what nor how it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from profiles.authors import Author
from profiles.described import describe
from profiles.profile import Profile
from profiles.profiles_text import file_table
from profiles.tables import ProfileChangeRow, ProfileRow

#: What an entry says of a password.
CHANGED = "changed"


class Deed(StrEnum):
    """What was done to a profile."""

    NEW = "new"
    SEED = "seed"
    EDIT = "edit"
    RENAME = "rename"
    ROTATE = "rotate"
    TEST = "test"
    ENABLE = "enable"
    DISABLE = "disable"
    REMOVE = "remove"
    RESEAL = "keys rotate"
    WEBHOOK_ADD = "webhooks add"
    WEBHOOK_ROTATE = "webhooks rotate"
    WEBHOOK_ENABLE = "webhooks enable"
    WEBHOOK_DISABLE = "webhooks disable"
    WEBHOOK_REMOVE = "webhooks remove"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `at` in milliseconds UTC, `changes` as setting → [before, after], or `changed` for a password.

    `id` grows with every entry.
    """

    at: int
    profile_id: int
    profile: str
    action: str
    author: Author
    changes: Mapping[str, Any]
    id: int = 0


def record(
    session: Session, profile_id: int, name: str, deed: Deed, by: Author, changes: Mapping[str, Any], at: int
) -> None:
    """Write an entry into the session's transaction. `changes` must hold no secret."""
    session.add(
        ProfileChangeRow(
            at=at,
            profile_id=profile_id,
            profile=name,
            action=deed.value,
            who=by.who[:200],
            via=by.via[:32],
            host=by.host[:255],
            changes=dict(changes),
        )
    )


def entries(session: Session, name: str) -> list[Entry]:
    """Return what happened to every profile that has or had that name, oldest first."""
    rows = session.exec(select(ProfileChangeRow).where(_of_name(name)).order_by(col(ProfileChangeRow.id)))
    return [_entry(row) for row in rows]


def latest(session: Session, name: str | None, most: int, *, before: int | None = None) -> list[Entry]:
    """Return the last `most` entries, newest first, of one name as `entries` does or of all.

    `before` leaves out that entry and what came after it: the id of the last one seen.
    """
    query = select(ProfileChangeRow).order_by(col(ProfileChangeRow.id).desc()).limit(most)
    if name is not None:
        query = query.where(_of_name(name))
    if before is not None:
        query = query.where(col(ProfileChangeRow.id) < before)
    return [_entry(row) for row in session.exec(query)]


def _of_name(name: str) -> ColumnElement[bool]:
    ids = select(ProfileRow.id).where(ProfileRow.name == name)
    # Tests of what is not saved yet have no profile but a name.
    earlier = select(ProfileChangeRow.profile_id).where(
        ProfileChangeRow.profile == name, ProfileChangeRow.profile_id != 0
    )
    return or_(
        col(ProfileChangeRow.profile_id).in_(ids),
        col(ProfileChangeRow.profile_id).in_(earlier),
        and_(col(ProfileChangeRow.profile_id) == 0, col(ProfileChangeRow.profile) == name),
    )


def _entry(row: ProfileChangeRow) -> Entry:
    author = Author(row.who, row.via, row.host)
    return Entry(row.at, row.profile_id, row.profile, row.action, author, row.changes, row.id or 0)


def changes_between(before: Profile | None, after: Profile | None) -> dict[str, Any]:
    """Return each setting that differs as [before, after]; None stands for a profile that is not there.

    Of a profile that comes or goes, only what does not go without saying is told.
    """
    if before is None or after is None:
        old, new = (_flat(file_table(each)) if each is not None else {} for each in (before, after))
    else:
        old, new = _flat(describe(before)), _flat(describe(after))
    return {
        name: [old.get(name), new.get(name)] for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)
    }


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a `[[profile]]` table that say something, by dotted names, as JSON has them."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        parts = {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
        found.update({key: _json(each) for key, each in parts.items() if each not in (None, "", [])})
    return found


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
