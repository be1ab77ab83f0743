"""Events and the quarantine: what was accepted, what is wrong with it, and planning it once more after a fix."""

from __future__ import annotations

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from consumers.contract.events import EVENT_TYPES
from consumers.ledger.deciding import NotPossible, replay
from consumers.ledger.states import EventState
from consumers.views.delivery_pages import read_deliveries
from consumers.views.event_pages import (
    EventSearch,
    count_deliveries,
    find_events,
    find_its_deliveries,
    read_event_row,
    read_events,
)
from consumers.views.shown_bytes import show_bytes
from consumers.views.story import story
from consumers.views.web.asking import Asked, neighbours, read_place
from consumers.views.web.parts import ViewParts
from consumers.views.web.row_numbers import row_number
from consumers.views.web.story_view import tell
from profiles.page.shell.notices import Tone

log = structlog.get_logger(__name__)

PATH = "/events"
#: States from which an event can be planned once more.
REPLAYABLE = (EventState.QUARANTINED, EventState.SKIPPED)


class EventViews:
    """Shows events, and lets them be planned once more."""

    def __init__(self, parts: ViewParts) -> None:
        self._parts = parts

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(PATH, self.listed),
            Route(f"{PATH}/{{id:int}}", self.told),
            Route(f"{PATH}/{{id:int}}/replay", self.replay, methods=["POST"]),
        ]

    def listed(self, request: Request) -> Response:
        """Show a page of events."""
        asked = Asked(request.query_params)
        wanted = EventSearch(
            state=asked.choice("state", [state.value for state in EventState]),
            type=asked.text("type"),
            profile=asked.text("profile"),
        )
        with self._parts.reading() as connection:
            found = find_events(connection, wanted, read_place(request.query_params))
            rows = read_events(connection, found.ids)
        return self._parts.pages.show(
            request,
            "views/events.html",
            asked=asked,
            rows=rows,
            searched=found.searched,
            states=[state.value for state in EventState],
            types=list(EVENT_TYPES),
            profiles=[profile.name for profile in self._parts.profiles.all()],
            **neighbours(PATH, asked, found),
        )

    def told(self, request: Request) -> Response:
        """Show one event: its facts, its deliveries, their story, and what it was published as."""
        row_id = row_number(request)
        asked = Asked(request.query_params)
        with self._parts.reading() as connection:
            row = read_event_row(connection, row_id)
            if row is None:
                raise HTTPException(404, "There is no such event; it may have been moved to an archive.")
            counts = count_deliveries(connection, row_id)
            found = find_its_deliveries(connection, row_id, read_place(request.query_params))
            rows = read_deliveries(connection, found.ids)
            steps = [tell(step) for step in story(connection, row_id, found.ids)]
        head = bytes(row.head)
        return self._parts.pages.show(
            request,
            "views/event.html",
            row=row,
            rows=rows,
            counts=counts,
            steps=steps,
            content=show_bytes(head, whole=len(head) == row.kept),
            shown=len(head),
            replayable=row.state in REPLAYABLE and row.source is not None and row.event_id is not None,
            **neighbours(f"{PATH}/{row_id}", asked, found),
        )

    async def replay(self, request: Request) -> Response:
        """Have an event planned once more."""
        return await run_in_threadpool(self._replay, request)

    def _replay(self, request: Request) -> Response:
        row_id = row_number(request)
        path = f"{PATH}/{row_id}"
        try:
            with self._parts.engine.begin() as connection:
                replay(connection, row_id, self._parts.now())
        except NotPossible as error:
            return self._parts.pages.go(request, path, f"Nothing was changed: {error}.", Tone.BAD)
        self._parts.replan([row_id])
        log.info("event_replayed", event=row_id, by=self._parts.author(request).who, via="page")
        return self._parts.pages.go(request, path, "It is planned once more: load the page again to see how it went.")
