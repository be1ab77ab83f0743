"""The list of profiles: how they stand, what needs an eye, their use in 30 days."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from profiles.overview import overview
from profiles.page.cards import card
from profiles.page.parts import ProfileParts
from profiles.usage import COUNTED_DAYS


def show_list(parts: ProfileParts, request: Request) -> Response:
    """Show every profile, by name."""
    seen = overview(parts.store, parts.usage, parts.now())
    return parts.pages.show(request, "profiles/list.html", cards=[card(each) for each in seen], days=COUNTED_DAYS)
