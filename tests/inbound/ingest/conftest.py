"""Mailboxes to be read: a ledger with a profile whose mailbox is the test's Dovecot, and passes over it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from consumers.inbound.collecting import collect
from consumers.inbound.passes import Passed, Report
from consumers.ledger.following import profiles
from consumers.ledger.mailboxes import add_mailboxes, due_mailboxes
from consumers.ledger.reply_tables import mailboxes, replies
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.store import Credentials
from tests.inbound.ingest.cutting_proxy import CuttingProxy
from tests.rig.dovecot import Dovecot
from worker.composition import collect_parts
from worker.ground import Ground, lay_ground
from worker.migrate import migrate
from worker.settings import Settings

#: When the profile of a test came to be: long before its mails, 2026-11-01 UTC.
CREATED = 1_793_491_200_000


@dataclass
class Rig:
    """A ledger, its profile, and how a test's passes are made."""

    ground: Ground
    profile: Profile
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.age(CREATED)
        self.note()

    def age(self, created_at: int) -> None:
        """Say when the profile came to be."""
        with self.ground.engine.begin() as connection:
            connection.execute(update(profiles).values(created_at=created_at))

    def note(self) -> None:
        """Note the folders that are wanted."""
        with self.ground.engine.begin() as connection:
            add_mailboxes(connection, due_mailboxes(connection, 0)[1], 0)

    def collect(self, folder: str = "INBOX", report: Report = lambda passed: None, **changes: Any) -> Passed:
        """Make one pass over a folder."""
        parts = replace(collect_parts(self.ground), **{**self.changes, **changes})
        return collect(parts, self.mailbox(folder).id, report)

    def mailbox(self, folder: str = "INBOX") -> Row[Any]:
        with self.ground.engine.connect() as connection:
            return connection.execute(select(mailboxes).where(mailboxes.c.folder == folder)).one()

    def replies(self) -> list[Row[Any]]:
        with self.ground.engine.connect() as connection:
            return list(connection.execute(select(replies).order_by(replies.c.id)))

    def subjects(self) -> list[str | None]:
        return [row.subject for row in self.replies()]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    ground = lay_ground(Settings(home=tmp_path))
    migrate(ground.engine)
    yield ground
    ground.engine.dispose()


@pytest.fixture
def rig(ground: Ground, dovecot: Dovecot) -> Rig:
    """A rig whose mailbox is Dovecot's."""
    return Rig(ground, ground.profiles.add(profile_of(dovecot), Credentials(imap=dovecot.password)))


def profile_of(dovecot: Dovecot, *folders: str) -> Profile:
    """Return a profile that reads Dovecot's mailbox; nothing is sent."""
    imap = ImapSettings(
        dovecot.host,
        dovecot.tls_port,
        Security.TLS,
        dovecot.username,
        str(dovecot.home.ca_file),
        folders or ("INBOX",),
    )
    smtp = SmtpSettings("127.0.0.1", 25, Security.NONE)
    return Profile(id=0, name="QA alerts", from_address="qa@example.com", smtp=smtp, imap=imap)


def mail(subject: str = "Re: checkout-api", body: str = "ack\n", sender: str = "ann@example.com") -> bytes:
    """Return an ordinary answer."""
    name = secrets.token_hex(8)
    return (
        f"From: {sender}\nTo: qa@example.com\nSubject: {subject}\nMessage-ID: <{name}@example.com>\n"
        f"Date: Mon, 30 Nov 2026 10:12:00 +0100\n\n{body}"
    ).encode()


@pytest.fixture
def proxy(dovecot: Dovecot) -> Iterator[CuttingProxy]:
    """A way to Dovecot that a test may cut."""
    proxy = CuttingProxy(dovecot.tls_port)
    yield proxy
    proxy.stop()
