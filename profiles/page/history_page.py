"""The audit trail as a page: of one profile, or of all, in steps."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from profiles.page.endpoints import ROOT
from profiles.page.parts import ProfileParts
from profiles.trail import latest
from profiles.trail_words import change_in_words

#: Entries of one page.
STEP = 50


def show_history(parts: ProfileParts, request: Request) -> Response:
    """Show entries, the newest first; `?profile=` those of one name, `?before=` those that are older than one."""
    name = request.query_params.get("profile") or None
    text = request.query_params.get("before", "")
    before = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    with parts.store.reading() as session:
        found = latest(session, name, STEP + 1, before=before)
    shown = found[:STEP]
    rows = [(each, [(field, change_in_words(change)) for field, change in each.changes.items()]) for each in shown]
    older = _address(name, shown[-1].id) if len(found) > STEP else None
    newest = _address(name, None) if before is not None else None
    return parts.pages.show(request, "profiles/history.html", rows=rows, name=name, older=older, newest=newest)


def _address(name: str | None, before: int | None) -> str:
    query = {"profile": name, "before": before}
    said = urlencode({key: value for key, value in query.items() if value is not None})
    return f"{ROOT}/history?{said}" if said else f"{ROOT}/history"
