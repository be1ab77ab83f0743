"""The page on real parts: a database, the application on a free port of loopback, a browser where one is asked for.

`page` is the running application on SQLite. `page.admin()`, `page.viewer()` and `page.stranger()` are clients (httpx,
following no redirect) that are logged in as such or not at all; `page.clock` is the time of the application.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine, update
from sqlmodel import col
from starlette.applications import Starlette

from profiles.authors import PROGRAM
from profiles.page.shell.visitors import Role
from tests.web.ledgers import BOTH
from worker.database import make_engine
from worker.ground import Ground, lay_ground
from worker.migrate import migrate
from worker.settings import Settings
from worker.state import DATABASE_FILE
from worker.web.accounts import Accounts
from worker.web.attempts import Attempts
from worker.web.composition import build_application
from worker.web.links import Links
from worker.web.passwords import hash_password
from worker.web.serve import WebServer
from worker.web.sessions import Sessions, Via
from worker.web.tables import AccountRow

#: What the clock of the page begins with: 2026-11-24 12:00 UTC.
NOW = 1_795_521_600_000
ADMIN, VIEWER = "ada", "victor"
PASSWORDS = {ADMIN: "correct horse battery", VIEWER: "staple only looking"}


@dataclass(slots=True)
class TestClock:
    """The time of the application, in milliseconds UTC; a test moves it."""

    __test__ = False
    at: int = NOW

    def __call__(self) -> int:
        return self.at

    def pass_by(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        self.at += round((seconds + 60 * minutes + 3600 * hours) * 1000)


hashed = cache(hash_password)


class Client(httpx.Client):
    """A browser without a screen: it keeps cookies, follows no redirect, and knows the token of its page."""

    def csrf(self, path: str = "/login") -> str:
        """Return the token that a page carries for this visitor."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get(path).text)
        assert found is not None, path
        return found[1]

    def submit(self, path: str, fields: dict[str, Any] | None = None, page: str | None = None) -> httpx.Response:
        """Submit a form as a page of ours would, with the token of `page` (any that has a form)."""
        return self.post(path, data={"csrf": self.csrf(page or self.form_page), **(fields or {})})

    #: A page that always carries the token: the log-out form of the shell, or the login form.
    form_page = "/login"


@dataclass
class RunningPage:
    """The application that runs, what stands behind it, and clients for it."""

    ground: Ground
    clock: Any
    port: int
    clients: list[Client] = field(default_factory=list)
    application: Starlette | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def accounts(self) -> Accounts:
        return Accounts(self.ground.engine, self.clock)

    @property
    def attempts(self) -> Attempts:
        return Attempts(self.ground.engine, self.clock)

    @property
    def links(self) -> Links:
        return Links(self.ground.engine, self.accounts, self.clock)

    def make_account(self, name: str, role: Role) -> None:
        """Make an account with its password of PASSWORDS, as `Accounts.add` does, without hashing it each time."""
        if self.accounts.find(name) is None:
            self.accounts.add(name, role, None, by=PROGRAM)
            with self.ground.engine.begin() as connection:
                connection.execute(
                    update(AccountRow).where(col(AccountRow.name) == name).values(password_hash=hashed(PASSWORDS[name]))
                )

    def stranger(self, **options: Any) -> Client:
        """Return a client that is not logged in."""
        client = Client(base_url=self.address, timeout=30, **options)
        self.clients.append(client)
        return client

    def visitor(self, name: str, role: Role) -> Client:
        """Return a client of an account with a session, without the tenth of a second that a password takes."""
        self.make_account(name, role)
        account = self.accounts.find(name)
        assert account is not None
        client = self.stranger()
        client.cookies.set("runmail", self.cookie(account), domain="127.0.0.1")
        client.form_page = "/no-such-page"
        return client

    def cookie(self, account: Any) -> str:
        """Return a session's cookie for an account, as logging in gives it."""
        from worker.web.cookies import PURPOSE, Cookies

        token = Sessions(self.ground.engine, self.clock).open(account, Via.PASSWORD, "127.0.0.1")
        assert token is not None
        return Cookies(self.ground.keyring.derive(PURPOSE)).value(token)

    def admin(self) -> Client:
        return self.visitor(ADMIN, Role.ADMIN)

    def viewer(self) -> Client:
        return self.visitor(VIEWER, Role.VIEWER)


StartPage = Callable[..., RunningPage]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with all tables, to be copied."""
    home = tmp_path_factory.mktemp("migrated")
    ground = lay_ground(Settings(home=home, secret_keys=None, database_url=None))
    migrate(ground.engine)
    # The last connection that is closed brings everything from the log of writes into the file.
    ground.engine.dispose()
    return home / DATABASE_FILE


@pytest.fixture(scope="module", params=BOTH)
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An empty ledger with today's tables, once for the tests of a file: on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql").make(f"t{secrets.token_hex(6)}")
    else:
        address = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.sqlite3'}"
    engine = make_engine(address)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def start_page(tmp_path: Path, migrated: Path) -> Iterator[StartPage]:
    """Start the application with settings that differ from the defaults; all end with the test."""
    started: list[tuple[WebServer, RunningPage]] = []

    def start(**changes: Any) -> RunningPage:
        home = tmp_path / f"state{len(started)}"
        home.mkdir()
        if "database_url" not in changes:
            shutil.copy(migrated, home / DATABASE_FILE)
        settings = Settings(home=home, secret_keys=None, **{"database_url": None, **changes})
        ground = lay_ground(settings)
        if "database_url" in changes:
            migrate(ground.engine)
        clock = TestClock()
        application = build_application(ground, clock)
        server = WebServer(application, "127.0.0.1", 0)
        page = RunningPage(ground, clock, server.start(), application=application)
        started.append((server, page))
        return page

    yield start
    for server, page in started:
        for client in page.clients:
            client.close()
        server.stop()
        page.ground.engine.dispose()


@pytest.fixture
def page(start_page: StartPage) -> RunningPage:
    """The application on an empty SQLite database, with the default settings."""
    return start_page()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a process; ask for it in tests marked `real("chromium")`."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()
