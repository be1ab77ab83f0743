"""The list of deliveries: filters, pages, and the part of it that is asked for again and again while one looks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from consumers.ledger.states import DeliveryState
from consumers.views.delivery_pages import DeliverySearch, find_deliveries, known_suites, read_deliveries
from consumers.views.paging import Place
from consumers.views.web.asking import Asked, neighbours, read_place
from consumers.views.web.parts import ViewParts

PATH = "/deliveries"


class DeliveryLists:
    """Shows deliveries."""

    def __init__(self, parts: ViewParts) -> None:
        self._parts = parts

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [Route(PATH, self.listed), Route(f"{PATH}/rows", self.rows)]

    def listed(self, request: Request) -> Response:
        """Show the page."""
        with self._parts.reading() as connection:
            shown = self._found(connection, request)
            suites = known_suites(connection)
        profiles = [profile.name for profile in self._parts.profiles.all()]
        states = [state.value for state in DeliveryState]
        return self._parts.pages.show(
            request, "views/deliveries.html", **shown, suites=suites, profiles=profiles, states=states
        )

    def rows(self, request: Request) -> Response:
        """Show the rows alone, as they are now."""
        with self._parts.reading() as connection:
            shown = self._found(connection, request)
        return self._parts.pages.show(request, "views/delivery_rows.html", **shown)

    def _found(self, connection: Connection, request: Request) -> dict[str, Any]:
        asked = Asked(request.query_params)
        wanted = read_search(asked)
        place = read_place(request.query_params)
        found = find_deliveries(connection, wanted, place)
        return {
            "asked": asked,
            "rows": read_deliveries(connection, found.ids),
            "searched": found.searched,
            "is_live": place == Place(),
            "again": f"{PATH}/rows{asked.query()}",
            **neighbours(PATH, asked, found),
        }


def read_search(asked: Asked) -> DeliverySearch:
    """Return which deliveries the filters of a page ask for."""
    return DeliverySearch(
        state=asked.choice("state", [state.value for state in DeliveryState]),
        suite=asked.text("suite"),
        recipient=asked.address("recipient"),
        profile=asked.text("profile"),
        since=asked.moment("since"),
        until=asked.moment("until"),
    )
