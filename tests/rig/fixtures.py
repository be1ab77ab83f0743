"""The rig as pytest fixtures. A conftest offers them by importing their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.rig.authority import Authority
from tests.rig.faults import Fault
from tests.rig.smtp_server import FaultySmtpServer

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


__all__ = ["authority", "smtp_server", "start_smtp_server", "unknown_authority"]
