"""Deliveries that were sent, and what people answer to them: mails that the path of a reply has all its work with.

Of ten people nine write a sentence and one mutes the thread. Every answer carries a genuine token.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reading import ordinary_mail
from sqlalchemy import select

from consumers.contract import read_event
from consumers.ledger.lease import PLANNING_LEASE_SECONDS
from consumers.ledger.planning import make_store_plans
from consumers.ledger.recording import arrival, record_events
from consumers.ledger.tables import deliveries
from consumers.outbound.planner import plan_event
from consumers.outbound.tokens import PURPOSE
from worker.ground import Ground, now_milliseconds
from worker.lookups import find_by_name, message_id

#: Recipients of one run: the events are a tenth of the mails.
RECIPIENTS = 10
#: The words of the ordinary mail that every answer replaces.
SAID = b"Ack."
SENTENCE, COMMAND = b"Which commit is that?", b"mute 2h"


def send_mails(ground: Ground, profile: str, count: int) -> list[tuple[str, str]]:
    """Write down runs with their deliveries as if they were sent; return recipient and Message-ID of each."""
    key = ground.keyring.derive(PURPOSE)[0]
    store = make_store_plans(lambda *each: message_id(key, None, *each), PLANNING_LEASE_SECONDS)
    find, now = find_by_name(ground.profiles), now_milliseconds()
    for number in range(-(-count // RECIPIENTS)):
        published = run(profile, number)
        event = read_event(published)
        with ground.engine.begin() as connection:
            (recorded,) = record_events(connection, [arrival(event, published, published_at=None, now=now)])
        plan = plan_event(recorded.row_id, event, find, no_report, now)
        with ground.engine.begin() as connection:
            store(connection, [plan])
    with ground.engine.connect() as connection:
        columns = (deliveries.c.recipient, deliveries.c.message_id)
        return [(row.recipient, row.message_id) for row in connection.execute(select(*columns).limit(count))]


def run(profile: str, number: int) -> dict[str, object]:
    """Return a finished run as it is published."""
    data = {
        "profile": profile,
        "recipients": [f"ann{number}-{each}@example.com" for each in range(RECIPIENTS)],
        "suite": f"checkout-{number % 20}",
        "branch": "main",
        "outcome": "failed",
        "counts": {"total": 214, "passed": 211, "failed": 3},
        "failures": [{"name": f"pays with card {each}", "message": "expected 200, got 503"} for each in range(3)],
    }
    return {"specversion": "1.0", "id": f"run-{number}", "source": "ci", "type": "runmail.run.finished", "data": data}


def no_report(*_: object) -> object:
    """Stand in for the reports, which no run asks for."""
    raise AssertionError("nothing here asks for a report")


def answers(sent: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """Yield an ordinary mail of 12 kB as the answer to each delivery."""
    source = ordinary_mail()
    for number, (recipient, identity) in enumerate(sent):
        said = COMMAND if number % 10 == 0 else SENTENCE
        yield (
            source.replace(b"<1@mail.example.com>", b"<%d@mail.example.com>" % number)
            .replace(b"<second@example.org>", f"<{identity}>".encode())
            .replace(b"Ann Berg <ann@example.com>", f"Ann Berg <{recipient}>".encode())
            .replace(SAID, said)
        )
