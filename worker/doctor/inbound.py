"""The doctor on the inbound side: mailboxes that are not read, mail that nobody reads, events that were given up."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine

from consumers.views.inbound_stand import InboundStand, MailboxStand, read_inbound_stand
from worker.doctor.finding import Finding, Surroundings

#: Passes that may fail before it is spoken of: a server that is started again costs one or two.
MOST_FAILURES = 2
#: Seconds since the last complete pass after which a mailbox counts as not read: twice the longest back-off but that
#: after a refused login.
MOST_AGE = 1_800.0
#: Seconds that a kept mail may be unread, and an outgoing event due.
MOST_WAIT = 300.0
#: What is the matter when nobody does what is due.
WORKERS = "see that `runmail worker` and `runmail clock` run, and what their logs say"
#: How to see what was given up, by the kind of its target.
DEAD = {"webhook": "webhooks", "handler": "workflows"}


def examine_inbound(engine: Engine, around: Surroundings) -> Iterator[Finding]:
    """Examine whether mailboxes are read, what is kept is understood, and what is understood is handed on."""
    with engine.execution_options(reading=True).connect() as connection:
        stand = read_inbound_stand(connection, round(around.now() * 1000))
    found = [finding for box in stand.mailboxes for finding in _mailbox(box)]
    yield from found
    if stand.mailboxes and not found:
        yield Finding("mailboxes", "ok", f"{len(stand.mailboxes)} are read for answers")
    yield from _waits(stand)


def _mailbox(box: MailboxStand) -> Iterator[Finding]:
    subject = f"mailbox “{box.folder}” of “{box.profile}”"
    if box.failures > MOST_FAILURES:
        said = f"{box.failures} passes failed one after another: {box.reason}"
        yield Finding(subject, "warning", said, f"see `runmail profiles test “{box.profile}”`: it says what to do")
    elif box.age is not None and box.age > MOST_AGE:
        said = f"was last read to its end {box.age / 60:.0f} min ago"
        yield Finding(subject, "warning", said, WORKERS)


def _waits(stand: InboundStand) -> Iterator[Finding]:
    if stand.unread_seconds > MOST_WAIT:
        said = f"{stand.unread} mails are kept and not read, the oldest for {stand.unread_seconds / 60:.0f} min"
        yield Finding("replies", "warning", said, WORKERS)
    if stand.due_seconds > MOST_WAIT:
        said = f"the oldest has been due for {stand.due_seconds / 60:.0f} min"
        yield Finding("outgoing events", "warning", said, WORKERS)
    for kind, count in stand.dead.items():
        if count:
            command = DEAD.get(kind, kind)
            advice = f"`runmail {command} deliveries --state dead`, then `runmail {command} retry --dead`"
            yield Finding(f"{kind} deliveries", "warning", f"{count} were given up", advice)
