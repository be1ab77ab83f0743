"""Webhooks: signed as Standard Webhooks says, at least once, nowhere they must not go."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable

import pytest

from consumers.ledger.outgoing_tables import TargetKind
from consumers.workflows.outcome import PAUSES
from consumers.workflows.posting import Post
from consumers.workflows.webhook_delivery import deliver_to_webhook
from profiles.authors import PROGRAM
from profiles.webhook_address import new_secret
from profiles.webhooks import WebhookStore
from tests.rig.authority import Authority
from tests.rig.waiting import wait_until
from tests.workflows.conftest import NOW, Desk, command, tell
from tests.workflows.hook_server import HookServer, Request, answer

Start = Callable[..., HookServer]
PAUSE = [pause / 1000 * 1.2 for pause in PAUSES[TargetKind.WEBHOOK]]


def is_signed_with(request: Request, secret: str) -> bool:
    """Check a signature as a receiver would, by the text of the standard."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}" in request.headers["webhook-signature"].split(" ")


def test_an_event_arrives_signed_with_its_id_and_the_time_of_the_attempt(desk: Desk, hook_server: Start) -> None:
    server, profile = hook_server(), desk.profile()
    made = desk.webhook(server.url)
    event = command("evt_1")

    tell(desk.ground.engine, event, profile_id=profile.id)
    desk.herald.ring()

    desk.settled(("1", "done", None, 1))
    (request,) = server.requests
    assert request.line == "POST /hook?token=t HTTP/1.1"
    assert request.headers["host"] == f"localhost:{server.port}"
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert (request.headers["webhook-id"], request.headers["webhook-timestamp"]) == ("evt_1", str(NOW // 1000))
    assert json.loads(request.body) == event.to_json()
    assert is_signed_with(request, made.secret)


def test_while_a_secret_is_rotated_both_sign_and_later_only_the_new_one(desk: Desk, hook_server: Start) -> None:
    server, profile = hook_server(), desk.profile()
    old = desk.webhook(server.url)
    hooks = WebhookStore(desk.ground.profiles, {"localhost"})
    new = hooks.rotate(1, keep_old=86_400_000, by=PROGRAM)

    tell(desk.ground.engine, command("evt_1"), profile_id=profile.id)
    desk.herald.ring()
    desk.settled(("1", "done", None, 1))
    hooks.rotate(1, keep_old=0, secret=new.secret, by=PROGRAM)
    tell(desk.ground.engine, command("evt_2"), profile_id=profile.id)
    desk.herald.ring()
    desk.settled(("1", "done", None, 1), ("1", "done", None, 1))

    both, last = server.requests
    assert [is_signed_with(both, each.secret) for each in (old, new)] == [True, True]
    assert [is_signed_with(last, each.secret) for each in (old, new)] == [False, True]


def test_an_event_goes_to_the_webhooks_of_its_profile_that_want_its_type(desk: Desk, hook_server: Start) -> None:
    servers = [hook_server() for _ in range(3)]
    first, second = desk.profile("First"), desk.profile("Second")
    desk.webhook(servers[0].url, "First")
    desk.webhook(servers[1].url, "First", ("runmail.reply.received",))
    desk.webhook(servers[2].url, "Second")

    tell(desk.ground.engine, command("evt_1"), profile_id=first.id)
    desk.herald.ring()

    desk.settled(("1", "done", None, 1))
    assert [len(server.requests) for server in servers] == [1, 0, 0]
    assert second.id != first.id


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (answer(500), "http_500"),
        (answer(404), "http_404"),
        (answer(302, "location: http://localhost:1/"), "redirected"),
        (b"220 mail.example.com ESMTP\r\n\r\n", "no_http"),
        (b"", "no_http"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 70_000 + b"\r\n\r\n", "no_http"),
    ],
)
def test_what_fails_comes_again_after_a_pause(desk: Desk, hook_server: Start, first: bytes, reason: str) -> None:
    server, profile = hook_server(first, answer(200)), desk.profile()
    desk.webhook(server.url)

    tell(desk.ground.engine, command(), profile_id=profile.id)
    desk.herald.ring()
    desk.settled(("1", "pending", reason, 1))
    assert not desk.is_due_in(PAUSE[0] / 1.2 - 0.001)
    desk.wait_out(PAUSE[0])

    desk.settled(("1", "done", None, 2))
    one, two = server.requests
    assert one.headers["webhook-id"] == two.headers["webhook-id"]
    assert int(two.headers["webhook-timestamp"]) > int(one.headers["webhook-timestamp"])


def test_an_interim_answer_is_passed_over(desk: Desk, hook_server: Start) -> None:
    server, profile = hook_server(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + answer(200)), desk.profile()
    desk.webhook(server.url)

    tell(desk.ground.engine, command(), profile_id=profile.id)
    desk.herald.ring()

    desk.settled(("1", "done", None, 1))


def test_a_receiver_that_asks_for_time_gets_it(desk: Desk, hook_server: Start) -> None:
    server, profile = hook_server(answer(429, "Retry-After: 3600"), answer(200)), desk.profile()
    desk.webhook(server.url)

    tell(desk.ground.engine, command(), profile_id=profile.id)
    desk.herald.ring()
    desk.settled(("1", "pending", "http_429", 1))
    assert not desk.is_due_in(3_599)
    desk.wait_out(3_600 * 1.2)

    desk.settled(("1", "done", None, 2))


def test_after_the_last_pause_an_event_is_dead_and_is_not_sent_again(desk: Desk, hook_server: Start) -> None:
    server, profile = hook_server(answer(503)), desk.profile()
    desk.webhook(server.url)

    tell(desk.ground.engine, command(), profile_id=profile.id)
    desk.herald.ring()
    for attempt, pause in enumerate(PAUSE, 1):
        desk.settled(("1", "pending", "http_503", attempt))
        desk.wait_out(pause)
    desk.settled(("1", "dead", "http_503", len(PAUSE) + 1))

    assert not desk.is_due_in(10 * 86_400)
    assert len(server.requests) == len(PAUSE) + 1


def test_a_receiver_that_is_gone_gets_nothing_more(desk: Desk, hook_server: Start) -> None:
    server, profile = hook_server(answer(410)), desk.profile()
    desk.webhook(server.url)

    tell(desk.ground.engine, command("evt_1"), profile_id=profile.id)
    desk.herald.ring()
    desk.settled(("1", "dead", "gone", 1))
    tell(desk.ground.engine, command("evt_2"), profile_id=profile.id)
    desk.herald.ring()

    (webhook,) = WebhookStore(desk.ground.profiles).all()
    assert webhook.off_reason == "gone"
    assert [entry.action for entry in desk.ground.profiles.history("QA alerts")][-1] == "webhooks disable"
    assert len(server.requests) == 1


def test_a_webhook_that_hangs_delays_no_other(desk: Desk, hook_server: Start) -> None:
    hanging, quick, profile = hook_server(None), hook_server(), desk.profile()
    desk.webhook(hanging.url)
    desk.webhook(quick.url)

    for number in range(3):
        tell(desk.ground.engine, command(f"evt_{number}"), profile_id=profile.id)
    desk.herald.ring()

    wait_until(lambda: len(quick.requests) == 3)
    assert len(hanging.requests) == 1
    wait_until(lambda: ("1", "pending", "timed_out", 1) in desk.rows())


@pytest.mark.settings(webhook_private_hosts=None)
def test_without_a_setting_nothing_is_sent_to_a_private_address(desk: Desk, hook_server: Start) -> None:
    server, profile = hook_server(), desk.profile()
    url = server.url.replace("http://", "https://")
    desk.webhook(url)

    tell(desk.ground.engine, command(), profile_id=profile.id)
    desk.herald.ring()

    desk.settled(("1", "pending", "address_is_private", 1))
    assert server.connections == 0


def test_a_certificate_must_be_for_the_name_and_from_a_trusted_authority(
    desk: Desk, hook_server: Start, authority: Authority
) -> None:
    server, profile = hook_server(context=authority.server_context()), desk.profile()
    desk.webhook(server.url)

    tell(desk.ground.engine, command(), profile_id=profile.id)
    desk.herald.ring()

    desk.settled(("1", "pending", "certificate_untrusted", 1))
    assert server.requests == []


@pytest.mark.parametrize(("name", "reason"), [("localhost", None), ("elsewhere.rig.test", "certificate_wrong_host")])
def test_an_authority_of_ones_own_is_trusted_for_the_names_it_signs(
    name: str, reason: str | None, hook_server: Start, authority: Authority
) -> None:
    server = hook_server(context=authority.server_context(name))
    post = Post(frozenset({"localhost"}), str(authority.ca_file), 20.0)

    outcome = asyncio.run(deliver_to_webhook(post, server.url, [new_secret()], "evt_1", b"{}", now=NOW))

    assert outcome.reason == reason
    assert len(server.requests) == (reason is None)


def test_what_was_removed_meanwhile_is_dead_with_the_reason(desk: Desk, hook_server: Start) -> None:
    server, profile = hook_server(answer(500)), desk.profile()
    desk.webhook(server.url)

    tell(desk.ground.engine, command(), profile_id=profile.id)
    desk.herald.ring()
    desk.settled(("1", "pending", "http_500", 1))
    WebhookStore(desk.ground.profiles).remove(1, by=PROGRAM)
    desk.wait_out(PAUSE[0])

    desk.settled(("1", "dead", "webhook_removed", 2))


def test_neither_secret_nor_query_nor_text_reaches_the_log(
    desk: Desk, hook_server: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    server, profile = hook_server(answer(500)), desk.profile()
    made = desk.webhook(server.url)

    tell(desk.ground.engine, command(issued_by="dana@example.com"), profile_id=profile.id)
    desk.herald.ring()
    desk.settled(("1", "pending", "http_500", 1))

    said = "".join(capfd.readouterr())
    assert "outgoing_deferred" in said
    for secret in (made.secret, "token=t", "dana@example.com", "card_is_charged_once"):
        assert secret not in said
