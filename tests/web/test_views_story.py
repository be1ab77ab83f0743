"""The story of mail: event, attempts, answers, bounces and effects, interleaved as they happened."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, update

from consumers.ledger.tables import attempts, deliveries
from consumers.views.deliveries import show_delivery
from consumers.views.story import Step, deliveries_of, story
from tests.cli.typed import typed
from tests.inbound.acting.office import BEN, EVA, NOW, Office, alert, bounce, run
from tests.web.ledgers import counting

MINUTE = 60_000


def tell(office: Office, event_row: int, *ids: int) -> list[Step]:
    with office.engine.connect() as connection:
        return story(connection, event_row, ids)


def try_to_send(office: Office, delivery: int, fence: int, at: int, outcome: str, answer: str) -> None:
    with office.engine.begin() as connection:
        connection.execute(
            insert(attempts).values(
                delivery_id=delivery, fence=fence, profile_id=1, outcome=outcome, answer=answer, started_at=at
            )
        )


@pytest.mark.parametrize("on", ["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def test_everything_is_told_in_the_order_in_which_it_happened(office: Office, on: str) -> None:
    assert office.engine.dialect.name == on
    office.profile()
    (first, second) = office.mail(run("run-1", EVA, BEN))
    try_to_send(office, first.id, 1, NOW + 1 * MINUTE, "deferred", "451 later")
    office.now = NOW + 2 * MINUTE
    office.read(bounce(second))
    try_to_send(office, first.id, 3, NOW + 3 * MINUTE, "taken", "250 ok")
    office.now = NOW + 4 * MINUTE
    office.answer(first, "mute 2h")

    steps = tell(office, first.event_row, first.id, second.id)
    assert [(step.what, step.delivery) for step in steps] == [
        ("recorded", None),
        ("planned", None),
        ("attempt", first.id),
        ("bounce", second.id),
        ("bounced", second.id),
        ("address_suppressed", second.id),
        ("attempt", first.id),
        ("command", first.id),
        ("took_effect", first.id),
        ("muted", first.id),
    ]
    assert [step.said["number"] for step in steps if step.what == "attempt"] == [1, 2]
    assert steps[2].said["profile"] == "QA alerts"
    assert steps[1].said == {"deliveries": 2}
    assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_the_story_of_one_delivery_knows_nothing_of_its_neighbours(office: Office) -> None:
    office.profile()
    (first, second) = office.mail(run("run-1", EVA, BEN))
    office.answer(second, "mute 2h", BEN)

    assert [step.what for step in tell(office, first.event_row, first.id)] == ["recorded", "planned"]
    assert {step.delivery for step in tell(office, first.event_row, second.id)} == {None, second.id}


def test_an_alert_that_was_taken_in_hand_says_by_whom(office: Office) -> None:
    office.profile()
    (fired,) = office.mail(alert())
    office.answer(fired, "ack")

    (taken,) = [step for step in tell(office, fired.event_row, fired.id) if step.what == "acknowledged"]
    assert taken.said["by"] == EVA


def test_the_story_of_a_thousand_recipients_costs_no_more_queries_than_that_of_one(office: Office) -> None:
    office.profile()
    counts = []
    for number, many in enumerate((1, 1_000)):
        planned = office.mail(run(f"run-{number}", *(f"person-{n}@example.com" for n in range(many))))
        with office.engine.connect() as connection, counting(office.engine) as counted:
            ids = deliveries_of(connection, planned[0].event_row)
            story(connection, planned[0].event_row, ids)
        assert len(ids) == many
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_the_command_line_tells_the_same_story(office: Office, tmp_path: Path) -> None:
    office.profile()
    (first,) = office.mail(run())
    try_to_send(office, first.id, 1, NOW + MINUTE, "taken", "250 \x1b[2Jok")
    office.now = NOW + 2 * MINUTE
    office.answer(first, "mute 2h")
    where = {
        "RUNMAIL_DATABASE_URL": office.engine.url.render_as_string(hide_password=False),
        "RUNMAIL_SECRET_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }
    for command in (("deliveries", "show", str(first.id)), ("events", "show", "run-1")):
        said = typed(*command, home=tmp_path, **where).stdout
        told = [line for line in said.splitlines() if line.startswith("2023-11-14T22:")]
        words = ("recorded", "planned", "attempt 1", "command", "took_effect", "muted")
        assert [word in line for word, line in zip(words, told, strict=True)] == [True] * 6, said
        assert "\x1b" not in said


def test_a_delivery_as_json_has_its_story(office: Office) -> None:
    office.profile()
    (first,) = office.mail(run())
    with office.engine.begin() as connection:
        connection.execute(update(deliveries).values(bounced="soft", bounced_status="4.2.2", bounced_at=NOW + 1))
        shown = show_delivery(connection, first.id)
    assert shown is not None
    assert shown["story"][-1] == {
        "at": "2023-11-14T22:13:20.001Z",
        "what": "bounced",
        "delivery": first.id,
        "kind": "soft",
        "status": "4.2.2",
    }
