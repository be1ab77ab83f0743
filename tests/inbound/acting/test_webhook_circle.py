"""The whole circle on real servers: event, mail, a reply that says `rerun failed`, the webhook that starts a pipeline.

Exim takes the mail and fills the mailbox, Dovecot shows it, the clock rings for it, a worker reads it, and the receiver
on the loopback is told once, signed.
"""

from __future__ import annotations

import base64
import email
import email.policy
import hmac
import json
import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from consumers.ledger.waiting import profiles
from profiles.authors import PROGRAM
from profiles.store import Credentials
from profiles.webhooks import WebhookStore
from tests.inbound.acting.test_full_circle import announced, answer, profile_of
from tests.rig.dovecot import Dovecot
from tests.rig.exim import Exim
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until
from tests.workflows.hook_server import HookServer, Request
from worker.broker import QueueBroker
from worker.clock import Clock
from worker.composition import declare_actors
from worker.mailbox_clock import MailboxClock
from worker.redis_client import make_client

pytestmark = [pytest.mark.real("exim"), pytest.mark.real("dovecot"), pytest.mark.timeout(240)]


@pytest.fixture
def receiver() -> Iterator[HookServer]:
    server = HookServer()
    yield server
    server.stop()


def clock_of(spine: Spine) -> Clock:
    bells = declare_actors(QueueBroker(make_client(spine.broker_url)))
    mailroom = MailboxClock(spine.ground, bells)
    spine.stack.append(mailroom.rest)
    return Clock(spine.ground.engine, bells, owner=secrets.token_hex(4), sweep_seconds=0.1, mailboxes=mailroom)


def is_signed(request: Request, secret: str) -> bool:
    """Check a request as Standard Webhooks 1.0 asks, without any code of ours."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    made = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, "sha256").digest()
    return f"v1,{base64.b64encode(made).decode()}" in request.headers["webhook-signature"].split(" ")


@pytest.mark.settings(idle_connections=0, webhook_private_hosts="localhost")
def test_a_reply_that_says_rerun_failed_reaches_the_webhook_once_and_signed(
    spine: Spine, exim: Exim, dovecot: Dovecot, receiver: HookServer
) -> None:
    profile = replace(profile_of(exim, dovecot), allow_rerun=True, authserv_id="mail.rig.test")
    spine.ground.profiles.add(profile, Credentials(smtp=exim.password, imap=dovecot.password))
    made = WebhookStore(spine.ground.profiles, {"localhost"}).add(
        "QA alerts", receiver.url, ("runmail.command.issued",), by=PROGRAM
    )
    with spine.ground.engine.begin() as connection:
        connection.execute(update(profiles).values(created_at=0))
    spine.work()
    failures = [{"name": "card is charged once"}, {"name": "voucher"}]
    spine.publish(run_finished("run-1", "eva@example.com", failures=failures, run_id="5821"))
    spine.settled(sent=1)
    (raw,) = exim.wait_for(1, seconds=60)
    received = email.message_from_bytes(raw, policy=email.policy.default)
    offered = received.get_body(("plain",))
    assert offered is not None
    assert "rerun failed" in offered.get_content()

    answer(exim, received, "rerun failed", "eva@example.com")
    exim.wait_for(2, seconds=60)
    clock = clock_of(spine)
    wait_until(lambda: (clock.tick(take_back=False), receiver.requests)[1])
    (request,) = receiver.requests
    assert is_signed(request, made.secret)
    assert not is_signed(replace(request, body=request.body.replace(b"rerun", b"start")), made.secret)
    told = json.loads(request.body)
    assert told["id"] == request.headers["webhook-id"]
    data = told["data"]
    assert (data["command"], data["issued_by"], data["about"]["run_id"]) == ("rerun failed", "eva@example.com", "5821")
    assert data["failed_tests"] == ["card is charged once", "voucher"]

    # Nothing of it comes again: neither by another look at the mailbox nor by another bell.
    with spine.ground.engine.begin() as connection:
        connection.execute(update(profiles).values(created_at=0))
    for _ in range(3):
        clock.tick(take_back=False)
    assert len(announced(spine, "command.issued")) == 1
    assert len(receiver.requests) == 1
    spine.balanced()
