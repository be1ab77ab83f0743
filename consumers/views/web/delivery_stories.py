"""One delivery: its story in order, its mail, and what a person may decide about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, select
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from consumers.ledger import deciding
from consumers.ledger.run_tables import runs
from consumers.ledger.states import DeliveryState
from consumers.ledger.tables import deliveries, events
from consumers.views.story import story
from consumers.views.web.parts import ViewParts
from consumers.views.web.row_numbers import row_number
from consumers.views.web.shown_mail import ShownMail, framed, mail_of
from consumers.views.web.story_view import tell
from profiles.page.shell.notices import Tone

log = structlog.get_logger(__name__)

Decide = Callable[[Connection, int, int], None]
#: What a person may decide, by the last part of its path: how it is done, and what is said afterwards.
DECISIONS: dict[str, tuple[Decide, str]] = {
    "retry": (deciding.retry, "It will be sent now."),
    "hold": (deciding.hold, "It is held until someone releases it."),
    "release": (deciding.release, "It is released and will be sent."),
    "settle-sent": (partial(deciding.settle_uncertain, sent=True), "It is settled as sent."),
    "settle-resend": (partial(deciding.settle_uncertain, sent=False), "It will be sent once more."),
}
_ROW = (
    select(
        deliveries,
        events.c.event_id,
        events.c.source,
        events.c.type.label("event_type"),
        runs.c.suite,
        runs.c.branch,
    )
    .join(events, events.c.id == deliveries.c.event_row)
    .outerjoin(runs, runs.c.event_row == deliveries.c.event_row)
)


class DeliveryStories:
    """Shows one delivery, and takes decisions about it."""

    def __init__(self, parts: ViewParts) -> None:
        self._parts = parts

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        path = "/deliveries/{id:int}"
        return [
            Route(path, self.told),
            Route(f"{path}/mail", self.mail),
            Route(f"{path}/{{decision}}", self.decide, methods=["POST"]),
        ]

    def told(self, request: Request) -> Response:
        """Show the page of a delivery."""
        with self._parts.reading() as connection:
            row = self._row(connection, request)
            steps = [tell(step) for step in story(connection, row.event_row, [row.id])]
        mail = mail_of(self._parts, row)
        return self._parts.pages.show(
            request,
            "views/delivery.html",
            row=row,
            steps=steps,
            mail=mail if isinstance(mail, ShownMail) else None,
            no_mail=mail if isinstance(mail, str) else None,
            possible=possible(row.state, row.reason),
        )

    def mail(self, request: Request) -> Response:
        """Answer with the HTML of the mail, as the document of a frame."""
        with self._parts.reading() as connection:
            row = self._row(connection, request)
        mail = mail_of(self._parts, row)
        if isinstance(mail, str):
            raise HTTPException(404, mail)
        return framed(mail.page)

    async def decide(self, request: Request) -> Response:
        """Make a decision; the delivery's page says what came of it."""
        return await run_in_threadpool(self._decide, request)

    def _decide(self, request: Request) -> Response:
        delivery = row_number(request)
        name = request.path_params["decision"]
        if name not in DECISIONS:
            raise HTTPException(404)
        change, said = DECISIONS[name]
        path = f"/deliveries/{delivery}"
        try:
            with self._parts.engine.begin() as connection:
                change(connection, delivery, self._parts.now())
        except deciding.NotPossible as error:
            return self._parts.pages.go(request, path, f"Nothing was changed: {error}.", Tone.BAD)
        log.info("delivery_decided", delivery=delivery, decision=name, by=self._parts.author(request).who, via="page")
        return self._parts.pages.go(request, path, said)

    def _row(self, connection: Connection, request: Request) -> Any:
        row = connection.execute(_ROW.where(deliveries.c.id == row_number(request))).first()
        if row is None:
            raise HTTPException(404, "There is no such delivery; it may have been moved to an archive.")
        return row


def possible(state: str, reason: str | None) -> list[str]:
    """Return which decisions fit the state of a delivery, the likeliest first."""
    found = []
    if state == DeliveryState.HELD:
        found.append("release")
    if state == DeliveryState.UNCERTAIN:
        found += ["settle-sent", "settle-resend"]
    elif state in deciding.RETRYABLE and not (reason or "").startswith("unusable_address"):
        found.append("retry")
    if state in deciding.HOLDABLE:
        found.append("hold")
    return found
