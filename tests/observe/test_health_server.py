"""The health server bounds what a stranger can do, and answers exactly what was asked."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rig.waiting import wait_until
from worker.health_server import MOST_BYTES, MOST_CONNECTIONS, TEXT, HealthServer, Page, PortTaken, answer


def _broken() -> Page:
    raise RuntimeError("postgresql://user:secret@db")


PAGES = {"/healthz": lambda: Page(200, TEXT, b"well\n"), "/broken": _broken}


@pytest.fixture
def port() -> Iterator[int]:
    server = HealthServer(PAGES, "127.0.0.1", 0)
    yield server.start()
    server.stop()


def ask(port: int, request: bytes) -> bytes:
    """Send bytes and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        received = b""
        # Whoever closes with something unread resets the connection.
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(request)
            while part := connection.recv(65536):
                received += part
        return received


def test_a_page_is_answered_and_the_connection_closed(port: int) -> None:
    received = ask(port, b"GET /healthz?full HTTP/1.1\r\nHost: localhost:1\r\n\r\n")

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nContent-Length: 5\r\n" in received
    assert received.endswith(b"\r\n\r\nwell\n")


def test_head_is_the_same_without_the_body(port: int) -> None:
    received = ask(port, b"HEAD /healthz HTTP/1.0\r\n\r\n")

    assert b"\r\nContent-Length: 5\r\n" in received
    assert received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /healthz HTTP/1.1\r\n\r\n", b"405"),
        (b"GET /other HTTP/1.1\r\n\r\n", b"404"),
        (b"GET http://localhost/healthz HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /healthz\r\n\r\n", b"400"),
        (b"\x16\x03\x01\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", b"421"),
        (b"GET /healthz HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", b"200"),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", b"421"),
    ],
)
def test_what_is_not_asked_properly_is_refused(request_: bytes, status: bytes) -> None:
    assert answer(request_[:-4], PAGES, only_loopback=True).split(b" ")[1] == status


def test_a_server_for_everybody_answers_to_every_name() -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: runmail.example.com"

    assert answer(head, PAGES, only_loopback=False).startswith(b"HTTP/1.1 200")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80))
def test_whatever_is_sent_gets_one_whole_answer(head: bytes) -> None:
    received = answer(head, {"/healthz": PAGES["/healthz"]}, only_loopback=True)

    assert received.startswith(b"HTTP/1.1 ")
    assert received.count(b"\r\n\r\n") == 1


def test_a_page_that_breaks_says_nothing_of_why(port: int) -> None:
    received = ask(port, b"GET /broken HTTP/1.1\r\n\r\n")

    assert received.startswith(b"HTTP/1.1 500")
    assert b"secret" not in received


def test_a_request_that_is_too_large_or_has_no_end_hears_nothing(port: int) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert ask(port, b"GET /healthz HTTP/1.1\r\nX: " + b"x" * (MOST_BYTES * 2)) == b""
        assert slow.recv(100) == b""
    assert time.monotonic() - began < 25


def test_many_connections_at_once_are_bounded_and_the_next_is_served_after_them(port: int) -> None:
    held = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(MOST_CONNECTIONS)]
    for each in held:
        each.sendall(b"GET ")
    turned_away = wait_until(lambda: ask(port, b"GET /healthz HTTP/1.1\r\n\r\n") == b"")
    for each in held:
        each.close()

    assert turned_away
    assert wait_until(lambda: ask(port, b"GET /healthz HTTP/1.1\r\n\r\n").endswith(b"well\n"))


def test_a_port_that_is_taken_is_said_with_what_to_do(port: int) -> None:
    with pytest.raises(PortTaken, match=rf"the health port {port} on 127.0.0.1 cannot be opened .* set RUNMAIL_HEALTH"):
        HealthServer(PAGES, "127.0.0.1", port).start()
    with pytest.raises(PortTaken, match=r"on no\.such\.host"):
        HealthServer(PAGES, "no.such.host.example.invalid", 0).start()


def test_nothing_is_left_when_it_has_stopped() -> None:
    before = set(threading.enumerate())
    server = HealthServer(PAGES, "127.0.0.1", 0)
    port = server.start()
    server.stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "health"]
