"""A file of events: one, an array, or one a line; every good one is read whatever stands beside it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.contract import Event, MalformedEvent, documents, read_events

ALERT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "tests",
    "type": "runmail.alert",
    "data": {"profile": "QA alerts", "key": "disk", "title": "Disk {full} [90 %]"},
}


def alert(number: int) -> str:
    return json.dumps({**ALERT, "id": str(number)})


def pretty(number: int, indent: int = 0) -> str:
    text = json.dumps({**ALERT, "id": str(number)}, indent=2)
    return "\n".join(" " * indent + line for line in text.splitlines())


def summary(source: str | bytes, **limits: int) -> list[tuple[int, str]]:
    """Return each line with the id of the event or the reason why there is none."""
    return [
        (line, found.id if isinstance(found, Event) else found.reason) for line, found in read_events(source, **limits)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (alert(1), [(1, "1")]),
        (pretty(1), [(1, "1")]),
        (f"[{alert(1)}, {alert(2)}]", [(1, "1"), (1, "2")]),
        (f"[\n{pretty(1, 2)},\n{pretty(2, 2)}\n]\n", [(2, "1"), (13, "2")]),
        (f"{alert(1)}\n{alert(2)}\n{alert(3)}", [(1, "1"), (2, "2"), (3, "3")]),
        (f"{alert(1)}\r\n\r\n{alert(2)}\r\n", [(1, "1"), (3, "2")]),
        (f"\n \n{alert(1)}\n\n", [(3, "1")]),
        (f"\ufeff{alert(1)}\n{alert(2)}", [(1, "1"), (2, "2")]),
        (f"{pretty(1)}\n{pretty(2)}", [(1, "1"), (12, "2")]),
        ("", []),
        (" \n\t\n", []),
        ("[]", []),
    ],
)
def test_one_event_an_array_or_one_a_line_are_read_with_their_lines(text: str, expected: list[object]) -> None:
    assert summary(text) == expected
    assert summary(text.encode()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{alert(1)}\n{{broken\n{alert(3)}", [(1, "1"), (2, "not_json"), (3, "3")]),
        (f"{{broken\n{alert(2)}\n{alert(3)}", [(1, "not_json"), (2, "2"), (3, "3")]),
        (f"not json at all\n{alert(2)}", [(1, "not_json"), (2, "2")]),
        (f"{alert(1)} {alert(2)}\n{alert(3)}", [(1, "not_json"), (2, "3")]),
        (f"{alert(1)}\n{alert(2)} x\n{alert(3)}", [(1, "1"), (2, "not_json"), (3, "3")]),
        (f"{alert(1)}\n[1]\n7\n{alert(4)}", [(1, "1"), (2, "not_an_object"), (3, "not_an_object"), (4, "4")]),
        (f'[{alert(1)}, {{"a": tru}}, {alert(3)}]', [(1, "1"), (1, "not_json"), (1, "3")]),
        (f"[{alert(1)}, nonsense, {alert(3)}]", [(1, "1"), (1, "not_json"), (1, "3")]),
        (f"[\n{alert(1)},\n{{broken,\n{alert(3)}\n]", [(2, "1"), (3, "not_json"), (4, "3")]),
        (f"[{alert(1)}, 7, {alert(3)}]", [(1, "1"), (1, "not_an_object"), (1, "3")]),
        (f"[\n{alert(1)},\n{alert(2)}", [(2, "1"), (3, "2"), (3, "not_json")]),
        (f"[{alert(1)},\n{alert(2)[:40]}", [(1, "1"), (2, "not_json")]),
        (f"[{alert(1)}] {alert(2)}", [(1, "1"), (1, "2")]),
        (pretty(1).replace('"disk",', '"disk"'), [(9, "not_json")]),
    ],
)
def test_a_bad_event_costs_its_neighbours_nothing(text: str, expected: list[object]) -> None:
    assert summary(text) == expected


def test_an_array_goes_on_after_a_pretty_printed_event_with_a_syntax_error() -> None:
    broken = pretty(2, 2).replace('"source": ', '"source: ')
    assert summary(f"[\n{pretty(1, 2)},\n{broken},\n{pretty(3, 2)}\n]") == [(2, "1"), (16, "not_json"), (24, "3")]


@pytest.mark.parametrize(
    ("line", "reason", "field"),
    [
        ('{"type": "runmail.alert", "type": "x"}', "duplicate_key", "type"),
        ('{"data": {"labels": {"a": 1, "a": 1}}}', "duplicate_key", "data.labels.a"),
        ('{"n": NaN}', "invalid_number", "n"),
        ('{"n": -Infinity}', "invalid_number", "n"),
        ('{"n": 1e999}', "invalid_number", "n"),
        ('{"n": ' + "9" * 5000 + "}", "invalid_number", "n"),
        ('{"n": 18446744073709551616}', "invalid_number", "n"),
        ('{"t": "\\ud800"}', "invalid_text", "t"),
        ('{"t": "' + "[" * 10 + '", "d": ' + "[" * 200_000 + "]" * 200_000 + "}", "too_deep", None),
        ("[" * 200_000, "too_deep", None),
        ('{"a":' * 200_000, "too_deep", None),
        ('{"d": ' + "[" * 70 + "]" * 70 + "}", "too_deep", "d" + ".0" * 63),
        ('{"t": "a\tb"}', "not_json", None),
        ("{'type': 'runmail.alert'}", "not_json", None),
    ],
)
def test_hostile_json_is_refused_by_name_and_neighbours_are_read(line: str, reason: str, field: str | None) -> None:
    found = list(read_events(f"{alert(1)}\n{line}\n{alert(3)}"))
    assert [number for number, _ in found] == [1, 2, 3]
    refused = found[1][1]
    assert isinstance(refused, MalformedEvent)
    assert refused.reason == reason
    assert refused.field == field
    assert isinstance(found[2][1], Event)


def test_bytes_that_are_no_utf8_are_refused_where_they_stand() -> None:
    bad = alert(2).encode().replace(b"Disk", b"Di\xffk")
    assert summary(alert(1).encode() + b"\n" + bad + b"\n" + alert(3).encode()) == [
        (1, "1"),
        (2, "invalid_text"),
        (3, "3"),
    ]


def test_a_str_with_half_a_surrogate_pair_is_refused_like_its_bytes() -> None:
    assert summary(alert(1).replace("Disk", "\ud800")) == [(1, "invalid_text")]


def test_the_utf16_of_a_windows_shell_is_read() -> None:
    assert summary((alert(1) + "\r\n" + alert(2)).encode("utf-16")) == [(1, "1"), (2, "2")]


def test_syntax_errors_say_where_and_that_a_cut_input_was_cut() -> None:
    texts = [str(found) for _, found in read_events(f'{alert(1)}\n{{"a" 1}}\n{{"a": ')]
    assert texts[1:] == [
        "no JSON: expecting ':' delimiter (column 6)",
        "the input ends in the middle of a value: was it cut off?",
    ]


def test_lines_are_read_as_a_stream() -> None:
    class Stream(io.RawIOBase):
        """Yields events for ever, so that reading it as a whole would never end."""

        number = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            self.number += 1
            return alert(self.number).encode() + b"\n"

    found = read_events(Stream())  # type: ignore[arg-type]
    assert [next(found)[0] for _ in range(1000)] == list(range(1, 1001))


def test_a_line_that_is_too_long_is_refused_and_the_next_is_read() -> None:
    long = alert(2).replace("disk", "x" * 3500)
    assert summary(f"{alert(1)}\n{long}\n{alert(3)}\n", max_line=1000) == [(1, "1"), (2, "too_large"), (3, "3")]


def test_a_document_that_is_too_large_is_refused_with_the_way_out() -> None:
    array = "[" + ",".join(alert(number) for number in range(20)) + "]"
    assert summary(array, max_document=1000) == [(1, "too_large")]
    assert "one event per line" in str(next(read_events(array, max_document=1000))[1])


def test_lines_are_told_from_a_document_even_when_the_first_lines_are_broken() -> None:
    text = "Publishing events...\n{broken\n" + "".join(f"{alert(n)}\n{{broken\n" for n in range(300))
    found = summary(text)
    assert len(found) == 602
    assert [name for _, name in found if name != "not_json"] == [str(number) for number in range(300)]


def test_a_large_file_that_is_no_json_ends_soon() -> None:
    found = summary("begin\n" + '{"a" 1} {oops\n' * 10_000)
    assert len(found) <= documents.MAX_SYNTAX_FAULTS + 1


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(content: bytes) -> None:
    for line, found in read_events(content):
        assert line >= 1
        assert isinstance(found, Event | MalformedEvent)


@given(st.text(st.sampled_from('{}[]",:\\ \n1a'), max_size=60))
def test_any_text_of_json_marks_is_read_without_an_exception_and_never_for_ever(text: str) -> None:
    assert len(summary(f"[{text}\n{alert(1)}")) <= len(text) + 5


@given(st.lists(st.sampled_from(["good", "{broken", "7", "", "[1]", '{"a": 1}']), max_size=12))
def test_every_good_line_is_read_whatever_the_others_are(kinds: list[str]) -> None:
    lines = [alert(number) if kind == "good" else kind for number, kind in enumerate(kinds)]
    good = [str(number) for number, kind in enumerate(kinds) if kind == "good"]
    found = [found.id for _, found in read_events("\n".join(lines)) if isinstance(found, Event)]
    # Without a first line that is an object, `[1]` opens no array and a line of garbage ends at the next brace.
    assert found == good
