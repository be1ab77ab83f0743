"""A mail as a page shows it: rendered by the code that renders it for sending, in a frame that can do nothing.

The frame is a document of its own with a policy of its own: no script, no form, no request to anywhere, no way out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from consumers.mails.related import with_inline_pictures
from consumers.mails.rendering import Rendered
from consumers.outbound.drafts import NotSendable
from consumers.views.web.parts import ViewParts
from profiles.errors import UnknownProfile

#: What the document of a mail may do: be looked at. `sandbox` holds also when someone opens it outside of a frame.
POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
#: Links would open a new window, which the sandbox forbids: a click does nothing.
_INERT = '<base target="_blank">'
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_TARGET = re.compile(r"\starget\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ShownMail:
    """A mail to look at. `page` is its HTML with its pictures inside."""

    subject: str
    sender: str
    text: str
    page: str


def mail_of(parts: ViewParts, row: Any) -> ShownMail | str:
    """Return the mail of a delivery's row, or a sentence on why there is none to show."""
    try:
        profile = parts.profiles.get(row.profile_id)
    except UnknownProfile:
        return "Its profile was removed, and the mail is made from the profile: it cannot be shown any more."
    try:
        rendered = parts.drafts.look(row.event_row, profile)
    except NotSendable as error:
        return f"The event makes no mail: {error.reason.replace('_', ' ')}."
    sender = f"{profile.from_name} <{profile.from_address}>" if profile.from_name else profile.from_address
    return shown(rendered, sender)


def shown(rendered: Rendered, sender: str) -> ShownMail:
    """Return a rendered mail as it is shown."""
    page = with_inline_pictures(rendered.html, rendered.pictures)
    return ShownMail(rendered.subject, sender, rendered.text, page)


def framed(page: str) -> Response:
    """Answer with the HTML of a mail as the document of a frame."""
    return Response(
        inert(page),
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": POLICY, "X-Robots-Tag": "noindex"},
    )


def inert(page: str) -> str:
    """Return HTML in which every link is for a new window, which its frame may not open."""
    page = _TARGET.sub("", page)
    head = _HEAD.search(page)
    if head is None:
        return page.replace("<body", f"{_INERT}<body", 1) if "<body" in page else f"<!doctype html>{_INERT}{page}"
    return page[: head.end()] + _INERT + page[head.end() :]
