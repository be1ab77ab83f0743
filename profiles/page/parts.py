"""What the pages of Email Settings are built from; the composition root fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from starlette.requests import Request

from profiles.authors import Author
from profiles.page.shell.pages import Pages
from profiles.store import ProfileStore
from profiles.usage import Usage


@dataclass(frozen=True, slots=True)
class ProfileParts:
    """Everything the pages need. `now` gives milliseconds UTC, `author` the one behind a request."""

    pages: Pages
    engine: Engine
    store: ProfileStore
    usage: Usage
    now: Callable[[], int]
    author: Callable[[Request], Author]
