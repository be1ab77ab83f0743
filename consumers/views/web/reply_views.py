"""Replies: the mails that came back, what they were understood as, and understanding them again."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from consumers.inbound.reading.outcome import Outcome
from consumers.ledger.reply_tables import replies
from consumers.ledger.tables import deliveries
from consumers.ledger.understood import read_again
from consumers.views.reply_pages import UNREAD, ReplySearch, find_replies, read_replies
from consumers.views.story import story
from consumers.views.web.asking import Asked, neighbours, read_place
from consumers.views.web.parts import ViewParts
from consumers.views.web.row_numbers import row_number
from consumers.views.web.story_view import tell
from profiles.page.shell.notices import Tone

log = structlog.get_logger(__name__)

PATH = "/replies"
#: Characters of the new text that a page shows.
MOST_TEXT = 50_000
_ROW = (
    select(
        *(column for column in replies.c if column.name not in ("raw", "lease_epoch", "lease_until")),
        replies.c.raw.is_not(None).label("kept"),
        deliveries.c.event_row.label("answered_event"),
        deliveries.c.recipient,
    )
).outerjoin(deliveries, deliveries.c.id == replies.c.delivery_id)


class ReplyViews:
    """Shows replies, and has them understood again."""

    def __init__(self, parts: ViewParts) -> None:
        self._parts = parts

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(PATH, self.listed),
            Route(f"{PATH}/{{id:int}}", self.told),
            Route(f"{PATH}/{{id:int}}/reclassify", self.reclassify, methods=["POST"]),
        ]

    def listed(self, request: Request) -> Response:
        """Show a page of replies."""
        asked = Asked(request.query_params)
        outcomes = [*(outcome.value for outcome in Outcome), UNREAD]
        wanted = ReplySearch(outcome=asked.choice("outcome", outcomes), profile=asked.text("profile"))
        with self._parts.reading() as connection:
            found = find_replies(connection, wanted, read_place(request.query_params))
            rows = read_replies(connection, found.ids)
        return self._parts.pages.show(
            request,
            "views/replies.html",
            asked=asked,
            rows=rows,
            searched=found.searched,
            outcomes=outcomes,
            profiles=[profile.name for profile in self._parts.profiles.all()],
            **neighbours(PATH, asked, found),
        )

    def told(self, request: Request) -> Response:
        """Show one reply: its facts, its new text, and what it brought about. The mail itself is never shown."""
        with self._parts.reading() as connection:
            row = connection.execute(_ROW.where(replies.c.id == row_number(request))).first()
            if row is None:
                raise HTTPException(404, "There is no such reply.")
            told = [] if row.answered_event is None else story(connection, row.answered_event, [row.delivery_id])
        steps = [tell(step) for step in told if step.said.get("reply") == row.id or _follows(step, row)]
        return self._parts.pages.show(
            request,
            "views/reply.html",
            row=row,
            text=(row.text or "")[:MOST_TEXT],
            is_cut=len(row.text or "") > MOST_TEXT,
            facts=row.facts or {},
            steps=steps,
        )

    async def reclassify(self, request: Request) -> Response:
        """Understand a kept mail again."""
        return await run_in_threadpool(self._reclassify, request)

    def _reclassify(self, request: Request) -> Response:
        reply = row_number(request)
        path = f"{PATH}/{reply}"
        with self._parts.engine.begin() as connection:
            again = read_again(connection, [reply])
        if not again:
            return self._parts.pages.go(request, path, "Nothing was changed: its octets are kept no more.", Tone.BAD)
        self._parts.read_replies(again)
        log.info("reply_reclassified", reply=reply, by=self._parts.author(request).who, via="page")
        return self._parts.pages.go(request, path, "It was understood again. What had its effect has it once.")


def _follows(step: Any, row: Any) -> bool:
    """Say whether a step is an effect that was written together with what was read."""
    return step.at == row.read_at and "reply" not in step.said and step.what not in ("planned", "attempt")
