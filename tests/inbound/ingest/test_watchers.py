"""Watchers wait in IDLE and ring; a connection that dies is noticed, replaced, and costs no processor time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from consumers.ledger.mailboxes import Mailbox
from profiles.store import Credentials
from tests.inbound.ingest.conftest import Rig, mail
from tests.inbound.ingest.cutting_proxy import CuttingProxy
from tests.inbound.ingest.test_faults import behind, stranger
from tests.rig.dovecot import Dovecot
from tests.rig.fixtures import StartImapServer
from tests.rig.maildir import Deliver
from tests.rig.waiting import wait_until
from worker.ground import Ground
from worker.watchers import Pace, Watchers

pytestmark = pytest.mark.real("dovecot")

Watch = Callable[..., Counter[int]]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Watch folders of a rig; what comes back counts the rings of each mailbox."""
    started: list[Watchers] = []

    def start(rig: Rig, *folders: str, reissue: float = 60.0) -> Counter[int]:
        rings: Counter[int] = Counter()
        watchers = Watchers(rig.ground, lambda mailbox_id: rings.update([mailbox_id]), Pace(reissue, 0.1, 0.1))
        started.append(watchers)
        watchers.tend([Mailbox(number, rig.profile.id, folder) for number, folder in enumerate(folders, 1)])
        return rings

    yield start
    for each in started:
        each.tend(())
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("watcher-")])


def test_a_mail_that_comes_rings_for_its_mailbox(rig: Rig, deliver: Deliver, watch: Watch) -> None:
    rings = watch(rig, "INBOX")
    wait_until(lambda: rings[1] == 1)

    deliver(mail())

    wait_until(lambda: rings[1] > 1)


def test_a_dead_connection_is_noticed_and_replaced(
    rig: Rig,
    deliver: Deliver,
    watch: Watch,
    proxy: CuttingProxy,
    dovecot: Dovecot,
) -> None:
    behind(rig, proxy, dovecot)
    rings = watch(rig, "INBOX")
    wait_until(lambda: rings[1] == 1)
    cpu = time.process_time()

    proxy.drop()

    wait_until(lambda: proxy.connections == 2 and rings[1] == 2)
    assert time.process_time() - cpu < 1.0
    deliver(mail())
    wait_until(lambda: rings[1] > 2)


@pytest.mark.fault(verb="IDLING", kind="along", times=1)
def test_mail_that_is_told_of_along_with_the_answer_to_idle_rings(
    ground: Ground, start_imap_server: StartImapServer, watch: Watch
) -> None:
    """It came between the opening of the folder and IDLE: read already, where no poll of the socket sees it."""
    rings = watch(stranger(ground, start_imap_server()), "INBOX")

    wait_until(lambda: rings[1] == 2, 15)


@pytest.mark.timeout(180)
def test_a_connection_that_fell_silent_is_noticed_and_replaced(
    rig: Rig,
    deliver: Deliver,
    watch: Watch,
    proxy: CuttingProxy,
    dovecot: Dovecot,
) -> None:
    """Half-open: nothing is closed, nothing comes. The end of the IDLE has a deadline, and polls go on meanwhile."""
    behind(rig, proxy, dovecot)
    rings = watch(rig, "INBOX", reissue=2.0)
    wait_until(lambda: rings[1] == 1)

    proxy.hold()
    deliver(mail("while nobody hears"))
    assert rig.collect().kept == 1
    assert rings[1] == 1

    wait_until(lambda: rings[1] == 2, 90)
    deliver(mail("heard again"))
    wait_until(lambda: rings[1] > 2)


def test_idle_is_begun_anew_before_a_server_would_hang_up(
    ground: Ground, start_imap_server: StartImapServer, watch: Watch
) -> None:
    server = start_imap_server()

    watch(stranger(ground, server), "INBOX", reissue=0.2)

    wait_until(lambda: sum(b" IDLE" in line for line in server.lines) > 2)
    assert server.lines.count(b"DONE") > 1


def test_no_more_mailboxes_are_watched_than_are_allowed(
    rig: Rig,
    watch: Watch,
    proxy: CuttingProxy,
    dovecot: Dovecot,
) -> None:
    behind(rig, proxy, dovecot)
    assert rig.profile.imap is not None
    rig.profile = rig.ground.profiles.update(
        replace(rig.profile, imap=replace(rig.profile.imap, folders=("INBOX", "INBOX/a", "INBOX/b")))
    )
    rig.ground = replace(rig.ground, settings=rig.ground.settings.model_copy(update={"idle_connections": 1}))

    rings = watch(rig, "INBOX", "INBOX/a", "INBOX/b")

    wait_until(lambda: rings[1])
    assert proxy.connections == 1


def test_a_server_without_idle_is_left_to_the_poll(
    ground: Ground, start_imap_server: StartImapServer, watch: Watch
) -> None:
    server = start_imap_server(capabilities="")

    watch(stranger(ground, server), "INBOX")

    wait_until(lambda: any(b"LOGOUT" in line for line in server.lines))
    assert sum(b"LOGIN" in line for line in server.lines) == 1


def test_a_refused_login_is_not_tried_again_soon(rig: Rig, watch: Watch, proxy: CuttingProxy, dovecot: Dovecot) -> None:
    behind(rig, proxy, dovecot)
    rig.ground.profiles.update(rig.profile, Credentials(imap="wrong"))

    watch(rig, "INBOX")

    wait_until(lambda: proxy.connections == 1)
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        assert proxy.connections == 1
        time.sleep(0.05)
