"""A small HTTP server for those who look after a process: few pages, GET and HEAD, one request a connection.

It runs in an event loop on a thread of its own, never on the one that sends mail. What a stranger can do is bounded:
connections at once, bytes and seconds of a request. On loopback it answers only to names of loopback, so that no
page in a browser can read it under a name of its own (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address

import structlog

log = structlog.get_logger(__name__)

#: Connections at once; one more is closed unanswered.
MOST_CONNECTIONS = 16
#: Bytes and seconds of a request.
MOST_BYTES = 8 * 1024
REQUEST_SECONDS = 5.0
#: Seconds an answer may take, made and sent.
ANSWER_SECONDS = 10.0
#: Threads that make pages, some of which wait for a database.
THREADS = 4

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


class PortTaken(Exception):
    """Raised when the port cannot be opened; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer."""

    status: int
    content_type: str
    body: bytes


Pages = Mapping[str, Callable[[], Page]]


def answer(head: bytes, pages: Pages, *, only_loopback: bool) -> bytes:
    """Return the whole answer to the head of a request. Reads nothing and waits only as long as its page does."""
    page, with_body = _route(head, pages, only_loopback)
    lines = (
        f"HTTP/1.1 {page.status} {HTTPStatus(page.status).phrase}",
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(page.body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
        *(("Allow: GET, HEAD",) if page.status == HTTPStatus.METHOD_NOT_ALLOWED else ()),
    )
    return "\r\n".join((*lines, "", "")).encode("ascii") + (page.body if with_body else b"")


def _route(head: bytes, pages: Pages, only_loopback: bool) -> tuple[Page, bool]:
    first, *fields = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        return _said(HTTPStatus.BAD_REQUEST, "this is no request"), True
    method, path = words[0], words[1].partition("?")[0]
    if method not in ("GET", "HEAD"):
        return _said(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD"), True
    hosts = [field.partition(":")[2].strip() for field in fields if field.lower().startswith("host:")]
    if only_loopback and not all(_is_loopback(host) for host in hosts):
        return _said(HTTPStatus.MISDIRECTED_REQUEST, "this address answers to localhost only"), method == "GET"
    make = pages.get(path)
    if make is None:
        return _said(HTTPStatus.NOT_FOUND, f"there are {', '.join(pages)}"), method == "GET"
    return make(), method == "GET"


def _said(status: HTTPStatus, text: str) -> Page:
    return Page(status, TEXT, f"{text}\n".encode())


def _is_loopback(host: str) -> bool:
    """Say whether a Host field names this machine: `localhost`, `127.0.0.1`, `[::1]`, each with or without a port."""
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


class HealthServer:
    """Serves pages until stopped. `start` returns the port it listens on."""

    def __init__(self, pages: Pages, host: str, port: int) -> None:
        self._pages = pages
        self._host = host
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._bound: Future[int] = Future()
        self._stop = asyncio.Event()
        self._open = 0
        self._only_loopback = _is_loopback(f"[{host}]" if ":" in host else host)

    def start(self) -> int:
        """Open the port and serve.

        Raises:
            PortTaken: when the port cannot be opened.
        """
        self._thread.start()
        try:
            return self._bound.result()
        except OSError as error:
            text = f"the health port {self._port} on {self._host} cannot be opened ({error.strerror or error}): "
            raise PortTaken(f"{text}set RUNMAIL_HEALTH_PORT to another, or to 0 for a free one") from None

    def stop(self) -> None:
        """Close the port and end the thread."""
        with contextlib.suppress(RuntimeError):  # it never began
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(ANSWER_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="health-page") as threads:
            self._loop.set_default_executor(threads)
            self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        try:
            server = await asyncio.start_server(self._connected, self._host, self._port, limit=MOST_BYTES)
        except OSError as error:
            self._bound.set_exception(error)
            return
        self._bound.set_result(server.sockets[0].getsockname()[1])
        async with server:
            await self._stop.wait()
        in_hand = asyncio.all_tasks() - {asyncio.current_task()}
        for task in in_hand:
            task.cancel()
        await asyncio.gather(*in_hand, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        self._open += 1
        try:
            if self._open > MOST_CONNECTIONS:
                return
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            async with asyncio.timeout(ANSWER_SECONDS):
                whole = await asyncio.to_thread(self._answer, head)
                writer.write(whole)
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # a stranger who sends too little, too much or too slowly hears nothing
        finally:
            self._open -= 1
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        try:
            return answer(head, self._pages, only_loopback=self._only_loopback)
        except Exception as error:
            log.exception("health_page_failed", error=type(error).__name__)
            broken = {path: lambda: _said(HTTPStatus.INTERNAL_SERVER_ERROR, "see the log") for path in self._pages}
            return answer(head, broken, only_loopback=self._only_loopback)
