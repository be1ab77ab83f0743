"""What the pages of Email Settings are built from; the composition root fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from profiles.authors import Author
from profiles.page.draft_shelf import DraftShelf
from profiles.page.shell.pages import Pages
from profiles.page.trials import Trials
from profiles.references import Mentions
from profiles.store import ProfileStore
from profiles.usage import Usage
from profiles.waiting import Waiting


@dataclass(frozen=True, slots=True)
class ProfileParts:
    """Everything the pages need.

    `now` gives milliseconds UTC, `author` the one behind a request, `owner` the session to whom unsaved forms and
    tests belong.
    """

    pages: Pages
    store: ProfileStore
    usage: Usage
    waiting: Waiting
    mentions: Mentions
    shelf: DraftShelf
    trials: Trials
    now: Callable[[], int]
    author: Callable[[Request], Author]
    owner: Callable[[Request], str]
