"""The command `runmail`: every group of commands is mounted here."""

from __future__ import annotations

import sys

import typer
from dramatiq.errors import BrokerConnectionError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from consumers.ledger.writer import LedgerAway
from worker.cli import check, deliveries, events, operating, preview, profiles, publish, running
from worker.cli.shown import plain

app = typer.Typer(
    name="runmail",
    help="The e-mail notification worker for test-run platforms: events in, accounted mail out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `runmail demo`, or `runmail up` and `runmail profiles new`. Docs: README.md and docs/.",
)
running.mount(app)
operating.mount(app)
check.mount(app)
preview.mount(app)
app.add_typer(profiles.app, name="profiles")
app.add_typer(publish.app, name="publish")
app.add_typer(events.app, name="events")
app.add_typer(deliveries.app, name="deliveries")


def run() -> None:
    """Run the command line; what goes wrong is one line on stderr, never a traceback."""
    try:
        app()
    except SQLAlchemyError as error:
        _end(f"the database does not answer as it should ({type(error).__name__}): see `runmail doctor`")
    except LedgerAway:
        _end("the database does not answer: see `runmail doctor`")
    except (RedisError, BrokerConnectionError) as error:
        _end(f"the broker does not answer ({type(error).__name__}): see `runmail doctor`")
    except OSError as error:
        _end(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _end(text: str) -> None:
    sys.stderr.write(f"runmail: {plain(text)}\n")
    sys.exit(1)


if __name__ == "__main__":
    run()
