"""Nothing an event says becomes a header, a recipient or an HTML element."""

from __future__ import annotations

import email
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.contract import read_event
from consumers.mails.compose import HEADER_NAMES, OPTIONAL, Envelope, assemble
from consumers.mails.rendering import Rendered
from consumers.mails.wire import WireMismatch, check_wire
from tests.mails.conftest import NOON, PROFILE, mail

#: Texts seen to break mail programs, each in the place of any text of an event.
NASTY = (
    "\r\nBcc: evil@example.org\r\n",
    "=?utf-8?q?a=0D=0ABcc=3A_x=40evil?=",
    "\r\n.\r\nMAIL FROM:<evil@example.org>\r\n",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><a href="javascript:alert(1)">x</a>',
    "{{ 7 * 7 }}{% raw %}",
    "\x00\x0b\x0c\x85\u2028\u2029\x1b[2J",
    "\u202egnp.exe\u2066",
    "]]><!--</style></title></pre></td></tr></table>",
    "\ud800",
    "=\r\n=3D=",
    "--=_boundary",
    "From someone\n.\n..",
    "a" * 5_000,
    "́" * 300,
    "🏳️‍🌈👩‍👩‍👧‍👦" * 20,
)
texts = (
    st.sampled_from(NASTY) | st.text(max_size=60) | st.tuples(st.sampled_from(NASTY), st.text(max_size=9)).map("".join)
)


class Elements(HTMLParser):
    """Lists the elements of a page with their attributes' names, and what links lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str | None] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attributes)))
        self.links += [value for name, value in attributes if name in ("href", "src")]


def run(text: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "s",
        "type": "runmail.run.finished",
        "data": {
            "profile": "QA alerts",
            "suite": text,
            "branch": text,
            "commit": text,
            "environment": text,
            "run_id": text,
            "outcome": "failed",
            "counts": {"total": 2, "passed": 1, "failed": 1},
            "labels": {"label": text},
            "url": "https://ci.example.com/1?a=%22&b=<x>",
            "failures": [{"name": text, "file": text, "message": f"m {text}", "trace": f"t {text}", "owner": text}],
        },
    }


def alert(text: str) -> dict[str, Any]:
    data = {"profile": "QA alerts", "key": "k", "title": text, "description": f"d {text}", "labels": {"label": text}}
    return {"specversion": "1.0", "id": "1", "source": "s", "type": "runmail.alert", "data": data}


def summary(text: str) -> dict[str, Any]:
    data = {
        "profile": "QA alerts",
        "title": text,
        "totals": {"runs": 1, "total": 1, "passed": 1},
        "suites": [{"suite": text, "runs": 1, "pass_rate": 0.5, "trend": [1, None, 0]}],
        "worst": [{"name": text, "failures": 2}],
    }
    return {"specversion": "1.0", "id": "1", "source": "s", "type": "runmail.summary.ready", "data": data}


@settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([run, alert, summary]), texts)
def test_no_text_of_an_event_becomes_structure(make: Any, text: str) -> None:
    event = make(text.encode("utf-8", "replace").decode())
    found, calm = mail(read_event(event)), mail(read_event(make("calm")))

    message = email.message_from_bytes(found.message)
    assert message.keys() == [name for name in HEADER_NAMES if name not in OPTIONAL]
    assert message["To"] == "team@example.com"
    assert found.message.count(b"\r\n.\r\n") == 0
    hostile, harmless = Elements(found.html), Elements(calm.html)
    # A text of several lines has line breaks, and an empty one leaves its element out; nothing else may differ.
    assert set(hostile.found) <= set(harmless.found) | {("br", ())}
    assert set(hostile.links) <= {*harmless.links, "https://ci.example.com/1?a=%22&b=<x>"}
    assert not any(char in found.subject for char in "\r\n\x00\x1b\u202e")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda raw: raw.replace(b"\r\n", b"\n", 1), "CRLF"),
        (lambda raw: raw.replace(b"Subject:", b"Bcc: x@example.org\r\nSubject:"), "header names"),
        (lambda raw: raw.replace(b"To: team@example.com", b"To: evil@example.org"), "To is not"),
        (lambda raw: raw.replace(b"From: ", b"From: evil@example.org, "), "From is not"),
        (lambda raw: raw.replace(b"MIME-Version: 1.0\r\n", b""), "header names"),
        (lambda raw: raw + b"\x00", "printable"),
        (lambda raw: raw.replace(b"QA", "Qä".encode(), 1), "printable"),
        (lambda raw: raw.replace(b"\r\n\r\n", b"\r\n\r\n" + b"x" * 999 + b"\r\n", 1), "998"),
        (lambda raw: raw.partition(b"\r\n\r\n")[0], "no end"),
        (lambda raw: b" folded\r\n" + raw, "continuation"),
        (lambda raw: b"no field\r\n" + raw, "no field"),
    ],
)
def test_bytes_that_are_not_what_was_meant_are_refused(broken: Any, said: str) -> None:
    rendered = Rendered("Subject", "text\n", "<p>html</p>\n", b"a: b\r\n\r\ntext\r\n", b"a: b\r\n\r\nhtml\r\n")
    plain = replace(PROFILE, from_name="")
    envelope = Envelope("1", "runmail.alert", plain, "team@example.com", "id@example.com", NOON, "key")
    good = assemble(rendered, envelope)
    check_wire(good, envelope)

    with pytest.raises(WireMismatch, match=said):
        check_wire(broken(good), envelope)
