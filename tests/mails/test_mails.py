"""What people read: subjects, counts, what is shortened, and what programs rely on in the headers."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from consumers.mails.budget import MAX_MESSAGE
from consumers.mails.compose import HEADER_NAMES
from tests.mails.conftest import PROFILE, ROOT, example, mail

GOLDEN = Path(__file__).with_name("golden")


def parsed(message: bytes) -> EmailMessage:
    found = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not any(part.defects for part in found.walk())
    return found


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "✗ checkout-api · main · 3 of 214 failed"),
        ({"branch": None}, "✗ checkout-api · 3 of 214 failed"),
        ({"shard": {"index": 2, "total": 5}}, "✗ checkout-api · main · 3 of 214 failed · part 2 of 5"),
        (
            {"counts": {"total": 9, "passed": 5, "failed": 3, "errors": 1}},
            "✗ checkout-api · main · 3 of 9 failed, 1 error",
        ),
        (
            {"outcome": "error", "counts": {"total": 9, "passed": 7, "errors": 2}},
            "✗ checkout-api · main · 2 of 9 errored",
        ),
        ({"outcome": "passed", "counts": {"total": 214, "passed": 214}}, "✓ checkout-api · main · 214 passed"),
        (
            {"outcome": "passed", "counts": {"total": 9, "passed": 9, "flaky": 2}},
            "✓ checkout-api · main · 9 passed, 2 flaky",
        ),
        ({"outcome": "passed", "counts": {"total": 0}}, "○ checkout-api · main · no tests ran"),
        ({"outcome": "passed", "counts": {"total": 4, "skipped": 4}}, "○ checkout-api · main · all 4 skipped"),
        (
            {"outcome": "cancelled", "counts": {"total": 1, "passed": 1}},
            "⊘ checkout-api · main · cancelled after 1 test",
        ),
        ({"outcome": "timed_out", "counts": {"total": 0}}, "⏱ checkout-api · main · timed out"),
        ({"outcome": "error", "counts": {"total": 0}}, "✗ checkout-api · main · could not run"),
    ],
)
def test_the_subject_says_the_outcome_first(changes: dict[str, Any], subject: str) -> None:
    assert mail(example("run-finished", **changes)).subject == subject


@pytest.mark.parametrize(
    ("changes", "begin"),
    [
        ({"severity": "critical"}, "▲ critical: "),
        ({"severity": "warning"}, "◆ warning: "),
        ({"severity": "info"}, "● info: "),
        ({"status": "resolved"}, "✓ resolved: "),
    ],
)
def test_an_alert_differs_by_shape_and_word(changes: dict[str, Any], begin: str) -> None:
    assert mail(example("alert", **changes)).subject.startswith(begin)


@pytest.mark.parametrize("name", ["run-finished", "alert", "summary-ready"])
def test_the_message_is_what_the_standard_library_reads_back(name: str) -> None:
    found = mail(example(name))
    message = parsed(found.message)

    assert [header for header in message if header not in HEADER_NAMES] == []
    assert message["Subject"] == found.subject
    assert message["X-Auto-Response-Suppress"] == "All"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").strip() == found.text.strip()
    assert html is not None
    assert html.get_content().replace("\r\n", "\n").strip() == found.html.strip()
    assert len(found.message) <= MAX_MESSAGE


@pytest.mark.parametrize("name", ["run-finished", "alert", "summary-ready"])
def test_the_text_of_a_mail_stays_as_it_was_agreed(name: str) -> None:
    """Golden mails: look at the difference; to accept it, delete the file and run again."""
    found = mail(example(name))
    golden = GOLDEN / f"{name}.txt"
    if not golden.exists():
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(f"{found.subject}\n\n{found.text}", "utf-8")
        pytest.fail(f"{golden} was made: look at it and run again")
    assert f"{found.subject}\n\n{found.text}" == golden.read_text("utf-8")


def test_times_stand_in_the_profiles_time_zone() -> None:
    event = example("run-finished", started_at="2026-07-01T22:30:00Z")

    assert "Thu 2 Jul 2026, 00:30 CEST" in mail(event).text
    assert "Wed 1 Jul 2026, 18:30 EDT" in mail(event, replace(PROFILE, timezone="America/New_York")).text


def test_mails_of_one_suite_and_branch_are_one_conversation_and_others_are_not() -> None:
    def root(**changes: Any) -> str:
        return str(parsed(mail(example("run-finished", **changes)).message)["References"])

    assert root() == root(outcome="passed")
    assert root() != root(branch="release")
    assert root() != root(suite="another")


@pytest.mark.parametrize(
    ("event_id", "shown"),
    [
        ("run/2209:1", "run/2209:1"),
        ("x" * 200, "x" * 200),
        ("x y", "ee3fa4ac64f9a56a3b1c8ae2e1ea8e0e5a6b9ea9"),
        ("x" * 201, ""),
    ],
)
def test_the_event_id_stands_in_a_header_or_its_hash_does(event_id: str, shown: str) -> None:
    event = example("run-finished").model_copy(update={"id": event_id})
    header = str(parsed(mail(event).message)["X-Runmail-Event"])

    if event_id == shown:
        assert header == event_id
    else:
        assert len(header) == 64
        assert set(header) <= set("0123456789abcdef")


def test_a_profile_of_any_name_is_named_in_its_header() -> None:
    for name in ("QA alerts", "Qualität ✓", "=?utf-8?q?a=0D=0ABcc=3A_x?=", '"; DROP'):
        found = parsed(mail(example("alert"), replace(PROFILE, name=name, from_name=name)).message)
        assert str(found["X-Runmail-Profile"]) == name
        assert found["From"].addresses[0].addr_spec == "qa@example.com"
        assert found["From"].addresses[0].display_name == name


def test_a_run_with_hundreds_of_long_failures_is_shortened_by_rule_and_says_so() -> None:
    failures = [
        {"name": f"test_{number}_" + "n" * 150, "message": "m" * 4000, "trace": "line\n" * 400 + "ü" * 3000}
        for number in range(300)
    ]
    found = mail(example("run-finished", failures=failures, counts={"total": 900, "passed": 600, "failed": 300}))

    assert len(found.message) <= MAX_MESSAGE
    assert "more failing tests not shown here." in found.text
    assert found.subject.endswith("300 of 900 failed")


def test_what_a_runner_captured_is_left_out_of_a_trace() -> None:
    trace = "E   assert 1 == 2\n---- Captured log call ----\nDEBUG noise"
    found = mail(example("run-finished", failures=[{"name": "t", "trace": trace}]))

    assert "assert 1 == 2" in found.text
    assert "noise" not in found.text


def test_no_mail_refers_to_anything_outside() -> None:
    for name in ("run-finished", "alert", "summary-ready"):
        html = mail(example(name, url=None)).html
        assert "http" not in html.replace(str(example(name).source), "")
        assert html.count("<img") == html.count('<img src="cid:')
        assert not any(word in html for word in ("<link", "@import", "url(", "<script"))


def test_the_pictures_in_the_docs_are_there() -> None:
    for name in ("run-finished", "alert", "summary-ready"):
        for width in (375, 700):
            for scheme in ("light", "dark"):
                assert (ROOT / "docs" / "pictures" / f"{name}-{width}-{scheme}.png").stat().st_size > 5_000
