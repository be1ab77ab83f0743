"""How the inbound side stands is seen in metrics and by the doctor: mailboxes, unread mail, outgoing events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, update

from consumers.ledger.mailboxes import add_mailboxes, due_mailboxes
from consumers.ledger.outgoing_tables import outgoing_deliveries, outgoing_events
from consumers.ledger.reply_tables import mailboxes, replies
from consumers.views.inbound_stand import MailboxStand, read_inbound_stand
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.store import Credentials
from worker.doctor.finding import Finding, Surroundings
from worker.doctor.inbound import examine_inbound
from worker.ground import Ground, lay_ground
from worker.metrics import exposed
from worker.metrics_clock import ClockMetrics
from worker.migrate import migrate
from worker.settings import Settings

NOW = 1_800_000_000_000
MINUTE = 60_000


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def ground(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Ground]:
    """A ledger with a profile whose mailbox is to be read."""
    address = request.getfixturevalue("database") if request.param == "postgresql" else None
    built = lay_ground(Settings(home=tmp_path, database_url=address))
    migrate(built.engine)
    imap = ImapSettings("localhost", 143, Security.NONE, "qa")
    smtp = SmtpSettings("localhost", 25, Security.NONE)
    profile = Profile(id=0, name="QA alerts", from_address="qa@example.com", smtp=smtp, imap=imap)
    built.profiles.add(profile, Credentials(imap="sesame"))
    with built.engine.begin() as connection:
        add_mailboxes(connection, due_mailboxes(connection, 0)[1], 0)
    yield built
    built.engine.dispose()


def change(ground: Ground, **values: Any) -> None:
    with ground.engine.begin() as connection:
        connection.execute(update(mailboxes).values(**values))


def kept(ground: Ground, minutes: float, **more: Any) -> None:
    row = {"profile_id": 1, "profile": "QA alerts", "folder": "INBOX", "uidvalidity": 1, "sha256": "x", "size": 1}
    with ground.engine.begin() as connection:
        connection.execute(
            insert(replies), {**row, "uid": int(minutes * 10), "kept_at": NOW - round(minutes * MINUTE), **more}
        )


def outgoing(ground: Ground, state: str, kind: str = "webhook", minutes: float = 0, routed: bool = True) -> None:
    at = NOW - round(minutes * MINUTE)
    with ground.engine.begin() as connection:
        row = {"event_id": f"evt_{time.time_ns()}", "type": "runmail.command.issued", "profile_id": 1, "body": b"{}"}
        event = connection.execute(
            insert(outgoing_events).returning(outgoing_events.c.id),
            {**row, "created_at": at, "routed_at": at if routed else None},
        ).scalar_one()
        if routed:
            target = {"event_row": event, "kind": kind, "target": "1", "state": state, "attempts": 1, "fence": 1}
            connection.execute(
                insert(outgoing_deliveries), {**target, "due_at": at, "created_at": at, "updated_at": at}
            )


def shown(ground: Ground) -> str:
    metrics = ClockMetrics()
    with ground.engine.connect() as connection:
        metrics.inbound.show(read_inbound_stand(connection, NOW))
    return exposed(metrics.registry).decode()


def findings(ground: Ground) -> dict[str, Finding]:
    around = replace(Surroundings(), now=lambda: NOW / 1000)
    return {each.subject: each for each in examine_inbound(ground.engine, around)}


def test_a_mailbox_that_is_read_is_shown_with_its_age_and_the_doctor_is_content(ground: Ground) -> None:
    change(ground, complete_at=NOW - MINUTE, tried_at=NOW - MINUTE)
    text = shown(ground)
    assert 'runmail_mailbox_age_seconds{folder="INBOX",profile="QA alerts"} 60.0' in text
    assert 'runmail_mailbox_failures{folder="INBOX",profile="QA alerts",reason=""} 0.0' in text
    assert [(each.subject, each.verdict) for each in findings(ground).values()] == [("mailboxes", "ok")]


def test_a_mailbox_that_was_never_read_has_no_age(ground: Ground) -> None:
    with ground.engine.connect() as connection:
        assert read_inbound_stand(connection, NOW).mailboxes == (MailboxStand("QA alerts", "INBOX", None, 0, None),)
    assert "runmail_mailbox_age_seconds{" not in shown(ground)


def test_a_mailbox_that_fails_again_and_again_is_named_with_its_reason(ground: Ground) -> None:
    change(ground, failures=2, reason="authentication_refused")
    assert [each.verdict for each in findings(ground).values()] == ["ok"]
    change(ground, failures=3)
    assert 'reason="authentication_refused"} 3.0' in shown(ground)
    (found,) = findings(ground).values()
    assert (found.subject, found.verdict) == ("mailbox “INBOX” of “QA alerts”", "warning")
    assert "authentication_refused" in found.said
    assert "profiles test “QA alerts”" in found.advice


def test_a_mailbox_that_nobody_reads_any_more_is_named(ground: Ground) -> None:
    change(ground, complete_at=NOW - 31 * MINUTE, tried_at=NOW - 31 * MINUTE)
    (found,) = findings(ground).values()
    assert found.said == "was last read to its end 31 min ago"


def test_a_disabled_profiles_mailbox_is_nobodys_worry(ground: Ground) -> None:
    change(ground, failures=9, complete_at=0)
    ground.profiles.update(replace(ground.profiles.by_name("QA alerts"), enabled=False))
    assert findings(ground) == {}
    assert "runmail_mailbox_failures{" not in shown(ground)


def test_mail_that_is_kept_and_not_read_is_counted_and_named_when_it_is_old(ground: Ground) -> None:
    kept(ground, 4)
    kept(ground, 90, read_at=NOW)
    assert "replies" not in findings(ground)
    kept(ground, 7)
    text = shown(ground)
    assert "runmail_replies_unread 2.0" in text
    assert "runmail_replies_unread_oldest_seconds 420.0" in text
    assert findings(ground)["replies"].said == "2 mails are kept and not read, the oldest for 7 min"


@pytest.mark.parametrize(("kind", "command"), [("webhook", "webhooks"), ("handler", "workflows")])
def test_outgoing_events_that_were_given_up_are_counted_by_kind(ground: Ground, kind: str, command: str) -> None:
    outgoing(ground, "dead", kind)
    outgoing(ground, "done", kind)
    assert f'runmail_outgoing_dead{{kind="{kind}"}} 1.0' in shown(ground)
    found = findings(ground)[f"{kind} deliveries"]
    assert (found.verdict, found.said) == ("warning", "1 were given up")
    assert f"runmail {command} retry --dead" in found.advice


@pytest.mark.parametrize("routed", [True, False])
def test_an_outgoing_event_that_nobody_delivers_is_named(ground: Ground, routed: bool) -> None:
    outgoing(ground, "pending", minutes=2, routed=routed)
    assert "outgoing events" not in findings(ground)
    outgoing(ground, "pending", minutes=11, routed=routed)
    assert "runmail_outgoing_due_oldest_seconds 660.0" in shown(ground)
    assert findings(ground)["outgoing events"].said == "the oldest has been due for 11 min"


def test_a_clock_that_lost_its_lease_shows_nothing_of_it(ground: Ground) -> None:
    kept(ground, 7)
    metrics = ClockMetrics()
    with ground.engine.connect() as connection:
        metrics.inbound.show(read_inbound_stand(connection, NOW))
    metrics.ticked(None, 0.0)
    text = exposed(metrics.registry).decode()
    assert "runmail_mailbox_failures{" not in text
    assert "runmail_replies_unread 0.0" in text
