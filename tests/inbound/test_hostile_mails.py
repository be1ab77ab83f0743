"""Whatever octets come, reading ends with an outcome, soon, and never raises."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.inbound.reading.outcome import Outcome
from consumers.inbound.reading.read_mail import MAX_MAIL, understand
from tests.inbound.corpus import SAMPLES

#: Seconds of CPU that any mail of up to 25 MB may take.
LIMIT = 1.0
FULL = MAX_MAIL - 2_000
HEAD = b"From: ann@example.com\nTo: qa@example.org\nSubject: x\nMIME-Version: 1.0\n"
DAEMON = b"From: MAILER-DAEMON@example.net\nReturn-Path: <>\nSubject: failure notice\n\nthe following address failed\n"


def read_and_keep(source: bytes) -> None:
    """Understand a mail and see that what is found can be stored and shown: UTF-8 without control characters."""
    document = json.dumps(understand(source).to_json(), ensure_ascii=False)

    assert not re.search(r"\\u00[01]|[\x00-\x1f\x7f-\x9f]", document.replace("\\n", "").replace("\\\\", ""))
    document.encode("utf-8")


def typed(kind: bytes, body: bytes) -> bytes:
    return HEAD + b"Content-Type: " + kind + b"\n\n" + body


def filled(unit: bytes, size: int = FULL) -> bytes:
    return unit * (size // len(unit))


def nested(depth: int) -> bytes:
    levels = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))
    return HEAD + levels + b"Content-Type: text/plain\n\nack\n"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "line ends": lambda: b"\r\n\r\n\n",
    "NUL": lambda: b"\0" * 100_000,
    "5,000 parts": lambda: typed(b"multipart/mixed; boundary=q", b"--q\nContent-Type: text/plain\n\nhi\n" * 5000),
    "2,000 levels": lambda: nested(2000),
    "300 levels around 25 MB": lambda: nested(300) + filled(b"--x\n", FULL - 100_000),
    "2,000 mails in mails": lambda: HEAD + b"Content-Type: message/rfc822\n\n" * 2000,
    "one boundary for all levels": lambda: typed(
        b"multipart/mixed; boundary=q", b"--q\nContent-Type: multipart/mixed; boundary=q\n\n" * 2000
    ),
    "half marks": lambda: typed(b"multipart/mixed; boundary=q", filled(b"\n--qq")),
    "dashes": lambda: typed(b'multipart/mixed; boundary="' + b"-" * 60 + b'"', filled(b"-")),
    "quotes in parameters": lambda: typed(b"multipart/mixed" + b'; a="' * 5000, b"x"),
    "headers without end": lambda: HEAD + filled(b"X: y\n"),
    "one endless header": lambda: b"Subject: " + filled(b"a"),
    "folds without end": lambda: b"From: a@example.com\nSubject: a\n" + filled(b" b\n"),
    "brackets in From": lambda: b"From: " + b"(" * 200_000 + b"\n\nack",
    "quotes in From": lambda: b"From: " + b'"\\' * 450 + b"\n\nack",
    "encoded words": lambda: b"From: a@example.com\nSubject: " + b"=?utf-8?q?a?= " * 100_000 + b"\n\nack",
    "half encoded words": lambda: b"From: a@example.com\nSubject: " + b"=?" * 100_000 + b"\n\nack",
    "References": lambda: b"From: a@example.com\nReferences: " + b"a" * 300_000 + b"\n\nack",
    "results": lambda: b"From: a@example.com\nAuthentication-Results: x; " + b"a=b " * 99_000 + b"\n\nack",
    "one line": lambda: typed(b"text/plain", filled(b"a")),
    "many lines": lambda: typed(b"text/plain", filled(b"a\n")),
    "quote marks": lambda: typed(b"text/plain; format=flowed", filled(b"> ")),
    "attributions": lambda: typed(b"text/plain", filled(b"a wrote:\n")),
    "header blocks": lambda: typed(b"text/plain", filled(b"From:\n")),
    "separators": lambda: typed(b"text/plain", filled(b"-" * 120 + b"\n")),
    "half tags": lambda: typed(b"text/html", filled(b"<")),
    "open attributes": lambda: typed(b"text/html", filled(b"<a \"' ")),
    "blockquotes": lambda: typed(b"text/html", filled(b"<blockquote>")),
    "comments": lambda: typed(b"text/html", filled(b"<!--")),
    "entities": lambda: typed(b"text/html", filled(b"&#38;")),
    "base64": lambda: typed(b"text/plain\nContent-Transfer-Encoding: base64", filled(b"YWNr")),
    "broken base64": lambda: typed(b"text/plain\nContent-Transfer-Encoding: base64", filled(b"=Y*\n")),
    "punycode": lambda: typed(b"text/plain; charset=punycode", b"a-" + "ä".encode() * 30_000),
    "idna": lambda: typed(b"text/plain; charset=idna", filled(b"a", 64_000)),
    "hz": lambda: typed(b"text/plain; charset=hz-gb-2312", filled(b"~{", 64_000)),
    "odd UTF-16": lambda: typed(b"text/plain; charset=utf-16", b"\xd8\x00" * 30_000 + b"a"),
    "a notice of dots": lambda: DAEMON + filled(b"a.a.a.a.a.a.", 64_000),
    "a notice of addresses": lambda: DAEMON + filled(b"<a@example.com> user b@example.com deliver ", 64_000),
    "a notice of words": lambda: DAEMON + b"a@example.com\n " + filled(b"user account mailbox exceed ", 64_000),
    "an absence of words": lambda: HEAD + b"Auto-Submitted: auto-replied\n\n" + filled(b"until 11 bis ", 64_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_soon(name: str) -> None:
    source = HOSTILE[name]()
    began = time.process_time()

    understand(source)

    assert time.process_time() - began < LIMIT


def test_a_mail_of_60_mb_is_too_large_and_its_headers_are_read() -> None:
    found = understand(typed(b"text/plain", filled(b"ack\n", 60_000_000)))

    assert found.outcome is Outcome.TOO_LARGE
    assert found.sender.address is not None
    assert understand(HEAD + b"\nack", size=MAX_MAIL + 1).outcome is Outcome.TOO_LARGE


def test_a_mail_of_25_mb_with_an_attachment_is_read() -> None:
    attachment = b"Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\n" + filled(
        b"A" * 76 + b"\n", FULL - 500
    )
    began = time.process_time()

    found = understand(typed(b"multipart/mixed; boundary=q", b"--q\n\nack\n--q\n" + attachment + b"--q--\n"))

    assert str(found.command) == "ack"
    assert time.process_time() - began < LIMIT


def test_only_the_first_64_kb_of_a_part_and_2000_characters_of_a_line_are_examined() -> None:
    late = understand(typed(b"text/plain", b"\n" * 70_000 + b"ack\n"))
    long = understand(typed(b"text/plain", b"x" * 2_000 + b"ack\nack\n"))

    assert (late.text, late.command) == ("", None)
    assert long.text == "x" * 2_000 + "\nack"


@settings(deadline=None)
@given(st.binary(max_size=2_000))
def test_octets_are_read_without_raising(octets: bytes) -> None:
    read_and_keep(octets)
    read_and_keep(HEAD + octets)
    read_and_keep(HEAD + b"Content-Type: text/plain; charset=utf-7\n\n" + octets)


@settings(deadline=None)
@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_mail_of_the_corpus_is_read_without_raising(sample: object, data: st.DataObject) -> None:
    source = bytearray(sample.source)  # type: ignore[attr-defined]
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(source)))
        kind = data.draw(st.sampled_from(["cut", "put", "drop", "double"]))
        if kind == "cut":
            del source[at:]
        elif kind == "put":
            source[at:at] = data.draw(st.binary(max_size=20))
        elif kind == "drop":
            del source[at : at + data.draw(st.integers(1, 60))]
        else:
            source[at:at] = source[at : at + 200]

    read_and_keep(bytes(source))


NAMES = st.sampled_from(
    ["from", "subject", "content-type", "date", "message-id", "to", "references", "x-failed-recipients", "return-path"]
)


@settings(deadline=None)
@given(st.text(max_size=200), NAMES)
def test_a_header_of_any_text_is_read_without_raising(value: str, name: str) -> None:
    read_and_keep(f"{name}: {value}\nFrom: a@example.com\n\nack\n".encode("utf-8", "surrogatepass"))


@settings(deadline=None)
@given(st.text(max_size=200))
def test_a_notice_of_any_text_is_read_without_raising(text: str) -> None:
    octets = text.encode("utf-8", "surrogatepass")
    status = b"Final-Recipient: rfc822; a" + octets + b"@example.com\nAction: failed\nStatus: 5.1.1\n"

    read_and_keep(DAEMON + octets)
    read_and_keep(typed(b"multipart/report; boundary=q", b"--q\nContent-Type: message/delivery-status\n\n" + status))
