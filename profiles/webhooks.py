"""The webhooks of profiles: kept with sealed secrets, every change in the audit trail.

A webhook's address cannot be changed, because its secrets are bound to it: remove it and add another. This file
knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, delete, or_, select

from profiles import names
from profiles.authors import Author
from profiles.errors import UnknownWebhook
from profiles.sealing import WebhookPlace
from profiles.store import ProfileStore
from profiles.tables import ProfileRow
from profiles.trail import CHANGED, Deed, record
from profiles.webhook_address import new_secret, read_address, secret_bytes, shown_url
from profiles.webhook_tables import WebhookRow, WebhookSecretRow

#: Milliseconds an old secret signs beside the new one when nobody says how long: a day to change the receiver.
KEEP_OLD = 86_400_000


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it is kept: `types` empty means all, `off_reason` is why nothing is sent; times in ms UTC."""

    id: int
    profile_id: int
    profile: str
    url: str
    types: tuple[str, ...]
    off_reason: str | None
    created_at: int
    #: When older secrets cease to sign, one for each; the newest has no end.
    old_secrets_end: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A webhook and its new secret, which is shown this once."""

    webhook: Webhook
    secret: str


class WebhookStore:
    """The webhooks in the database of a profile store, under its keys."""

    def __init__(self, store: ProfileStore, private_hosts: Collection[str] = ()) -> None:
        self._store = store
        self._private_hosts = private_hosts

    def add(
        self, profile: str, url: str, types: Collection[str] = (), *, secret: str | None = None, by: Author
    ) -> Made:
        """Keep a new webhook of a profile; without a `secret` one is made.

        Raises:
            UnknownProfile: when no profile has exactly that name.
            WebhookUnusable: when the address or the secret is none.
        """
        read_address(url, self._private_hosts)
        text = secret or new_secret()
        secret_bytes(text)
        now = self._store.now()
        with self._store.changing() as session:
            owner = names.exact(session, profile, lock=True)
            assert owner.id is not None
            row = WebhookRow(profile_id=owner.id, url=url, types=sorted(types), created_at=now, updated_at=now)
            session.add(row)
            session.flush()
            self._seal(session, row, text, now)
            self._record(session, row, owner.name, Deed.WEBHOOK_ADD, by, {"address": [None, shown_url(url)]})
            return Made(_webhook(row, owner.name), text)

    def all(self, profile: str | None = None) -> list[Webhook]:
        """Return the webhooks, of one profile or of all, in the order they were added.

        Raises:
            UnknownProfile: when no profile has or had that name.
        """
        query = select(WebhookRow, ProfileRow.name).join(
            ProfileRow, col(ProfileRow.id) == col(WebhookRow.profile_id), isouter=True
        )
        with self._store.reading() as session:
            if profile is not None:
                query = query.where(WebhookRow.profile_id == names.meant(session, profile).id)
            found = session.exec(query.order_by(col(WebhookRow.id))).all()
            ends = session.exec(
                select(WebhookSecretRow.webhook_id, WebhookSecretRow.ends_at).where(
                    col(WebhookSecretRow.ends_at) > self._store.now()
                )
            ).all()
            return [
                _webhook(row, name or "?", tuple(sorted(end for owner, end in ends if owner == row.id and end)))
                for row, name in found
            ]

    def get(self, webhook_id: int) -> Webhook:
        """Return one webhook.

        Raises:
            UnknownWebhook: when there is none of that number.
        """
        with self._store.reading() as session:
            row = _row(session, webhook_id)
            return _webhook(row, _profile_name(session, row))

    def secrets(self, webhook: Webhook) -> list[str]:
        """Return the secrets that sign now, the newest first.

        Raises:
            CredentialUnreadable: when the newest cannot be opened; an older one that cannot is left out by its end.
        """
        keyring, place = self._store.keyring, WebhookPlace(webhook.id, webhook.url)
        with self._store.reading() as session:
            rows = session.exec(
                select(WebhookSecretRow.sealed)
                .where(
                    WebhookSecretRow.webhook_id == webhook.id,
                    or_(col(WebhookSecretRow.ends_at).is_(None), col(WebhookSecretRow.ends_at) > self._store.now()),
                )
                .order_by(col(WebhookSecretRow.id).desc())
            ).all()
        return [keyring.open(sealed, place) for sealed in rows]

    def rotate(self, webhook_id: int, *, keep_old: int = KEEP_OLD, secret: str | None = None, by: Author) -> Made:
        """Make a new secret; those before it sign for `keep_old` more milliseconds, or as long as they had anyway.

        Raises:
            UnknownWebhook: when there is none of that number.
            WebhookUnusable: when the given secret is none.
        """
        text = secret or new_secret()
        secret_bytes(text)
        now = self._store.now()
        with self._store.changing() as session:
            row = _row(session, webhook_id, lock=True)
            for old in session.exec(select(WebhookSecretRow).where(WebhookSecretRow.webhook_id == webhook_id)).all():
                end = now + keep_old if old.ends_at is None else min(old.ends_at, now + keep_old)
                if end <= now:
                    session.delete(old)
                else:
                    old.ends_at = end
            self._seal(session, row, text, now)
            name = _profile_name(session, row)
            self._record(session, row, name, Deed.WEBHOOK_ROTATE, by, {"secret": CHANGED})
            return Made(_webhook(row, name), text)

    def switch(self, webhook_id: int, off_reason: str | None, *, by: Author) -> Webhook:
        """Send to it again (None), or no more for a named reason.

        Raises:
            UnknownWebhook: when there is none of that number.
        """
        with self._store.changing() as session:
            row = _row(session, webhook_id, lock=True)
            name = _profile_name(session, row)
            if row.off_reason != off_reason:
                deed = Deed.WEBHOOK_ENABLE if off_reason is None else Deed.WEBHOOK_DISABLE
                self._record(session, row, name, deed, by, {"off": [row.off_reason, off_reason]})
                row.off_reason = off_reason
                row.updated_at = self._store.now()
            return _webhook(row, name)

    def remove(self, webhook_id: int, *, by: Author) -> Webhook:
        """Remove a webhook with its secrets.

        Raises:
            UnknownWebhook: when there is none of that number.
        """
        with self._store.changing() as session:
            row = _row(session, webhook_id, lock=True)
            found = _webhook(row, _profile_name(session, row))
            changes = {"address": [shown_url(row.url), None]}
            self._record(session, row, found.profile, Deed.WEBHOOK_REMOVE, by, changes)
            session.exec(delete(WebhookSecretRow).where(col(WebhookSecretRow.webhook_id) == webhook_id))
            session.delete(row)
            return found

    def _seal(self, session: Session, row: WebhookRow, text: str, now: int) -> None:
        assert row.id is not None
        sealed = self._store.keyring.seal(text, WebhookPlace(row.id, row.url))
        session.add(WebhookSecretRow(webhook_id=row.id, sealed=sealed, created_at=now))

    def _record(
        self, session: Session, row: WebhookRow, profile: str, deed: Deed, by: Author, changes: dict[str, Any]
    ) -> None:
        named = {f"webhook {row.id} {name}": change for name, change in changes.items()}
        record(session, row.profile_id, profile, deed, by, named, self._store.now())


def drop_webhooks(session: Session, profile_id: int) -> None:
    """Delete the webhooks of a profile that is being removed, with their secrets."""
    owned = select(WebhookRow.id).where(WebhookRow.profile_id == profile_id)
    session.exec(delete(WebhookSecretRow).where(col(WebhookSecretRow.webhook_id).in_(owned)))
    session.exec(delete(WebhookRow).where(col(WebhookRow.profile_id) == profile_id))


def _row(session: Session, webhook_id: int, *, lock: bool = False) -> WebhookRow:
    query = select(WebhookRow).where(WebhookRow.id == webhook_id)
    row = session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        raise UnknownWebhook(webhook_id)
    return row


def _profile_name(session: Session, row: WebhookRow) -> str:
    owner = session.get(ProfileRow, row.profile_id)
    return owner.name if owner is not None else "?"


def _webhook(row: WebhookRow, profile: str, ends: tuple[int, ...] = ()) -> Webhook:
    assert row.id is not None
    return Webhook(row.id, row.profile_id, profile, row.url, tuple(row.types), row.off_reason, row.created_at, ends)
