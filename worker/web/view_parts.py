"""What the pages of deliveries, events and replies are given: the parts that workers and the command line use too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

import structlog
from dramatiq.errors import DramatiqError
from redis.exceptions import RedisError
from starlette.requests import Request

from consumers.contract.broker_url import BrokerUrlWrong
from consumers.mails.rendering import Renderer, SetRenderer
from consumers.mails.template_check import TemplatesRefused, load_sets
from consumers.outbound.drafts import DraftBook
from consumers.views.last_audit import LastAudit
from consumers.views.usage import LedgerUsage
from consumers.views.web.parts import ViewParts
from profiles.authors import Author
from profiles.page.shell.pages import Pages
from worker.broker import QueueBroker
from worker.composition import declare_actors, reply_path
from worker.database import open_snapshot
from worker.ground import Ground
from worker.lookups import load_body, taken_by
from worker.queues import QUEUES
from worker.redis_client import make_client
from worker.settings import Settings
from worker.web.queue_look import QueueLook, broker_address

log = structlog.get_logger(__name__)


def view_parts(ground: Ground, pages: Pages, now: Callable[[], int], author: Callable[[Request], Author]) -> ViewParts:
    """Build what the pages need; opens no connection yet."""
    settings = ground.settings
    sets, refused = _sets(settings)
    return ViewParts(
        pages=pages,
        engine=ground.engine,
        profiles=ground.profiles,
        usage=LedgerUsage(ground.engine, now),
        drafts=DraftBook(Renderer(sets), settings.domain, partial(load_body, ground.engine), partial(taken_by, ground)),
        sets=sets,
        templates_refused=refused,
        audit=LastAudit(partial(open_snapshot, ground.engine), now),
        queues=QueueLook(settings, QUEUES, now),
        now=now,
        author=author,
        replan=partial(_replan, settings),
        read_replies=lambda ids: reply_path(ground).read_replies(ids),
    )


def _sets(settings: Settings) -> tuple[list[SetRenderer], bool]:
    """Return the sets of templates, and whether they are those of a folder that a worker would refuse: then none."""
    try:
        return load_sets(settings.templates), False
    except TemplatesRefused as error:
        log.error("templates_refused", faults=len(error.faults))
        return [], True


def _replan(settings: Settings, rows: Sequence[int]) -> None:
    """Ask for events to be planned now, beside the request; without a broker the clock asks a little later."""
    threading.Thread(target=_ring, args=(settings, list(rows)), name="replan", daemon=True).start()


def _ring(settings: Settings, rows: list[int]) -> None:
    url = broker_address(settings)
    if url is None:
        return
    try:
        client = make_client(url)
    except BrokerUrlWrong as error:
        log.warning("bell_not_rung", error=str(error))
        return
    try:
        declare_actors(QueueBroker(client)).plan.send(rows)
    except (RedisError, DramatiqError) as error:
        log.warning("bell_not_rung", error=type(error).__name__)
    finally:
        client.close()
