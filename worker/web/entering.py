"""Where the page is, and the one-time link that opens it, as a command prints them."""

from __future__ import annotations

from sqlalchemy import Engine

from worker.ground import now_milliseconds
from worker.web.accounts import Accounts
from worker.web.links import Links

#: Addresses that mean every address: one's own is among them.
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


def page_address(host: str, port: int) -> str:
    """Return the address of the page as this machine reaches it."""
    bare = "127.0.0.1" if host in EVERYWHERE or host == "localhost" else host
    return f"http://{f'[{bare}]' if ':' in bare else bare}:{port}"


def enter_address(engine: Engine, host: str, port: int, who: str) -> str | None:
    """Return a new one-time link, whose visitor is called after `who`; None when there is an admin account."""
    links = Links(engine, Accounts(engine, now_milliseconds), now_milliseconds)
    token = links.make(f"{who} by link")
    return None if token is None else f"{page_address(host, port)}/enter/{token}"
