"""Silences: who gets no mail and why; adding a suppression, and ending what stands."""

from __future__ import annotations

import re
from typing import Any

import structlog
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from consumers.ledger.mutes import remove_mute
from consumers.ledger.suppressions import lift, suppress
from consumers.views.paging import Place
from consumers.views.silence_pages import find_mutes, find_suppressions, read_mutes, read_suppressions
from consumers.views.web.asking import Asked, neighbours, read_place
from consumers.views.web.parts import ViewParts
from consumers.views.web.row_numbers import row_number
from profiles.addresses import UnusableAddress, read_address
from profiles.page.shell.notices import Tone
from profiles.stages import DAY_MILLISECONDS

log = structlog.get_logger(__name__)

PATH = "/silences"
MUTES = f"{PATH}/mutes"
#: Days for which a person may suppress an address; more is until it is removed.
MOST_DAYS = 3_650
MOST_NOTE = 500


class SilenceViews:
    """Shows suppressions, mutes and stops, and changes them."""

    def __init__(self, parts: ViewParts) -> None:
        self._parts = parts

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(PATH, self.suppressions),
            Route(MUTES, self.mutes),
            Route(f"{PATH}/add", self.add, methods=["POST"]),
            Route(f"{PATH}/remove", self.remove, methods=["POST"]),
            Route(f"{MUTES}/{{id:int}}/remove", self.remove_mute, methods=["POST"]),
        ]

    def suppressions(self, request: Request) -> Response:
        """Show the addresses that get no mail."""
        return self._show_suppressions(request, read_place(request.query_params))

    def mutes(self, request: Request) -> Response:
        """Show what recipients want no mail about."""
        asked = Asked(request.query_params)
        recipient = asked.address("recipient")
        with self._parts.reading() as connection:
            place = read_place(request.query_params)
            found = find_mutes(connection, self._parts.now(), place, recipient)
            rows = read_mutes(connection, found.ids)
        beside = neighbours(MUTES, asked, found)
        return self._parts.pages.show(
            request, "views/mutes.html", asked=asked, rows=rows, searched=found.searched, **beside
        )

    async def add(self, request: Request) -> Response:
        """Suppress an address."""
        form = await request.form()
        return await run_in_threadpool(self._add, request, {name: str(value) for name, value in form.items()})

    async def remove(self, request: Request) -> Response:
        """End a suppression."""
        form = await request.form()
        return await run_in_threadpool(self._remove, request, str(form.get("recipient", "")))

    async def remove_mute(self, request: Request) -> Response:
        """End a mute or a stop."""
        return await run_in_threadpool(self._remove_mute, request)

    def _show_suppressions(
        self, request: Request, place: Place, typed: dict[str, str] | None = None, faults: dict[str, str] | None = None
    ) -> Response:
        asked = Asked(request.query_params)
        recipient = asked.address("recipient")
        with self._parts.reading() as connection:
            found = find_suppressions(connection, self._parts.now(), place, recipient)
            rows = read_suppressions(connection, found.ids)
        return self._parts.pages.show(
            request,
            "views/silences.html",
            422 if faults else 200,
            asked=asked,
            rows=rows,
            searched=found.searched,
            typed=typed or {},
            faults=faults or {},
            **neighbours(PATH, asked, found),
        )

    def _add(self, request: Request, typed: dict[str, str]) -> Response:
        faults = {}
        address = None
        try:
            address = read_address(typed.get("address", "").strip())
        except UnusableAddress:
            faults["address"] = "This is no address that mail can be sent to."
        days = typed.get("days", "").strip()
        if days and not (re.fullmatch(r"[0-9]{1,4}", days) and 1 <= int(days) <= MOST_DAYS):
            faults["days"] = f"Write a number of days from 1 to {MOST_DAYS}, or nothing."
        if address is None or faults:
            return self._show_suppressions(request, Place(), typed, faults)
        now = self._parts.now()
        until = now + int(days) * DAY_MILLISECONDS if days else None
        note = typed.get("note", "").replace("\0", "")[:MOST_NOTE]
        with self._parts.engine.begin() as connection:
            suppress(connection, address, note=note, until=until, now=now)
        log.info("address_suppressed", by=self._parts.author(request).who, via="page")
        end = f"for {days} days" if days else "until someone removes it here"
        return self._parts.pages.go(request, PATH, f"{address.wire} gets no mail {end}.")

    def _remove(self, request: Request, key: str) -> Response:
        key = key.replace("\0", "")
        there = self._change(lambda connection: lift(connection, key))
        if not there:
            return self._parts.pages.go(request, PATH, "Nothing was changed: it is not suppressed any more.", Tone.WARN)
        log.info("suppression_lifted", by=self._parts.author(request).who, via="page")
        return self._parts.pages.go(request, PATH, f"{key} gets mail again.")

    def _remove_mute(self, request: Request) -> Response:
        mute = row_number(request)
        if not self._change(lambda connection: remove_mute(connection, mute)):
            return self._parts.pages.go(request, MUTES, "Nothing was changed: it has ended before.", Tone.WARN)
        log.info("mute_removed", mute=mute, by=self._parts.author(request).who, via="page")
        return self._parts.pages.go(request, MUTES, "It has ended: the recipient gets mail again.")

    def _change(self, change: Any) -> bool:
        connection: Connection
        with self._parts.engine.begin() as connection:
            return bool(change(connection))
