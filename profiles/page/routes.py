"""The routes of Email Settings."""

from __future__ import annotations

from starlette.routing import BaseRoute

from profiles.page.endpoints import changing, looking
from profiles.page.form_pages import send_form, show_form
from profiles.page.history_page import show_history
from profiles.page.list_page import show_list
from profiles.page.parts import ProfileParts
from profiles.page.port_part import show_ports
from profiles.page.rotate_pages import send_rotate, show_rotate
from profiles.page.standing_pages import disable, enable, send_delete, show_delete
from profiles.page.trial_pages import begin_test, show_test

ONE = "/{profile_id:int}"


def routes(parts: ProfileParts) -> list[BaseRoute]:
    """Return the routes, in the order in which they are tried."""
    return [
        looking("", parts, show_list),
        looking("/history", parts, show_history),
        looking("/ports", parts, show_ports),
        looking("/tests/{trial_id}", parts, show_test),
        looking("/new", parts, show_form, for_admins=True),
        changing("/new", parts, send_form),
        looking(f"{ONE}/edit", parts, show_form, for_admins=True),
        changing(f"{ONE}/edit", parts, send_form),
        changing(f"{ONE}/test", parts, begin_test),
        looking(f"{ONE}/rotate", parts, show_rotate, for_admins=True),
        changing(f"{ONE}/rotate", parts, send_rotate),
        changing(f"{ONE}/disable", parts, disable),
        changing(f"{ONE}/enable", parts, enable),
        looking(f"{ONE}/delete", parts, show_delete, for_admins=True),
        changing(f"{ONE}/delete", parts, send_delete),
    ]
