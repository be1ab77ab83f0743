"""The path of a reply: what each mail brings about, once, and why the rest brings nothing about."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from consumers.ledger.books import read_books
from consumers.ledger.reply_tables import replies
from consumers.ledger.tables import deliveries
from consumers.ledger.understood import read_again
from tests.inbound.acting.office import BEN, EVA, HOUR, PASS, Office, alert, bounce, run, written


def states(found: list[object]) -> list[tuple[str, str | None]]:
    return [(each.state, each.reason) for each in found]  # type: ignore[attr-defined]


def test_a_reply_is_tied_to_its_delivery_and_announced(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    row = office.answer(sent, "Looking into it.")

    assert (row.outcome, row.delivery_id, row.matched_by, row.text) == (
        "reply",
        sent.id,
        "message_id",
        "Looking into it.",
    )
    (event,) = office.events()
    assert event["type"] == "runmail.reply.received"
    assert event["data"]["text"] == "Looking into it."
    assert event["data"]["about"] == {
        "source": "ci",
        "id": "run-1",
        "type": "runmail.run.finished",
        "suite": "checkout",
        "branch": "main",
        "outcome": "failed",
        "labels": {},
    }
    assert {name: event["data"][name] for name in ("profile", "recipient", "delivery", "reply", "sender")} == {
        "profile": "QA alerts",
        "recipient": EVA,
        "delivery": sent.id,
        "reply": row.id,
        "sender": EVA,
    }


def test_mute_silences_the_thread_for_its_recipient_until_it_ends(office: Office) -> None:
    office.profile()
    first, _ = office.mail(run("run-1", EVA, BEN))
    assert office.answer(first, "mute 2h").outcome == "command"

    assert states(office.mail(run("run-2", EVA, BEN))) == [("suppressed", "muted"), ("pending", None)]
    assert states(office.mail(run("run-3", EVA, branch="next"))) == [("pending", None)]
    office.now += 2 * HOUR
    assert states(office.mail(run("run-4", EVA))) == [("pending", None)]
    assert [each["type"] for each in office.events()] == [
        "runmail.reply.received",
        "runmail.command.issued",
        "runmail.recipient.suppressed",
    ]
    assert office.events("command.issued")[0]["data"]["until"] == "2023-11-15T00:13:20Z"
    with office.engine.connect() as connection:
        assert read_books(connection).suppressed_by == {"muted": 1}


def test_unmute_ends_a_mute(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    office.answer(first, "mute 2d")
    office.answer(first, "unmute")
    assert states(office.mail(run("run-2"))) == [("pending", None)]


def test_stop_silences_every_branch_of_the_suite_and_start_ends_it(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    office.answer(first, "Stop.")
    assert states(office.mail(run("run-2", branch="next"))) == [("suppressed", "stopped")]
    assert states(office.mail(run("run-3", suite="search"))) == [("pending", None)]
    office.answer(first, "start")
    assert states(office.mail(run("run-4", branch="next"))) == [("pending", None)]


def test_unsubscribing_counts_by_its_token_and_sender_alone(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    token = first.message_id.partition("@")[0]
    row = office.answer(first, "ack", Subject=f"unsubscribe {token}", In_Reply_To="<other@example.org>")

    assert (row.outcome, row.reason, row.matched_by) == ("unsubscribe", "subject", "subject")
    assert states(office.mail(run("run-2"))) == [("suppressed", "stopped")]


def test_a_stranger_with_the_token_unsubscribes_nobody(office: Office) -> None:
    office.profile(actors=(BEN,))
    (first,) = office.mail(run())
    token = first.message_id.partition("@")[0]
    row = office.answer(first, "", sender=BEN, Subject=f"unsubscribe {token}")
    assert (row.outcome, row.reason) == ("unsubscribe", "only_for_the_recipient")
    assert states(office.mail(run("run-2"))) == [("pending", None)]


def test_ack_stops_the_repeats_of_an_alert_for_everybody(office: Office) -> None:
    office.profile()
    first, _ = office.mail(alert("a-1", EVA, BEN))
    office.answer(first, "erledigt")

    assert states(office.mail(alert("a-2", EVA, BEN))) == [("suppressed", "acknowledged")] * 2
    assert states(office.mail(alert("a-3", EVA, severity="critical"))) == [("pending", None)]
    assert states(office.mail(alert("a-4", EVA, status="resolved"))) == [("pending", None)]
    assert states(office.mail(alert("a-5", EVA))) == [("pending", None)]


def test_only_an_alert_can_be_acknowledged(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    row = office.answer(first, "ack")
    assert (row.outcome, row.reason, row.command) == ("command", "nothing_to_acknowledge", "ack")
    assert [each["type"] for each in office.events()] == ["runmail.reply.received"]


def test_a_verified_rerun_becomes_an_event_with_the_failed_tests(office: Office) -> None:
    office.profile(allow_rerun=True)
    (first,) = office.mail(run())
    office.answer(first, "rerun failed", **PASS)

    (event,) = office.events("command.issued")
    assert event["data"]["command"] == "rerun failed"
    assert event["data"]["issued_by"] == EVA
    assert event["data"]["failed_tests"] == ["card is charged once", "voucher"]
    assert event["data"]["failed_total"] == 2


@pytest.mark.parametrize(
    ("allowed", "headers", "reason"),
    [
        (False, PASS, "rerun_not_enabled"),
        (True, {}, "rerun_not_verified"),
        (True, {"Authentication-Results": "mx.example.org; dmarc=pass header.from=example.com"}, "rerun_not_verified"),
        (True, {"Authentication-Results": "mx.example.com; dmarc=fail header.from=example.com"}, "rerun_not_verified"),
    ],
)
def test_a_rerun_that_is_not_allowed_and_verified_starts_nothing(
    office: Office, allowed: bool, headers: dict[str, str], reason: str
) -> None:
    office.profile(allow_rerun=allowed)
    (first,) = office.mail(run())
    assert office.answer(first, "rerun", **headers).reason == reason
    assert office.events("command.issued") == []


def test_a_command_takes_effect_once(office: Office) -> None:
    office.profile(allow_rerun=True)
    (first,) = office.mail(run())
    assert office.answer(first, "rerun", **PASS).reason == "first_line"
    assert office.answer(first, "rerun", **PASS).reason == "done_before"
    assert len(office.events("command.issued")) == 1


def test_the_same_mail_in_two_folders_is_a_duplicate(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    raw = written(first, "Looking into it.", EVA, 7)
    assert [row.outcome for row in office.read(raw, raw)] == ["reply", "duplicate"]
    assert [row.outcome for row in office.read(raw)] == ["duplicate"]
    assert len(office.events()) == 1


def test_a_forged_sender_without_the_recipients_token_commands_nothing(office: Office) -> None:
    office.profile()
    evas, bens = office.mail(run("run-1", EVA, BEN))
    # Ben's own token, and Eva's address.
    row = office.answer(bens, "stop", sender=EVA)
    assert (row.outcome, row.reason) == ("command", "not_the_recipient")
    token = evas.message_id.partition("@")[0]
    row = office.answer(evas, "stop", In_Reply_To=f"<{token[:-1]}{'a' if token[-1] != 'a' else 'b'}@example.com>")
    assert (row.outcome, row.reason, row.delivery_id) == ("not_for_us", "unknown_token", None)
    assert states(office.mail(run("run-2", EVA, BEN))) == [("pending", None)] * 2


def test_a_mail_without_a_token_is_not_for_us(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    row = office.answer(first, "stop", In_Reply_To="<other@example.org>")
    assert (row.outcome, row.reason) == ("not_for_us", "no_token")
    assert office.events() == []


def test_an_expired_token_commands_nothing(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    office.now += 500 * 24 * HOUR
    row = office.answer(first, "stop")
    assert (row.outcome, row.reason, row.delivery_id) == ("command", "expired_token", None)
    assert states(office.mail(run("run-2"))) == [("pending", None)]


def test_our_own_footer_quoted_back_is_no_command(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    assert office.answer(first, "Thanks!").outcome == "reply"
    assert states(office.mail(run("run-2"))) == [("pending", None)]


def test_mail_of_any_of_our_profiles_brings_nothing_about(office: Office) -> None:
    office.profile()
    office.profile(name="Other", from_address="other@example.com")
    (first,) = office.mail(run("run-1", "other@example.com"))
    assert office.answer(first, "stop", sender="other+tag@example.com").outcome == "own_mail"
    assert office.answer(first, "stop", sender="other@example.com").outcome == "own_mail"
    assert office.events() == []


def test_a_person_whom_another_profile_names_for_answers_is_a_person(office: Office) -> None:
    office.profile()
    office.profile(name="Other", from_address="other@example.com", reply_to=EVA)
    (first,) = office.mail(run())
    assert office.answer(first, "stop").outcome == "command"


def test_an_absence_is_announced_and_is_no_bounce(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    row = office.answer(first, "stop", Auto_Submitted="auto-replied", Subject="Out of office")
    assert row.outcome == "auto_reply"
    assert [each["data"]["outcome"] for each in office.events()] == ["auto_reply"]
    assert states(office.mail(run("run-2"))) == [("pending", None)]


def test_a_hard_bounce_is_a_later_fact_and_suppresses_the_address(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    with office.engine.begin() as connection:
        connection.execute(update(deliveries).values(state="sent", sent_at=office.now))
    (row,) = office.read(bounce(first))

    assert (row.outcome, row.delivery_id) == ("bounce", first.id)
    with office.engine.connect() as connection:
        found = connection.execute(select(deliveries)).one()
        assert (found.state, found.bounced, found.bounced_status, found.bounced_at) == (
            "sent",
            "hard",
            "5.1.1",
            office.now,
        )
        books = read_books(connection)
        assert books.balanced
        assert books.bounced == {"hard": 1, "soft": 0}
    assert states(office.mail(run("run-2"))) == [("suppressed", "hard_bounces")]
    assert [each["type"] for each in office.events()] == ["runmail.delivery.bounced", "runmail.recipient.suppressed"]
    office.now += 7 * 24 * HOUR
    assert states(office.mail(run("run-3"))) == [("pending", None)]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("5.2.2", "552 5.2.2 mailbox full"),
        ("4.7.1", "451 4.7.1 greylisted, try again later"),
        ("5.7.1", "550 5.7.1 message looks like spam"),
        ("5.7.1", "550 5.7.1 refused by content policy"),
    ],
)
def test_no_other_bounce_ever_suppresses_an_address(office: Office, status: str, said: str) -> None:
    office.profile()
    for number in range(5):
        (sent,) = office.mail(run(f"run-{number}"))
        assert states([sent]) == [("pending", None)]
        office.read(bounce(sent, status, said=said))
    with office.engine.connect() as connection:
        assert set(connection.execute(select(deliveries.c.bounced)).scalars()) == {"soft"}
    assert office.events("recipient.suppressed") == []


def test_a_bounce_of_a_member_says_nothing_of_the_list(office: Office) -> None:
    office.profile()
    for number in range(5):
        (sent,) = office.mail(run(f"run-{number}"))
        office.read(bounce(sent, recipient="left@example.com"))
    assert states(office.mail(run("run-9"))) == [("pending", None)]


def test_a_bounce_that_comes_twice_counts_once(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    twice = bounce(first, "5.0.0", said="550 no such user here")
    office.read(twice, twice)
    assert states(office.mail(run("run-2"))) == [("pending", None)]
    assert len(office.events("delivery.bounced")) == 1


def test_a_mail_that_is_understood_again_has_its_effects_once(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    row = office.answer(first, "mute 2h")
    office.read(bounce(first))
    before = office.events()
    with office.engine.begin() as connection:
        again = read_again(connection, [row.id, row.id + 1])
    assert office.path.read_replies(again) == 2
    assert office.row(row.id).reason == "first_line"
    assert office.events() == before


def test_two_workers_with_the_same_mails_give_each_command_once(office: Office) -> None:
    office.profile(allow_rerun=True)
    sent = [office.mail(run(f"run-{number}"))[0] for number in range(20)]
    ids = [office.keep(written(each, "rerun", EVA, each.id, **PASS)) for each in sent for _ in range(2)]
    workers = [threading.Thread(target=office.path.read_replies, args=(ids,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(office.events("command.issued")) == 20
    with office.engine.connect() as connection:
        assert None not in set(connection.execute(select(replies.c.outcome)).scalars())


def test_a_renamed_profile_still_knows_what_was_stopped(office: Office) -> None:
    profile = office.profile()
    (first,) = office.mail(run())
    office.answer(first, "stop")
    office.profiles.update(replace(profile, name="Checkout"))
    assert states(office.mail(run("run-2"))) == [("suppressed", "stopped")]


@pytest.mark.real("postgresql")
@pytest.mark.xdist_group("postgresql")
def test_the_path_is_the_same_on_postgresql(office: Office) -> None:
    office.profile(allow_rerun=True)
    first, bens = office.mail(run("run-1", EVA, BEN))
    (fired,) = office.mail(alert("a-1", EVA))
    office.answer(first, "mute 2h\0", X_Odd="\x07")
    office.answer(first, "rerun", **PASS)
    assert office.answer(first, "rerun", **PASS).reason == "done_before"
    office.answer(fired, "ack")
    office.read(bounce(bens))

    assert states(office.mail(run("run-2", EVA, BEN))) == [("suppressed", "muted"), ("suppressed", "hard_bounces")]
    assert states(office.mail(alert("a-2", EVA))) == [("suppressed", "acknowledged")]
    assert states(office.mail(alert("a-3", EVA, status="resolved"))) == [("pending", None)]
    assert states(office.mail(alert("a-4", EVA))) == [("pending", None)]
    with office.engine.connect() as connection:
        assert read_books(connection).balanced


@pytest.mark.real("postgresql")
@pytest.mark.xdist_group("postgresql")
def test_on_postgresql_too_two_workers_give_each_command_once(office: Office) -> None:
    test_two_workers_with_the_same_mails_give_each_command_once(office)
