"""The command that serves the page: `runmail web`."""

from __future__ import annotations

from typing import Annotated

import typer

from worker.cli import shown, standing
from worker.cli.author import author
from worker.ground import Ground, now_milliseconds
from worker.process import stop_on_signals
from worker.web.accounts import Accounts
from worker.web.entering import enter_address, page_address
from worker.web.hosts import is_loopback
from worker.web.serve import AddressTaken, WebServer


def mount(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(epilog="Example: runmail web --port 8085; runmail web --link")(web)


def web(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [RUNMAIL_WEB_HOST, 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0: a free one. [RUNMAIL_WEB_PORT, 8085]")
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Only print another one-time link for a page that runs already.")
    ] = False,
) -> None:
    """Serve the Email Settings page and what there is to look at, until SIGTERM or Ctrl-C."""
    ground = standing.ground()
    where = host or ground.settings.web_host
    number = ground.settings.web_port if port is None else port
    if link:
        _print_link(ground, where, number)
        return
    _refuse_open_doors(ground, where)
    from worker.web.composition import build_application  # every page, which neither --link nor --help needs

    server = WebServer(build_application(ground), where, number)
    try:
        number = server.start()
    except AddressTaken as error:
        shown.fail(str(error))
    stopping = stop_on_signals()
    shown.say(f"The page: {page_address(where, number)}/")
    _tell_how_to_enter(ground, where, number)
    while server.is_alive() and not stopping.wait(0.5):
        pass
    died = not stopping.is_set()
    server.stop()
    ground.engine.dispose()
    if died:
        shown.fail("the page's server ended by itself: see the log")


def _tell_how_to_enter(ground: Ground, host: str, port: int) -> None:
    if not is_loopback(host):
        shown.say("It can be reached from elsewhere: put a proxy with TLS in front of it, see docs/web.md.")
    address = enter_address(ground.engine, host, port, author().who)
    if address is not None:
        shown.say(f"Open it once, within 10 minutes: {address}")


def _print_link(ground: Ground, host: str, port: int) -> None:
    address = enter_address(ground.engine, host, port, author().who)
    if address is None:
        shown.fail("there is an admin account: log in with it, or set its password with `runmail admin set-password`")
    shown.say(address)


def _refuse_open_doors(ground: Ground, host: str) -> None:
    """End with 1 when the page could be reached from elsewhere and nobody has an account for it."""
    if is_loopback(host) or Accounts(ground.engine, now_milliseconds).admin_exists():
        return
    shown.fail(
        f"listening on {host} lets others reach the page, and nobody has an admin account: make one with "
        "`runmail admin add NAME --role admin`, and put a proxy with TLS in front"
    )
