"""What the pages of deliveries, events and replies are built from; the composition root fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from starlette.requests import Request

from profiles.authors import Author
from profiles.page.shell.pages import Pages
from profiles.store import ProfileStore


@dataclass(frozen=True, slots=True)
class ViewParts:
    """Everything the pages need. `now` gives milliseconds UTC, `author` the one behind a request."""

    pages: Pages
    engine: Engine
    profiles: ProfileStore
    now: Callable[[], int]
    author: Callable[[Request], Author]
