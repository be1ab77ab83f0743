"""Between starlette and the pages: a request is read, the page is made in a thread, where it may wait for the database.

An address that names a profile that is gone is answered with 404, a form that a viewer asks for with 403.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from profiles.errors import UnknownProfile
from profiles.page.parts import ProfileParts

ROOT = "/settings/email"
#: The largest id that a profile can have (an integer of 32 bits).
LARGEST_ID = 2**31 - 1

#: Makes a page for a request.
Look = Callable[[ProfileParts, Request], Response]
#: Makes what follows from a sent form; its fields by name.
Change = Callable[[ProfileParts, Request, Mapping[str, str]], Response]


def looking(path: str, parts: ProfileParts, look: Look, *, for_admins: bool = False) -> Route:
    """Make the route of a page; `for_admins` keeps viewers from forms they could not send."""

    async def endpoint(request: Request) -> Response:
        if for_admins and not request.state.visitor.may_change:
            raise HTTPException(403, "You are a viewer: an admin can change this.")
        return await run_in_threadpool(_known, look, parts, request)

    return Route(f"{ROOT}{path}", endpoint, methods=["GET"])


def changing(path: str, parts: ProfileParts, change: Change) -> Route:
    """Make the route that takes a sent form. Who may send one, the application has seen to."""

    async def endpoint(request: Request) -> Response:
        form = await request.form(max_files=0)
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        return await run_in_threadpool(_known, change, parts, request, fields)

    return Route(f"{ROOT}{path}", endpoint, methods=["POST"])


def profile_id_of(request: Request) -> int:
    """Return the id of the profile that the address names; 0 where it names none.

    Raises:
        UnknownProfile: for a number that no database can hold.
    """
    profile_id = int(request.path_params.get("profile_id", 0))
    if profile_id > LARGEST_ID:
        raise UnknownProfile(profile_id)
    return profile_id


def _known(view: Callable[..., Response], *given: Any) -> Response:
    try:
        return view(*given)
    except UnknownProfile:
        raise HTTPException(404, "This profile has been removed.") from None
