"""/healthz of the page: whether it can reach its database. Without login; says nothing else."""

from __future__ import annotations

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

log = structlog.get_logger(__name__)


def route(engine: Engine) -> Route:
    """Return the route."""
    reading = engine.execution_options(reading=True)

    def healthz(_: Request) -> Response:
        try:
            with reading.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            log.warning("web_database_away", error=type(error).__name__)
            return JSONResponse({"status": "the database does not answer"}, 503)
        return JSONResponse({"status": "ok"})

    return Route("/healthz", healthz, methods=["GET"])
