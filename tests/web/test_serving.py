"""`runmail web` as a process: what it prints, whom it refuses, how it ends."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.typed import typed
from tests.deploy.conftest import Started, ended, wait_until
from tests.web.conftest import Client
from worker.web.serve import listening


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Started]:
    started = Started(tmp_path, "")
    with ended(started):
        yield started


def test_it_prints_a_link_that_opens_it_and_ends_at_sigterm(machine: Started) -> None:
    process = machine.start("web", "--port", "0")
    wait_until(lambda: "/enter/" in machine.logs())
    printed = machine.logs()
    found = re.search(r"(http://127\.0\.0\.1:\d+)(/enter/\S+)", printed)
    assert found is not None
    with Client(base_url=found[1]) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        came = client.post(found[2], data={"csrf": client.csrf(found[2])})
        assert (came.status_code, came.headers["location"]) == (303, "/")
        # Another is printed by another process, for the page that runs.
        again = machine.run("web", "--link", "--port", found[1].rpartition(":")[2])
        assert again.stdout.startswith(f"{found[1]}/enter/")
        with Client(base_url=found[1]) as other:
            assert other.get(again.stdout.strip()).status_code == 200

    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{found[1]}/healthz")
    # The log has no token; the line for the person has, once.
    assert machine.logs().count(found[2]) == 1


def test_elsewhere_it_listens_for_those_who_have_an_account_alone(tmp_path: Path) -> None:
    refused = typed("web", "--host", "0.0.0.0", "--port", "0", home=tmp_path)
    assert refused.returncode == 1
    assert "runmail admin add NAME --role admin" in refused.stderr
    assert "TLS" in refused.stderr


def test_with_an_admin_account_there_are_no_links(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse battery")
    typed("admin", "add", "ada", "--role", "admin", "--password-file", str(tmp_path / "secret"), home=tmp_path)
    refused = typed("web", "--link", home=tmp_path)
    assert (refused.returncode, "log in with it" in refused.stderr) == (1, True)


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = typed("web", "--port", str(taken.getsockname()[1]), home=tmp_path)
    assert done.returncode == 1
    assert re.fullmatch(r"runmail: the page's address 127\.0\.0\.1 port \d+ cannot be opened \(.*\): .*\n", done.stderr)


def test_a_connection_says_that_it_is_one_of_tcp_so_that_small_answers_are_not_held_back() -> None:
    with listening("127.0.0.1", 0) as door, socket.create_connection(door.getsockname()):
        accepted, _ = door.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP
