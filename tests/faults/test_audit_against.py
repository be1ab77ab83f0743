"""`audit --against`: the ledger beside a receiving server's log; only what the ledger flags may differ."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from consumers.ledger.audit_against import Comparison, compare
from consumers.ledger.server_log import LineUnreadable, TakenMail, read_taken_mail
from consumers.ledger.tables import attempts, deliveries, events
from consumers.mails.compose import shown_event_id
from tests.rig.spine import Spine, run_finished
from worker.database import make_engine
from worker.migrate import migrate


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Connection]:
    engine = make_engine(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    migrate(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def deliver(
    ledger: Connection, number: int, state: str, outcomes: str, *, flagged: bool = False, event_id: str = ""
) -> None:
    """Write one event with one delivery; `outcomes` has a letter for each attempt: taken, unknown, deferred."""
    words = {"t": "taken", "u": "unknown", "d": "deferred"}
    times = {"recorded_at": 0, "updated_at": 0}
    event = {"id": number, "source": f"s{number}", "event_id": event_id or f"run-{number}", "state": "planned"}
    ledger.execute(insert(events), {**event, "body": b"", "body_size": 0, "body_sha256": "", "starts": 0, **times})
    ledger.execute(
        insert(deliveries),
        {
            "id": number,
            "event_row": number,
            "recipient": "A@example.com",
            "recipient_key": "a@example.com",
            "profile_id": 1,
            "profile": "p",
            "state": state,
            "maybe_twice": flagged,
            "fence": 9,
            "at_data": False,
            "starts": 0,
            "attempts": len(outcomes),
            "created_at": 1000,
            "updated_at": 1000,
        },
    )
    for fence, letter in enumerate(outcomes):
        row = {"delivery_id": number, "fence": fence, "profile_id": 1, "outcome": words[letter], "started_at": 1000}
        ledger.execute(insert(attempts), {**row, "ended_at": None if letter == "u" else 2000})


def against(ledger: Connection, *taken: str, since: int = 0, until: int = 3000) -> Comparison:
    mails = [TakenMail(event, "a@example.com", 1500) for event in taken]
    return compare(ledger, mails, sqlite3.connect(":memory:"), shown_event_id, since=since, until=until)


def differences(found: Comparison) -> dict[str, int]:
    names = ("lost", "lost_unflagged", "duplicated", "duplicated_unflagged", "not_in_ledger")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


@pytest.mark.parametrize(
    ("state", "outcomes", "flagged", "copies", "expected"),
    [
        ("sent", "t", False, 1, {}),
        ("sent", "ddt", False, 1, {}),
        ("failed", "d", False, 0, {}),
        ("pending", "", False, 0, {}),
        ("sending", "u", False, 1, {}),
        ("sent", "t", False, 0, {"lost": 1, "lost_unflagged": 1}),
        ("sent", "t", False, 2, {"duplicated": 1, "duplicated_unflagged": 1}),
        ("failed", "d", False, 1, {"duplicated_unflagged": 1}),
        ("deferred", "u", True, 1, {}),
        ("uncertain", "u", True, 0, {"lost": 1}),
        ("uncertain", "u", False, 1, {"duplicated_unflagged": 1}),
        ("sent", "ut", True, 2, {"duplicated": 1}),
        ("sent", "ut", True, 1, {}),
        ("sent", "ut", True, 3, {"duplicated": 2, "duplicated_unflagged": 1}),
        ("sent", "ut", False, 2, {"duplicated": 1, "duplicated_unflagged": 1}),
        ("sent", "ut", True, 0, {"lost": 1, "lost_unflagged": 1}),
    ],
)
def test_only_what_the_ledger_flags_may_differ(
    ledger: Connection, state: str, outcomes: str, flagged: bool, copies: int, expected: dict[str, int]
) -> None:
    deliver(ledger, 1, state, outcomes, flagged=flagged)

    found = against(ledger, *["run-1"] * copies)

    assert differences(found) == expected
    assert found.explained is not any(name.endswith("unflagged") for name in expected)


def test_a_mail_that_the_ledger_does_not_know_is_named(ledger: Connection) -> None:
    found = against(ledger, "stranger")

    assert differences(found) == {"not_in_ledger": 1}
    assert found.examples == {"not_in_ledger": [("stranger", "a@example.com")]}
    assert not found.explained


def test_events_of_two_sources_with_one_id_are_counted_together(ledger: Connection) -> None:
    deliver(ledger, 1, "sent", "t", event_id="same")
    deliver(ledger, 2, "sent", "t", event_id="same")

    assert differences(against(ledger, "same", "same")) == {}
    assert differences(against(ledger, "same")) == {"lost": 1, "lost_unflagged": 1}


def test_an_id_that_the_header_shows_as_its_hash_is_found(ledger: Connection) -> None:
    deliver(ledger, 1, "sent", "t", event_id="two words")

    assert differences(against(ledger, shown_event_id("two words"))) == {}


def test_an_answer_recorded_after_the_end_of_the_log_need_not_be_in_it(ledger: Connection) -> None:
    deliver(ledger, 1, "sent", "t")

    assert differences(against(ledger, until=1999)) == {}
    assert differences(against(ledger, "run-1", until=1999)) == {}


def test_what_is_older_than_since_is_left_out(ledger: Connection) -> None:
    deliver(ledger, 1, "sent", "t")

    assert differences(against(ledger, "stranger", since=1600)) == {}


def test_a_million_pairs_would_not_be_held_in_memory(ledger: Connection, tmp_path: Path) -> None:
    scratch = sqlite3.connect(tmp_path / "scratch")
    mails = (TakenMail(f"run-{number}", "a@example.com", 0) for number in range(20_000))

    found = compare(ledger, mails, scratch, shown_event_id, since=0, until=0)

    assert found.not_in_ledger == 20_000
    assert len(found.examples["not_in_ledger"]) == 20
    assert scratch.execute("SELECT count(*) FROM pair").fetchone() == (20_000,)


@pytest.mark.parametrize(
    "line",
    [
        "run-1\tTeam@Example.com\t1764072000.5",
        "run-1\tteam@example.com\t2025-11-25T12:00:00.5Z",
        "run-1\tteam@example.com\t2025-11-25T12:00:00.5",
        '{"event": "run-1", "recipient": "team@EXAMPLE.com", "time": 1764072000.5, "more": 1}',
        '{"event": "run-1", "recipient": "team@example.com", "time": "2025-11-25T13:00:00.5+01:00"}',
    ],
)
def test_lines_are_read_with_tabs_and_as_json(line: str) -> None:
    assert read_taken_mail(line) == TakenMail("run-1", "team@example.com", 1764072000500)


@given(st.text() | st.from_regex(r"\{.*\}") | st.from_regex(r"[^\t]*\t[^\t]*\t.*"))
def test_a_line_is_read_or_refused_and_nothing_else(line: str) -> None:
    with suppress(LineUnreadable):
        assert read_taken_mail(line).event


def audit(spine: Spine, *lines: Any) -> tuple[int, dict[str, Any], str]:
    log = spine.home / "taken.tsv"
    log.write_text("".join(f"{line}\n" for line in lines))
    done = spine.run("audit", "--against", str(log), "--json")
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def test_the_command_says_what_differs_and_exits_with_1(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished("run-1", "a@example.com", "b@example.com"))
    spine.settled(sent=2)
    a, b = "run-1\ta@example.com\t1", '{"event": "run-1", "recipient": "b@example.com", "time": 1}'

    code, found, _ = audit(spine, a, b)
    assert (code, found["explained"], found["lines"], found["deliveries"]) == (0, True, 2, 2)
    code, found, _ = audit(spine, a, a)
    assert (code, found["lost_unflagged"], found["duplicated_unflagged"]) == (1, 1, 1)
    assert found["examples"]["lost_unflagged"] == [["run-1", "b@example.com"]]
    code, _, said = audit(spine, a, "not a line")
    assert (code, said.count("\n")) == (2, 1)
    assert "line 2: it has 1 fields" in said
    text = spine.run("audit", "--against", str(spine.home / "none.tsv"))
    assert (text.returncode, text.stderr.count("\n")) == (2, 1)
