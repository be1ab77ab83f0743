"""The demo: everything started, three events published, their mails shown as they arrive over IMAP.

Its state lies in a folder of its own below the state folder and is made anew each time. Everything it starts ends
with it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.store import Credentials
from worker.demo.imap_server import MAILDIR, USER, ImapServer
from worker.demo.inbox import Arrived, Inbox
from worker.demo.smtp_sink import SmtpSink
from worker.embedded_redis import EmbeddedRedis
from worker.ground import Ground, lay_ground
from worker.migrate import migrate
from worker.process import Processes, own_command
from worker.settings import Settings
from worker.state import prepare
from worker.web.entering import enter_address, page_address
from worker.web.serve import free_port

PROFILE = "QA alerts"
RECIPIENT = "team@example.com"
#: Seconds all mails may take to arrive; on an idle machine they take one or two.
ARRIVAL_SECONDS = 60.0
#: Seconds one publishing command may take.
PUBLISH_SECONDS = 60.0
#: Seconds the worker and the clock get to end.
STOP_SECONDS = 15.0
#: Seconds the page may take to answer.
PAGE_SECONDS = 60.0

Say = Callable[[str], None]


def run_demo(home: Path, *, stay: bool, stopping: threading.Event, say: Say, show: Callable[[Arrived], None]) -> int:
    """Run the demo in `home`; return the exit code: 0 only if every mail arrived."""
    say("Starting: broker, database, mail servers, worker, clock …")
    with ExitStack() as stack:
        ground, environment, inbox, running = _start(home, stack, say)
        expected = _publish(environment, say)
        missing = _watch(inbox, running, expected, stopping, show)
        if missing:
            say(f"Not arrived within {ARRIVAL_SECONDS:g} s: {', '.join(sorted(missing))}. See {home / 'worker.log'}")
            return 1
        if not stay:
            say("All mails arrived.")
            return 0
        port = free_port(ground.settings.web_port)
        page = Processes([own_command("web", "--port", str(port))], environment=environment, log=home / "web.log")
        stack.callback(page.stop, STOP_SECONDS)
        page.tend()
        _wait_for_page(port, stopping)
        _tell_what_next(
            home, say, page_address("127.0.0.1", port), enter_address(ground.engine, "127.0.0.1", port, "demo")
        )
        while not stopping.wait(0.5):
            running.tend()
            page.tend()
            for arrived in inbox.new():
                show(arrived)
        say("Ending everything the demo started …")
    return 0


def _start(home: Path, stack: ExitStack, say: Say) -> tuple[Ground, dict[str, str], Inbox, Processes]:
    """Start every part, each to be ended with the stack."""
    prepare(home)
    embedded = EmbeddedRedis(home)
    broker = embedded.start()
    stack.callback(embedded.stop)
    # Only now, with the lock of this folder held, is what an earlier demo left thrown away.
    for left in (*home.glob("runmail.sqlite3*"), home / "worker.log", home / "web.log"):
        left.unlink(missing_ok=True)
    for folder in ("imap", "mails"):
        shutil.rmtree(home / folder, ignore_errors=True)

    password = secrets.token_urlsafe(18)
    (home / "imap").mkdir(mode=0o700)
    sink = SmtpSink(home / "imap" / MAILDIR)
    smtp_port = sink.start()
    stack.callback(sink.stop)
    imap = ImapServer(home / "imap", password)
    imap_port = imap.start()
    stack.callback(imap.stop)
    say(f"  broker: {broker.kind}; SMTP on 127.0.0.1:{smtp_port}; IMAP on 127.0.0.1:{imap_port}")

    settings = Settings(home=home, database_url=None, broker_url=None, secret_keys=None)
    ground = lay_ground(settings)
    stack.callback(ground.engine.dispose)
    migrate(ground.engine)
    ground.profiles.add(
        Profile(
            id=0,
            name=PROFILE,
            from_address="qa@example.com",
            from_name=PROFILE,
            recipients=(RECIPIENT,),
            smtp=SmtpSettings("127.0.0.1", smtp_port, Security.NONE),
            imap=ImapSettings("127.0.0.1", imap_port, Security.NONE, USER),
        ),
        Credentials(imap=password),
    )
    say(f"  profile “{PROFILE}” seeded")

    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNMAIL_")}
    # The page may test the demo's own servers too.
    ports = f"{settings.mail_ports},{smtp_port},{imap_port}"
    environment = {
        **kept,
        "RUNMAIL_HOME": str(home),
        "RUNMAIL_LOG_FORMAT": "json",
        "RUNMAIL_MAIL_PORTS": ports,
    }
    commands = [own_command("worker"), own_command("clock")]
    running = Processes(commands, environment=environment, log=home / "worker.log")
    stack.callback(running.stop, STOP_SECONDS)
    running.tend()
    inbox = Inbox(imap_port, USER, password, home / "mails")
    stack.callback(inbox.close)
    return ground, environment, inbox, running


def _publish(environment: dict[str, str], say: Say) -> Counter[str]:
    """Publish the three events with the command line, as anyone would; return how many mails each id brings."""
    examples = _examples()
    say("Publishing: a finished run from a JUnit report, a summary, an alert …")
    commands = [
        [
            *("publish", "run-finished", "--profile", PROFILE, "--junit", str(examples / "junit.xml")),
            *("--suite", "checkout-api", "--branch", "main", "--environment", "staging", "--run-id", "demo", "--json"),
        ],
        ["publish", str(examples / "summary-ready.json"), "--json"],
        ["publish", str(examples / "alert.json"), "--json"],
    ]
    processes = [
        subprocess.Popen(  # noqa: S603
            own_command(*command), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for command in commands
    ]
    mails: Counter[str] = Counter()
    for command, process in zip(commands, processes, strict=True):
        printed, wrong = process.communicate(timeout=PUBLISH_SECONDS)
        if process.returncode != 0:
            raise OSError(f"publishing failed: {wrong.strip()}")
        for event_id in json.loads(printed)["ids"]:
            mails[event_id] = _recipients(command)
    return mails


def _recipients(command: list[str]) -> int:
    """Return to how many addresses the event of a publishing command goes."""
    if command[1].endswith(".json"):
        return len(json.loads(Path(command[1]).read_text("utf-8"))["data"].get("recipients", ())) or 1
    return 1


def _watch(
    inbox: Inbox, running: Processes, expected: Counter[str], stopping: threading.Event, show: Callable[[Arrived], None]
) -> Counter[str]:
    """Show mails as they arrive; return how many of each event did not."""
    missing = Counter(expected)
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while missing and time.monotonic() < deadline and not stopping.is_set():
        running.tend()
        for arrived in inbox.new():
            missing = missing - Counter([arrived.event_id])
            show(arrived)
        stopping.wait(0.1)
    return missing


def _wait_for_page(port: int, stopping: threading.Event) -> None:
    """Wait until the page answers, so that its link leads somewhere once it is shown; not for ever."""
    deadline = time.monotonic() + PAGE_SECONDS
    while time.monotonic() < deadline and not stopping.wait(0.1):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return


def _tell_what_next(home: Path, say: Say, page: str, link: str | None) -> None:
    for line in (
        "",
        "See it in a browser: open this once, within 10 minutes",
        f"    {link or page}",
        "",
        "The demo runs until Ctrl-C. In another terminal, with",
        f"    export RUNMAIL_HOME={home}",
        "try:",
        "    python3 -m worker deliveries list",
        "    python3 -m worker events list",
        f"    python3 -m worker profiles test “{PROFILE}”".replace("“", '"').replace("”", '"'),
        "    python3 -m worker publish examples/alert.json",
        "    python3 -m worker audit",
        f"    python3 -m worker web --link --port {page.rpartition(':')[2]}",
    ):
        say(line)


def _examples() -> Path:
    """Return the folder of examples: the checkout's, or the one that comes with an installed package."""
    beside = Path(__file__).with_name("examples")
    return beside if beside.is_dir() else Path(__file__).resolve().parent.parent.parent / "examples"
