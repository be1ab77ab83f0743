"""A request that cannot be answered now is answered later, and one that never can be is set aside with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from consumers.contract import Event
from consumers.ledger.lease import PLANNING_LEASE_SECONDS
from consumers.ledger.states import MAX_STARTS, EventState
from consumers.ledger.tables import events
from consumers.ledger.waiting import profiles
from consumers.ledger.writer import LedgerAway, LedgerWriter
from consumers.notice import Question, Skip
from consumers.outbound.intake import Intake
from consumers.reports.answering import answer
from profiles.profile import Profile, Security, SmtpSettings
from profiles.rows import columns
from tests.reports.conftest import request_event, run_event
from tests.rig.waiting import wait_until

PROFILE = Profile(
    id=1, name="QA alerts", from_address="qa@example.com", smtp=SmtpSettings("localhost", 25, Security.NONE)
)
NOW = 1_795_156_200_000


@dataclass
class Accepting:
    """An intake on a real ledger whose answers come from `answers`, the first one first, then really."""

    engine: Engine
    answers: list[Callable[[], Event | Skip]] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.engine.begin() as connection:
            kept = {**columns(PROFILE), "id": PROFILE.id, "created_at": NOW, "updated_at": NOW}
            connection.execute(insert(profiles).values(**kept))
        self.writer = LedgerWriter(self.engine)
        self.intake = Intake(
            writer=self.writer,
            profiles_by_name=lambda: {"QA alerts": PROFILE}.get,
            answer=self._answer,
            message_ids=lambda row, *_: f"{row}@example.com",
            ring=lambda *_: None,
            lease_seconds=PLANNING_LEASE_SECONDS,
            now=lambda: NOW,
        )
        self.writer.start()
        self.intake.start()

    def _answer(self, row_id: int, question: Question, profile: Profile) -> Event | Skip:
        return self.answers.pop(0)() if self.answers else answer(self.engine, row_id, question, profile)

    def states(self) -> dict[str, tuple[str, str | None]]:
        """Return state and reason of each event, by its id; of a summary by its type."""
        with self.engine.connect() as connection:
            rows = list(connection.execute(select(events)))
        return {
            row.type if row.type.endswith("summary.ready") else row.event_id: (row.state, row.reason) for row in rows
        }

    def plan_again(self) -> None:
        """Do what the sweep does once the planning lease has ended."""
        with self.engine.begin() as connection:
            connection.execute(update(events).values(lease_until=None))
            rows = connection.execute(select(events.c.id).where(events.c.state == EventState.ACCEPTED)).scalars().all()
        self.intake.plan(rows)


def away() -> Event | Skip:
    raise LedgerAway("the database did not answer")


@pytest.fixture
def accepting(engine: Engine) -> Iterator[Accepting]:
    found = Accepting(engine)
    yield found
    found.intake.close()
    found.writer.close()


def test_while_the_database_is_away_a_request_waits_and_its_neighbours_go_on(accepting: Accepting) -> None:
    accepting.answers.append(away)
    accepting.intake.accept(request_event(), None)
    accepting.intake.accept(run_event("1", "2026-11-19T12:00:00Z"), None)

    wait_until(lambda: accepting.states().get("1") == ("planned", None))
    assert accepting.states()["daily"] == ("accepted", None)
    accepting.plan_again()
    assert accepting.states() == {
        "daily": ("skipped", "answered"),
        "1": ("planned", None),
        "runmail.summary.ready": ("planned", None),
    }


def test_a_request_that_is_begun_three_times_without_an_end_is_set_aside(accepting: Accepting) -> None:
    accepting.answers += [away] * MAX_STARTS
    accepting.intake.accept(request_event(), None)
    wait_until(lambda: len(accepting.answers) < MAX_STARTS)
    for _ in range(MAX_STARTS):
        accepting.plan_again()

    assert accepting.states() == {"daily": ("quarantined", "crashed_worker")}


def test_an_answer_that_breaks_is_set_aside_with_its_reason(accepting: Accepting) -> None:
    accepting.answers.append(lambda: [][0])
    accepting.intake.accept(request_event(), None)

    wait_until(lambda: accepting.states() == {"daily": ("quarantined", "planning_failed")})


def test_two_requests_of_one_moment_have_two_answers_and_one_told_twice_has_one(accepting: Accepting) -> None:
    for each in (request_event("a"), request_event("b"), request_event("a")):
        accepting.intake.accept(each, None)

    wait_until(lambda: accepting.states().get("b", ("",))[0] == "skipped")
    with accepting.engine.connect() as connection:
        types = connection.execute(select(events.c.type)).scalars().all()
    assert sorted(types) == ["runmail.report.requested"] * 2 + ["runmail.summary.ready"] * 2


def test_an_answer_that_another_process_recorded_first_is_kept(accepting: Accepting) -> None:
    """The other process died between recording the answer and saying so."""

    def recorded_elsewhere(body: bytes) -> Any:
        found = answer(accepting.engine, 0, question(), PROFILE)
        assert isinstance(found, Event)
        with accepting.engine.begin() as connection:
            connection.execute(
                insert(events).values(
                    source=found.source,
                    event_id=found.id,
                    type=found.type,
                    profile="QA alerts",
                    body=body,
                    body_size=len(body),
                    body_sha256="x",
                    fingerprint="x",
                    state=EventState.ACCEPTED,
                    starts=0,
                    recorded_at=NOW,
                    updated_at=NOW,
                )
            )
        return found

    accepting.answers.append(partial(recorded_elsewhere, b"{}"))
    accepting.intake.accept(request_event(), None)
    wait_until(lambda: accepting.states().get("daily") == ("skipped", "answered"))

    with accepting.engine.connect() as connection:
        states = connection.execute(select(events.c.state)).scalars().all()
    assert sorted(states) == ["accepted", "skipped"], "a second answer would stand in quarantine"


def question() -> Question:
    from consumers.contract import ReportRequested, read_event

    event = read_event(request_event())
    assert isinstance(event, ReportRequested)
    return Question(event)
