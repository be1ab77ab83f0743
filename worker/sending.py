"""The lanes of a worker process, built: from a claimed delivery to a link of its profile, and the books in between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial

from consumers.facts import Tell
from consumers.ledger.lease import since_boot
from consumers.ledger.writer import LedgerWriter
from consumers.mails.rendering import Renderer
from consumers.mails.template_check import load_sets
from consumers.outbound.delivery_path import DeliveryPath
from consumers.outbound.drafts import DraftBook
from consumers.outbound.gate import Gate
from consumers.outbound.lane import LaneParts
from consumers.outbound.lanes import Lanes
from consumers.outbound.schedule import MaxAges
from profiles.smtp_link import SmtpLink
from worker.ground import Ground
from worker.kill_points import Point, pointed_link
from worker.lookups import find_by_id, load_body, open_link, taken_by
from worker.open_links import OpenLinks
from worker.settings import Settings

#: Seconds beyond an attempt's for which the opening of a connection counts, should nobody report its end.
OPENING_MARGIN = 5.0
#: Seconds for which the connections of a killed worker are counted on, unless a shorter lease says less.
PLACE_SECONDS = 30.0


def make_lanes(
    ground: Ground,
    writer: LedgerWriter,
    open_links: OpenLinks,
    *,
    owner: str,
    point: Point | None,
    now: Callable[[], int],
    tell: Tell,
) -> Lanes:
    """Build the lanes; starts nothing. `point` puts the places of the fault rig around each link."""
    settings = ground.settings
    renderer = Renderer(load_sets(settings.templates), tell=tell)
    drafts = DraftBook(renderer, settings.domain, partial(load_body, ground.engine), partial(taken_by, ground))
    return Lanes(
        LaneParts(
            writer=writer,
            path=DeliveryPath(
                writer=writer,
                drafts=drafts,
                max_ages=_max_ages(settings),
                lease_seconds=settings.lease_seconds,
                attempt_seconds=settings.attempt_seconds,
                now=now,
                chance=random.SystemRandom().random,
                since_boot=since_boot,
                tell=tell,
            ),
            drafts=drafts,
            open_link=open_links.opening(partial(open_link, ground, pointed_link(point) if point else SmtpLink)),
            find_profile=partial(find_by_id, ground.profiles),
            gate=Gate(
                writer,
                owner=owner,
                opening_seconds=settings.attempt_seconds + OPENING_MARGIN,
                place_seconds=min(PLACE_SECONDS, settings.lease_seconds),
                now=now,
                clock=since_boot,
            ),
            owner=owner,
            lease_seconds=settings.lease_seconds,
            now=now,
            suspects=asyncio.Lock(),
        )
    )


def _max_ages(settings: Settings) -> MaxAges:
    """Return the ages above which mail is no longer sent, by type of event."""
    return MaxAges(
        {
            "runmail.alert": settings.max_age_alert_hours * 3600,
            "runmail.run.finished": settings.max_age_run_hours * 3600,
            "runmail.summary.ready": settings.max_age_summary_hours * 3600,
        }
    )
