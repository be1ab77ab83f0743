"""The command `runmail`. Each group of commands is loaded when it is asked for: publishing needs no database."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import CompletionItem, TyperGroup  # type: ignore[attr-defined]
from typer.main import get_command

from profiles.plain_text import plain
from worker.cli.version import show_version

#: Where each command is, in the order of the help.
COMMANDS = {
    "publish": "worker.cli.publish",
    "report": "worker.cli.report",
    "schedules": "worker.cli.schedules",
    "profiles": "worker.cli.profiles",
    "keys": "worker.cli.keys",
    "events": "worker.cli.events",
    "deliveries": "worker.cli.deliveries",
    "replies": "worker.cli.replies",
    "mailboxes": "worker.cli.mailboxes",
    "suppressions": "worker.cli.suppressions",
    "mutes": "worker.cli.mutes",
    "webhooks": "worker.cli.webhooks",
    "workflows": "worker.cli.workflows",
    "preview": "worker.cli.preview",
    "templates": "worker.cli.templates",
    "admin": "worker.cli.admin",
    "audit": "worker.cli.operating",
    "doctor": "worker.cli.operating",
    "migrate": "worker.cli.operating",
    "prune": "worker.cli.prune",
    "up": "worker.cli.running",
    "worker": "worker.cli.running",
    "clock": "worker.cli.running",
    "web": "worker.cli.web",
    "demo": "worker.cli.running",
    "test": "worker.cli.check",
}


class Commands(TyperGroup):
    """The commands of COMMANDS, each loaded when it is run or listed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one command; None for a name that is none."""
        if cmd_name not in self.commands and cmd_name in COMMANDS:
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands.get(cmd_name)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete the name of a command without loading any, so that the shell answers at once."""
        names = [CompletionItem(name) for name in COMMANDS if name.startswith(incomplete)]
        return [*names, *super(TyperGroup, self).shell_complete(ctx, incomplete)]


def _load(name: str) -> Any:
    module = import_module(COMMANDS[name])
    if hasattr(module, "app"):
        group = get_command(module.app)
        group.name = name
        return group
    gathered = typer.Typer(add_completion=False)
    # A second command keeps typer from flattening a module that has only one.
    gathered.command("-", hidden=True)(lambda: None)
    module.mount(gathered)
    return get_command(gathered).commands[name]  # type: ignore[attr-defined]


app = typer.Typer(
    name="runmail",
    cls=Commands,
    help="The e-mail notification worker for test-run platforms: events in, accounted mail out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `runmail demo`, or `runmail up` and `runmail profiles new`. Docs: README.md and docs/.",
)


@app.callback()
def runmail(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """The e-mail notification worker for test-run platforms: events in, accounted mail out."""


def run() -> None:
    """Run the command line; what is expected to go wrong is one line on stderr, never a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        said = _explain(error)
        if said is None:
            raise
        sys.stderr.write(f"runmail: {plain(said)}\n")
        sys.exit(1)


def _explain(error: Exception) -> str | None:
    """Say in one line what an error means to an operator; None for one that is a fault of ours."""
    from dramatiq.errors import BrokerConnectionError
    from redis.exceptions import RedisError
    from sqlalchemy.exc import SQLAlchemyError

    from consumers.ledger.writer import LedgerAway

    if isinstance(error, SQLAlchemyError):
        return f"the database does not answer as it should ({type(error).__name__}): see `runmail doctor`"
    if isinstance(error, LedgerAway):
        return "the database does not answer: see `runmail doctor`"
    if isinstance(error, RedisError | BrokerConnectionError):
        return f"the broker does not answer ({type(error).__name__}): see `runmail doctor`"
    return str(error) if isinstance(error, OSError) else None


if __name__ == "__main__":
    run()
