"""What people read of a run that announced its start and never reported its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from consumers.contract import RunStarted
from consumers.meaning.run_started import overdue_finish
from tests.mails.conftest import example, mail

NOW = datetime(2026, 11, 20, 7, 32, 11, tzinfo=UTC)


def overdue(**changes: Any) -> Any:
    started = example("run-started", **changes)
    assert isinstance(started, RunStarted)
    return overdue_finish(started, NOW)


@pytest.mark.parametrize(
    ("seconds", "subject"),
    [
        (5400, "⊘ checkout-api · main · no end reported within 1 h 30 min"),
        (90, "⊘ checkout-api · main · no end reported within 1 min 30 s"),
    ],
)
def test_the_subject_says_that_no_end_was_reported_and_how_long_was_waited(seconds: int, subject: str) -> None:
    assert mail(overdue(deadline_seconds=seconds)).subject == subject


def test_the_mail_says_what_may_have_happened_and_where_to_look() -> None:
    text = mail(overdue()).text

    assert "announced its start and has not reported how it ended" in " ".join(text.split())
    assert "https://github.com/acme/checkout-api/actions/runs/2209" in text
    assert "Started       Fri 20 Nov 2026, 07:02 CET" in text


def test_an_overdue_finish_says_all_that_the_start_said_and_the_same_each_time() -> None:
    first = overdue(shard={"index": 2, "total": 5}, labels={"team": "payments"}, wave="blue")
    second = overdue_finish(example("run-started", wave="blue"), datetime(2026, 11, 21, tzinfo=UTC))  # type: ignore[arg-type]

    assert (first.id, first.source) == ("checkout-api-2209-1/overdue", "https://github.com/acme/checkout-api")
    said = first.to_json()["data"]
    assert said["shard"] == {"index": 2, "total": 5}
    assert (said["outcome"], said["overdue_after_seconds"], said["wave"]) == ("cancelled", 5400, "blue")
    assert {"finish_id", "deadline_seconds"} & set(said) == set()
    assert second.data == overdue(wave="blue").data


def test_a_start_of_the_longest_allowed_id_has_an_overdue_finish() -> None:
    assert len(overdue(finish_id="x" * 500).id) > 500
