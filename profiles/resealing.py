"""Sealing every credential anew under the first key, so that older keys can be taken away.

One profile a transaction: killed at any moment, each credential is sealed under its old key or under the new one,
and both are configured. Running it again does what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from profiles.authors import Author
from profiles.drafts import SERVICES
from profiles.errors import CredentialUnreadable, UnknownProfile
from profiles.keeping import locked
from profiles.rows import place, sealed, to_profile
from profiles.sealing import Service, WebhookPlace, key_of
from profiles.store import ProfileStore
from profiles.tables import ProfileRow
from profiles.trail import Deed, record
from profiles.webhook_tables import WebhookRow, WebhookSecretRow


@dataclass(frozen=True, slots=True)
class Resealed:
    """What became of one profile: the services sealed anew, and those whose credential cannot be opened."""

    profile: str
    services: tuple[str, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many credentials each key seals, by its id, and the keys that are configured, newest first."""

    credentials: dict[str, int]
    configured: tuple[str, ...]

    @property
    def unused(self) -> tuple[str, ...]:
        """The configured keys but the first that seal nothing: they may be taken away."""
        return tuple(key for key in self.configured[1:] if not self.credentials.get(key))

    @property
    def missing(self) -> tuple[str, ...]:
        """The keys that seal something and are not configured."""
        return tuple(key for key in self.credentials if key not in self.configured)

    @property
    def waiting(self) -> int:
        """How many credentials are sealed under another key than the first."""
        return sum(number for key, number in self.credentials.items() if key != self.configured[0])


def key_use(store: ProfileStore) -> KeyUse:
    """Count the credentials under each key."""
    counts: Counter[str] = Counter()
    with store.reading() as session:
        for columns in session.exec(select(ProfileRow.smtp_sealed, ProfileRow.imap_sealed)):
            counts.update(key_of(each) for each in columns if each is not None)
        counts.update(key_of(each) for each in session.exec(select(WebhookSecretRow.sealed)))
    return KeyUse(dict(counts), store.keyring.ids)


def reseal(store: ProfileStore, by: Author) -> Iterator[Resealed]:
    """Seal anew what is not sealed under the first key; yield each profile once its change is committed."""
    with store.reading() as session:
        ids = session.exec(select(ProfileRow.id).order_by(col(ProfileRow.id))).all()
    for profile_id in ids:
        assert profile_id is not None
        try:
            done = _reseal_one(store, profile_id, by)
        except UnknownProfile:
            continue  # removed meanwhile
        if done.services or done.unreadable:
            yield done
    with store.reading() as session:
        hooks = session.exec(select(WebhookRow.id).order_by(col(WebhookRow.id))).all()
    for webhook_id in hooks:
        done_hook = _reseal_webhook(store, webhook_id, by)
        if done_hook is not None and (done_hook.services or done_hook.unreadable):
            yield done_hook


def _reseal_one(store: ProfileStore, profile_id: int, by: Author) -> Resealed:
    """Seal the credentials of one profile anew, in one transaction."""
    keyring = store.keyring
    changes: dict[str, Any] = {}
    done: list[Service] = []
    unreadable: list[Service] = []
    with store.changing() as session:
        row = locked(session, profile_id)
        profile = to_profile(row)
        for service in SERVICES:
            closed, where = sealed(row, service), place(profile, service)
            if closed is None or where is None or key_of(closed) == keyring.newest:
                continue
            try:
                secret = keyring.open(closed, where)
            except CredentialUnreadable:
                unreadable.append(service)
                continue
            row.sqlmodel_update({f"{service}_sealed": keyring.seal(secret, where)})
            changes[f"{service}.key"] = [key_of(closed), keyring.newest]
            done.append(service)
        if changes:
            record(session, profile_id, row.name, Deed.RESEAL, by, changes, store.now())
        return Resealed(row.name, tuple(done), tuple(unreadable))


def _reseal_webhook(store: ProfileStore, webhook_id: int | None, by: Author) -> Resealed | None:
    """Seal the secrets of one webhook anew, in one transaction; None when it was removed meanwhile."""
    keyring = store.keyring
    done: list[str] = []
    unreadable: list[str] = []
    with store.changing() as session:
        hook = session.exec(select(WebhookRow).where(WebhookRow.id == webhook_id).with_for_update()).first()
        if hook is None or hook.id is None:
            return None
        where, changes = WebhookPlace(hook.id, hook.url), {}
        for secret in session.exec(select(WebhookSecretRow).where(WebhookSecretRow.webhook_id == webhook_id)):
            if key_of(secret.sealed) == keyring.newest:
                continue
            try:
                opened = keyring.open(secret.sealed, where)
            except CredentialUnreadable:
                unreadable.append(f"webhook {webhook_id}")
                continue
            changes[f"webhook {webhook_id} key"] = [key_of(secret.sealed), keyring.newest]
            secret.sealed = keyring.seal(opened, where)
            done.append(f"webhook {webhook_id}")
        owner = session.get(ProfileRow, hook.profile_id)
        name = owner.name if owner is not None else "?"
        if changes:
            record(session, hook.profile_id, name, Deed.RESEAL, by, changes, store.now())
        return Resealed(name, tuple(done), tuple(unreadable))
