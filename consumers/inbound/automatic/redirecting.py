"""Redirecting: who answers an automatic answer means the mail that it was about.

The answer's own token proves no more than the first one did: whoever has it was sent it because of that. So the
command counts as if it had answered the first mail, with that mail's recipient and rights. Bounces stay where they are:
it is the answer that did not arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from consumers.contract.malformed import MalformedEvent
from consumers.inbound.matching import Match, Unmatched
from consumers.inbound.reading.outcome import Outcome, Reading
from consumers.ledger.issued import find_issued
from consumers.ledger.tables import events
from consumers.own_events import ANSWER_DUE, AnswerDue, read_recorded

#: What is written by, or for, people; the rest is about the mail itself.
REDIRECTED = (Outcome.REPLY, Outcome.COMMAND, Outcome.UNSUBSCRIBE, Outcome.AUTO_REPLY)


def redirect(
    connection: Connection, readings: Sequence[Reading], matches: Sequence[Match | Unmatched]
) -> list[Match | Unmatched]:
    """Return the matches; that of an automatic answer is the delivery it was about, where that still exists."""
    rows = {
        found.issued.event_row
        for reading, found in zip(readings, matches, strict=True)
        if isinstance(found, Match) and reading.outcome in REDIRECTED
    }
    about = _about(connection, rows)
    if not about:
        return list(matches)
    issued = find_issued(connection, set(about.values()))
    return [
        replace(found, issued=issued.get(about[found.issued.event_row], found.issued))
        if isinstance(found, Match) and reading.outcome in REDIRECTED and found.issued.event_row in about
        else found
        for reading, found in zip(readings, matches, strict=True)
    ]


def _about(connection: Connection, rows: set[int]) -> dict[int, int]:
    """Return the delivery that was answered, by the row of the automatic answer's event."""
    if not rows:
        return {}
    found = {}
    wanted = select(events.c.id, events.c.body).where(events.c.id.in_(rows), events.c.type == ANSWER_DUE)
    for row in connection.execute(wanted):
        try:
            event = read_recorded(row.body)
        except MalformedEvent:
            continue
        if isinstance(event, AnswerDue):
            found[row.id] = event.data.delivery
    return found
