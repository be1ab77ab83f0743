"""Writing into the audit trail which servers someone is about to test, before anything is connected to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from profiles.authors import Author
from profiles.profile import Profile
from profiles.sealing import Service
from profiles.store import ProfileStore
from profiles.trail import Deed, record


def note_test(
    store: ProfileStore, profile: Profile, services: Iterable[Service], by: Author, *, mail_to: str = ""
) -> None:
    """Write the entry; a profile that is not saved yet has the id 0."""
    changes: dict[str, Any] = {}
    for service in services:
        server = profile.smtp if service == "smtp" else profile.imap
        if server is not None:
            changes[f"{service} server"] = [None, f"{server.host}:{server.port} ({server.security.value})"]
    if mail_to:
        changes["test mail to"] = [None, mail_to]
    with store.changing() as session:
        record(session, profile.id, profile.name, Deed.TEST, by, changes, store.now())
