"""A pass over a real mailbox: what is new is kept once, in order, whatever flags it has, and nothing is changed."""

from __future__ import annotations

import os
import re
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest
from imapclient import IMAPClient
from sqlalchemy import update

from consumers.inbound.fetching import BATCH_MAILS
from consumers.inbound.passes import PassOutcome
from consumers.ledger.mailboxes import rewind
from consumers.ledger.reply_tables import mailboxes, replies
from tests.inbound.ingest.conftest import CREATED, Rig, mail
from tests.rig.dovecot import Dovecot
from tests.rig.maildir import Deliver
from worker.lookups import open_mailbox

pytestmark = pytest.mark.real("dovecot")
DAY = 86_400


def test_a_mail_is_kept_raw_and_read(rig: Rig, deliver: Deliver) -> None:
    source = mail("Re: checkout-api", "We look into it.\n")
    deliver(source)

    passed = rig.collect()

    (row,) = rig.replies()
    assert (passed.outcome, passed.kept) == (PassOutcome.COMPLETE, 1)
    assert row.raw.replace(b"\r\n", b"\n") == source
    # It bears no token of ours, and so nothing of what it says is kept apart from the mail itself.
    assert (row.outcome, row.reason, row.subject, row.text) == ("not_for_us", "no_token", "Re: checkout-api", None)
    assert (row.size, row.profile, row.folder) == (len(row.raw), "QA alerts", "INBOX")


def test_the_next_pass_keeps_only_what_is_new(rig: Rig, deliver: Deliver) -> None:
    deliver(mail("one"))
    rig.collect()
    deliver(mail("two"))

    again, idle = rig.collect(), rig.collect()

    assert (again.kept, idle.kept, idle.outcome) == (1, 0, PassOutcome.COMPLETE)
    assert rig.subjects() == ["one", "two"]


def test_a_mail_that_a_person_opened_is_kept_all_the_same_and_none_becomes_seen(
    rig: Rig, deliver: Deliver, dovecot: Dovecot
) -> None:
    path = deliver(mail("opened"))
    path.rename(path.parent.parent / "cur" / f"{path.name}:2,S")
    deliver(mail("unopened"))

    rig.collect()

    link = open_mailbox(rig.ground, rig.profile)
    link.select_folder("INBOX", readonly=True)
    assert rig.subjects() == ["opened", "unopened"]
    assert link.search("UNSEEN") == [2]
    assert link.search("DELETED") == []
    link.close()


def test_mail_from_before_the_profile_is_passed_over(rig: Rig, deliver: Deliver) -> None:
    rig.age(CREATED)
    deliver(mail("long before"), taken_in=CREATED / 1000 - 30 * DAY)
    deliver(mail("the same day, before"), taken_in=CREATED / 1000 - 60)
    deliver(mail("after"), taken_in=CREATED / 1000 + 60)

    passed = rig.collect()

    assert rig.subjects() == ["after"]
    assert passed.passed_over == 1
    assert rig.mailbox().cursor == 3


def test_a_mail_of_the_second_in_which_the_profile_was_made_is_kept(rig: Rig, deliver: Deliver) -> None:
    """IMAP knows whole seconds: a mail that came 200 ms after the profile bears an earlier moment than it."""
    with rig.ground.engine.begin() as connection:
        connection.execute(update(mailboxes).values(since_at=CREATED + 700))
    deliver(mail("the second before"), taken_in=CREATED / 1000 - 1)
    deliver(mail("the same second"), taken_in=CREATED / 1000)

    rig.collect()

    assert rig.subjects() == ["the same second"]


def test_an_old_mail_that_comes_later_is_kept(rig: Rig, deliver: Deliver) -> None:
    rig.collect()
    deliver(mail("moved here by a person"), taken_in=CREATED / 1000 - 30 * DAY)

    rig.collect()

    assert rig.subjects() == ["moved here by a person"]


def test_each_folder_of_a_profile_has_a_cursor_of_its_own(rig: Rig, deliver: Deliver) -> None:
    imap = rig.profile.imap
    assert imap is not None
    rig.ground.profiles.update(replace(rig.profile, imap=replace(imap, folders=("INBOX", "Bounces"))))
    rig.note()
    deliver(mail("in the inbox"))
    deliver(mail("in the folder"), "Bounces")

    rig.collect("Bounces")
    rig.collect("INBOX")

    assert [(row.folder, row.subject) for row in rig.replies()] == [
        ("Bounces", "in the folder"),
        ("INBOX", "in the inbox"),
    ]


def test_a_pass_ends_when_its_time_is_over_and_the_next_goes_on(rig: Rig, deliver: Deliver) -> None:
    for number in range(BATCH_MAILS + 50):
        deliver(mail(f"mail {number}"))
    ticks = iter([0.0, 0.0, *[99.0] * 20])

    first = rig.collect(clock=lambda: next(ticks))
    due_at = rig.mailbox().due_at
    second = rig.collect()

    assert (first.outcome, first.kept, first.left) == (PassOutcome.MORE, BATCH_MAILS, 50)
    assert due_at <= time.time() * 1000
    assert (second.outcome, second.kept) == (PassOutcome.COMPLETE, 50)
    assert rig.subjects() == [f"mail {number}" for number in range(BATCH_MAILS + 50)]


def test_a_renumbered_folder_is_read_again_and_what_is_kept_is_recognised(
    rig: Rig, deliver: Deliver, dovecot: Dovecot
) -> None:
    deliver(mail("one"))
    deliver(mail("two"))
    rig.collect()
    before = rig.mailbox().uidvalidity
    deliver(mail("three"))
    renumber(dovecot)

    passed = rig.collect()

    assert rig.mailbox().uidvalidity != before
    assert (passed.kept, passed.recognised) == (1, 2)
    assert rig.subjects() == ["one", "two", "three"]


def test_a_renumbered_folder_is_read_again_only_from_a_week_before_its_last_pass(
    rig: Rig, deliver: Deliver, dovecot: Dovecot
) -> None:
    deliver(mail("old"), taken_in=time.time() - 20 * DAY)
    deliver(mail("young"))
    rig.collect()
    renumber(dovecot)

    passed = rig.collect()

    assert (passed.kept, passed.recognised) == (0, 1)


def test_a_folder_that_was_deleted_and_made_anew_is_read(rig: Rig, deliver: Deliver, dovecot: Dovecot) -> None:
    assert rig.profile.imap is not None
    rig.ground.profiles.update(replace(rig.profile, imap=replace(rig.profile.imap, folders=("Bounces",))))
    rig.note()
    deliver(mail("first"), "Bounces")
    rig.collect("Bounces")
    with plain_client(dovecot) as client:
        client.delete_folder("Bounces")
        gone = rig.collect("Bounces")
        client.create_folder("Bounces")
        client.append("Bounces", mail("second"))

    again = rig.collect("Bounces")

    assert (gone.outcome, gone.reason) == (PassOutcome.FAILED, "folder_not_found")
    assert (again.outcome, again.kept) == (PassOutcome.COMPLETE, 1)
    assert rig.subjects() == ["first", "second"]


def test_another_account_with_the_same_numbers_is_read_from_its_start(rig: Rig, deliver: Deliver) -> None:
    deliver(mail("on the first server"))
    rig.collect()
    with rig.ground.engine.begin() as connection:
        connection.execute(update(mailboxes).values(place="elsewhere"))
        connection.execute(update(replies).values(place="elsewhere", sha256="another"))

    rig.collect()

    assert rig.subjects() == ["on the first server"] * 2


def test_reading_again_from_a_day_on_keeps_nothing_twice(rig: Rig, deliver: Deliver) -> None:
    deliver(mail("before the profile"), taken_in=CREATED / 1000 - 30 * DAY)
    deliver(mail("after"))
    rig.collect()

    mailbox = rig.mailbox().id
    with rig.ground.engine.begin() as connection:
        rewind(connection, [mailbox], CREATED - 60 * DAY * 1000)
    passed = rig.collect()

    assert (passed.kept, passed.recognised) == (1, 1)
    assert rig.subjects() == ["after", "before the profile"]


def test_mails_that_are_deleted_meanwhile_are_left_out(rig: Rig, deliver: Deliver) -> None:
    paths = [deliver(mail(f"mail {number}")) for number in range(3)]
    rig.collect(pass_seconds=0)
    for path in paths:
        for found in Path(path.parent.parent).glob(f"*/{path.name}*"):
            os.unlink(found)
    deliver(mail("new"))

    assert rig.collect().outcome is PassOutcome.COMPLETE
    assert rig.subjects()[-1] == "new"


def test_a_disabled_profile_is_left_alone(rig: Rig, deliver: Deliver) -> None:
    deliver(mail())
    rig.ground.profiles.update(replace(rig.profile, enabled=False))

    assert rig.collect().outcome is PassOutcome.OFF
    assert rig.replies() == []


def test_mails_are_marked_and_moved_where_the_profile_wants_it(rig: Rig, deliver: Deliver, dovecot: Dovecot) -> None:
    assert rig.profile.imap is not None
    imap = replace(rig.profile.imap, keyword="runmail", move_to="Done")
    rig.profile = rig.ground.profiles.update(replace(rig.profile, imap=imap))
    deliver(mail("one"))
    with plain_client(dovecot) as client:
        client.create_folder("Done")

        passed = rig.collect()

        client.select_folder("Done", readonly=True)
        assert client.search(["KEYWORD", "runmail"]) == [1]
        assert client.search("SEEN") == []
        assert client.select_folder("INBOX")[b"EXISTS"] == 0
    assert passed.outcome is PassOutcome.COMPLETE
    assert rig.subjects() == ["one"]


def test_a_mark_that_fails_stops_nothing(rig: Rig, deliver: Deliver) -> None:
    assert rig.profile.imap is not None
    rig.ground.profiles.update(replace(rig.profile, imap=replace(rig.profile.imap, move_to="not there")))
    deliver(mail("one"))
    deliver(mail("two"))

    assert rig.collect().outcome is PassOutcome.COMPLETE
    assert rig.subjects() == ["one", "two"]


def renumber(dovecot: Dovecot) -> None:
    """Have Dovecot number its mails anew, as a restored backup does."""
    maildir = dovecot.home.maildir
    head = (maildir / "dovecot-uidlist").read_text().splitlines()[0]
    found = re.search(r" V(\d+) ", head)
    assert found
    for path in maildir.glob("dovecot*"):
        path.unlink()
    fresh = maildir / "dovecot-uidlist"
    fresh.write_text(re.sub(r" V\d+ N\d+", f" V{int(found[1]) + 7} N1", head) + "\n")
    os.chown(fresh, dovecot.home.owner.pw_uid, dovecot.home.owner.pw_gid)


def plain_client(dovecot: Dovecot) -> IMAPClient:
    context = ssl.create_default_context(cafile=str(dovecot.home.ca_file))
    client = IMAPClient(dovecot.host, dovecot.tls_port, ssl_context=context)
    client.login(dovecot.username, dovecot.password)
    return client
