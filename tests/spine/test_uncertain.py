"""Uncertain mail: looked for in its sender's mailbox (a real Dovecot), sent once more by rule, or left to a person."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from imapclient import IMAPClient
from sqlalchemy import update

from consumers.ledger.tables import deliveries
from profiles.profile import ImapSettings, OnUncertain, Profile, Security
from profiles.sent_folder import sent_folders
from profiles.store import Credentials
from tests.rig.dovecot import Dovecot
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until
from worker.clock import Clock
from worker.ground import now_milliseconds

LOST = pytest.mark.fault(verb="DOT", kind="drop", taken=True, times=1)


@contextmanager
def mailbox(dovecot: Dovecot) -> Iterator[IMAPClient]:
    context = ssl.create_default_context(cafile=str(dovecot.home.ca_file))
    with IMAPClient("localhost", dovecot.tls_port, ssl_context=context) as client:
        client.login(dovecot.username, dovecot.password)
        yield client


def profile_with_mailbox(spine: Spine, dovecot: Dovecot, **changes: object) -> Profile:
    imap = ImapSettings("localhost", dovecot.tls_port, Security.TLS, dovecot.username, str(dovecot.home.ca_file))
    draft = replace(spine.profile(name="draft"), name="QA alerts", imap=imap, **changes)  # type: ignore[arg-type]
    return spine.ground.profiles.add(draft, Credentials(imap=dovecot.password))


def run_json(spine: Spine, *arguments: str) -> Any:
    return json.loads(spine.run(*arguments, "--json").stdout)


def look(spine: Spine, clock: Clock) -> None:
    """Let the time have come at which uncertain mail is looked for."""
    with spine.ground.engine.begin() as connection:
        due = {"due_at": now_milliseconds() - 1}
        connection.execute(update(deliveries).where(deliveries.c.due_at.is_not(None)).values(**due))
    clock.tick(take_back=False)


def put_into(dovecot: Dovecot, folder: str, message: bytes) -> None:
    with mailbox(dovecot) as client:
        if not client.folder_exists(folder):
            client.create_folder(folder)
        client.append(folder, message)


@LOST
@pytest.mark.real("dovecot")
@pytest.mark.parametrize("on_uncertain", list(OnUncertain))
def test_an_uncertain_mail_that_lies_among_the_sent_is_settled_and_not_sent_again(
    spine: Spine, dovecot: Dovecot, on_uncertain: OnUncertain
) -> None:
    profile_with_mailbox(spine, dovecot, on_uncertain=on_uncertain)
    clock = spine.clock()
    spine.work()
    spine.publish(run_finished())
    (row,) = spine.settled(uncertain=1)
    assert row["maybe_twice"] is True
    put_into(dovecot, "Sent", spine.server.wait_for(1)[0].message)
    look(spine, clock)

    (row,) = spine.settled(sent=1)
    assert row["reason"] == "found_in_mailbox"
    assert len(spine.server.transactions) == 1
    spine.balanced()


@LOST
@pytest.mark.real("dovecot")
def test_an_uncertain_mail_that_is_not_found_follows_the_rule_of_its_profile(spine: Spine, dovecot: Dovecot) -> None:
    profile_with_mailbox(spine, dovecot)
    clock = spine.clock()
    spine.work()
    spine.publish(run_finished())
    spine.settled(uncertain=1)
    put_into(dovecot, "Sent", b"Message-ID: <another@example.com>\r\n\r\n")
    look(spine, clock)
    spine.settled(deferred=1)
    look(spine, clock)

    (row,) = spine.settled(sent=1)
    first, second = spine.server.wait_for(2)
    assert first.message == second.message
    assert row["maybe_twice"] is True


@LOST
@pytest.mark.real("dovecot")
def test_a_mailbox_that_cannot_be_read_is_tried_three_times_and_then_a_person_decides(
    spine: Spine, dovecot: Dovecot
) -> None:
    profile = profile_with_mailbox(spine, dovecot, on_uncertain=OnUncertain.HOLD)
    assert profile.imap is not None
    spine.ground.profiles.update(
        replace(profile, imap=replace(profile.imap, port=1)), Credentials(imap=dovecot.password)
    )
    clock = spine.clock()
    spine.work()
    spine.publish(run_finished())
    (row,) = spine.settled(uncertain=1)
    shown = {}

    def given_up() -> bool:
        look(spine, clock)
        shown.update(run_json(spine, "deliveries", "show", str(row["id"])))
        return shown["due_at"] is None

    wait_until(given_up)
    refused = spine.run("deliveries", "settle", str(row["id"]))
    assert (refused.returncode, "--sent" in refused.stderr) == (2, True)
    settled = run_json(spine, "deliveries", "settle", str(row["id"]), "--sent")
    assert settled["changed"] == [{"id": row["id"], "state": "sent"}]
    assert len(spine.server.transactions) == 1
    spine.balanced()


@pytest.mark.fault(verb="DOT", kind="drop", taken=True, times=1)
def test_a_person_can_have_an_uncertain_mail_sent_once_more(spine: Spine) -> None:
    spine.profile(on_uncertain=OnUncertain.HOLD)
    clock = spine.clock()
    spine.work()
    spine.publish(run_finished())
    (row,) = spine.settled(uncertain=1)

    assert spine.run("deliveries", "settle", str(row["id"]), "--resend").returncode == 0
    clock.tick(take_back=False)
    (row,) = spine.settled(sent=1)
    assert row["maybe_twice"] is True
    again = spine.run("deliveries", "settle", str(row["id"]), "--resend")
    assert (again.returncode, again.stderr) == (1, f"runmail: delivery {row['id']} is sent, not uncertain\n")


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        # a server that flags them (RFC 6154)
        ([((b"\\HasNoChildren", b"\\Sent"), b"/", "Gesendet"), ((), b"/", "Sent")], ["Gesendet", "Sent"]),
        # Gmail: the folder of everything
        (
            [((b"\\All",), b"/", "[Gmail]/Alle Nachrichten"), ((b"\\Noselect",), b"/", "[Gmail]")],
            ["[Gmail]/Alle Nachrichten"],
        ),
        # names below the prefix of the namespace
        ([((), b".", "INBOX.Sent Items"), ((), b".", "INBOX.Drafts")], ["INBOX.Sent Items"]),
        # nothing of the kind
        ([((), None, "INBOX")], []),
        # a folder that cannot be opened
        ([((b"\\Noselect",), b"/", "Sent")], []),
    ],
)
def test_the_folders_of_sent_mail_are_found_by_flag_or_name(listed: list[object], chosen: list[str]) -> None:
    assert sent_folders(listed) == chosen  # type: ignore[arg-type]
