"""What many mails cost: statements, questions to the server and memory by the batch, never by the mail."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from consumers.inbound.passes import PassOutcome
from profiles.imap_link import ImapLink
from profiles.profile import Profile
from tests.inbound.ingest.conftest import Rig, mail
from tests.rig.maildir import Deliver
from tests.rig.statements import counted
from worker.lookups import open_mailbox

pytestmark = pytest.mark.real("dovecot")


def test_a_thousand_mails_cost_by_the_batch_and_the_next_pass_only_what_is_new(rig: Rig, deliver: Deliver) -> None:
    asked: list[str] = []
    for number in range(1_000):
        deliver(mail(f"mail {number}", "a line of some forty characters or so\n" * 220))
    tracemalloc.start()

    with counted(rig.ground.engine) as statements:
        first = rig.collect(open_link=asking(rig, asked))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    questions = len(asked)
    deliver(mail("one more"))
    with counted(rig.ground.engine) as steady:
        second = rig.collect(open_link=asking(rig, asked))

    assert (first.outcome, first.kept) == (PassOutcome.COMPLETE, 1_000)
    # Nothing in memory but a batch of 4 MB, once as it came and once as it is being understood.
    assert peak < 15_000_000
    assert len(statements) <= 70, [each.split()[:3] for each in statements]
    assert questions <= 5, asked
    assert (second.outcome, second.kept) == (PassOutcome.COMPLETE, 1)
    assert len(steady) <= 30, [each.split()[:3] for each in steady]
    assert len(asked) - questions == 2


def asking(rig: Rig, asked: list[str]) -> Any:
    """Return what opens links that note what is fetched over them."""

    def open_link(profile: Profile) -> ImapLink:
        link = open_mailbox(rig.ground, profile)
        fetch = link.fetch

        def noting_fetch(uids: list[int], items: list[str]) -> Any:
            asked.append(f"{len(uids)} {items}")
            return fetch(uids, items)

        link.fetch = noting_fetch
        return link

    return open_link
