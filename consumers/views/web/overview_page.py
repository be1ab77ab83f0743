"""The overview: how mail goes, and what waits for a person. Every figure on it is read at a bounded cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from consumers.ledger.states import DeliveryState
from consumers.mails.words import span
from consumers.views.hourly_mail import mail_by_hour
from consumers.views.queue_stand import QueueStand
from consumers.views.taken_times import taken_times
from consumers.views.waiting_now import MOST_COUNTED, WaitingNow, waiting_now
from consumers.views.web.hour_chart import GROUPS, HEIGHT, WIDTH, draw
from consumers.views.web.parts import ViewParts
from consumers.views.web.story_view import words
from profiles.usage import Use

#: Seconds after which what waits for a worker means that none works.
MOST_WAIT = 60.0
#: States of mail that waits for a person, and what is said of them.
_OF_PEOPLE = (
    (DeliveryState.UNCERTAIN, "of which nobody knows whether it was taken"),
    (DeliveryState.QUARANTINED, "that cannot be sent as it is"),
    (DeliveryState.HELD, "held by a person, a breaker or a disabled profile"),
)


@dataclass(frozen=True, slots=True)
class Concern:
    """Something a person should look at: a colour, a sentence, and where to look if that is a page."""

    tone: str
    said: str
    href: str | None


class OverviewPage:
    """Shows the overview."""

    def __init__(self, parts: ViewParts) -> None:
        self._parts = parts

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [Route("/", self.shown), Route("/audit", self.audit, methods=["POST"])]

    def shown(self, request: Request) -> Response:
        """Show the page."""
        now = self._parts.now()
        with self._parts.reading() as connection:
            chart = draw(mail_by_hour(connection, now))
            taken = taken_times(connection)
            waiting = waiting_now(connection, now)
        queue = self._parts.queues()
        uses = self._parts.usage.standing()
        names = {profile.id: profile.name for profile in self._parts.profiles.all()}
        return self._parts.pages.show(
            request,
            "views/overview.html",
            chart=chart,
            groups=GROUPS,
            box=(WIDTH, HEIGHT),
            taken=taken,
            waiting=waiting,
            due=sum(waiting.deliveries[state] for state in ("pending", "sending", "deferred")),
            seconds=None if waiting.due_since is None else waiting.due_seconds(now),
            queue=queue,
            concerns=[*_broker(queue), *_profiles(uses, names), *_waiting(waiting, now)],
            audit=self._parts.audit.look(),
            auditing=self._parts.audit.is_running,
            now=now,
        )

    async def audit(self, request: Request) -> Response:
        """Have the books added up anew."""
        return await run_in_threadpool(self._audit, request)

    def _audit(self, request: Request) -> Response:
        self._parts.audit.begin()
        return self._parts.pages.go(request, "/", "The books are being added up: load the page again in a moment.")


def _profiles(uses: Mapping[int, Use], names: dict[int, str]) -> list[Concern]:
    found = []

    for profile_id, use in sorted(uses.items(), key=lambda pair: names.get(pair[0], "")):
        name = names.get(profile_id)
        if name is None:
            continue
        if use.breaker is not None:
            said = f"The server of “{name}” is left alone for now: {words(use.breaker)}."
            found.append(Concern("bad", said, "/settings/email"))
        elif use.failing is not None:
            said = f"The latest attempts through “{name}” all failed: {words(use.failing)}."
            found.append(Concern("bad", said, "/settings/email"))
    return found


def _broker(queue: QueueStand | None) -> list[Concern]:
    if queue is None:
        return [Concern("bad", "The broker does not answer: events cannot come in. “runmail doctor” says more.", None)]
    if queue.oldest is not None and queue.oldest > MOST_WAIT:
        said = f"What waits on the queues waits for {span(queue.oldest)}: see that “runmail worker” runs."
        return [Concern("bad", said, None)]
    return []


def _waiting(waiting: WaitingNow, now: int) -> list[Concern]:
    found = []
    if waiting.unplanned_since is not None and now - waiting.unplanned_since > MOST_WAIT * 1000:
        many = counted(waiting.events["accepted"], "event")
        age = span((now - waiting.unplanned_since) / 1000)
        found.append(Concern("bad", f"{many} without a plan, the oldest for {age}.", "/events?state=accepted"))
    if quarantined := waiting.events["quarantined"]:
        said = f"{counted(quarantined, 'event')} in quarantine."
        found.append(Concern("warn", said, "/events?state=quarantined"))
    for state, what in _OF_PEOPLE:
        if number := waiting.deliveries[state]:
            found.append(Concern("warn", f"{counted(number, 'mail')} {what}.", f"/deliveries?state={state}"))
    return found


def counted(number: int, one: str) -> str:
    """Return “1 event”, “3 events”, “10,000 events or more”."""
    return f"{number:,} {one}{'' if number == 1 else 's'}{' or more' if number >= MOST_COUNTED else ''}"
