"""The composition root: everything is built and every actor is declared here, and nowhere else.

The actors are few and their names stable, because an old worker must know what a new publisher asks for. Queue
messages carry an event only before it is accepted; afterwards ids.
"""

from __future__ import annotations

import asyncio
import base64
import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

import dramatiq
import structlog
from dramatiq.errors import Retry
from dramatiq.middleware import CurrentMessage
from sqlalchemy import Engine

from consumers.facts import Tell, untold
from consumers.inbound.aliases import read_aliases
from consumers.inbound.collecting import collect
from consumers.inbound.collectors import Collectors
from consumers.inbound.passes import CollectParts
from consumers.inbound.reply_path import ReplyParts, ReplyPath
from consumers.ledger.acknowledging import find_taken
from consumers.ledger.lease import since_boot
from consumers.ledger.scopes import scope
from consumers.ledger.writer import LedgerAway, LedgerWriter, reading
from consumers.mails.rendering import Renderer
from consumers.mails.template_check import load_sets
from consumers.notice import Taken
from consumers.outbound import tokens
from consumers.outbound.delivery_path import DeliveryPath
from consumers.outbound.drafts import DraftBook
from consumers.outbound.gate import Gate
from consumers.outbound.intake import Intake
from consumers.outbound.lane import LaneParts
from consumers.outbound.lanes import Lanes
from consumers.outbound.planner import FindProfile
from consumers.outbound.schedule import MaxAges
from consumers.outbound.sent_lookup import LookupParts, SentLookup
from consumers.reports.answering import answer
from consumers.views.events import read_body
from profiles.errors import ProfileError, TransientMailError, UnknownProfile
from profiles.imap_link import ImapLink, open_imap
from profiles.profile import Profile
from profiles.sealing import Keyring
from profiles.sent_folder import find_sent
from profiles.smtp_link import SmtpLink
from profiles.store import ProfileStore
from profiles.verbs import Verb
from worker.broker import QueueBroker
from worker.database import make_engine
from worker.kill_points import Point, PointedQueue, PointedWriter, pointed_link, read_point
from worker.open_links import OpenLinks
from worker.queue_consumer import QUARANTINE
from worker.redis_client import make_client
from worker.settings import Settings
from worker.state import database_url, secret_keys, state_folder
from worker.workflows import make_herald

log = structlog.get_logger(__name__)

EVENTS = "events"
DELIVERIES = "deliveries"
MAILBOXES = "mailboxes"
WORKFLOWS = "workflows"
QUEUES = (EVENTS, DELIVERIES, MAILBOXES, WORKFLOWS)

#: Deliveries for which one bell is rung: a larger group is shared by several workers.
DELIVERIES_PER_BELL = 200
#: Seconds beyond an attempt's for which the opening of a connection counts, should nobody report its end.
OPENING_MARGIN = 5.0
#: Seconds a pass over a mailbox gets to end after its batch when the worker stops; broken off, it loses nothing.
COLLECTOR_STOP_SECONDS = 5.0
#: Milliseconds a queue message waits while the database is away.
AWAY_DELAY = 2_000


@dataclass(frozen=True, slots=True)
class Ground:
    """What every command stands on: settings, database, keys, profiles."""

    settings: Settings
    engine: Engine
    keyring: Keyring
    profiles: ProfileStore


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


def now_milliseconds() -> int:
    """Return the wall clock's milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def lay_ground(settings: Settings) -> Ground:
    """Build what every command needs; opens no connection yet."""
    engine = make_engine(database_url(settings))
    keyring = Keyring.parse(secret_keys(settings))
    return Ground(settings, engine, keyring, ProfileStore(engine, keyring))


def make_broker(broker_url: str, point: Point | None = None) -> QueueBroker:
    """Make the broker at an address."""
    broker = QueueBroker(make_client(broker_url))
    if point:
        broker.add_middleware(PointedQueue(point))
    return broker


class WorkerParts:
    """One worker process: intake, lanes, ledger writer and the actors that lead into them."""

    def __init__(self, ground: Ground, broker_url: str, tell: Tell = untold) -> None:
        settings = ground.settings
        point = read_point(os.environ, state_folder(settings))
        self.writer = PointedWriter(ground.engine, point) if point else LedgerWriter(ground.engine, tell=tell)
        broker = make_broker(broker_url, point)
        self.bells = declare_actors(broker, self)
        self.open_links = OpenLinks()
        self.intake = Intake(
            writer=self.writer,
            profiles_by_name=lambda: _find_by_name(ground.profiles),
            answer=partial(answer, ground.engine),
            message_ids=partial(_message_id, ground.keyring.derive(tokens.PURPOSE)[0], settings.domain),
            ring=self.bells.ring,
            now=now_milliseconds,
            tell=tell,
        )
        renderer = Renderer(load_sets(settings.templates), tell=tell)
        drafts = DraftBook(renderer, settings.domain, partial(_load_body, ground.engine), partial(_find_taken, ground))
        path = DeliveryPath(
            writer=self.writer,
            drafts=drafts,
            max_ages=MaxAges(
                {
                    "runmail.alert": settings.max_age_alert_hours * 3600,
                    "runmail.run.finished": settings.max_age_run_hours * 3600,
                    "runmail.summary.ready": settings.max_age_summary_hours * 3600,
                }
            ),
            lease_seconds=settings.lease_seconds,
            attempt_seconds=settings.attempt_seconds,
            now=now_milliseconds,
            chance=random.SystemRandom().random,
            since_boot=since_boot,
            tell=tell,
        )
        owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.lanes = Lanes(
            LaneParts(
                writer=self.writer,
                path=path,
                drafts=drafts,
                open_link=self.open_links.opening(
                    partial(_open_link, ground, pointed_link(point) if point else SmtpLink)
                ),
                find_profile=partial(_find_by_id, ground.profiles),
                gate=Gate(
                    self.writer,
                    owner=owner,
                    opening_seconds=settings.attempt_seconds + OPENING_MARGIN,
                    now=now_milliseconds,
                    clock=since_boot,
                ),
                owner=owner,
                lease_seconds=settings.lease_seconds,
                now=now_milliseconds,
                suspects=asyncio.Lock(),
            )
        )

        self.lookup = SentLookup(
            LookupParts(
                writer=self.writer,
                find_profile=partial(_find_by_id, ground.profiles),
                find_sent=partial(_find_sent, ground),
                owner=owner,
                now=now_milliseconds,
            )
        )
        self.stopping = threading.Event()
        self.replies = reply_path(ground)
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


def _find_by_name(profiles: ProfileStore) -> FindProfile:
    """Make a look-up that reads each profile once; used for one group of events."""
    found: dict[str, Profile | None] = {}

    def find(name: str) -> Profile | None:
        if name not in found:
            try:
                with reading():
                    found[name] = profiles.by_name(name)
            except UnknownProfile:
                found[name] = None
        return found[name]

    return find


def _find_by_id(profiles: ProfileStore, profile_id: int) -> Profile | None:
    try:
        with reading():
            return profiles.get(profile_id)
    except UnknownProfile:
        return None


def _message_id(
    key: bytes, domain: str | None, delivery_id: int, recipient_key: str, created_at: int, profile: Profile
) -> str:
    token = tokens.make_token(key, delivery_id, recipient_key, created_at)
    return f"{token}@{domain or profile.from_address.rpartition('@')[2]}"


def _load_body(engine: Engine, row_id: int) -> bytes | None:
    with reading(), engine.execution_options(reading=True).connect() as connection:
        return read_body(connection, row_id)


def _find_taken(ground: Ground, profile: str, thread_key: str, event_row: int) -> Taken | None:
    named = _find_by_name(ground.profiles)(profile)
    if named is None:
        return None
    with reading(), ground.engine.execution_options(reading=True).connect() as connection:
        return find_taken(connection, scope(named.id, thread_key), event_row)


async def _open_link(ground: Ground, kind: type[SmtpLink], profile: Profile) -> SmtpLink:
    try:
        with reading():
            credential = await asyncio.to_thread(ground.profiles.credential, profile, "smtp")
    except ProfileError as error:
        # A person mends this; until then the mail waits.
        raise TransientMailError("credential_unusable", answer=str(error)) from None
    return await kind.open(profile, credential)


def open_mailbox(ground: Ground, profile: Profile) -> ImapLink:
    """Open a profile's mailbox with the credential that is kept for it.

    Raises:
        TransientMailError: when it cannot be opened.
    """
    assert profile.imap is not None
    try:
        credential = ground.profiles.credential(profile, "imap")
    except ProfileError as error:
        raise TransientMailError("credential_unusable", verb=Verb.AUTH, answer=str(error)) from None
    return open_imap(profile.imap, credential)


def reply_path(ground: Ground) -> ReplyPath:
    """Build what reads kept mails."""
    return ReplyPath(
        ReplyParts(
            engine=ground.engine,
            all_profiles=ground.profiles.all,
            profiles_by_name=lambda: _find_by_name(ground.profiles),
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
        find_profile=partial(_find_by_id, ground.profiles),
        open_link=partial(open_mailbox, ground),
        read_replies=(replies or reply_path(ground)).read_replies,
        new_owner=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
        clock=time.monotonic,
        now=now_milliseconds,
        poll_seconds=ground.settings.poll_seconds,
        stopping=stopping,
    )


def _find_sent(ground: Ground, profile: Profile, message_ids: Collection[str]) -> frozenset[str]:
    link = open_mailbox(ground, profile)
    try:
        return find_sent(link, message_ids)
    finally:
        link.close()
