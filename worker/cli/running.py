"""The commands that run: `worker`, `clock`, `up` and `demo`.

What a process is built of is loaded by the process that runs it: not for the help, and not by a parent of processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from worker.cli import entry, shown, standing
from worker.health_server import PortTaken
from worker.process import Processes, health_option, own_command, stop_on_signals
from worker.queues import QUEUES
from worker.settings import Settings
from worker.state import StateUnusable, state_folder
from worker.traces import TracesUnusable, need_extra

#: Seconds a parent gives its processes beyond what they give the mails in flight.
STOP_MARGIN = 10.0
MOST_PORT = 65535


HealthPort = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port of /metrics, /healthz and /readyz; 0: a free one. [RUNMAIL_HEALTH_PORT]"),
]


def mount(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(epilog="Example: runmail worker --processes 2 --threads 8 --health-port 9464")(worker)
    app.command(epilog="Example: runmail clock --health-port 9470")(clock)
    app.command(epilog="Example: runmail up --processes 2")(up)
    app.command(epilog="Example: python3 -m worker demo")(demo)


def worker(
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Worker processes. [RUNMAIL_PROCESSES, 1]")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, max=256, help="Threads of each. [RUNMAIL_THREADS, 8]")] = None,
    queues: Annotated[str | None, typer.Option(help=f"Only these queues, by comma: {', '.join(QUEUES)}.")] = None,
    health_port: HealthPort = None,
) -> None:
    """Take events from the queue and send mail until SIGTERM or Ctrl-C, which finish the mails in flight."""
    chosen = _queues(queues)
    ground = standing.ground()
    port = ground.settings.health_port if health_port is None else health_port
    _refuse_unusable(ground.settings)
    url = entry.broker_url(ground.settings)
    count = processes or ground.settings.processes
    each = threads or ground.settings.threads
    if port and port + count > MOST_PORT + 1:
        shown.fail(f"{count} processes have no {count} health ports from {port} on", 2)
    if count == 1:
        from worker.working import run_worker

        with _told_in_one_line():
            run_worker(ground, url, threads=each, queues=chosen, health_port=port)
        return
    ground.engine.dispose()
    options = ["--queues", ",".join(chosen)] if chosen else []
    child = ("worker", "--processes", "1", "--threads", str(each), *options)
    Processes([own_command(*child, *health_option(port, index)) for index in range(count)]).run(
        stop_on_signals(), ground.settings.stop_seconds + STOP_MARGIN
    )


def clock(health_port: HealthPort = None) -> None:
    """Look for work that is due and ring for it, until SIGTERM or Ctrl-C. Two may run; one works."""
    ground = standing.ground()
    url = entry.broker_url(ground.settings)
    from worker.ticking import run_clock

    with _told_in_one_line():
        run_clock(ground, url, health_port=ground.settings.health_port if health_port is None else health_port)


def up(
    processes: Annotated[int | None, typer.Option(min=1, max=64, help="Worker processes.")] = None,
    web: Annotated[bool, typer.Option(help="The page too; its port is RUNMAIL_WEB_PORT.")] = True,
) -> None:
    """Run everything on this machine: an embedded Redis unless RUNMAIL_BROKER_URL is set, workers, clock and page."""
    from worker.embedded_redis import BrokerUnusable
    from worker.up import run_up

    ground = standing.ground()
    _refuse_unusable(ground.settings)
    try:
        run_up(ground, processes or ground.settings.processes, shown.say, web=web)
    except BrokerUnusable as error:
        shown.fail(str(error))


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="End after the mails; 0 only if all arrived.")] = False,
) -> None:
    """Show the whole of runmail on this machine: events in, mail out, read back over IMAP. Nothing leaves it."""
    shown.say("runmail demo")
    from worker.demo.inbox import Arrived, first_lines
    from worker.demo.story import run_demo
    from worker.embedded_redis import BrokerUnusable

    def show(arrived: Arrived) -> None:
        shown.say("")
        shown.say(f"┌ From     {arrived.sender}")
        shown.say(f"│ To       {arrived.recipient}")
        shown.say(f"│ Subject  {arrived.subject}")
        for line in first_lines(arrived.text):
            shown.say(f"│   {line}")
        shown.say(f"└ {arrived.eml}  and  {arrived.html.name}")

    found = entry.settings()
    stopping = stop_on_signals()
    try:
        code = run_demo(state_folder(found) / "demo", stay=not leave, stopping=stopping, say=shown.say, show=show)
    except (BrokerUnusable, StateUnusable) as error:
        shown.fail(str(error))
    raise typer.Exit(code)


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """End with 1 and one line when a process cannot show itself as it is set to."""
    try:
        yield
    except (PortTaken, TracesUnusable) as error:
        shown.fail(str(error))


def _refuse_unusable(settings: Settings) -> None:
    """End with 1 when every worker process would: over templates that have a fault, or traces without their extra."""
    from consumers.mails.template_check import TemplatesRefused, load_sets

    try:
        load_sets(settings.templates)
        need_extra(settings.traces)
    except TemplatesRefused as error:
        shown.fail(f"the templates are refused, see `runmail templates check`:\n{error}")
    except TracesUnusable as error:
        shown.fail(str(error))


def _queues(text: str | None) -> list[str]:
    chosen = [name.strip() for name in text.split(",") if name.strip()] if text else []
    for name in chosen:
        if name not in QUEUES:
            shown.fail(f"there is no queue “{name}”: {', '.join(QUEUES)}", 2)
    return chosen
