"""What servers, networks and strangers do to a pass: it costs at most one batch, and no mail is lost or doubled."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from consumers.inbound.fetching import fetch_batch
from consumers.inbound.passes import PassOutcome
from consumers.inbound.reading.read_mail import MAX_MAIL
from consumers.ledger.reply_tables import mailboxes
from profiles.errors import TransientMailError
from profiles.imap_link import ImapLink
from profiles.mailbox_reading import Listed
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.store import Credentials
from tests.inbound.ingest.conftest import CREATED, Rig, mail
from tests.inbound.ingest.cutting_proxy import CuttingProxy
from tests.rig.dovecot import Dovecot
from tests.rig.fixtures import StartImapServer
from tests.rig.maildir import Deliver
from worker.ground import Ground
from worker.lookups import open_mailbox

pytestmark = pytest.mark.real("dovecot")


def behind(rig: Rig, proxy: CuttingProxy, dovecot: Dovecot) -> None:
    """Let the profile reach its server through the proxy."""
    assert rig.profile.imap is not None
    imap = replace(rig.profile.imap, port=proxy.port)
    rig.profile = rig.ground.profiles.update(replace(rig.profile, imap=imap), Credentials(imap=dovecot.password))


def test_a_line_cut_in_a_mail_costs_the_batch_and_no_mail(
    rig: Rig, deliver: Deliver, proxy: CuttingProxy, dovecot: Dovecot
) -> None:
    behind(rig, proxy, dovecot)
    for number in range(6):
        deliver(mail(f"mail {number}", "x" * 70 + "\n" + "line\n" * 160_000))
    # Four fit into one batch; the line is cut in the second.
    proxy.cut_after = 5_000_000

    cut = rig.collect()
    kept_before = len(rig.replies())
    proxy.cut_after = None
    again = rig.collect()

    assert (cut.outcome, cut.reason, kept_before) == (PassOutcome.FAILED, "connection_lost", 4)
    assert (again.outcome, again.kept) == (PassOutcome.COMPLETE, 2)
    assert rig.subjects() == [f"mail {number}" for number in range(6)]


@pytest.mark.fault(verb="EXAMINE", kind="bye")
def test_a_server_that_says_bye_fails_the_pass_and_not_the_program(
    ground: Ground, start_imap_server: StartImapServer
) -> None:
    rig = stranger(ground, start_imap_server())

    passed = rig.collect()

    assert (passed.outcome, passed.reason) == (PassOutcome.FAILED, "connection_lost")
    assert (rig.mailbox().owner, rig.mailbox().failures) == (None, 1)


@pytest.mark.fault(verb="LOGIN", kind="no", text="[AUTHENTICATIONFAILED] wrong")
def test_a_refused_login_fails_the_pass(ground: Ground, start_imap_server: StartImapServer) -> None:
    assert stranger(ground, start_imap_server()).collect().reason == "authentication_refused"


@pytest.mark.fault(verb="EXAMINE", kind="literal")
def test_an_answer_without_end_fails_the_pass(ground: Ground, start_imap_server: StartImapServer) -> None:
    server = start_imap_server()

    assert stranger(ground, server).collect().reason == "malformed_reply"
    assert server.flooded < 64 * 1024 * 1024


@pytest.mark.parametrize("pollers", [2, 5])
def test_several_pollers_keep_every_mail_once(rig: Rig, deliver: Deliver, pollers: int) -> None:
    for number in range(300):
        deliver(mail(f"mail {number}"))
    together = threading.Barrier(pollers)

    def poll() -> PassOutcome:
        together.wait()
        return rig.collect().outcome

    with ThreadPoolExecutor(pollers) as pool:
        outcomes = [each.result() for each in [pool.submit(poll) for _ in range(pollers)]]

    assert outcomes.count(PassOutcome.COMPLETE) >= 1
    assert set(outcomes) <= {PassOutcome.COMPLETE, PassOutcome.BUSY}
    assert sorted(rig.subjects(), key=str) == sorted(f"mail {number}" for number in range(300))
    assert rig.mailbox().kept == 300


def test_a_slow_pass_whose_mailbox_was_taken_writes_nothing(rig: Rig, deliver: Deliver) -> None:
    deliver(mail())

    def open_slowly(profile: Profile) -> ImapLink:
        with rig.ground.engine.begin() as connection:
            connection.execute(update(mailboxes).values(owner="another"))
        return open_mailbox(rig.ground, profile)

    assert rig.collect(open_link=open_slowly).outcome is PassOutcome.LOST
    assert rig.replies() == []


def test_what_breaks_the_reader_stops_no_neighbour(rig: Rig, deliver: Deliver) -> None:
    deliver(b"\x00\xff\xfe no mail at all")
    deliver(parts(5_000))
    deliver(nested(2_000))
    deliver(mail("after them"))

    passed = rig.collect()

    assert (passed.outcome, passed.kept) == (PassOutcome.COMPLETE, 4)
    assert [row.outcome for row in rig.replies()] == ["unreadable", *["not_for_us"] * 3]


def test_of_a_mail_that_is_too_large_only_its_headers_are_fetched(
    rig: Rig, deliver: Deliver, proxy: CuttingProxy, dovecot: Dovecot
) -> None:
    behind(rig, proxy, dovecot)
    deliver(mail("huge") + b"line of sixty characters, which is repeated many, many times.\n" * 1_000_000)
    deliver(mail("after it"))
    tracemalloc.start()

    passed = rig.collect()

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    huge, after = rig.replies()
    assert (huge.outcome, huge.subject, after.subject) == ("too_large", "huge", "after it")
    assert huge.size > 60_000_000
    assert len(huge.raw) < 1_000
    assert passed.too_large == 1
    assert proxy.carried < 100_000
    assert peak < 30_000_000


def test_a_mail_larger_than_one_answer_comes_whole(rig: Rig, deliver: Deliver) -> None:
    source = mail("large") + b"line\n" * 2_000_000
    deliver(source)

    rig.collect()

    (row,) = rig.replies()
    assert row.raw.replace(b"\r\n", b"\n") == source
    assert row.size < MAX_MAIL


def test_a_mail_that_cannot_be_fetched_is_given_up_once_another_can(rig: Rig, deliver: Deliver) -> None:
    deliver(mail("bad"))
    open_failing = opening(rig, failing_at=1)

    alone = [rig.collect(open_link=open_failing).outcome for _ in range(7)]
    deliver(mail("good"))
    passed = rig.collect(open_link=open_failing)

    assert set(alone) == {PassOutcome.FAILED}
    assert (passed.outcome, passed.kept, passed.unfetched) == (PassOutcome.COMPLETE, 2, 1)
    assert [(row.outcome, row.reason, row.subject) for row in rig.replies()] == [
        ("unreadable", "cannot_be_fetched", None),
        ("not_for_us", "no_token", "good"),
    ]


def test_the_neighbours_before_a_bad_mail_are_kept(rig: Rig, deliver: Deliver) -> None:
    for number in range(4):
        deliver(mail(f"mail {number}"))

    open_failing = opening(rig, failing_at=3)

    rig.collect(open_link=open_failing)
    rig.collect(open_link=open_failing)

    assert rig.subjects() == ["mail 0", "mail 1"]
    assert (rig.mailbox().stuck_uid, rig.mailbox().stuck_tries) == (3, 1)


def test_a_size_that_a_server_understates_gives_no_more_room(rig: Rig, deliver: Deliver) -> None:
    deliver(mail("small") + b"line\n" * 6_000_000)
    link = open_mailbox(rig.ground, rig.profile)
    link.select_folder("INBOX", readonly=True)

    (kept,) = fetch_batch(link, [Listed(1, 1_000, None)])

    link.close()
    assert kept.size > MAX_MAIL
    assert len(kept.raw or b"") < 1_000


def test_a_failing_search_is_a_failure_of_the_mailbox(rig: Rig) -> None:
    def open_strange(profile: Profile) -> ImapLink:
        raise TransientMailError("name_not_found")

    assert rig.collect(open_link=open_strange).reason == "name_not_found"


def test_a_full_folder_costs_only_its_new_mails(
    rig: Rig, deliver: Deliver, proxy: CuttingProxy, dovecot: Dovecot
) -> None:
    behind(rig, proxy, dovecot)
    before = CREATED / 1000 - 30 * 86_400
    for file in range(4):
        old = deliver(mail(f"old {file}"), taken_in=before)
        # A file with many names: a file system takes some 65,000 of one.
        for number in range(1, 25_000):
            os.link(old, old.parent / f"{1_600_000_000 + number}.{file}.rig")
    for number in range(20):
        deliver(mail(f"mail {number}"))
    tracemalloc.start()

    first = rig.collect()
    carried = proxy.carried
    deliver(mail("one more"))
    steady = rig.collect()

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (first.outcome, first.kept) == (PassOutcome.COMPLETE, 20)
    assert (steady.outcome, steady.kept) == (PassOutcome.COMPLETE, 1)
    assert carried < 100_000
    assert proxy.carried - carried < 20_000
    assert peak < 10_000_000
    assert rig.mailbox().cursor == 100_021


def opening(rig: Rig, failing_at: int) -> Callable[[Profile], ImapLink]:
    """Return what opens links over which the server hangs up at one mail."""

    def open_link(profile: Profile) -> ImapLink:
        link = open_mailbox(rig.ground, profile)
        fetch = link.fetch

        def failing_fetch(uids: list[int], items: list[str]) -> Any:
            if failing_at in uids and items == ["BODY.PEEK[]"]:
                raise ConnectionResetError
            return fetch(uids, items)

        link.fetch = failing_fetch
        return link

    return open_link


def stranger(ground: Ground, server: Any) -> Rig:
    """Return a rig whose mailbox is a faulty server's."""
    imap = ImapSettings(server.host, server.port, Security.NONE, server.user)
    profile = replace(profile_of_nobody(), imap=imap)
    return Rig(ground, ground.profiles.add(profile, Credentials(imap=server.password)))


def profile_of_nobody() -> Profile:
    return Profile(0, "QA alerts", "qa@example.com", SmtpSettings("127.0.0.1", 25, Security.NONE))


def parts(count: int) -> bytes:
    """Return a mail of so many parts."""
    head = b'From: ann@example.com\nSubject: parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="p"\n\n'
    return head + b"--p\nContent-Type: text/plain\n\nsome text\n" * count + b"--p--\n"


def nested(depth: int) -> bytes:
    """Return a mail of parts in parts, so deep."""
    lines = [b"From: ann@example.com\nSubject: nested\nMIME-Version: 1.0"]
    for level in range(depth):
        lines.append(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d' % (level, level))
    return b"\n".join([*lines, b"Content-Type: text/plain\n\nack\n"])
