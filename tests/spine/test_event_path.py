"""An event becomes a mail: the whole path on a real Redis, a real database and a server that records."""

from __future__ import annotations

import email
import email.policy
import json
import subprocess
import sys
from dataclasses import replace

import pytest
import redis

from consumers.contract.events import EVENT_TYPES
from consumers.meaning import CONSUMERS
from consumers.own_events import OWN_TYPES
from tests.rig.spine import Spine, queue_message, run_finished
from tests.rig.waiting import wait_until


def test_an_event_becomes_one_mail_for_each_recipient(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished("run-1", "a@example.com", "b@example.com"))

    spine.settled(sent=2)
    mails = spine.server.wait_for(2)
    assert sorted(mail.recipients for mail in mails) == [("a@example.com",), ("b@example.com",)]
    message = email.message_from_bytes(mails[0].message, policy=email.policy.default)
    assert message["Subject"] == "✗ checkout-api · main · 3 of 214 failed"
    assert message["X-Runmail-Event"] == "run-1"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] == mails[0].recipients[0]
    ids = {each["message_id"] for each in spine.deliveries()}
    assert len(ids) == 2
    assert message["Message-ID"] in ids
    spine.balanced()


def test_the_recipients_of_the_profile_stand_in_for_those_an_event_does_not_name(spine: Spine) -> None:
    spine.profile(recipients=("default@example.com",))
    spine.work()
    event = run_finished()
    event["data"]["recipients"] = []
    spine.publish(event)

    assert [each["recipient"] for each in spine.settled(sent=1)] == ["default@example.com"]


def test_the_same_event_from_two_processes_sends_one_mail_to_each_recipient(spine: Spine) -> None:
    spine.profile()
    program = (
        "import json, sys; from consumers.contract import Publisher, read_event\n"
        "events = [read_event(each) for each in json.load(sys.stdin)]\n"
        "Publisher(sys.argv[1]).publish_many(events)"
    )
    events = json.dumps([run_finished(f"run-{n}", "a@example.com", "b@example.com") for n in range(10)])
    publishers = [
        subprocess.Popen([sys.executable, "-c", program, spine.broker_url], stdin=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for publisher in publishers:
        assert publisher.stdin is not None
        publisher.stdin.write(events)
        publisher.stdin.close()
    spine.work()
    assert [publisher.wait(30) for publisher in publishers] == [0, 0]

    spine.settled(sent=20)
    client = redis.Redis.from_url(spine.broker_url)
    wait_until(lambda: client.hlen("dramatiq:events.msgs") == 0)
    sent = [
        (mail.recipients, email.message_from_bytes(mail.message)["X-Runmail-Event"])
        for mail in spine.server.wait_for(20)
    ]
    assert len(sent) == len(set(sent)) == 20
    assert len(spine.events()) == 10
    spine.balanced()


def test_two_spellings_of_one_address_are_one_recipient(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished("run-1", "Team@Example.com", "team@example.com", "team@EXAMPLE.COM"))

    assert len(spine.settled(sent=1)) == 1


def test_garbage_on_the_queue_is_quarantined_once_and_its_neighbours_are_sent(spine: Spine) -> None:
    spine.profile()
    spine.push("1", queue_message(run_finished("before")))
    spine.push("2", b"\x00\xff not json")
    spine.push("3", b'{"queue_name": "events"}')
    spine.push("4", queue_message({"no": "event"}))
    spine.push("5", queue_message(run_finished("other"), actor_name="nobody"))
    spine.push("6", b"[" * 100_000)
    spine.push("7", queue_message(run_finished("after"), options={"redis_message_id": "lies", "eta": "never"}))
    spine.work()

    spine.settled(sent=2)
    client = redis.Redis.from_url(spine.broker_url)
    wait_until(lambda: client.hlen("dramatiq:events.msgs") == 0)
    assert [key for key in client.keys("*__acks__*") if client.scard(key)] == []
    quarantined = spine.events(state="quarantined")
    assert sorted(each["reason"] for each in quarantined) == [
        "missing_attribute",
        "not_a_queue_message",
        "not_a_queue_message",
        "not_a_queue_message",
        "unknown_actor",
    ]
    assert client.zcard("dramatiq:events.XQ") == 0
    spine.balanced()


def test_of_garbage_above_4_mb_the_head_the_size_and_the_hash_are_kept(spine: Spine) -> None:
    spine.push("1", b"x" * (5 * 1024 * 1024))
    spine.work()

    (event,) = wait_until(lambda: spine.events(state="quarantined"))
    assert event["bytes"] == 5 * 1024 * 1024
    assert len(event["sha256"]) == 64
    shown = spine.run("events", "show", str(event["id"]), "--json")
    assert '"kept_bytes": 4194304' in shown.stdout


def test_a_conflicting_repeat_is_quarantined_and_the_first_stands(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished("run-1"))
    spine.settled(sent=1)
    spine.publish(run_finished("run-1", suite="another"), run_finished("run-1"))

    (event,) = wait_until(lambda: spine.events(state="quarantined"))
    assert event["reason"] == "conflicting_repeat"
    assert len(spine.deliveries()) == 1


def test_publishing_an_event_again_at_another_time_is_a_repeat(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish({**run_finished(), "time": "2026-11-24T11:00:00Z"})
    spine.settled(sent=1)
    spine.publish({**run_finished(), "time": "2026-11-24T12:00:00Z"}, run_finished("run-2"))

    spine.settled(sent=2)
    assert spine.events(state="quarantined") == []


@pytest.mark.parametrize(
    ("recipients", "reason"),
    [
        ([], "no_recipients"),
        (["nobody"], "no_usable_recipient"),
        (["a@b@c", "x\r\nRSET@example.com"], "no_usable_recipient"),
    ],
)
def test_an_event_without_a_usable_recipient_is_quarantined(spine: Spine, recipients: list[str], reason: str) -> None:
    spine.profile()
    spine.work()
    event = run_finished()
    event["data"]["recipients"] = recipients
    spine.publish(event)

    assert wait_until(lambda: spine.events(state="quarantined"))[0]["reason"] == reason
    assert spine.deliveries() == []
    spine.balanced()


def test_an_unusable_address_is_quarantined_beside_the_good_ones(spine: Spine) -> None:
    spine.profile(allowed_recipients=("example.com",))
    spine.work()
    spine.publish(
        run_finished("run-1", "good@example.com", "bad\r\nRCPT TO:<evil@example.org>", "stranger@example.org")
    )

    rows = {each["recipient"]: each for each in spine.settled(sent=1, quarantined=1, suppressed=1)}
    assert rows["stranger@example.org"]["reason"] == "recipient_not_allowed"
    assert [line for line in spine.server.lines if line.startswith(b"RCPT")] == [b"RCPT TO:<good@example.com>"]
    spine.balanced()


def test_an_event_for_an_unknown_profile_waits_in_quarantine_and_is_replayed_after_the_fix(spine: Spine) -> None:
    spine.work()
    spine.publish(run_finished())
    (event,) = wait_until(lambda: spine.events(state="quarantined"))
    assert event["reason"] == "unknown_profile"
    spine.profile()

    done = spine.run("events", "replay", str(event["id"]))

    assert (done.returncode, done.stderr) == (0, "")
    spine.settled(sent=1)
    spine.balanced()


def test_a_mended_event_takes_the_place_of_the_quarantined_one(spine: Spine) -> None:
    spine.profile()
    spine.work()
    broken = run_finished()
    broken["data"]["outcome"] = "exploded"
    spine.push("1", queue_message(broken))
    wait_until(lambda: spine.events(state="quarantined"))
    spine.publish(run_finished())

    spine.settled(sent=1)
    assert sorted(each["state"] for each in spine.events()) == ["planned", "quarantined"]


def test_every_type_that_is_taken_has_a_consumer() -> None:
    assert set(CONSUMERS) == {*EVENT_TYPES, *OWN_TYPES}


def test_a_disabled_profile_holds_its_mail_until_it_is_enabled(spine: Spine) -> None:
    profile = spine.profile(enabled=False)
    spine.work()
    clock = spine.clock()
    spine.publish(run_finished())
    assert spine.settled(held=1)[0]["reason"] == "profile_disabled"

    spine.ground.profiles.update(replace(profile, enabled=True))
    clock.tick(take_back=False)
    clock.tick(take_back=False)

    spine.settled(sent=1)


def test_after_acceptance_queue_messages_carry_ids_only(spine: Spine) -> None:
    spine.profile()
    parts = spine.work()
    spine.publish(run_finished("run-1", "secret-address@example.com"))
    spine.settled(sent=1)
    parts.bells.ring(1, 1)

    client = redis.Redis.from_url(spine.broker_url)
    dump = b"".join(client.dump(key) or b"" for key in client.keys("*"))
    assert b"secret-address" not in dump
