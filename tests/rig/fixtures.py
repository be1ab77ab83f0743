"""The rig as pytest fixtures, for every test; a test process starts each server once, when it is first asked for."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.rig.authority import Authority
from tests.rig.dovecot import Dovecot, start_dovecot
from tests.rig.exim import Exim, start_exim
from tests.rig.faults import Fault
from tests.rig.imap_server import FaultyImapServer
from tests.rig.mail_home import MailHome
from tests.rig.postgresql import PostgreSql
from tests.rig.programs import Missing
from tests.rig.smtp_server import FaultySmtpServer

StartImapServer = Callable[..., FaultyImapServer]
StartSmtpServer = Callable[..., FaultySmtpServer]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that a test's profiles trust."""
    return Authority(tmp_path_factory.mktemp("authority"), "Rig authority")


@pytest.fixture(scope="session")
def unknown_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority nobody trusts."""
    return Authority(tmp_path_factory.mktemp("unknown"), "Unknown authority")


@pytest.fixture
def start_smtp_server(request: pytest.FixtureRequest) -> Iterator[StartSmtpServer]:
    """Start faulty servers with the faults declared on the test; all stop at its end."""
    started: list[FaultySmtpServer] = []
    declared = [Fault(**mark.kwargs) for mark in request.node.iter_markers("fault")]

    def start(**options: Any) -> FaultySmtpServer:
        server = FaultySmtpServer(**{"faults": declared, **options}).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def smtp_server(start_smtp_server: StartSmtpServer) -> FaultySmtpServer:
    """A server in plain text without login, with the faults declared on the test."""
    return start_smtp_server()


@pytest.fixture
def start_imap_server(request: pytest.FixtureRequest) -> Iterator[StartImapServer]:
    """Start faulty IMAP servers with the faults declared on the test; all stop at its end."""
    started: list[FaultyImapServer] = []
    declared = [Fault(**mark.kwargs) for mark in request.node.iter_markers("fault")]

    def start(**options: Any) -> FaultyImapServer:
        server = FaultyImapServer(**{"faults": declared, **options}).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def mail_home(authority: Authority) -> Iterator[MailHome]:
    """The folder of the real servers."""
    home = MailHome.make(authority)
    yield home
    home.remove()


@pytest.fixture(scope="session")
def running_exim(mail_home: MailHome, request: pytest.FixtureRequest) -> Iterator[Exim]:
    """One Exim for all tests of a process."""
    try:
        exim, program = start_exim(mail_home)
    except Missing as error:
        _do_without(request, error)
    yield exim
    program.stop()


@pytest.fixture(scope="session")
def running_dovecot(mail_home: MailHome, request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    """One Dovecot for all tests of a process."""
    try:
        dovecot, program = start_dovecot(mail_home)
    except Missing as error:
        _do_without(request, error)
    yield dovecot
    program.stop()


def _do_without(request: pytest.FixtureRequest, error: Missing) -> NoReturn:
    """Skip the test; where real servers are required, fail it."""
    if request.config.getoption("--require-real"):
        pytest.fail(str(error), pytrace=False)
    pytest.skip(str(error))


@pytest.fixture
def exim(running_exim: Exim) -> Exim:
    """Exim, with an empty Maildir behind it."""
    running_exim.home.empty()
    return running_exim


@pytest.fixture
def dovecot(running_dovecot: Dovecot, request: pytest.FixtureRequest) -> Dovecot:
    """Dovecot, with an empty Maildir, or with what the test's Exim has delivered since the test began."""
    if "exim" not in request.fixturenames:
        running_dovecot.home.empty()
    return running_dovecot


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    """One PostgreSQL for all tests of a process; who stops it has it go on."""
    server = PostgreSql()
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of each kind in turn; the spine uses it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    server: PostgreSql = request.getfixturevalue("postgresql")
    return server.make(f"t{secrets.token_hex(6)}")
