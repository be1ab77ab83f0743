"""Samples: events of every kind that templates are tried on before any mail is made of them.

Every field of a view is empty in one of them and filled in another (a test says so), so that a template that
holds for all of them holds for every event.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from consumers.contract import Event
from consumers.contract.events import EVENT_TYPES
from consumers.contract.reading import read_as
from consumers.mails.answer_words import OFFERS
from consumers.mails.html_rules import UNESCAPED
from consumers.meaning import consumer_of
from consumers.notice import Notice
from consumers.own_events import ANSWER_DUE, OWN_TYPES
from profiles.profile import Profile, Security, SmtpSettings

#: A text as a stranger may write it: markup, quotes, template syntax, other scripts, emoji, words without a break.
HOSTILE = f"{UNESCAPED}{{{{ 7 * 7 }}}} &lt; %s %(x)s \\ ümläut 試験 🏳️‍🌈 {'w' * 150}"

_COUNTS = {"total": 214, "passed": 205, "failed": 3, "errors": 1, "skipped": 5, "flaky": 2}
_RUN: dict[str, Any] = {
    "suite": "checkout-api",
    "branch": "main",
    "commit": "9f4c2e1a7b",
    "environment": "staging",
    "run_id": "2209",
    "outcome": "failed",
    "counts": _COUNTS,
    "started_at": "2026-11-24T10:18:00Z",
    "duration_seconds": 192.4,
    "url": "https://ci.example.com/runs/2209",
    "labels": {"team": "payments"},
    "failures": [
        {"name": "test_refund", "file": "tests/test_refund.py", "message": "assert 1 == 2", "trace": "line 1\nline 2"},
        {"name": "test_bare"},
    ],
}
_SUMMARY: dict[str, Any] = {
    "title": "Shop: test runs of week 47",
    "period": {"from": "2026-11-16T00:00:00Z", "to": "2026-11-23T00:00:00Z"},
    "totals": {"runs": 168, **_COUNTS},
    "url": "https://ci.example.com/weeks/47",
    "suites": [
        {"suite": "checkout-api", "runs": 61, "passed": 52, "failed": 9, "pass_rate": 0.85, "trend": [0.9, None, 0.8]},
        {"suite": "bare"},
    ],
    "worst": [{"name": "test_refund", "failures": 9, "since": "2026-11-17T08:00:00Z"}, {"name": "test_bare"}],
    "slowest": [
        {"suite": "checkout-api", "duration_seconds": 812.5, "duration_before": 640},
        {"suite": "bare", "duration_seconds": 3},
    ],
    "flaky": [{"name": "test_cart_merge", "suite": "checkout-api", "times": 4}, {"name": "test_bare"}],
}
_ALERT: dict[str, Any] = {
    "key": "disk-full",
    "title": "Disk almost full",
    "severity": "critical",
    "description": "93 % of /var is used.\nAt this rate it is full tonight.",
    "starts_at": "2026-11-24T10:18:00Z",
    "url": "https://alerts.example.com/1",
    "labels": {"host": "ci-3"},
}
_ANSWER: dict[str, Any] = {
    "kind": "refused",
    "reason": "mute_too_long",
    "command": "mute 300d",
    "topic": "checkout-api",
    "sent_to": "team@example.com",
    "offers": ["ack", "mute", "unmute", "stop", "start"],
    "delivery": 17,
    "reply": 84,
    "in_reply_to": "1@client.example",
}
_LONG = "a line of a long text, as runners write them\n" * 400

#: Samples by the type of event: their name and data.
_DATA: dict[str, dict[str, dict[str, Any]]] = {
    "runmail.run.finished": {
        "usual": _RUN,
        "least": {"suite": "checkout-api", "outcome": "passed"},
        "passed": {**_RUN, "outcome": "passed", "counts": {"total": 9, "passed": 9, "flaky": 1}, "failures": []},
        "part of a run": {**_RUN, "shard": {"index": 2, "total": 5}},
        "cancelled": {"suite": "checkout-api", "outcome": "cancelled", "counts": {"total": 3, "passed": 3}},
        "timed out": {**_RUN, "outcome": "timed_out", "failures": []},
        "could not run": {"suite": "checkout-api", "outcome": "error"},
        "hostile": {
            **_RUN,
            **dict.fromkeys(("suite", "branch", "commit", "environment", "run_id"), HOSTILE),
            "labels": {HOSTILE: HOSTILE},
            "failures": [dict.fromkeys(("name", "file", "message", "trace", "owner"), HOSTILE)],
        },
        "largest": {
            **_RUN,
            "counts": {"total": 9_000, "passed": 8_700, "failed": 300},
            "labels": {f"label {n}": "x" * 500 for n in range(100)},
            "failures": [{"name": f"test_{n}", "message": _LONG, "trace": _LONG} for n in range(200)],
            "shortened": {"failures": 100},
        },
    },
    "runmail.summary.ready": {
        "usual": _SUMMARY,
        "least": {"title": "Shop"},
        "all passed": {**_SUMMARY, "totals": {"runs": 4, "total": 9, "passed": 9}, "worst": []},
        "hostile": {
            **_SUMMARY,
            "title": HOSTILE,
            "suites": [{"suite": HOSTILE, "runs": 1}],
            "worst": [{"name": HOSTILE, "failures": 1}],
        },
        "largest": {
            **_SUMMARY,
            "suites": [
                {"suite": f"suite {n} {'x' * 150}", "runs": n, "pass_rate": 0.5, "trend": [0.1, 0.9] * 20}
                for n in range(300)
            ],
            "worst": [{"name": f"test_{n} {'x' * 150}", "failures": n} for n in range(300)],
        },
    },
    "runmail.alert": {
        "usual": _ALERT,
        "least": {"key": "disk-full", "title": "Disk almost full"},
        "information": {**_ALERT, "severity": "info", "description": None},
        "resolved": {**_ALERT, "status": "resolved", "ends_at": "2026-11-24T11:00:00Z"},
        "hostile": {**_ALERT, **dict.fromkeys(("title", "description"), HOSTILE), "labels": {HOSTILE: HOSTILE}},
        "largest": {**_ALERT, "description": _LONG, "labels": {f"label {n}": "x" * 500 for n in range(100)}},
    },
    ANSWER_DUE: {
        "usual": _ANSWER,
        "least": {"kind": "refused", "delivery": 17, "reply": 84, "in_reply_to": "1@client.example"},
        "help": {**_ANSWER, "kind": "help", "reason": None, "command": "help"},
        "hostile": {**_ANSWER, **dict.fromkeys(("reason", "command", "topic", "sent_to"), HOSTILE)},
        "largest": {**_ANSWER, "topic": _LONG, "command": _LONG, "offers": list(OFFERS)},
    },
}


@dataclass(frozen=True, slots=True)
class Sample:
    """An event to try templates on, with what its consumer makes of it."""

    name: str
    event: Event
    notice: Notice
    profile: Profile


def samples() -> Iterator[Sample]:
    """Return the samples of every template."""
    for kind, by_name in _DATA.items():
        for name, values in by_name.items():
            profile = HOSTILE[:100] if name == "hostile" else "QA alerts"
            event = read_as(
                {
                    "specversion": "1.0",
                    "id": f"sample/{name.replace(' ', '-')}",
                    "source": "ci.example.com/samples",
                    "type": kind,
                    "data": {"profile": profile, "recipients": ["team@example.com"], **values},
                },
                {**EVENT_TYPES, **OWN_TYPES},
            )
            consumer = consumer_of(event)
            notice = consumer(event) if consumer is not None else None
            assert isinstance(notice, Notice), kind
            yield Sample(name, event, notice, _profile(profile))


def _profile(name: str) -> Profile:
    smtp = SmtpSettings("localhost", 25, Security.NONE)
    return Profile(id=0, name=name, from_address="runmail@example.com", smtp=smtp, timezone="Europe/Berlin")
