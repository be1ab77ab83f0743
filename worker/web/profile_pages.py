"""What the pages of Email Settings are built from in this program: the ledger's use, the tests, the sessions."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from consumers.ledger.waiting import LedgerWaiting
from consumers.views.mentions import LedgerMentions
from consumers.views.usage import LedgerUsage
from profiles.authors import Author
from profiles.page.draft_shelf import DraftShelf
from profiles.page.parts import ProfileParts
from profiles.page.shell.pages import Pages
from profiles.page.trials import Trials
from profiles.reach import Reach
from worker.ground import Ground
from worker.web.visits import Visit


def build_profile_parts(
    ground: Ground, pages: Pages, now: Callable[[], int], author: Callable[[Request], Author]
) -> ProfileParts:
    """Build them; `now` gives milliseconds UTC."""
    return ProfileParts(
        pages=pages,
        store=ground.profiles,
        usage=LedgerUsage(ground.engine, now),
        waiting=LedgerWaiting(),
        mentions=LedgerMentions(),
        shelf=DraftShelf(ground.engine, ground.keyring, now),
        trials=Trials(Reach(ports=ground.settings.test_ports)),
        now=now,
        author=author,
        owner=owner_of,
    )


def owner_of(request: Request) -> str:
    """Return the session of a request by its number: unsaved forms and tests are seen by no other."""
    visit: Visit = request.state.visit
    assert visit.found is not None
    return f"session {visit.found.id} of {visit.found.visitor.name}"[:255]
