"""An office: profiles, the mail they sent, and the answers that come back. On a real database, without a network."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from consumers.contract import read_event
from consumers.inbound.reply_path import ReplyParts, ReplyPath
from consumers.ledger.lease import PLANNING_LEASE_SECONDS
from consumers.ledger.outgoing_tables import outgoing_events
from consumers.ledger.planning import make_store_plans
from consumers.ledger.recording import arrival, record_events
from consumers.ledger.reply_tables import replies
from consumers.ledger.tables import deliveries, events
from consumers.outbound.planner import plan_event
from consumers.outbound.tokens import PURPOSE, make_token
from consumers.own_events import ANSWER_DUE, AnswerDue, AnswerDueData, read_recorded
from profiles.errors import UnknownProfile
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.sealing import Keyring
from profiles.store import Credentials, ProfileStore
from worker.database import make_engine
from worker.migrate import migrate

NOW = 1_700_000_000_000
HOUR = 3_600_000
EVA, BEN = "eva@example.com", "ben@example.com"
PASS = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=example.com"}

PROFILE = Profile(
    id=0,
    name="QA alerts",
    from_address="qa@example.com",
    smtp=SmtpSettings("smtp.example.com", 25, Security.NONE),
    imap=ImapSettings("imap.example.com", 143, Security.NONE, "qa@example.com"),
    authserv_id="mx.example.com",
    plus_addressing=True,
    timezone="Europe/Berlin",
)


def run(event_id: str = "run-1", *recipients: str, **more: Any) -> dict[str, Any]:
    """Return a finished run as it is published."""
    data = {
        "profile": "QA alerts",
        "recipients": list(recipients or (EVA,)),
        "suite": "checkout",
        "branch": "main",
        "outcome": "failed",
        "counts": {"total": 3, "passed": 1, "failed": 2},
        "failures": [{"name": "card is charged once"}, {"name": "voucher"}],
        **more,
    }
    return {"specversion": "1.0", "id": event_id, "source": "ci", "type": "runmail.run.finished", "data": data}


def alert(event_id: str = "alert-1", *recipients: str, **more: Any) -> dict[str, Any]:
    """Return an alert as it is published."""
    data = {
        "profile": "QA alerts",
        "recipients": list(recipients or (EVA,)),
        "key": "disk",
        "title": "Disk is full",
        **more,
    }
    return {"specversion": "1.0", "id": event_id, "source": "ci", "type": "runmail.alert", "data": data}


@dataclass
class Office:
    """Everything a test of answers needs; `now` is the office's clock in milliseconds UTC."""

    engine: Engine
    keyring: Keyring
    now: int = NOW
    uids: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.profiles = ProfileStore(self.engine, self.keyring)
        self.path = ReplyPath(self.parts())

    def parts(self, **changes: Any) -> ReplyParts:
        """Return what the path of a reply works with."""
        parts = ReplyParts(
            engine=self.engine,
            all_profiles=self.profiles.all,
            profiles_by_name=lambda: self.find,
            keys=self.keyring.derive(PURPOSE),
            aliases={"erledigt": "ack"},
            now=lambda: self.now,
        )
        return replace(parts, **changes)

    def find(self, name: str) -> Profile | None:
        try:
            return self.profiles.by_name(name)
        except UnknownProfile:
            return None

    def profile(self, **changes: Any) -> Profile:
        return self.profiles.add(replace(PROFILE, **changes), Credentials(imap="sesame"))

    def mail(self, published: dict[str, Any]) -> list[Any]:
        """Accept and plan an event; return its deliveries."""
        event = read_event(published)
        store = make_store_plans(self._message_id, PLANNING_LEASE_SECONDS)
        with self.engine.begin() as connection:
            (recorded,) = record_events(connection, [arrival(event, published, published_at=None, now=self.now)])
        plan = plan_event(recorded.row_id, event, self.find, self._no_answer, self.now)
        with self.engine.begin() as connection:
            store(connection, [plan])
            found = select(deliveries).where(deliveries.c.event_row == recorded.row_id).order_by(deliveries.c.id)
            return list(connection.execute(found))

    def answers(self) -> list[Any]:
        """Plan the automatic answers that are due, as the sweep has it done; return their deliveries, all of them."""
        wanted = select(events).where(events.c.type == ANSWER_DUE).order_by(events.c.id)
        with self.engine.begin() as connection:
            due = [row for row in connection.execute(wanted) if row.state == "accepted"]
            plans = [plan_event(row.id, read_recorded(row.body), self.find, self._no_answer, self.now) for row in due]
            make_store_plans(self._message_id, PLANNING_LEASE_SECONDS)(connection, plans)
            about = deliveries.c.event_row == events.c.id
            found = select(deliveries).join(events, about).where(events.c.type == ANSWER_DUE)
            return list(connection.execute(found.order_by(deliveries.c.id)))

    def said(self, answer: Any) -> AnswerDueData:
        """Return what an automatic answer says."""
        with self.engine.connect() as connection:
            body = connection.execute(select(events.c.body).where(events.c.id == answer.event_row)).scalar_one()
        event = read_recorded(body)
        assert isinstance(event, AnswerDue)
        return event.data

    def _message_id(self, delivery_id: int, recipient_key: str, created_at: int, profile: Profile) -> str:
        key = self.keyring.derive(PURPOSE)[0]
        return f"{make_token(key, delivery_id, recipient_key, created_at)}@example.com"

    def _no_answer(self, *_: object) -> Any:
        raise AssertionError("nothing here asks for a report")

    def keep(self, raw: bytes, profile_id: int = 1) -> int:
        """Keep a mail as collecting does; return its row."""
        with self.engine.begin() as connection:
            return connection.execute(
                insert(replies).returning(replies.c.id),
                {
                    "profile_id": profile_id,
                    "profile": "QA alerts",
                    "folder": "INBOX",
                    "uidvalidity": 1,
                    "uid": next(self.uids),
                    "sha256": hashlib.sha256(raw).hexdigest(),
                    "size": len(raw),
                    "kept_at": self.now,
                    "raw": raw,
                },
            ).scalar_one()

    def read(self, *raws: bytes) -> list[Any]:
        """Keep mails and read them; return their rows."""
        ids = [self.keep(raw) for raw in raws]
        assert self.path.read_replies(ids) == len(ids)
        return [self.row(each) for each in ids]

    def row(self, reply_id: int) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(select(replies).where(replies.c.id == reply_id)).one()

    def answer(self, delivery: Any, text: str, sender: str = EVA, **headers: str) -> Any:
        """Let somebody answer the mail of a delivery; return the row of the answer."""
        (row,) = self.read(written(delivery, text, sender, next(self.uids), **headers))
        return row

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """Return what was announced, in order."""
        with self.engine.connect() as connection:
            bodies = connection.execute(select(outgoing_events.c.body).order_by(outgoing_events.c.id)).scalars()
        found = [json.loads(body) for body in bodies]
        return [each for each in found if each["type"] == f"runmail.{kind}" or not kind]


def written(delivery: Any, text: str, sender: str, number: int, **headers: str) -> bytes:
    """Return an answer as a mail client writes it."""
    message = EmailMessage()
    message["From"] = f"Somebody <{sender}>"
    message["To"] = "qa@example.com"
    message["Subject"] = "Re: checkout"
    message["Message-ID"] = f"<{number}@client.example>"
    message["In-Reply-To"] = f"<{delivery.message_id}>"
    for name, value in headers.items():
        name = name.replace("_", "-")
        del message[name]
        message[name] = value
    quote = "\n".join(f"> {line}" for line in ("checkout failed", "", "Answer with ack, mute 2h or stop.", "stop"))
    message.set_content(f"{text}\n\nOn Mon, 1 Jan 2024 at 10:00, QA <qa@example.com> wrote:\n{quote}\n")
    return message.as_bytes()


def bounce(
    delivery: Any, status: str = "5.1.1", recipient: str | None = None, said: str = "550 5.1.1 unknown"
) -> bytes:
    """Return a delivery status notice (RFC 3464) about the mail of a delivery."""
    recipient = recipient or delivery.recipient
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.com>\n"
        "To: qa@example.com\n"
        "Subject: Undelivered Mail Returned to Sender\n"
        "Auto-Submitted: auto-replied\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n'
        "MIME-Version: 1.0\n\n"
        "--b\nContent-Type: text/plain\n\nI could not deliver it.\n\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n"
        f"Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {said}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{delivery.message_id}>\nTo: {recipient}\n\n--b--\n"
    ).encode()


@pytest.fixture
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    """An office; on PostgreSQL for a test that has the mark real("postgresql")."""
    if any("postgresql" in mark.args for mark in request.node.iter_markers("real")):
        address = request.getfixturevalue("postgresql").make(f"t{secrets.token_hex(6)}")
    else:
        address = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    engine = make_engine(address)
    migrate(engine)
    keyring = Keyring.parse(f"k1:{base64.b64encode(bytes(range(32))).decode()}")
    yield Office(engine, keyring)
    engine.dispose()
