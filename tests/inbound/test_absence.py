"""Until when somebody is away: only a date that is plainly named."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.inbound.reading.absence import last_day_away

SENT = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("I am out of the office until 11 December 2026.", date(2026, 12, 11)),
        ("I am away until Friday, December 11th.", date(2026, 12, 11)),
        ("Back on Dec 7, 2026.", date(2026, 12, 7)),
        ("I will return on 2026-12-14 and answer then.", date(2026, 12, 14)),
        ("Away from 1 December through 11 December 2026", date(2026, 12, 11)),
        ("I am out until 12/31/2026.", date(2026, 12, 31)),
        ("I am out until 31/12/2026.", date(2026, 12, 31)),
        ("I am out until 8 January.", date(2027, 1, 8)),
        ("Ich bin bis zum 11.12.2026 nicht erreichbar.", date(2026, 12, 11)),
        ("Ich bin vom 1.12. bis einschließlich 11.12. im Urlaub.", date(2026, 12, 11)),
        ("Ab dem 4. Januar 2027 bin ich wieder da.", date(2027, 1, 4)),
        ("Je suis absent jusqu'au 11 décembre 2026 inclus.", date(2026, 12, 11)),
        ("Estoy fuera hasta el 11 de diciembre de 2026.", date(2026, 12, 11)),
        ("Estarei ausente até 11/12/2026.", date(2026, 12, 11)),
        ("Sono assente fino al 11 dicembre 2026.", date(2026, 12, 11)),
        ("Ik ben afwezig tot en met 11 december 2026.", date(2026, 12, 11)),
        ("Jestem nieobecny do 11 grudnia 2026.", date(2026, 12, 11)),
        ("Jag är borta till och med 11 december 2026.", date(2026, 12, 11)),
        ("Меня не будет до 11 декабря 2026 г.", date(2026, 12, 11)),
        ("12月11日まで不在です。", date(2026, 12, 11)),
        ("2026년 12월 11일까지 부재중입니다.", date(2026, 12, 11)),
        ("我将外出至2026年12月11日。", date(2026, 12, 11)),
    ],
)
def test_an_end_in_many_languages(text: str, until: date) -> None:
    assert last_day_away(text, "", SENT) == until


@pytest.mark.parametrize(
    "text",
    [
        "I am away.",
        "I am out until further notice.",
        "I am away until 05/06/2027.",  # two readings
        "I was away until 11 December 2024.",  # long past
        "Away until 31 February 2027.",
        "Our release 2.12.2026 is out.",  # no word before it
        "Call 11 12 2026 until I answer.",
        "Away until 11 December 2029.",  # nobody is
    ],
)
def test_no_end_is_named(text: str) -> None:
    assert last_day_away(text, "", SENT) is None


def test_the_subject_counts_too_and_the_last_of_several_ends() -> None:
    assert last_day_away("", "Out of office until 11 December 2026", SENT) == date(2026, 12, 11)
    assert last_day_away("Away until 4 Dec 2026, back on 7 Dec 2026", "", SENT) == date(2026, 12, 7)
    assert last_day_away("Away until 11 December", "", None) is None


@settings(deadline=None)
@given(st.text(max_size=300), st.dates())
def test_no_text_raises(text: str, sent: date) -> None:
    last_day_away(f"until {text}", text, sent)
