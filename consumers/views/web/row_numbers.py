"""The number of a row in the address of a page."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

#: The largest number that a row can have.
MOST = 2**63 - 1


def row_number(request: Request) -> int:
    """Return the number of a row.

    Raises:
        HTTPException: 404 for one that no row can have.
    """
    number = int(request.path_params["id"])
    if number > MOST:
        raise HTTPException(404)
    return number
