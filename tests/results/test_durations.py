"""Durations and starts: as runners write them, and what several reports make together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.contract.clock_text import read_seconds, read_timestamp
from consumers.results.bounded_text import BoundedText
from consumers.results.span import Span, duration

START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0.25", 0.25),
        ("3", 3.0),
        (" 1.5 ", 1.5),
        ("0.", 0.0),
        (".5", 0.5),
        ("1e-05", 0.00001),
        ("0,25", 0.25),
        ("1,234", 1.234),
        ("1,204.519", 1204.519),
        ("1,234,567", 1_234_567.0),
        ("00:00:01.0100000", 1.01),
        ("2:03", 123.0),
        ("-1", None),
        ("NaN", None),
        ("inf", None),
        ("1e400", None),
        ("9" * 41, None),
        ("100000001", None),
        ("1_000", None),
        ("12 ms", None),
        ("١", None),
        ("", None),
        (None, None),
        (".", None),
        (",", None),
    ],
)
def test_a_duration_is_read_as_it_is_meant_or_is_unknown(text: str | None, seconds: float | None) -> None:
    assert read_seconds(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T07:02:11+01:00", "2026-11-20T06:02:11+00:00"),
        ("2026-11-20T06:02:11.5Z", "2026-11-20T06:02:11.500000+00:00"),
        ("2026-11-20T06:02:11", "2026-11-20T06:02:11"),
        ("2026-11-20", "2026-11-20T00:00:00"),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_timestamp_without_an_offset_stays_without_one(text: str, expected: str | None) -> None:
    found = read_timestamp(text)
    assert (found.isoformat() if found else None) == expected


@given(st.text(max_size=50))
def test_no_text_of_a_report_makes_the_clock_fail(text: str) -> None:
    read_seconds(text)
    read_timestamp(text)


def spans(*pairs: tuple[float | None, float | None], naive: bool = False) -> list[Span]:
    start = START.replace(tzinfo=None) if naive else START
    return [Span(None if offset is None else start + timedelta(seconds=offset), seconds) for offset, seconds in pairs]


@pytest.mark.parametrize(
    ("given_spans", "seconds"),
    [
        ([], None),
        (spans((0, None)), None),
        # one report: what it says
        (spans((0, 12.5)), 12.5),
        # one after the other: first start to last end
        (spans((0, 10), (10, 20)), 30),
        # side by side: first start to last end
        (spans((0, 10), (5, 20)), 25),
        (spans((0, 10), (5, 20), naive=True), 25),
        # never more than all of them, as when an old report lies beside
        (spans((-86400, 10), (0, 20)), 30),
        # never less than the longest
        (spans((0, 100), (1, 2)), 100),
        # starts that are missing, all the same or of two kinds prove nothing: the sum
        (spans((None, 10), (5, 20)), 30),
        (spans((0, 10), (0, 20)), 30),
        (spans((0, 10)) + spans((5, 20), naive=True), 30),
        # a report without a duration leaves the others' starts unproven
        (spans((0, 10), (5, None)), 10),
    ],
)
def test_several_reports_take_the_time_from_first_start_to_last_end_within_reason(
    given_spans: list[Span], seconds: float | None
) -> None:
    assert duration(given_spans) == seconds


@given(st.lists(st.text(max_size=30), max_size=30), st.integers(0, 40), st.integers(0, 40))
def test_a_bounded_text_keeps_head_and_tail_whatever_the_pieces(pieces: list[str], head: int, tail: int) -> None:
    text = BoundedText(head, tail)
    for piece in pieces:
        text.add(piece)
    whole = "".join(pieces)
    left_out = len(whole) - head - tail
    if left_out <= 0:
        assert text.text() == whole
    else:
        end = whole[len(whole) - tail :]
        assert text.text() == f"{whole[:head]}\n… (+{left_out} characters) …\n{end}"
