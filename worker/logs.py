"""Logs: structlog for our own lines and for the libraries', as console text or JSON lines on stderr.

Log events are constant snake_case names with fields. dramatiq puts whole messages, and so the events in them,
into its lines; here they are cut down to their ids before anything is written.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import Processor

#: Libraries whose lines below warning say nothing to an operator.
QUIET = ("dramatiq", "aiosmtplib", "imapclient", "alembic", "asyncio", "mail.log", "uvicorn")


def set_up_logs(*, as_json: bool, level: str) -> None:
    """Set up structlog and the standard library's logging for this process."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    # Plain tracebacks only: others print local variables, and with them what people wrote.
    last: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    handler.addFilter(OnlyIds())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class OnlyIds(logging.Filter):
    """Replace queue messages among a line's arguments by their ids."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; nothing is held back."""
        if isinstance(record.args, tuple):
            record.args = tuple(_shown(arg) for arg in record.args)
        return True


def _shown(arg: Any) -> Any:
    """Return a queue message's ids, anything else as it is; told by what it has, so that no command loads dramatiq."""
    return f"{arg.actor_name}:{arg.message_id}" if hasattr(arg, "actor_name") and hasattr(arg, "message_id") else arg
