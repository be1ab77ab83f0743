"""Automatic answers: who asks for help gets it, who is refused hears why; once a day, and no machine ever."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from consumers.contract.malformed import MalformedEvent
from consumers.contract.reading import read_event
from consumers.inbound.authority import Refusal
from consumers.inbound.automatic.wishes import wish_of
from consumers.inbound.matching import Match, Unmatched
from consumers.inbound.reading.commands import Command, CommandFault, CommandName
from consumers.inbound.reading.outcome import Outcome, Reading
from consumers.inbound.reading.sender import Sender
from consumers.inbound.reading.threads import FoundIn
from consumers.inbound.reading.unanswerable import unanswerable
from consumers.inbound.told import Told
from consumers.ledger.answer_limits import DAY, automatic_answers, forget_turns
from consumers.ledger.books import read_books
from consumers.ledger.issued import Issued
from consumers.ledger.tables import events
from consumers.ledger.understood import read_again
from consumers.mails.answer_words import OFFERS, REFUSALS
from consumers.own_events import ANSWER_DUE
from consumers.views.deliveries import show_delivery
from consumers.views.replies import show_reply
from profiles.addresses import read_address
from tests.inbound.acting.office import BEN, EVA, HOUR, Office, alert, bounce, run, written

STRANGER = "mallory@example.net"


def test_help_is_answered_with_what_can_be_answered_there(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(alert())
    row = office.answer(sent, "Help")

    (answer,) = office.answers()
    assert (answer.recipient, answer.profile, answer.state) == (EVA, "QA alerts", "pending")
    said = office.said(answer)
    assert (said.kind, said.reason, said.topic, said.sent_to) == ("help", None, "Disk is full", EVA)
    assert said.offers == ("ack", "mute", "mute until", "unmute", "stop", "start")
    assert (said.delivery, said.reply, said.in_reply_to) == (sent.id, row.id, row.message_id)
    assert said.references == (sent.message_id,)


def test_a_refused_command_is_told_with_its_reason(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    row = office.answer(sent, "ack")

    (answer,) = office.answers()
    said = office.said(answer)
    assert (said.kind, said.reason, said.command) == ("refused", "nothing_to_acknowledge", "ack")
    assert row.facts["answer"] == {
        "kind": "refused",
        "reason": "nothing_to_acknowledge",
        "event": event_id(office, answer),
        "withheld": None,
    }


def test_a_mute_that_is_not_exact_is_told_to_the_recipient(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    assert office.answer(sent, "mute forever").outcome == "reply"
    (answer,) = office.answers()
    assert (office.said(answer).reason, office.said(answer).command) == ("bad_duration", None)


@pytest.mark.parametrize("line", ["mute 2h", "stop", "start", "unmute", "Looking into it.", "help me please"])
def test_what_is_done_and_what_is_written_to_people_brings_no_answer(office: Office, line: str) -> None:
    office.profile()
    (sent,) = office.mail(run())
    assert office.answer(sent, line).facts["answer"] is None
    assert office.answers() == []


def test_a_stranger_hears_nothing_of_what_the_mail_was_about(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    office.answer(sent, "stop", sender=STRANGER)

    (answer,) = office.answers()
    said = office.said(answer)
    assert (answer.recipient, said.reason) == (STRANGER, "not_the_recipient")
    assert (said.topic, said.sent_to, said.offers) == (None, None, ())


def test_somebody_who_acts_for_a_list_is_offered_what_they_may(office: Office) -> None:
    office.profile(actors=(BEN,))
    (sent,) = office.mail(alert())
    office.answer(sent, "stop", sender=BEN)
    (answer,) = office.answers()
    assert office.said(answer).offers == ("ack", "mute for others", "unmute")


def test_nobody_is_answered_twice_within_a_day(office: Office) -> None:
    office.profile()
    first, second = office.mail(run("run-1"))[0], office.mail(run("run-2"))[0]
    office.answer(first, "help")
    row = office.answer(second, "ack", sender="eva+other@example.com")
    assert row.facts["answer"]["withheld"] == "answered_today"
    office.now += DAY - HOUR
    assert office.answer(second, "rerun").facts["answer"]["withheld"] == "answered_today"
    office.now += HOUR
    assert office.answer(second, "help").facts["answer"]["withheld"] is None
    assert [answer.recipient for answer in office.answers()] == [EVA, EVA]


def test_of_several_mails_that_are_read_together_one_is_answered(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    rows = office.read(*(written(sent, "help", EVA, number) for number in range(1, 9)))
    assert [row.facts["answer"]["withheld"] for row in rows] == [None, *["answered_today"] * 7]
    assert len(office.answers()) == 1


def test_strangers_with_ever_new_addresses_are_answered_once_for_a_mail(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    for number in range(5):
        office.answer(sent, "help", sender=f"mallory{number}@example.net")
    assert len(office.answers()) == 1


def test_a_mail_that_is_understood_again_is_not_answered_again(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    row = office.answer(sent, "help")
    office.now += 2 * DAY
    with office.engine.begin() as connection:
        read_again(connection, [row.id])
    office.path.read_replies([row.id])

    assert len(office.answers()) == 1
    assert office.row(row.id).facts["answer"] == row.facts["answer"]


def test_who_answers_the_answer_means_the_mail_it_was_about(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    office.answer(sent, "help")
    (answer,) = office.answers()
    row = office.answer(answer, "stop")

    assert (row.outcome, row.delivery_id, row.reason) == ("command", sent.id, "first_line")
    assert [(each.state, each.reason) for each in office.mail(run("run-2"))] == [("suppressed", "stopped")]


def test_a_strangers_answer_to_the_answer_is_no_more_a_command_than_the_first(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    office.answer(sent, "stop", sender=STRANGER)
    (answer,) = office.answers()
    row = office.answer(answer, "stop", sender=STRANGER)
    assert (row.reason, row.delivery_id) == ("not_the_recipient", sent.id)
    assert [each.state for each in office.mail(run("run-2"))] == ["pending"]


def test_a_bounce_of_an_answer_is_a_fact_of_the_answer(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    office.answer(sent, "help")
    (answer,) = office.answers()
    office.read(bounce(answer))
    assert [each.bounced for each in office.answers()] == ["hard"]
    assert len(office.answers()) == 1


def test_an_answer_keeps_to_the_addresses_that_the_profile_may_write_to(office: Office) -> None:
    office.profile(allowed_recipients=("example.com",))
    (sent,) = office.mail(run())
    office.answer(sent, "help", sender=STRANGER)
    (answer,) = office.answers()
    assert (answer.state, answer.reason) == ("suppressed", "recipient_not_allowed")


def test_mutes_and_stops_do_not_keep_back_an_answer_that_was_asked_for(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    office.answer(sent, "stop")
    office.answer(sent, "help")
    assert [each.state for each in office.answers()] == ["pending"]


def test_the_books_stay_balanced_and_the_views_name_the_answer(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    row = office.answer(sent, "help")
    with office.engine.connect() as connection:
        assert read_books(connection).problems == ()
    (answer,) = office.answers()
    with office.engine.connect() as connection:
        assert read_books(connection).problems == ()
        story = show_delivery(connection, sent.id)
        reply = show_reply(connection, row.id)
        own = show_delivery(connection, answer.id)
    assert story is not None
    assert reply is not None
    assert own is not None
    assert [(each["what"], each["by"]) for each in story["answers"]] == [("command", EVA), ("answered", "runmail")]
    assert story["answers"][1]["sent_as"] == answer.id
    (step,) = [each for each in story["story"] if each["what"] == "answered"]
    assert (step["reply"], step["sent_as"]) == (row.id, answer.id)
    assert reply["answer"]["delivery"] == answer.id
    assert reply["answer"]["state"] == "pending"
    assert own["answers_delivery"] == sent.id
    assert own["answers_reply"] == row.id


@pytest.mark.real("postgresql")
def test_on_postgresql_workers_that_read_at_the_same_time_answer_once(office: Office) -> None:
    office.profile()
    sent = [office.mail(run(f"run-{number}"))[0] for number in range(8)]
    ids = [office.keep(written(each, "help", EVA, number)) for number, each in enumerate(sent)]
    threads = [threading.Thread(target=office.path.read_replies, args=([each],)) for each in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    withheld = [office.row(each).facts["answer"]["withheld"] for each in ids]
    assert (withheld.count(None), withheld.count("answered_today")) == (1, 7)
    assert len(office.answers()) == 1
    with office.engine.begin() as connection:
        assert forget_turns(connection, office.now + DAY) == 1


def test_turns_that_limit_nothing_any_more_are_forgotten(office: Office) -> None:
    office.profile()
    (sent,) = office.mail(run())
    office.answer(sent, "help")
    for later, left in ((DAY - 1, 1), (DAY, 0)):
        with office.engine.begin() as connection:
            forget_turns(connection, office.now + later)
            assert connection.execute(select(func.count()).select_from(automatic_answers)).scalar_one() == left


# Machines


MACHINES = [
    {"Auto_Submitted": "auto-generated"},
    {"List_Id": "<team.example.com>"},
    {"List_Id": "<team.example.com>", "Precedence": "bulk"},
    {"Precedence": "list"},
    {"Return_Path": "<>"},
    {"Return_Path": "< >"},
    {"X_Auto_Response_Suppress": "OOF, AutoReply"},
    {"X_Loop": "help@example.com"},
    {"List_Unsubscribe": "<mailto:x@example.com>"},
]


@pytest.mark.parametrize("headers", MACHINES)
def test_a_mail_with_a_mark_of_a_machine_or_list_is_not_answered(office: Office, headers: dict[str, str]) -> None:
    office.profile()
    (sent,) = office.mail(run())
    office.answer(sent, "help", **headers)
    assert office.answers() == []


@pytest.mark.parametrize("sender", ["no-reply@example.com", "mailer-daemon@example.com", "team-request@example.com"])
def test_an_address_of_a_program_is_not_answered(office: Office, sender: str) -> None:
    office.profile()
    (sent,) = office.mail(run("run-1", sender))
    row = office.answer(sent, "help", sender=sender)
    assert row.facts["answer"]["withheld"] == "program"
    assert office.answers() == []


def test_no_address_of_any_profile_is_answered(office: Office) -> None:
    office.profile()
    office.profile(name="Other", from_address="other@example.com")
    (sent,) = office.mail(run("run-1", "other@example.com"))
    assert office.answer(sent, "help", sender="other+tag@example.com").outcome == "own_mail"
    assert office.answers() == []


def test_a_wish_of_an_own_address_is_withheld_even_if_reading_took_it_for_a_persons(office: Office) -> None:
    """The second lock of the same door: profiles may change between reading and answering."""
    from consumers.inbound.automatic.writing import Asked, answer_all

    profile = office.profile()
    (sent,) = office.mail(run())
    wish = wish_of(*wanting(sent), None, profile)
    assert wish is not None
    with office.engine.begin() as connection:
        asked = Asked(1, written(sent, "help", EVA, 1), "1@client.example", profile, TOLD, wish)
        became = answer_all(connection, [asked], {EVA}, office.now)
    assert became[1]["withheld"] == "own_address"
    assert office.answers() == []


def test_no_door_takes_an_answer_from_outside() -> None:
    with pytest.raises(MalformedEvent, match="must be one of"):
        read_event({"specversion": "1.0", "id": "1", "source": "x", "type": ANSWER_DUE, "data": {}})


# The whole table


TOLD = Told("QA alerts", {}, "t", "t", "checkout", None, True, (), 0)
ISSUED = Issued(1, 1, EVA, EVA, 1)


def wanting(sent: Any) -> tuple[Reading, Match, Told]:
    reading = Reading(
        Outcome.COMMAND, "first_line", command=Command(CommandName.HELP), sender=Sender(read_address(EVA), None)
    )
    return reading, Match(Issued(sent.id, sent.event_row, EVA, EVA, 1), FoundIn.MESSAGE_ID), TOLD


@given(
    outcome=st.sampled_from(Outcome),
    command=st.sampled_from([None, *(Command(name) for name in CommandName)]),
    fault=st.sampled_from([None, *CommandFault]),
    found=st.sampled_from([Match(ISSUED, FoundIn.MESSAGE_ID), *Unmatched]),
    told=st.sampled_from([None, TOLD]),
    refusal=st.sampled_from([None, *Refusal]),
    sender=st.sampled_from([None, EVA, STRANGER]),
)
def test_only_a_command_or_a_reply_with_a_genuine_token_brings_an_answer(
    outcome: Outcome,
    command: Command | None,
    fault: CommandFault | None,
    found: Match | Unmatched,
    told: Told | None,
    refusal: Refusal | None,
    sender: str | None,
) -> None:
    who = Sender(read_address(sender) if sender else None, None)
    reading = Reading(outcome, "", command=command, command_fault=fault, sender=who)
    wish = wish_of(reading, found, told, refusal, None)
    if wish is not None:
        assert outcome in (Outcome.COMMAND, Outcome.REPLY)
        assert isinstance(found, Match)
        assert wish.kind == "help" or wish.reason is not None


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Auto_Submitted": st.sampled_from(["no", "auto-replied", "auto-generated", "auto-notified; x=y"]),
        "Precedence": st.sampled_from(["bulk", "list", "junk", "first-class"]),
        "List_Id": st.just("<l.example.com>"),
        "Return_Path": st.sampled_from(["<>", "<eva@example.com>"]),
        "X_Runmail_Event": st.just("1"),
        "Subject": st.sampled_from(["Automatic reply: away", "Re: checkout", "Undelivered Mail Returned to Sender"]),
        "In_Reply_To": st.sampled_from(["<other@example.org>", f"<{'a' * 40}@example.com>"]),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.sampled_from(["help", "ack", "mute 900d", "rerun", "thanks", "stop"]),
    sender=st.sampled_from([EVA, STRANGER, "qa+x@example.com", "mailer-daemon@example.com"]),
    headers=HEADERS,
)
def test_whatever_a_mail_says_only_plain_commands_and_replies_to_our_mail_are_answered(
    office: Office, text: str, sender: str, headers: dict[str, str]
) -> None:
    if office.find("QA alerts") is None:
        office.profile()
    office.now += 2 * DAY
    (sent,) = office.mail(run(f"run-{office.now}"))
    before = len(office.answers())
    row = office.answer(sent, text, sender=sender, **headers)
    answered = len(office.answers()) - before
    machine = unanswerable(office.row(row.id).raw)
    if answered:
        assert row.outcome in ("command", "reply")
        assert row.delivery_id == sent.id
        assert machine is None
        assert headers.get("Auto_Submitted", "no") == "no"
        assert not {"List_Id", "X_Runmail_Event", "In_Reply_To"} & set(headers)
        assert headers.get("Precedence") in (None, "first-class")
        assert headers.get("Return_Path") != "<>"
        assert sender in (EVA, STRANGER)


def test_every_refusal_that_can_be_told_has_words_and_every_offer_a_line() -> None:
    assert set(REFUSALS) == {*Refusal, *CommandFault} - {Refusal.NO_SENDER}
    assert all(said and todo for said, todo in REFUSALS.values())
    assert {line.split(" ")[0] for line, _ in OFFERS.values()} <= {name.split(" ")[0] for name in CommandName}


def event_id(office: Office, answer: Any) -> str:
    with office.engine.connect() as connection:
        found = connection.execute(select(events.c.event_id).where(events.c.id == answer.event_row))
        return str(found.scalar_one())
