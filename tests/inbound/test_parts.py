"""From octets to lines: headers, MIME parts, charsets, flowed text and HTML."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.inbound.reading.charsets import decode
from consumers.inbound.reading.flowed import unflow
from consumers.inbound.reading.header_block import decode_words, media_type, octets_of_base64, read_headers
from consumers.inbound.reading.html_text import html_lines
from consumers.inbound.reading.mime_walk import walk
from tests.inbound.corpus import SAMPLES


@pytest.mark.parametrize(
    ("octets", "label", "text"),
    [
        (b"ack", "utf-8", "ack"),
        ("é".encode(), "utf-8", "é"),
        ("é".encode(), "us-ascii", "é"),
        ("é".encode(), "iso-8859-1", "é"),  # UTF-8 that says it is Latin-1
        (b"\xe9", "us-ascii", "é"),
        (b"\xe9", "iso-8859-1", "é"),
        (b"\x80", "iso-8859-1", "€"),  # as every client reads it
        (b"\xe9", "no-such-charset", "é"),
        (b"\xe9", "punycode", "é"),
        (b"\xe9", "", "é"),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
        ("Привет".encode("cp1251"), "windows-1251", "Привет"),
        ("了解".encode("iso-2022-jp"), "ISO-2022-JP", "了解"),
        ("了解".encode("iso-2022-jp"), "us-ascii", "了解"),  # known by its escapes
        ("了解".encode("cp932"), "shift_jis", "了解"),
        ("收到".encode("gb18030"), "gb2312", "收到"),
        ("확인".encode("euc-kr"), "ks_c_5601-1987", "확인"),
        ("é".encode() + b"\xc3", "utf-8", "é"),  # cut within a character
        (b"+2AA-x", "utf-7", "?x"),  # half a surrogate pair
    ],
)
def test_octets_become_text_whatever_their_label(octets: bytes, label: str, text: str) -> None:
    assert decode(octets, label) == text


@settings(deadline=None)
@given(
    st.binary(max_size=100),
    st.sampled_from(["utf-8", "utf-16", "hz-gb-2312", "utf-7", "iso-2022-kr", "idna", "hex", ""]),
)
def test_no_octets_and_no_label_raise(octets: bytes, label: str) -> None:
    decode(octets, label).encode("utf-8")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?M=C3=BCller?=", "Müller"),
        ("=?UTF-8?B?TcO8bGxlcg==?=", "Müller"),
        ("Re: =?iso-8859-1?Q?M=FCller_&_Co?= (x)", "Re: Müller & Co (x)"),
        ("=?utf-8?b?TcM=?= =?utf-8?b?vGxsZXI=?=", "Müller"),  # a character split over two words
        ("=?utf-8?q?a?= =?utf-8?q?b?= c", "ab c"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8*de?q?a?=", "a"),
        ("=?utf-8?b?####?=", ""),
        ("=?nope", "=?nope"),
    ],
)
def test_encoded_words_are_decoded(value: str, shown: str) -> None:
    assert decode_words(value) == shown


def test_headers_are_found_in_any_kind_of_lines() -> None:
    for end in (b"\n", b"\r\n"):
        found = read_headers(
            end.join([b"From: a", b"Subject: one", b"\ttwo", b"from: b", b"no field", b"", b"body: x"])
        )
        assert found.all("from") == ["a", "b"]
        assert found.first("subject") == "one two"
        assert "body" not in found


def test_a_media_type_is_read_with_its_parameters() -> None:
    headers = read_headers(b'Content-Type: Text/Plain;\n charset="UTF-8"; Format=flowed; x\n\n')

    assert media_type(headers) == ("text/plain", {"charset": "UTF-8", "format": "flowed"})
    assert media_type(read_headers(b"Content-Type: nonsense\n\n")) == ("text/plain", {})


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_base64_is_decoded_as_far_as_it_goes(octets: bytes) -> None:
    octets_of_base64(octets)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_parts_of_a_mail_are_those_that_the_standard_library_finds(sample: object) -> None:
    source: bytes = sample.source  # type: ignore[attr-defined]
    message = email.message_from_bytes(source, policy=email.policy.compat32)
    if not message.items() or message.defects:
        return  # what is broken is told apart in the corpus itself

    def leaves(part: email.message.Message) -> list[str]:
        if part.get_content_maintype() == "multipart":
            return [leaf for child in part.get_payload() for leaf in leaves(child)]  # type: ignore[union-attr]
        return [part.get_content_type()]

    assert [part.kind for part in walk(source, read_headers(source)).parts] == leaves(message)


def test_flowed_lines_are_joined_within_their_depth() -> None:
    lines = ["one ", "two", "> three ", "> four", ">> five ", "> six", " >stuffed", "-- ", "Ann "]

    assert unflow(lines, delete_space=False) == [
        "one two", "> three four", ">> five ", "> six", ">stuffed", "-- ", "Ann ",
    ]  # fmt: skip
    assert unflow(["one ", "two"], delete_space=True) == ["onetwo"]


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("ack", ["ack"]),
        ("<p>one</p><p>two<br>three</p>", ["one", "two", "three"]),
        ("a&nbsp;&amp; b &lt;c&gt;", ["a & b <c>"]),
        ("<style>p{}</style><script>ack</script>x", ["x"]),
        ("<!-- <p>ack --> x <!--[if mso]>y<![endif]--> z", ["x z"]),
        ("<!doctype html>x", ["x"]),
        ("1 < 2", ["1 < 2"]),
        ("a<blockquote>b<blockquote>c</blockquote>d</blockquote>e", ["a", ">", "e"]),
        ("a<blockquote>b<br>c<img src=x><p>d</blockquote>e", ["a", ">", "e"]),
        ('a<div class="gmail_quote"><div>b</div>c</div>d', ["a", ">", "d"]),
        ('a<div id="divRplyFwdMsg">b</div>c', ["a", ">"]),
        ('a<div class="gmail_signature">b<div>c</div></div>d', ["a", "d"]),
        ("<td>a</td><td>b</td>", ["a b"]),
        ("a<blockquote>b", ["a", ">"]),  # never closed
        ("<a href='x>y'>z", ["y'>z"]),  # a bracket in an attribute leaks, and harms nobody
    ],
)
def test_html_becomes_lines_with_its_quotes_as_marks(html: str, lines: list[str]) -> None:
    assert [line for line in html_lines(html) if line] == lines
