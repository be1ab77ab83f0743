"""The composition root: everything is built and every actor is declared here, and nowhere else.

The actors are few and their names stable, because an old worker must know what a new publisher asks for. Queue
messages carry an event only before it is accepted; afterwards ids.
"""

from __future__ import annotations

import base64
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import dramatiq
import structlog
from dramatiq.errors import Retry
from dramatiq.middleware import CurrentMessage

from consumers.facts import Tell, untold
from consumers.inbound.aliases import read_aliases
from consumers.inbound.collecting import collect
from consumers.inbound.collectors import Collectors
from consumers.inbound.passes import CollectParts
from consumers.inbound.reply_path import ReplyParts, ReplyPath
from consumers.ledger.lease import PLANNING_LEASE_SECONDS
from consumers.ledger.writer import LedgerAway, LedgerWriter
from consumers.outbound import tokens
from consumers.outbound.intake import Intake
from consumers.outbound.sent_lookup import LookupParts, SentLookup
from consumers.reports.answering import answer
from worker.broker import QueueBroker, heartbeat_timeout
from worker.ground import Ground, now_milliseconds
from worker.kill_points import Point, PointedQueue, PointedReplies, PointedWriter, read_point
from worker.lookups import find_by_id, find_by_name, message_id, open_mailbox, sent_mail
from worker.open_links import OpenLinks
from worker.queue_consumer import QUARANTINE
from worker.queues import DELIVERIES, EVENTS, MAILBOXES, WORKFLOWS
from worker.redis_client import make_client
from worker.sending import make_lanes
from worker.state import state_folder
from worker.workflows import make_herald

log = structlog.get_logger(__name__)

#: Deliveries for which one bell is rung: a larger group is shared by several workers.
DELIVERIES_PER_BELL = 200
#: Seconds a pass over a mailbox gets to end after its batch when the worker stops; broken off, it loses nothing.
COLLECTOR_STOP_SECONDS = 5.0
#: Milliseconds a queue message waits while the database is away.
AWAY_DELAY = 2_000


@dataclass(frozen=True, slots=True)
class Bells:
    """The actors as senders of queue messages."""

    broker: QueueBroker
    accept: dramatiq.Actor[[object], None]
    plan: dramatiq.Actor[[list[int]], None]
    deliver: dramatiq.Actor[[int], None]
    look: dramatiq.Actor[[int], None]
    collect: dramatiq.Actor[[int], None]
    read: dramatiq.Actor[[list[int]], None]
    herald: dramatiq.Actor[[], None]

    def ring(self, profile_id: int, count: int) -> None:
        """Ring for a profile with `count` deliveries due."""
        for _ in range(-(-count // DELIVERIES_PER_BELL)):
            self.deliver.send(profile_id)


def make_broker(broker_url: str, point: Point | None = None, lease_seconds: float | None = None) -> QueueBroker:
    """Make the broker at an address; what a dead process had fetched waits no longer than the lease."""
    broker = QueueBroker(make_client(broker_url), heartbeat_timeout=heartbeat_timeout(lease_seconds))
    if point:
        broker.add_middleware(PointedQueue(point))
    return broker


class WorkerParts:
    """One worker process: intake, lanes, ledger writer and the actors that lead into them."""

    def __init__(self, ground: Ground, broker_url: str, tell: Tell = untold) -> None:
        settings = ground.settings
        point = read_point(os.environ, state_folder(settings))
        self.writer = PointedWriter(ground.engine, point) if point else LedgerWriter(ground.engine, tell=tell)
        broker = make_broker(broker_url, point, settings.lease_seconds)
        self.bells = declare_actors(broker, self)
        self.open_links = OpenLinks()
        self.intake = Intake(
            writer=self.writer,
            profiles_by_name=lambda: find_by_name(ground.profiles),
            answer=partial(answer, ground.engine),
            message_ids=partial(message_id, ground.keyring.derive(tokens.PURPOSE)[0], settings.domain),
            ring=self.bells.ring,
            lease_seconds=min(PLANNING_LEASE_SECONDS, settings.lease_seconds),
            now=now_milliseconds,
            tell=tell,
        )
        owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.lanes = make_lanes(
            ground, self.writer, self.open_links, owner=owner, point=point, now=now_milliseconds, tell=tell
        )
        self.lookup = SentLookup(
            LookupParts(
                writer=self.writer,
                find_profile=partial(find_by_id, ground.profiles),
                find_sent=partial(sent_mail, ground),
                owner=owner,
                now=now_milliseconds,
            )
        )
        self.stopping = threading.Event()
        replies = reply_path(ground)
        self.replies = PointedReplies(replies, point) if point else replies
        self.collectors = Collectors(partial(collect, collect_parts(ground, self.replies, self.stopping.is_set)))

        self.herald = make_herald(settings, ground.engine, ground.profiles, self.writer, now_milliseconds)

    def start(self) -> None:
        """Start the threads, innermost first."""
        self.writer.start()
        self.lanes.start()
        self.herald.start()
        self.intake.start()
        self.collectors.start()

    def stop(self, seconds: float) -> None:
        """Finish what is in hand, outermost first; call it when no more queue messages come in."""
        self.stopping.set()
        until = time.monotonic() + seconds
        self.intake.close()
        self.herald.close()
        self.lanes.stop(seconds)
        self.collectors.stop(COLLECTOR_STOP_SECONDS)
        self.herald.stop(until - time.monotonic())
        self.writer.close()


def declare_actors(broker: QueueBroker, parts: WorkerParts | None = None) -> Bells:
    """Declare the actors. Without `parts` they can only be sent to, not run."""

    def accept(event: object) -> None:
        message = CurrentMessage.get_current_message()
        assert parts is not None
        _or_later(lambda: parts.intake.accept(event, message.message_timestamp if message else None))

    def refuse(body: str, reason: str) -> None:
        assert parts is not None
        detail = "what stood on the queue is no queue message with an event"
        _or_later(lambda: parts.intake.refuse(base64.b64decode(body), reason, detail))

    def plan(row_ids: list[int]) -> None:
        assert parts is not None
        _or_later(lambda: parts.intake.plan(row_ids))

    def deliver(profile_id: int) -> None:
        assert parts is not None
        parts.lanes.ring(int(profile_id))

    def look(profile_id: int) -> None:
        assert parts is not None
        parts.lookup.ring(int(profile_id))

    def collect(mailbox_id: int) -> None:
        assert parts is not None
        parts.collectors.ring(int(mailbox_id))

    def read(reply_ids: list[int]) -> None:
        assert parts is not None
        _or_later(lambda: parts.replies.read_replies(reply_ids))

    def herald() -> None:
        assert parts is not None
        parts.herald.ring()

    dramatiq.actor(broker=broker, actor_name=QUARANTINE, queue_name=EVENTS)(refuse)
    return Bells(
        broker=broker,
        accept=dramatiq.actor(broker=broker, queue_name=EVENTS)(accept),
        plan=dramatiq.actor(broker=broker, queue_name=DELIVERIES)(plan),
        deliver=dramatiq.actor(broker=broker, queue_name=DELIVERIES)(deliver),
        look=dramatiq.actor(broker=broker, queue_name=DELIVERIES)(look),
        collect=dramatiq.actor(broker=broker, queue_name=MAILBOXES)(collect),
        read=dramatiq.actor(broker=broker, queue_name=MAILBOXES)(read),
        herald=dramatiq.actor(broker=broker, queue_name=WORKFLOWS)(herald),
    )


def _or_later(work: object) -> None:
    """Do the work; while the database is away, leave the message in the queue for a while.

    Retry is raised without a cause: dramatiq keeps the traceback in Redis and writes others into its log.
    """
    try:
        work()  # type: ignore[operator]
    except LedgerAway:
        raise Retry(delay=AWAY_DELAY) from None
    except Exception as error:
        log.exception("actor_failed", error=type(error).__name__)
        raise Retry(delay=AWAY_DELAY) from None


def reply_path(ground: Ground) -> ReplyPath:
    """Build what reads kept mails."""
    return ReplyPath(
        ReplyParts(
            engine=ground.engine,
            all_profiles=ground.profiles.all,
            profiles_by_name=lambda: find_by_name(ground.profiles),
            keys=ground.keyring.derive(tokens.PURPOSE),
            aliases=read_aliases(ground.settings.command_aliases or ""),
            now=now_milliseconds,
        )
    )


def collect_parts(
    ground: Ground, replies: ReplyPath | None = None, stopping: Callable[[], bool] = lambda: False
) -> CollectParts:
    """Build what a pass over a mailbox works with."""
    return CollectParts(
        engine=ground.engine,
        find_profile=partial(find_by_id, ground.profiles),
        open_link=partial(open_mailbox, ground),
        read_replies=(replies or reply_path(ground)).read_started,
        new_owner=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
        clock=time.monotonic,
        now=now_milliseconds,
        poll_seconds=ground.settings.poll_seconds,
        stopping=stopping,
    )
