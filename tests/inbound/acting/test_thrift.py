"""Answers that are read together share their statements, and a mail that cannot be settled costs only itself."""

from __future__ import annotations

from consumers.inbound.reply_path import ReplyPath
from profiles.profile import Profile
from tests.inbound.acting.office import EVA, Office, run, written
from tests.rig.statements import counted
from worker.lookups import find_by_name


def test_a_thousand_answers_take_a_statement_for_each_ten_at_most(office: Office) -> None:
    office.profile()
    sent = [
        delivery
        for number in range(20)
        for delivery in office.mail(run(f"run-{number}", *(f"eva{number}-{each}@example.com" for each in range(50))))
    ]
    ids = [
        office.keep(written(delivery, "Which commit?", delivery.recipient, number))
        for number, delivery in enumerate(sent)
    ]

    path = ReplyPath(office.parts(profiles_by_name=lambda: find_by_name(office.profiles)))

    with counted(office.engine) as statements:
        assert path.read_replies(ids) == 1_000

    assert len(statements) <= 100, [each.split()[:3] for each in statements]
    assert len(office.events("reply.received")) == 1_000


def test_a_mail_that_cannot_be_settled_costs_its_neighbours_nothing(office: Office) -> None:
    office.profile()
    office.profile(name="Broken", from_address="broken@example.com")
    (fine,), (bad,), (too,) = (
        office.mail(run(event, EVA, profile=profile))
        for event, profile in (("one", "QA alerts"), ("two", "Broken"), ("three", "QA alerts"))
    )
    ids = [office.keep(written(each, "Which commit?", EVA, number)) for number, each in enumerate((fine, bad, too))]

    breaking_at(office, "Broken").read_replies(ids)

    rows = [office.row(each) for each in ids]
    assert [(row.outcome, row.starts) for row in rows] == [("reply", 1), (None, 1), ("reply", 1)]
    assert [event["data"]["reply"] for event in office.events()] == [ids[0], ids[2]]


def breaking_at(office: Office, name: str) -> ReplyPath:
    """Return a path that breaks at answers to the mail of one profile."""

    def find(wanted: str) -> Profile | None:
        if wanted == name:
            raise RuntimeError
        return office.find(wanted)

    return ReplyPath(office.parts(profiles_by_name=lambda: find))
