"""What the parts of a process are given to look things up and to open connections: profiles, events, mail servers.

Each is a function of the ground that a process stands on. A database that is away is LedgerAway here, whoever asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from sqlalchemy import Engine

from consumers.ledger.acknowledging import find_taken
from consumers.ledger.scopes import scope
from consumers.ledger.writer import reading
from consumers.notice import Taken
from consumers.outbound import tokens
from consumers.outbound.planner import FindProfile
from consumers.views.events import read_body
from profiles.errors import ProfileError, TransientMailError, UnknownProfile
from profiles.imap_link import ImapLink, open_imap
from profiles.profile import Profile
from profiles.sent_folder import find_sent
from profiles.smtp_link import SmtpLink
from profiles.store import ProfileStore
from profiles.verbs import Verb
from worker.ground import Ground


def find_by_name(profiles: ProfileStore) -> FindProfile:
    """Make a look-up that reads each profile once; used for one group of events."""
    found: dict[str, Profile | None] = {}

    def find(name: str) -> Profile | None:
        if name not in found:
            try:
                with reading():
                    found[name] = profiles.by_name(name)
            except UnknownProfile:
                found[name] = None
        return found[name]

    return find


def find_by_id(profiles: ProfileStore, profile_id: int) -> Profile | None:
    """Return a profile, or None when it is gone."""
    try:
        with reading():
            return profiles.get(profile_id)
    except UnknownProfile:
        return None


def message_id(
    key: bytes, domain: str | None, delivery_id: int, recipient_key: str, created_at: int, profile: Profile
) -> str:
    """Return the Message-ID of a delivery, without brackets: its token, at the domain set or the sender's."""
    token = tokens.make_token(key, delivery_id, recipient_key, created_at)
    return f"{token}@{domain or profile.from_address.rpartition('@')[2]}"


def load_body(engine: Engine, row_id: int) -> bytes | None:
    """Return an event's JSON by its row."""
    with reading(), engine.execution_options(reading=True).connect() as connection:
        return read_body(connection, row_id)


def taken_by(ground: Ground, profile: str, thread_key: str, event_row: int) -> Taken | None:
    """Return who took an alert in hand, if anybody did."""
    named = find_by_name(ground.profiles)(profile)
    if named is None:
        return None
    with reading(), ground.engine.execution_options(reading=True).connect() as connection:
        return find_taken(connection, scope(named.id, thread_key), event_row)


async def open_link(ground: Ground, kind: type[SmtpLink], profile: Profile) -> SmtpLink:
    """Open a connection to a profile's SMTP server with the credential that is kept for it.

    Raises:
        TransientMailError: when it cannot be opened.
    """
    try:
        with reading():
            credential = await asyncio.to_thread(ground.profiles.credential, profile, "smtp")
    except ProfileError as error:
        # A person mends this; until then the mail waits.
        raise TransientMailError("credential_unusable", answer=str(error)) from None
    return await kind.open(profile, credential)


def open_mailbox(ground: Ground, profile: Profile) -> ImapLink:
    """Open a profile's mailbox with the credential that is kept for it.

    Raises:
        TransientMailError: when it cannot be opened.
    """
    assert profile.imap is not None
    try:
        credential = ground.profiles.credential(profile, "imap")
    except ProfileError as error:
        raise TransientMailError("credential_unusable", verb=Verb.AUTH, answer=str(error)) from None
    return open_imap(profile.imap, credential)


def sent_mail(ground: Ground, profile: Profile, message_ids: Collection[str]) -> frozenset[str]:
    """Return those of our Message-IDs that lie among the sent mail of a profile's mailbox.

    Raises:
        TransientMailError: when it cannot be read.
    """
    link = open_mailbox(ground, profile)
    try:
        return find_sent(link, message_ids)
    finally:
        link.close()
