"""The routes of deliveries, events, replies and the overview."""

from __future__ import annotations

from starlette.routing import BaseRoute

from consumers.views.web.delivery_lists import DeliveryLists
from consumers.views.web.delivery_stories import DeliveryStories
from consumers.views.web.event_views import EventViews
from consumers.views.web.overview_page import OverviewPage
from consumers.views.web.parts import ViewParts
from consumers.views.web.reply_views import ReplyViews
from consumers.views.web.silence_views import SilenceViews
from consumers.views.web.template_views import TemplateViews


def routes(parts: ViewParts) -> list[BaseRoute]:
    """Return the routes, in the order in which they are tried."""
    groups = (
        OverviewPage(parts),
        DeliveryLists(parts),
        DeliveryStories(parts),
        EventViews(parts),
        ReplyViews(parts),
        SilenceViews(parts),
        TemplateViews(parts),
    )
    return [route for group in groups for route in group.routes()]
