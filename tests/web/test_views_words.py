"""The pure parts of the pages: what addresses ask for, stories in words, bytes to look at, the picture of the hours."""

from __future__ import annotations

import pytest

from consumers.inbound.reading.outcome import Outcome
from consumers.ledger.states import AttemptOutcome, DeliveryState
from consumers.views.hourly_mail import MailHour
from consumers.views.paging import Place
from consumers.views.shown_bytes import show_bytes
from consumers.views.story import Step
from consumers.views.web.asking import Asked, read_key, read_place, shown_key
from consumers.views.web.delivery_lists import read_search
from consumers.views.web.delivery_stories import possible
from consumers.views.web.hour_chart import GROUPS, HEIGHT, WIDTH, draw, round_up
from consumers.views.web.story_view import tell


def test_filters_are_read_as_they_are_typed() -> None:
    asked = Asked(
        {"state": "failed", "suite": " checkout ", "recipient": "Ann@EXAMPLE.com", "since": "2026-11-27T05:10"}
    )
    wanted = read_search(asked)
    assert (wanted.state, wanted.suite, wanted.recipient) == ("failed", "checkout", "ann@example.com")
    assert wanted.since == 1_795_756_200_000
    assert asked.faults == {}
    assert asked.query(before="7").startswith("?state=failed&suite=checkout&recipient=Ann%40EXAMPLE.com&since=")


def test_what_cannot_be_understood_is_said_beside_its_field() -> None:
    asked = Asked({"recipient": "ann", "since": "yesterday", "until": "2026-11-27 05:10", "state": "lost"})
    wanted = read_search(asked)
    assert sorted(asked.faults) == ["recipient", "since"]
    assert (wanted.state, wanted.since) == (None, None)
    assert wanted.recipient == "ann"
    assert asked.values["recipient"] == "ann"


def test_a_key_is_read_as_it_is_shown() -> None:
    for key in ((7,), (7, 12), (7, "ann@example.com"), (7, "odd~one@example.com")):
        assert read_key(shown_key(key)) == key
    assert read_place({"before": "7", "after": "9"}) == Place(before=(7,))
    assert read_place({"before": "seven", "after": "9"}) == Place(after=(9,))


@pytest.mark.parametrize("outcome", list(AttemptOutcome))
def test_every_outcome_of_an_attempt_has_words_and_a_colour(outcome: AttemptOutcome) -> None:
    said = {"number": 2, "outcome": outcome.value, "reason": "mailbox_unknown", "code": 550, "answer": "no such user"}
    told = tell(Step(1, "attempt", 3, said))
    assert told.heading
    assert told.tone in ("good", "bad", "warn", "quiet")
    assert told.note == "attempt 2, mailbox unknown"
    assert told.said == "550 no such user"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_of_a_reply_has_words(outcome: Outcome) -> None:
    told = tell(Step(1, outcome.value, 3, {"reply": 8, "by": "ann@example.com", "subject": "Re: x"}))
    assert told.heading[0].isupper()
    assert told.heading.endswith("from ann@example.com")
    assert (told.reply, told.said) == (8, "Re: x")


@pytest.mark.parametrize(
    ("step", "heading"),
    [
        (Step(1, "planned", None, {"deliveries": 4}), "Planned for 4 recipients"),
        (Step(1, "took_effect", 1, {"command": "ack", "by": "ann"}), "“ack” took effect"),
        (Step(1, "bounced", 1, {"kind": "hard"}), "Bounced: it did not arrive"),
        (Step(1, "bounced", 1, {"kind": "soft"}), "Bounced this time"),
        (Step(1, "muted", 1, {"by": "ann", "about": "checkout"}), "Muted by ann"),
        (Step(1, "stopped", 1, {"by": "ann", "about": "checkout"}), "Stopped by ann"),
        (Step(1, "acknowledged", None, {"by": "ann"}), "Taken in hand by ann"),
        (Step(1, "address_suppressed", 1, {}), "Address suppressed"),
    ],
)
def test_effects_are_told_in_words(step: Step, heading: str) -> None:
    assert tell(step).heading == heading


def test_bytes_that_are_no_text_are_escaped_and_dumped() -> None:
    shown = show_bytes(b"a\x1b[2J\xff\x00\xe2\x80\xae", whole=True)
    assert shown.text == "a\\x1b[2J\\xff\\x00\\u202e"
    assert shown.dump == "000000  61 1b 5b 32 4a ff 00 e2 80 ae                    a.[2J....."


def test_json_is_indented_and_plain_text_has_no_dump() -> None:
    assert show_bytes('{"a":"ü\\u202e"}'.encode(), whole=True).text == '{\n  "a": "ü\\u202e"\n}'
    assert show_bytes(b'{"a": 1', whole=False) == show_bytes(b'{"a": 1', whole=True)
    assert show_bytes(b"plain\n\ttext", whole=True).dump is None


def test_nesting_that_no_reader_bears_is_shown_as_text() -> None:
    assert show_bytes(b"[" * 60_000, whole=True).text.startswith("[[[")


def test_a_picture_has_a_bar_for_each_state_that_is_there_and_the_table_has_all_numbers() -> None:
    hours = [MailHour(n * 3_600_000, {"sent": 40 * n, "failed": n % 2}) for n in range(24)]
    chart = draw(hours)
    assert chart.top == 1_000
    assert len(chart.bars) == 23 + 12
    assert all(0 <= bar.x <= WIDTH and bar.y >= 0 and bar.y + bar.height <= HEIGHT + 0.2 for bar in chart.bars)
    assert [row.total for row in chart.rows] == [40 * n + n % 2 for n in range(24)]
    assert chart.said == "11,052 mails in 24 hours: 11,040 sent, 12 failed"
    assert draw([MailHour(0, {})]).bars == ()


def test_one_failure_among_thousands_can_be_seen() -> None:
    chart = draw([MailHour(0, {"sent": 100_000, "failed": 1})])
    assert [bar.height for bar in chart.bars if bar.tone == "bad"] == [2.0]


def test_every_state_is_in_exactly_one_colour_of_the_picture() -> None:
    grouped = [state for _, _, states in GROUPS for state in states]
    assert sorted(grouped) == sorted(DeliveryState)


def test_scales_end_at_round_numbers() -> None:
    assert [round_up(n) for n in (0, 1, 3, 6, 11, 49, 51, 999)] == [1, 1, 5, 10, 20, 50, 100, 1000]


def test_no_decision_is_offered_where_a_server_may_be_answering() -> None:
    offered = {state: possible(state, None) for state in DeliveryState}
    assert offered[DeliveryState.SENDING] == []
    assert offered[DeliveryState.SENT] == []
    assert offered[DeliveryState.SUPPRESSED] == []
    assert offered[DeliveryState.UNCERTAIN] == ["settle-sent", "settle-resend"]
    assert offered[DeliveryState.PENDING] == ["retry", "hold"]
    assert offered[DeliveryState.HELD] == ["release"]
