"""The part of the form with port and security, as it follows what was just chosen. It changes nothing."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from profiles.drafts import SERVICES
from profiles.page.form_fields import read_fields
from profiles.page.form_filling import SECURITY_WORDS, follow, unusual
from profiles.page.parts import ProfileParts


def show_ports(parts: ProfileParts, request: Request) -> Response:
    """Answer with the part for the service that the query names."""
    service = next((each for each in SERVICES if each == request.query_params.get("service")), None)
    if service is None:
        raise HTTPException(404)
    fields, followed, _ = follow(read_fields(request.query_params), service)
    return parts.pages.show(
        request,
        "profiles/ports_part.html",
        service=service,
        f=fields,
        faults={},
        followed={service: followed},
        unusual={service: unusual(fields, service)},
        securities=[(kind.value, words) for kind, words in SECURITY_WORDS.items()],
    )
