"""What still refers to a profile: asked before it is removed, so that nobody is surprised.

What others than profiles know of, such as schedules, comes through the `Mentions` protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection
from sqlmodel import Session, col, func, select

from profiles.profile import Profile
from profiles.store import ProfileStore
from profiles.tables import ProfileChangeRow, ProfileRow
from profiles.waiting import Waiting, Waits
from profiles.webhook_tables import WebhookRow


class Mentions(Protocol):
    """Tells what names a profile outside of the profiles, by kind in the plural: `{"schedules": ["Weekly"]}`."""

    def of_profile(self, connection: Connection, profile_id: int) -> Mapping[str, Sequence[str]]: ...


@dataclass(frozen=True, slots=True)
class References:
    """What refers to one profile.

    `waits` is its mail, `dependents` the profiles that fail over to it, `mentions` what names it elsewhere by kind,
    `webhooks` and `entries` how many webhooks and entries of the audit trail it has.
    """

    waits: Waits
    dependents: tuple[str, ...]
    mentions: Mapping[str, Sequence[str]]
    webhooks: int
    entries: int


def references(store: ProfileStore, profile: Profile, waiting: Waiting, mentions: Mentions) -> References:
    """Return what refers to a profile at this moment."""
    with store.reading() as session:
        connection = session.connection()
        hooks = select(func.count()).select_from(WebhookRow).where(WebhookRow.profile_id == profile.id)
        entries = select(func.count()).select_from(ProfileChangeRow).where(ProfileChangeRow.profile_id == profile.id)
        return References(
            waits=waiting.count(connection, profile.id),
            dependents=dependents(session, profile.name),
            mentions={kind: names for kind, names in mentions.of_profile(connection, profile.id).items() if names},
            webhooks=session.exec(hooks).one(),
            entries=session.exec(entries).one(),
        )


def dependents(session: Session, name: str) -> tuple[str, ...]:
    """Return the names of the profiles that fail over to the one of that name."""
    return tuple(
        session.exec(select(ProfileRow.name).where(ProfileRow.failover == name).order_by(col(ProfileRow.name)))
    )
