"""The application on a ledger that is full, started once for the tests of a file that only look."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.web.conftest import Client, RunningPage, TestClock
from worker.ground import lay_ground
from worker.migrate import migrate
from worker.settings import Settings
from worker.web.composition import build_application
from worker.web.serve import WebServer

#: Every page that shows something of the ledger; `{n}` is the number of a row.
PAGES = (
    "/",
    "/deliveries",
    "/deliveries/rows",
    "/deliveries?state=failed",
    "/deliveries?suite=search&profile=Platform",
    "/deliveries?recipient=person-7@example.com&since=2026-11-01T00:00",
    "/deliveries/10",
    "/deliveries/10/mail",
    "/events",
    "/events?type=runmail.run.finished&profile=Platform",
    "/events/10",
    "/replies",
    "/replies?outcome=reply",
    "/replies/1",
    "/silences",
    "/silences?recipient=gone-1@example.com",
    "/silences/mutes",
    "/templates",
    "/templates?type=runmail.run.finished&event=10",
    "/templates/mail?type=runmail.run.finished&event=10",
)


@contextmanager
def running(folder: Path, prepare: Callable[[Any, int], None] | None = None, **changes: Any) -> Iterator[RunningPage]:
    """Start the application on an empty ledger, which `prepare` (engine, now) fills."""
    ground = lay_ground(Settings(home=folder / "state", secret_keys=None, **{"database_url": None, **changes}))
    migrate(ground.engine)
    clock = TestClock()
    if prepare is not None:
        prepare(ground.engine, clock.at)
    server = WebServer(build_application(ground, clock), "127.0.0.1", 0)
    page = RunningPage(ground, clock, server.start())
    try:
        yield page
    finally:
        for client in page.clients:
            client.close()
        server.stop()
        ground.engine.dispose()


def wait_for_audit(client: Client) -> None:
    """Look at the overview until the books were added up once: that is done beside the pages."""
    deadline = time.monotonic() + 60
    while "Audited" not in client.get("/").text:
        assert time.monotonic() < deadline, "no audit"
        time.sleep(0.05)


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]
